#include "bindings.hpp"
#include "monge/instances.hpp"

namespace monge::bindings {
namespace {

py::object matrix(std::vector<double>&& values, Index rows) {
  if (values.empty()) return py::none();
  return to_numpy(std::move(values)).reshape({static_cast<py::ssize_t>(rows), py::ssize_t{-1}});
}

py::object masses(std::vector<double>&& values) {
  return values.empty() ? py::object(py::none()) : py::object(to_numpy(std::move(values)));
}

py::dict generate(const std::string& family, Index n, std::uint64_t seed) {
  Instance instance = generate_instance(family, n, seed);
  const auto* power = std::get_if<EuclideanPower>(&instance.cost);
  py::dict d;
  d["x"] = matrix(std::move(instance.x), instance.n);
  d["y"] = matrix(std::move(instance.y), instance.m);
  d["cost_matrix"] = matrix(std::move(instance.cost_matrix), instance.n);
  d["a"] = masses(std::move(instance.a));
  d["b"] = masses(std::move(instance.b));
  d["cost"] = power ? py::object(py::make_tuple(std::string(EuclideanPower::name), power->power))
                    : py::object(py::str(std::string(name_of(instance.cost))));
  d["assignment"] = instance.kind == Kind::assignment;
  d["optimum"] = instance.optimum;
  return d;
}

}  // namespace

void register_instances(py::module_& m) {
  m.def(
      "instance_families",
      [] {
        py::dict all;
        for (const InstanceFamily& family : instance_families()) {
          all[py::str(std::string(family.name))] = family.summary;
        }
        return all;
      },
      "The families of test problems: name -> summary.");
  m.def("generate_instance", &generate, py::arg("family"), py::arg("n"), py::arg("seed"),
        "One problem of a family: a dict of x, y or cost_matrix, a, b, cost, assignment, optimum.");
}

}  // namespace monge::bindings

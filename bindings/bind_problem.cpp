#include "bind_problem.hpp"

#include "monge/core/error.hpp"

namespace monge::bindings {
namespace {

template <class T>
MatrixView<T> typed_view(const py::array& array) {
  const py::ssize_t size = static_cast<py::ssize_t>(sizeof(T));
  return {static_cast<const T*>(array.data()), array.shape(0), array.shape(1),
          array.strides(0) / size, array.strides(1) / size};
}

void set_masses(BoundProblem& bound, const std::optional<py::array_t<double>>& a,
                const std::optional<py::array_t<double>>& b) {
  const auto set = [&](Masses& masses, const std::optional<py::array_t<double>>& array, Index count,
                       const char* name) {
    if (!array) return;
    // An empty span would mean uniform masses.
    if (array->size() == 0) {
      throw InvalidArgument(name, "have one mass per point, " + std::to_string(count), "none");
    }
    masses = vector_view(*array);
    bound.arrays.push_back(*array);
  };
  set(bound.problem.a, a, bound.problem.rows(), "a");
  set(bound.problem.b, b, bound.problem.cols(), "b");
}

BoundProblem clouds(const py::array& x, const py::array& y,
                    const std::optional<py::array_t<double>>& a,
                    const std::optional<py::array_t<double>>& b, const std::string& cost,
                    double power, bool line) {
  BoundProblem bound;
  bound.problem.geometry =
      PointClouds{matrix_view(x), matrix_view(y), make_ground_cost(cost, power), line};
  bound.arrays = {x, y};
  set_masses(bound, a, b);
  return bound;
}

BoundProblem dense(const py::array& cost_matrix, const std::optional<py::array_t<double>>& a,
                   const std::optional<py::array_t<double>>& b, bool assignment) {
  BoundProblem bound;
  bound.problem.geometry = DenseCost{matrix_view(cost_matrix)};
  bound.problem.kind = assignment ? Kind::assignment : Kind::transport;
  bound.arrays = {cost_matrix};
  set_masses(bound, a, b);
  return bound;
}

/// Empty arrays are those that were not given.
void start_from(BoundProblem& bound, const py::array_t<double>& f, const py::array_t<double>& g,
                const py::array_t<Index>& rows, const py::array_t<Index>& cols) {
  const auto pairs = [](const py::array_t<Index>& array) {
    return std::span(array.data(), static_cast<std::size_t>(array.size()));
  };
  bound.problem.warm_start = {vector_view(f), vector_view(g), pairs(rows), pairs(cols)};
  for (const py::array& array : std::initializer_list<py::array>{f, g, rows, cols}) {
    bound.arrays.push_back(array);
  }
}

}  // namespace

AnyMatrixView matrix_view(const py::array& array) {
  if (array.dtype().num() == py::dtype::of<float>().num()) return typed_view<float>(array);
  return typed_view<double>(array);
}

std::span<const double> vector_view(const py::array_t<double>& array) {
  return {array.data(), static_cast<std::size_t>(array.size())};
}

void register_problem(py::module_& m) {
  py::class_<BoundProblem>(m, "Problem", "A transport or assignment problem; views its arrays.")
      .def_static("clouds", &clouds, py::arg("x"), py::arg("y"), py::arg("a"), py::arg("b"),
                  py::arg("cost"), py::arg("power"), py::arg("line"))
      .def_static("dense", &dense, py::arg("cost_matrix"), py::arg("a"), py::arg("b"),
                  py::arg("assignment"))
      .def(
          "move_only",
          [](BoundProblem& bound, double mass) { bound.problem.slack = MovedMass{mass}; },
          py::arg("mass"), "Exactly this much mass is to move.")
      .def(
          "price_unmatched",
          [](BoundProblem& bound, double of_a, double of_b) {
            bound.problem.slack = UnmatchedCost{of_a, of_b};
          },
          py::arg("of_a"), py::arg("of_b"), "Mass may stay, at these prices per unit.")
      .def("start_from", &start_from, py::arg("f"), py::arg("g"), py::arg("rows"), py::arg("cols"))
      .def_property_readonly("dim", [](const BoundProblem& bound) { return bound.problem.dim(); })
      .def("__repr__",
           [](const BoundProblem& bound) { return "<" + bound.problem.describe() + ">"; });
  m.def("ground_cost_names", &ground_cost_names, "The names of all ground costs.");
}

}  // namespace monge::bindings

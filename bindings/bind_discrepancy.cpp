#include "bind_problem.hpp"
#include "interrupter.hpp"
#include "monge/discrepancy/c_transform.hpp"
#include "monge/discrepancy/chamfer.hpp"
#include "monge/discrepancy/legendre.hpp"
#include "monge/discrepancy/sliced.hpp"
#include "monge/problem/validate.hpp"

namespace monge::bindings {
namespace {

/// work(context) without the GIL; signals stop it, and are then raised.
template <class Work>
auto interruptible(int threads, const Work& work) {
  Interrupter interrupter(std::nullopt);
  Context context;
  context.threads = threads;
  interrupter.attach(context);
  auto result = [&] {
    const py::gil_scoped_release no_gil;
    return work(context);
  }();
  interrupter.rethrow();
  return result;
}

/// What python/monge/sliced.py has made sure of: (directions, d), contiguous.
Directions directions_of(const py::array_t<double>& array) {
  return row_major(array.data(), array.shape(0), array.shape(1));
}

template <class T>
py::object matrix(std::vector<T>&& values, py::ssize_t rows) {
  return to_numpy(std::move(values)).reshape({rows, py::ssize_t{-1}});
}

py::object costs(const BoundProblem& bound, const py::array_t<double>& directions, double p,
                 int threads) {
  const Directions view = directions_of(directions);
  return to_numpy(interruptible(threads, [&](Context& context) {
    return sliced_costs(validate(bound.problem), view, p, context);
  }));
}

py::tuple order(const BoundProblem& bound, const py::array_t<double>& directions, int threads) {
  const Directions view = directions_of(directions);
  SlicedOrder found = interruptible(threads, [&](Context& context) {
    return sliced_order(validate(bound.problem), view, context);
  });
  return py::make_tuple(matrix(std::move(found.x), view.rows),
                        matrix(std::move(found.y), view.rows));
}

py::tuple gradient(const BoundProblem& bound, const py::array_t<double>& directions, double p,
                   int threads) {
  const Directions view = directions_of(directions);
  SlicedGradient found = interruptible(threads, [&](Context& context) {
    return sliced_gradient(validate(bound.problem), view, p, context);
  });
  return py::make_tuple(to_numpy(std::move(found.costs)),
                        matrix(std::move(found.x), bound.problem.rows()),
                        matrix(std::move(found.y), bound.problem.cols()));
}

py::tuple maximum(const BoundProblem& bound, const py::array_t<double>& directions, double p,
                  int starts, int max_iterations, int threads) {
  const Directions view = directions_of(directions);
  MaxSliced found = interruptible(threads, [&](Context& context) {
    return max_sliced(validate(bound.problem), view, p, starts, max_iterations, context);
  });
  return py::make_tuple(found.cost, to_numpy(std::move(found.direction)));
}

py::tuple transform(const BoundProblem& bound, const py::array_t<double>& g, int threads) {
  const std::vector<double> values(g.data(), g.data() + g.size());
  CTransform found = interruptible(threads, [&](Context& context) {
    return c_transform(validate(bound.problem), values, context);
  });
  return py::make_tuple(to_numpy(std::move(found.f)), to_numpy(std::move(found.argmin)));
}

py::tuple chamfer_of(const BoundProblem& bound, bool with_indices, int threads) {
  Chamfer found = interruptible(threads, [&](Context& context) {
    return chamfer(validate(bound.problem), with_indices, context);
  });
  return py::make_tuple(found.value, to_numpy(std::move(found.nearest_y)),
                        to_numpy(std::move(found.nearest_x)));
}

py::object legendre(const py::array_t<double>& values, const py::array_t<double>& positions,
                    const py::array_t<double>& slopes, int threads) {
  const auto v = vector_view(values), x = vector_view(positions), s = vector_view(slopes);
  std::vector<double> found =
      interruptible(threads, [&](Context& context) { return legendre_lines(v, x, s, context); });
  return to_numpy(std::move(found)).reshape({values.shape(0), slopes.shape(0)});
}

}  // namespace

void register_discrepancy(py::module_& m) {
  m.def("sliced_costs", &costs, py::arg("problem"), py::arg("directions"), py::arg("p"),
        py::arg("threads"), "W_p^p of the projections on each direction.");
  m.def("sliced_order", &order, py::arg("problem"), py::arg("directions"), py::arg("threads"),
        "The points in the order of their projections on each direction.");
  m.def("sliced_gradient", &gradient, py::arg("problem"), py::arg("directions"), py::arg("p"),
        py::arg("threads"), "W_p^p of each direction, and the gradient of their mean.");
  m.def("max_sliced", &maximum, py::arg("problem"), py::arg("directions"), py::arg("p"),
        py::arg("starts"), py::arg("max_iterations"), py::arg("threads"),
        "A local maximum of W_p^p over directions, and where it is.");
  m.def("c_transform", &transform, py::arg("problem"), py::arg("g"), py::arg("threads"),
        "min_j (c_ij - g_j) of each row, and the j that attains it.");
  m.def("chamfer", &chamfer_of, py::arg("problem"), py::arg("with_indices"), py::arg("threads"),
        "The chamfer discrepancy, and the nearest points of x and of y.");
  m.def("legendre_lines", &legendre, py::arg("values"), py::arg("positions"), py::arg("slopes"),
        py::arg("threads"), "max_i (s_k x_i - v_i) for each line of values and each slope.");
}

}  // namespace monge::bindings

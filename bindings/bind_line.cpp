#include "bind_problem.hpp"
#include "monge/problem/validate.hpp"
#include "monge/solver/sorting_1d.hpp"

namespace monge::bindings {

void register_line(py::module_& m) {
  m.def(
      "line_cost",
      [](const BoundProblem& bound) {
        const py::gil_scoped_release no_gil;
        Context context;
        return line_cost(validate(bound.problem), context);
      },
      py::arg("problem"), "The least cost of a transport on a line.");
  m.def(
      "monotone_map",
      [](const BoundProblem& bound) {
        std::vector<double> map;
        {
          const py::gil_scoped_release no_gil;
          Context context;
          map = monotone_map(validate(bound.problem), context);
        }
        return to_numpy(std::move(map));
      },
      py::arg("problem"),
      "For each x_i, the y that the last of its mass goes to in the monotone plan.");
}

}  // namespace monge::bindings

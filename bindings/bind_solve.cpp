#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <optional>

#include "bind_problem.hpp"
#include "interrupter.hpp"
#include "monge/core/error.hpp"
#include "monge/problem/validate.hpp"
#include "monge/solver/complete_assignment.hpp"
#include "monge/solver/solve.hpp"

namespace monge::bindings {
namespace {

/// What `work` gives within the limits, while Python may run and interrupt.
template <class Work>
std::vector<Solution> without_gil(double rtol, int threads, std::optional<double> time_limit,
                                  std::optional<py::function> progress, const Work& work) {
  Interrupter interrupter(std::move(progress));
  Context context;
  context.rtol = rtol;
  context.threads = threads;
  if (time_limit) context.deadline = deadline_in(*time_limit);
  interrupter.attach(context);
  std::vector<Solution> solutions;
  {
    const py::gil_scoped_release no_gil;
    solutions = work(context);
  }
  interrupter.rethrow();
  return solutions;
}

std::vector<Solution> solve_all(const std::vector<const BoundProblem*>& bound,
                                const std::string& solver, const OptionMap& options, double rtol,
                                int threads, std::optional<double> time_limit,
                                std::optional<py::function> progress) {
  std::vector<Problem> problems;
  problems.reserve(bound.size());
  for (const BoundProblem* one : bound) problems.push_back(one->problem);
  return without_gil(rtol, threads, time_limit, std::move(progress), [&](Context& context) {
    if (problems.size() != 1) return solve_batch(problems, solver, options, context);
    std::vector<Solution> solutions;
    solutions.push_back(solve(problems.front(), solver, options, context));
    return solutions;
  });
}

/// Each problem from the row's columns and the potentials g that are known of it.
std::vector<Solution> complete_all(const std::vector<const BoundProblem*>& bound,
                                   const std::vector<py::array_t<Index>>& columns,
                                   const std::vector<py::array_t<double>>& g, double rtol,
                                   int threads, std::optional<double> time_limit) {
  if (columns.size() != bound.size() || g.size() != bound.size()) {
    throw InvalidArgument("columns and g", "have one array per problem",
                          std::to_string(columns.size()) + " and " + std::to_string(g.size()));
  }
  std::vector<NearSolution> near;
  near.reserve(bound.size());
  for (std::size_t k = 0; k < bound.size(); ++k) {
    near.push_back(
        {{columns[k].data(), static_cast<std::size_t>(columns[k].size())}, vector_view(g[k])});
  }
  return without_gil(rtol, threads, time_limit, std::nullopt, [&](Context& context) {
    const auto complete = [&](std::size_t k, Context& own) {
      return complete_assignment(bound[k]->problem, near[k], own);
    };
    return solve_each(bound.size(), complete, context);
  });
}

/// The column of each row, -1 for a free row; nothing if every matching is forbidden.
std::optional<py::array_t<Index>> assign(const py::array& cost_matrix) {
  Problem problem;
  problem.geometry = DenseCost{matrix_view(cost_matrix)};
  problem.kind = Kind::assignment;
  Interrupter interrupter(std::nullopt);
  Context context;
  interrupter.attach(context);
  std::vector<Index> columns;
  Status status = Status::optimal;
  {
    const py::gil_scoped_release no_gil;
    problem = validate(problem);
    const Result result = select_solver("auto", problem).solve(problem, {}, context);
    status = result.status;
    columns.assign(static_cast<std::size_t>(problem.rows()), -1);
    for (std::size_t k = 0; k < result.plan.size(); ++k) {
      columns[static_cast<std::size_t>(result.plan.rows[k])] = result.plan.cols[k];
    }
  }
  interrupter.rethrow();
  if (status == Status::infeasible) return std::nullopt;
  return to_numpy(std::move(columns));
}

py::dict describe(const SolverEntry& solver) {
  const Capabilities& can = solver.capabilities;
  py::dict options;
  for (const OptionInfo& info : solver.options) {
    py::dict option;
    option["default"] = info.default_value;
    option["meaning"] = info.meaning;
    option["least"] = std::isfinite(info.least) ? py::cast(info.least) : py::none();
    option["most"] = std::isfinite(info.most) ? py::cast(info.most) : py::none();
    option["choices"] = std::vector<std::string_view>(info.choices.begin(), info.choices.end());
    options[py::str(std::string(info.name))] = option;
  }
  py::dict d;
  d["summary"] = solver.summary;
  d["assignment"] = can.assignment;
  d["transport"] = can.transport;
  d["cost_matrix"] = can.dense;
  d["point_clouds"] = can.clouds;
  d["any_masses"] = can.any_masses;
  d["partial"] = can.partial;
  d["line_only"] = can.convex_line_only;
  d["warm_potentials"] = can.warm_potentials;
  d["warm_plan"] = can.warm_plan;
  d["max_dim"] = can.max_dim > 0 ? py::object(py::int_(can.max_dim)) : py::object(py::none());
  d["auto_pairs"] =
      std::vector<double>{solver.auto_range.least_pairs, solver.auto_range.most_pairs};
  d["auto_rtol"] = solver.auto_range.least_rtol;
  d["options"] = options;
  return d;
}

}  // namespace

void register_solve(py::module_& m) {
  py::register_exception_translator([](std::exception_ptr error) {
    try {
      if (error) std::rethrow_exception(std::move(error));
    } catch (const MemoryLimitExceeded& e) {
      PyErr_SetString(PyExc_MemoryError, e.what());
    }
  });

  // Arrays are moved out: each property can be read once, and monge.Solution reads them all.
  py::class_<Solution> solution(m, "Solution",
                                "A certified solution, before it becomes monge.Solution.");
  solution.def_property_readonly("cost", [](const Solution& s) { return s.certificate.cost; })
      .def_property_readonly("lower_bound",
                             [](const Solution& s) { return s.certificate.lower_bound; })
      .def_property_readonly("gap", [](const Solution& s) { return s.certificate.gap; })
      .def_property_readonly("relative_gap",
                             [](const Solution& s) { return s.certificate.relative_gap; })
      .def_property_readonly("marginal_error",
                             [](const Solution& s) { return s.certificate.marginal_error; })
      .def_property_readonly("status",
                             [](const Solution& s) { return std::string(name_of(s.status)); })
      .def_readonly("solver", &Solution::solver)
      .def_property_readonly("stats",
                             [](const Solution& s) {
                               py::dict stats;
                               for (const auto& [name, value] : s.stats)
                                 stats[py::str(name)] = value;
                               return stats;
                             })
      .def(
          "take_arrays",
          [](Solution& s) {
            return py::make_tuple(
                to_numpy(std::move(s.plan.rows)), to_numpy(std::move(s.plan.cols)),
                to_numpy(std::move(s.plan.mass)), to_numpy(std::move(s.certificate.f)),
                to_numpy(std::move(s.certificate.g)));
          },
          "rows, cols, mass, f, g; moved out, so a second call returns empty arrays");

  solution
      .def_property_readonly("unmatched_cost",
                             [](const Solution& s) -> std::optional<std::pair<double, double>> {
                               if (!s.certificate.unmatched_cost) return std::nullopt;
                               const UnmatchedCost& price = *s.certificate.unmatched_cost;
                               return std::pair(price.of_a, price.of_b);
                             })
      .def(
          "take_unmatched",
          [](Solution& s) {
            return py::make_tuple(to_numpy(std::move(s.certificate.unmatched_a)),
                                  to_numpy(std::move(s.certificate.unmatched_b)));
          },
          "What stays of a and b, if mass may; moved out");

  m.def("solve", &solve_all, py::arg("problems"), py::arg("solver"), py::arg("options"),
        py::arg("rtol"), py::arg("threads"), py::arg("time_limit"), py::arg("progress"),
        "Solves and certifies problems, in their order.");

  m.def("complete_assignments", &complete_all, py::arg("problems"), py::arg("columns"),
        py::arg("g"), py::arg("rtol"), py::arg("threads"), py::arg("time_limit"),
        "Assignments between clouds made exact, or certified, from near-optimal ones.");

  m.def("assign", &assign, py::arg("cost_matrix"),
        "Column of each row, -1 if free; None if infeasible.");

  m.def(
      "solvers",
      [] {
        py::dict all;
        for (const SolverEntry& solver : solvers())
          all[py::str(std::string(solver.name))] = describe(solver);
        return all;
      },
      "The registered solvers: name -> capabilities and options.");
  m.def("usable_threads", &usable_threads, "Threads that this process may use.");
}

}  // namespace monge::bindings

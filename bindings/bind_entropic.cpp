#include <cmath>
#include <optional>

#include "bind_problem.hpp"
#include "interrupter.hpp"
#include "monge/problem/validate.hpp"
#include "monge/result/scaled_plan.hpp"
#include "monge/solver/sinkhorn.hpp"

namespace monge::bindings {
namespace {

std::vector<EntropicResult> sinkhorn(const std::vector<const BoundProblem*>& bound, bool symmetric,
                                     const OptionMap& options, int threads,
                                     std::optional<double> time_limit,
                                     std::optional<py::function> progress) {
  std::vector<Problem> problems;
  problems.reserve(bound.size());
  for (const BoundProblem* one : bound) problems.push_back(one->problem);
  Interrupter interrupter(std::move(progress));
  Context context;
  context.threads = threads;
  if (time_limit) context.deadline = deadline_in(*time_limit);
  interrupter.attach(context);
  std::vector<EntropicResult> results;
  {
    const py::gil_scoped_release no_gil;
    results = solve_sinkhorn_batch(problems, symmetric,
                                   parse_options<SinkhornOptions>("sinkhorn", options), context);
  }
  interrupter.rethrow();
  return results;
}

/// Runs work(problem, context) without the GIL, open to Ctrl-C.
template <class Work>
auto on_problem(const BoundProblem& bound, double penalty, int threads, const Work& work) {
  Interrupter interrupter(std::nullopt);
  Context context;
  context.threads = threads;
  interrupter.attach(context);
  auto result = [&] {
    const py::gil_scoped_release no_gil;
    return work(validate(bound.problem, std::isinf(penalty) ? Totals::equal : Totals::free),
                context);
  }();
  interrupter.rethrow();
  return result;
}

std::vector<double> copied(const py::array_t<double>& array) {
  const std::span<const double> view = vector_view(array);
  return {view.begin(), view.end()};
}

GradedPlan grade(const BoundProblem& bound, const py::array_t<double>& f,
                 const py::array_t<double>& g, double epsilon, double penalty, int threads) {
  return on_problem(bound, penalty, threads, [&](const Problem& problem, Context& context) {
    return std::isinf(penalty) ? round_to_plan(problem, copied(f), copied(g), epsilon, context)
                               : graded(problem, copied(f), copied(g), epsilon, context);
  });
}

py::array_t<double> apply_plan(const BoundProblem& bound, const GradedPlan& graded_plan,
                               const py::array_t<double>& values, bool transposed, double penalty,
                               int threads) {
  const Index k = static_cast<Index>(values.shape(1));
  std::vector<double> out =
      on_problem(bound, penalty, threads, [&](const Problem& problem, Context& context) {
        const std::vector<double> v = copied(values);
        return transposed ? apply_transposed(problem, graded_plan.plan, v, k, context)
                          : apply(problem, graded_plan.plan, v, k, context);
      });
  return to_numpy(std::move(out)).reshape({py::ssize_t{-1}, static_cast<py::ssize_t>(k)});
}

py::array_t<double> dense_plan(const BoundProblem& bound, const GradedPlan& graded_plan,
                               double penalty, int threads) {
  std::vector<double> out =
      on_problem(bound, penalty, threads, [&](const Problem& problem, Context& context) {
        return to_dense(problem, graded_plan.plan, context);
      });
  return to_numpy(std::move(out))
      .reshape({static_cast<py::ssize_t>(bound.problem.rows()), py::ssize_t{-1}});
}

py::array_t<double> array_of(const std::vector<double>& values) {
  return to_numpy(std::vector<double>(values));
}

}  // namespace

void register_entropic(py::module_& m) {
  py::class_<EntropicResult>(m, "EntropicResult", "Potentials of an entropic transport.")
      .def_readonly("value", &EntropicResult::value)
      .def_readonly("error", &EntropicResult::error)
      .def_property_readonly("status",
                             [](const EntropicResult& r) { return std::string(name_of(r.status)); })
      .def_property_readonly("stats",
                             [](const EntropicResult& r) {
                               py::dict stats;
                               for (const auto& [name, value] : r.stats)
                                 stats[py::str(name)] = value;
                               return stats;
                             })
      .def(
          "take_potentials",
          [](EntropicResult& r) {
            return py::make_tuple(to_numpy(std::move(r.f)), to_numpy(std::move(r.g)));
          },
          "f and g; moved out, so a second call returns empty arrays");
  py::class_<GradedPlan>(m, "GradedPlan", "A scaled kernel plus rank one, and its sums.")
      .def_readonly("cost", &GradedPlan::cost)
      .def_property_readonly("row_sums", [](const GradedPlan& p) { return array_of(p.row_sums); })
      .def_property_readonly("col_sums", [](const GradedPlan& p) { return array_of(p.col_sums); });

  m.def("sinkhorn", &sinkhorn, py::arg("problems"), py::arg("symmetric"), py::arg("options"),
        py::arg("threads"), py::arg("time_limit"), py::arg("progress"),
        "Solves entropic transports, in their order.");
  m.def("grade_plan", &grade, py::arg("problem"), py::arg("f"), py::arg("g"), py::arg("epsilon"),
        py::arg("penalty"), py::arg("threads"),
        "The rounded plan of potentials, or with a finite penalty the plan as it is.");
  m.def("apply_plan", &apply_plan, py::arg("problem"), py::arg("plan"), py::arg("values"),
        py::arg("transposed"), py::arg("penalty"), py::arg("threads"),
        "P V, or P' V, for C-contiguous V (k columns).");
  m.def("dense_plan", &dense_plan, py::arg("problem"), py::arg("plan"), py::arg("penalty"),
        py::arg("threads"), "All entries of the plan.");
  m.def(
      "dual_bound",
      [](const BoundProblem& bound, const py::array_t<double>& g, double penalty, int threads) {
        return on_problem(bound, penalty, threads, [&](const Problem& problem, Context& context) {
          return dual_bound(problem, copied(g), penalty, context);
        });
      },
      py::arg("problem"), py::arg("g"), py::arg("penalty"), py::arg("threads"),
      "A lower bound of the unregularised optimum.");
}

}  // namespace monge::bindings

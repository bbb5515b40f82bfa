#include "monge/solver/solve.hpp"

#include <atomic>

#include "kernels/cost_bounds.hpp"
#include "monge/core/error.hpp"
#include "monge/problem/validate.hpp"
#include "parallel.hpp"

namespace monge {

namespace {

/// The context of the certificate. After an interruption there is still this much time for it, and
/// the caller's request to stop has been served.
constexpr auto grace = std::chrono::milliseconds(500);

void prepare_grading(Context& grading, Context& context) {
  grading.threads = context.threads;
  if (context.interruption() != Interruption::none) {
    grading.deadline = Context::Clock::now() + grace;
    return;
  }
  if (context.deadline) grading.deadline = *context.deadline + grace;
  grading.stop = [&context] { return context.poll({"certificate", 0}) == Interruption::cancelled; };
}

}  // namespace

Solution graded(const Problem& problem, Result result, std::string_view solver, Context& context) {
  Solution solution;
  Context grading;
  prepare_grading(grading, context);
  solution.certificate = certify(problem, result, grading);
  solution.plan = std::move(result.plan);
  solution.status = result.status;
  // What is not proved is not called optimal, nor within a tolerance.
  if (result.status == Status::optimal || result.status == Status::within_tolerance) {
    const double gap = solution.certificate.relative_gap;
    if (grading.interruption() != Interruption::none) {
      solution.status = status_of(grading.interruption());
    } else if (!(gap <= proved_gap)) {
      solution.status = gap <= context.rtol ? Status::within_tolerance : Status::iteration_limit;
    }
  }
  solution.solver = solver;
  solution.stats = std::move(result.stats);
  return solution;
}

Solution solve(const Problem& unchecked, std::string_view solver, const OptionMap& options,
               Context& context) {
  (void)context.thread_count();  // a wrong MONGE_NUM_THREADS is refused, used or not
  Problem problem = validate(unchecked);
  if (auto* clouds = std::get_if<PointClouds>(&problem.geometry)) {
    clouds->bounds = kernels::CostBounds::make(*clouds);
  }
  const SolverEntry& entry = select_solver(solver, problem, context.rtol);
  return graded(problem, entry.solve(problem, options, context), entry.name, context);
}

std::vector<Solution> solve_each(std::size_t count, const SolveOne& solve_one, Context& context) {
  std::vector<Solution> solutions(count);
  const CallingThread caller;  // the caller's callbacks are called on no other thread
  std::atomic<std::size_t> solved{0};
  const auto poll = [&] {
    const auto done = static_cast<double>(solved.load(std::memory_order_relaxed));
    return context.poll({"batch", done / static_cast<double>(count)});
  };
  const auto run = [&](std::int64_t k) {
    Context own;
    own.threads = 1;
    own.rtol = context.rtol;
    own.memory_limit = context.memory_limit;
    own.deadline = context.deadline;
    own.stop = [&] {
      return (caller.is_current() ? poll() : context.interruption()) != Interruption::none;
    };
    const std::string where = "pair " + std::to_string(k) + " of the batch";
    try {
      const auto index = static_cast<std::size_t>(k);
      solutions[index] = solve_one(index, own);
      solved.fetch_add(1, std::memory_order_relaxed);
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(where, error);
    } catch (const Unsupported& error) {
      throw Unsupported(where, error);
    }
  };
  parallel_for(static_cast<std::int64_t>(count), context.thread_count(), run, poll);
  return solutions;
}

std::vector<Solution> solve_batch(const std::vector<Problem>& problems, std::string_view solver,
                                  const OptionMap& options, Context& context) {
  const auto solve_one = [&](std::size_t k, Context& own) {
    return solve(problems[k], solver, options, own);
  };
  return solve_each(problems.size(), solve_one, context);
}

}  // namespace monge

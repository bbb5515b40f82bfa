#include "monge/solver/solve.hpp"

#include "monge/problem/validate.hpp"
#include "parallel.hpp"

namespace monge {

Solution solve(const Problem& unchecked, std::string_view solver, const OptionMap& options, Context& context) {
  const Problem problem = validate(unchecked);
  const SolverEntry& entry = select_solver(solver, problem);
  Result result = entry.solve(problem, options, context);
  Solution solution;
  solution.certificate = certify(problem, result, context.thread_count());
  solution.plan = std::move(result.plan);
  solution.status = result.status;
  solution.solver = entry.name;
  solution.stats = std::move(result.stats);
  return solution;
}

std::vector<Solution> solve_batch(const std::vector<Problem>& problems, std::string_view solver,
                                  const OptionMap& options, Context& context) {
  std::vector<Solution> solutions(problems.size());
  const CallingThread caller;  // the caller's callbacks are called on no other thread
  const auto poll = [&] { return context.poll({"batch", 0}); };
  const auto solve_one = [&](std::int64_t k) {
    Context own;
    own.threads = 1;
    own.rtol = context.rtol;
    own.memory_limit = context.memory_limit;
    own.deadline = context.deadline;
    own.stop = [&] {
      return (caller.is_current() ? poll() : context.interruption()) != Interruption::none;
    };
    solutions[static_cast<std::size_t>(k)] = solve(problems[static_cast<std::size_t>(k)], solver, options, own);
  };
  parallel_for(static_cast<std::int64_t>(problems.size()), context.thread_count(), solve_one, poll);
  return solutions;
}

}  // namespace monge

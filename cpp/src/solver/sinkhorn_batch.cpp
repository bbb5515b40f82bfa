#include <cmath>
#include <string>

#include "monge/core/error.hpp"
#include "monge/problem/validate.hpp"
#include "monge/solver/sinkhorn.hpp"
#include "parallel.hpp"

namespace monge {
namespace {

EntropicResult solve_one(const Problem& unchecked, bool symmetric, const SinkhornOptions& options,
                         Context& context) {
  const Totals totals = std::isinf(options.penalty) ? Totals::equal : Totals::free;
  const Problem problem = validate(unchecked, totals);
  return symmetric ? solve_sinkhorn_symmetric(problem, options, context)
                   : solve_sinkhorn(problem, options, context);
}

}  // namespace

std::vector<EntropicResult> solve_sinkhorn_batch(const std::vector<Problem>& unchecked,
                                                 bool symmetric, const SinkhornOptions& options,
                                                 Context& context) {
  (void)context.thread_count();  // a wrong MONGE_NUM_THREADS is refused, used or not
  std::vector<EntropicResult> results(unchecked.size());
  if (unchecked.size() == 1) {
    results.front() = solve_one(unchecked.front(), symmetric, options, context);
    return results;
  }
  const CallingThread caller;  // the caller's callbacks are called on no other thread
  const auto poll = [&] { return context.poll({"batch", 0}); };
  const auto solve = [&](std::int64_t k) {
    Context own;
    own.threads = 1;
    own.memory_limit = context.memory_limit;
    own.deadline = context.deadline;
    own.stop = [&] {
      return (caller.is_current() ? poll() : context.interruption()) != Interruption::none;
    };
    const std::string where = "pair " + std::to_string(k) + " of the batch";
    const std::size_t index = static_cast<std::size_t>(k);
    try {
      results[index] = solve_one(unchecked[index], symmetric, options, own);
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(where, error);
    } catch (const Unsupported& error) {
      throw Unsupported(where, error);
    }
  };
  parallel_for(static_cast<std::int64_t>(unchecked.size()), context.thread_count(), solve, poll);
  return results;
}

}  // namespace monge

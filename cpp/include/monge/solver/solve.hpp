// From a problem to a certified solution: validate, select, solve, certify.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "monge/result/certificate.hpp"
#include "monge/solver/registry.hpp"

namespace monge {

struct Solution {
  Certificate certificate;  ///< cost, lower bound, gap, and the feasible potentials f, g
  Plan plan;
  Status status = Status::optimal;
  std::string solver;
  Stats stats;
};

/// Throws InvalidArgument, Unsupported or MemoryLimitExceeded before work begins; how the work
/// ended is Solution::status.
Solution solve(const Problem& unchecked, std::string_view solver, const OptionMap& options,
               Context& context);

/// What a solver returned for a validated problem, certified. What it calls optimal, or within the
/// tolerance, and the certificate does not prove becomes within_tolerance, iteration_limit or an
/// interruption.
Solution graded(const Problem& problem, Result result, std::string_view solver, Context& context);

/// Solves problem k of several, in a context of its own.
using SolveOne = std::function<Solution(std::size_t k, Context& own)>;

/// As solve_batch(), whatever it is that solves.
std::vector<Solution> solve_each(std::size_t count, const SolveOne& solve_one, Context& context);

/// Many problems on the context's threads, one thread each; solutions in the order of the problems.
/// The context's deadline and stop callback are for all of them together.
std::vector<Solution> solve_batch(const std::vector<Problem>& problems, std::string_view solver,
                                  const OptionMap& options, Context& context);

}  // namespace monge

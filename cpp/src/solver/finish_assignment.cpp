#include "monge/solver/finish_assignment.hpp"

#include <cmath>
#include <vector>

#include "monge/core/error.hpp"
#include "monge/problem/validate.hpp"
#include "solver/auction_finish.hpp"
#include "solver/row_scanners.hpp"

namespace monge {
namespace {

constexpr int list_size = 16;  // as in the auction's options

void check(const Problem& problem, const NearSolution& near) {
  if (!problem.permutation || problem.clouds() == nullptr) {
    throw InvalidArgument("the problem", "be between clouds of equal numbers of equal masses",
                          problem.describe());
  }
  const auto n = static_cast<std::size_t>(problem.rows());
  if (near.columns.size() != n) {
    throw InvalidArgument("columns", "have one entry per row, " + std::to_string(n),
                          std::to_string(near.columns.size()));
  }
  if (near.g.size() != n) {
    throw InvalidArgument("g", "have one entry per column, " + std::to_string(n),
                          std::to_string(near.g.size()));
  }
  for (const double value : near.g) {
    if (!std::isfinite(value)) throw InvalidArgument("g", "be finite", std::to_string(value));
  }
}

bool is_permutation(std::span<const Index> columns) {
  std::vector<bool> taken(columns.size());
  for (const Index j : columns) {
    if (j < 0 || static_cast<std::size_t>(j) >= columns.size()) return false;
    if (taken[static_cast<std::size_t>(j)]) return false;
    taken[static_cast<std::size_t>(j)] = true;
  }
  return true;
}

/// The matching as it is; f is the certificate's business.
Result as_given(const Problem& problem, const NearSolution& near) {
  Result result;
  result.status = Status::within_tolerance;
  result.g.assign(near.g.begin(), near.g.end());
  result.f.assign(near.columns.size(), 0.0);
  result.plan.reserve(near.columns.size());
  const double mass = problem.row_mass(0);
  for (std::size_t i = 0; i < near.columns.size(); ++i) {
    result.plan.add(static_cast<Index>(i), near.columns[i], mass);
  }
  return result;
}

Result finish(const Problem& problem, const NearSolution& near, Context& context) {
  Team team(context.thread_count());
  const CloudScanner scanner(*problem.clouds(), &team);
  AuctionEngine<CloudScanner> engine(scanner, list_size, team, context);
  for (std::size_t j = 0; j < near.g.size(); ++j) engine.prices()[j] = -near.g[j];
  return finish_clouds(*problem.clouds(), engine, problem.row_mass(0), context, [] {});
}

}  // namespace

Solution finish_assignment(const Problem& unchecked, const NearSolution& near, Context& context) {
  const Problem problem = validate(unchecked);
  check(problem, near);
  constexpr std::string_view name = "finish_assignment";
  if (context.rtol > 0 && is_permutation(near.columns)) {
    Solution solution = graded(problem, as_given(problem, near), name, context);
    if (solution.certificate.relative_gap <= context.rtol) return solution;
  }
  return graded(problem, finish(problem, near, context), name, context);
}

}  // namespace monge

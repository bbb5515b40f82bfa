#include "monge/solver/complete_assignment.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "monge/core/error.hpp"
#include "monge/problem/validate.hpp"
#include "monge/solver/finish_assignment.hpp"

namespace monge {
namespace {

void check(const Problem& problem, const NearSolution& near) {
  const auto n = static_cast<std::size_t>(problem.rows());
  if (near.columns.size() != n) {
    throw InvalidArgument("columns", "have one entry per row, " + std::to_string(n),
                          std::to_string(near.columns.size()));
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

}  // namespace

Solution complete_assignment(const Problem& unchecked, const NearSolution& near, Context& context) {
  const Problem problem = validate(unchecked);
  check(problem, near);
  constexpr std::string_view name = "finish_assignment";
  const bool potentials = near.g.size() == near.columns.size();
  if (context.rtol > 0 && problem.permutation && potentials && is_permutation(near.columns)) {
    Solution solution = graded(problem, as_given(problem, near), name, context);
    if (solution.certificate.relative_gap <= context.rtol) return solution;
  }
  std::vector<double> prices;
  for (const double value : near.g) prices.push_back(-value);
  return graded(problem, finish_assignment(problem, prices, context), name, context);
}

}  // namespace monge

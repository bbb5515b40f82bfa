#include "monge/solver/complete_assignment.hpp"

#include <algorithm>
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

/// Rows beyond which a solve from the beginning is faster than an exact finish.
constexpr std::size_t finish_rows = 1024;
/// Rows without a column that are matched one by one.
constexpr std::size_t most_free = 1024;

/// The matching with its free rows matched to free columns; empty if it is not one to one, or if
/// too many rows are free.
std::vector<Index> completed(const Problem& problem, std::span<const Index> columns) {
  const std::size_t n = columns.size();
  std::vector<Index> matching(columns.begin(), columns.end()), free_rows, free_columns;
  std::vector<bool> taken(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (columns[i] < 0) {
      free_rows.push_back(static_cast<Index>(i));
      continue;
    }
    const auto j = static_cast<std::size_t>(columns[i]);
    if (j >= n || taken[j]) return {};
    taken[j] = true;
  }
  if (free_rows.size() > most_free) return {};
  for (std::size_t j = 0; j < n; ++j) {
    if (!taken[j]) free_columns.push_back(static_cast<Index>(j));
  }
  for (const Index i : free_rows) {
    const auto nearest = std::min_element(
        free_columns.begin(), free_columns.end(),
        [&](Index j, Index k) { return cost_at(problem, i, j) < cost_at(problem, i, k); });
    matching[static_cast<std::size_t>(i)] = *nearest;
    free_columns.erase(nearest);
  }
  return matching;
}

/// A matching as a result; f is the certificate's business.
Result result_of(const Problem& problem, const std::vector<Index>& matching,
                 std::span<const double> g) {
  Result result;
  result.status = Status::within_tolerance;
  result.g.assign(g.begin(), g.end());
  result.f.assign(matching.size(), 0.0);
  result.plan.reserve(matching.size());
  const double mass = problem.row_mass(0);
  for (std::size_t i = 0; i < matching.size(); ++i) {
    result.plan.add(static_cast<Index>(i), matching[i], mass);
  }
  return result;
}

}  // namespace

Solution complete_assignment(const Problem& unchecked, const NearSolution& near, Context& context) {
  const Problem problem = validate(unchecked);
  check(problem, near);
  constexpr std::string_view name = "finish_assignment";
  if (context.rtol > 0 && problem.permutation && near.g.size() == near.columns.size()) {
    const std::vector<Index> matching = completed(problem, near.columns);
    if (!matching.empty()) {
      Solution solution = graded(problem, result_of(problem, matching, near.g), name, context);
      if (solution.certificate.relative_gap <= context.rtol) return solution;
    }
  }
  if (near.columns.size() > finish_rows) return solve(unchecked, "auto", {}, context);
  std::vector<double> prices;
  for (const double value : near.g) prices.push_back(-value);
  return graded(problem, finish_assignment(problem, prices, context), name, context);
}

}  // namespace monge

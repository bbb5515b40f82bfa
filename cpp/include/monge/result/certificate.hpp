// The grade of a result, computed from the problem alone.
//
// Weak duality: for any g, f_i = min_j (C_ij - g_j) is feasible (f_i + g_j <= C_ij), and then
// sum a_i f_i + sum b_j g_j is at most the cost of every plan. So certify() takes from the solver
// only g, recomputes f, and what it reports as lower_bound holds whatever the solver did. In an
// assignment whose sides differ, the potentials of the larger side must also be <= 0.
//
// Where mass may stay at prices alpha and beta (Slack), also f <= alpha and g <= beta: what stays
// is paid for once more, so the same sum bounds <C, P> plus those payments. Where a mass s moves,
// the prices are the multipliers of that constraint: for any alpha and beta,
//   <C, P> >= sum a_i f_i + sum b_j g_j - alpha (sum a - s) - beta (sum b - s),
// which is concave in each, and largest where alpha leaves out as much of the mass of a, beta of b,
// as stays: a weighted quantile of f, and of g. So here too the bound needs nothing but g.
//
// Cost O(n m dim) for clouds (never a matrix), O(n m) dense, O((n + m) log n) on a line.
// In dimension 1 to 8 a plan's columns say where to look: up to 8192 columns are looked at in
// blocks whose boxes are near enough, which changes no bit, more in a tree. So are pairs from 2^19
// on where no plan is known. A tree's bounds are compared without a margin: an f_i can then be too
// large by a few roundings of C_ij + |g_j|. Numerics: inner products are compensated; lower_bound
// and cost are exact sums of rounded terms.
#pragma once

#include <optional>
#include <vector>

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "monge/result/result.hpp"

namespace monge {

/// The relative gap up to which an optimum counts as proved.
inline constexpr double proved_gap = 1e-9;

struct Certificate {
  double cost = 0;         ///< sum P_ij C_ij, and what unmatched mass costs
  double lower_bound = 0;  ///< from f and g below, as above
  double gap = 0;          ///< cost - lower_bound
  /// gap / max(|cost|, |lower_bound|), and 0 where the gap is within the rounding of the sums
  /// themselves: 8 u (sum P|C| + sum a|f| + sum b|g|), u = 2^-53.
  double relative_gap = 0;
  /// (sum_i |row sum - a_i| + sum_j |column sum - b_j|) / total mass. Where mass may stay, only
  /// what is too much counts, and by how much the mass that moves is missed; over that mass, or, if
  /// it is not given, over the smaller total.
  double marginal_error = 0;
  std::vector<double> f;  ///< feasible potentials that prove lower_bound;
  std::vector<double> g;  ///< for a transport, g is centred: sum b_j g_j = 0 up to rounding

  // Of a transport that may leave mass:
  /// f_i <= of_a and g_j <= of_b: the prices given, or, where a mass moves, those at which the same
  /// plan is optimal; then of_b is 0.
  std::optional<UnmatchedCost> unmatched_cost;
  std::vector<double> unmatched_a, unmatched_b;  ///< what stays; 0 where it is rounding
};

/// An infeasible problem has cost +inf; an empty one is certified at 0. If the context is
/// interrupted, the bound is still valid, but weak.
Certificate certify(const Problem& problem, const Result& result, Context& context);

}  // namespace monge

// The grade of a result, computed from the problem alone.
//
// Weak duality: for any g, f_i = min_j (C_ij - g_j) is feasible (f_i + g_j <= C_ij), and then
// sum a_i f_i + sum b_j g_j is at most the cost of every plan. So certify() takes from the solver
// only g, recomputes f, and what it reports as lower_bound holds whatever the solver did. In an
// assignment whose sides differ, the potentials of the larger side must also be <= 0.
//
// Cost O(n m dim) for clouds (never a matrix), O(n m) dense, O((n + m) log n) on a line.
// Clouds of 2^18 pairs or more in dimension 1 to 8 are searched in a tree, whose bounds are
// compared without a margin: an f_i can then be too large by a few roundings of C_ij + |g_j|.
// Numerics: inner products are compensated; lower_bound and cost are exact sums of rounded terms.
#pragma once

#include <vector>

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "monge/result/result.hpp"

namespace monge {

struct Certificate {
  double cost = 0;         ///< sum P_ij C_ij
  double lower_bound = 0;  ///< sum a_i f_i + sum b_j g_j, f and g below
  double gap = 0;          ///< cost - lower_bound
  /// gap / max(|cost|, |lower_bound|), and 0 where the gap is within the rounding of the sums
  /// themselves: 8 u (sum P|C| + sum a|f| + sum b|g|), u = 2^-53.
  double relative_gap = 0;
  /// (sum_i |row sum - a_i| + sum_j |column sum - b_j|) / total mass
  double marginal_error = 0;
  std::vector<double> f;  ///< feasible potentials that prove lower_bound;
  std::vector<double> g;  ///< for a transport, g is centred: sum b_j g_j = 0 up to rounding
};

/// An infeasible problem has cost +inf; an empty one is certified at 0. If the context is
/// interrupted, the bound is still valid, but weak.
Certificate certify(const Problem& problem, const Result& result, Context& context);

}  // namespace monge

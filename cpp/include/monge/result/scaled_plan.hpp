// A plan that is a scaled kernel plus a matrix of rank one, never formed unless asked for:
//
//   P_ij = u_i a_i b_j exp((f_i + g_j - C_ij) / epsilon) v_j + r_i s_j.
//
// This is what entropic transport yields once its potentials are rounded to a feasible plan
// (J. Altschuler, J. Weed and P. Rigollet, NIPS 2017, algorithm 2): rows, then columns with too
// much mass are scaled down, and what is missing is filled in by the product of the deficits. The
// rounded plan is at most twice the L1 error of the marginals away from the given one.
//
// Time O(n m dim) per call, memory O(n + m); tiles whose terms are below rounding are left out.
#pragma once

#include <vector>

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"

namespace monge {

struct ScaledPlan {
  double epsilon = 0;
  std::vector<double> f, g;
  std::vector<double> row_scale, col_scale;  ///< u and v, at most 1
  std::vector<double> row_rest, col_rest;    ///< r and s; empty: none
};

/// A plan with what one pass over it tells.
struct GradedPlan {
  ScaledPlan plan;
  std::vector<double> row_sums, col_sums;
  double cost = 0;  ///< <C, P>
};

/// The feasible plan nearest to the kernel with these potentials, for a validated balanced problem.
GradedPlan round_to_plan(const Problem& problem, std::vector<double> f, std::vector<double> g,
                         double epsilon, Context& context);

/// The kernel with these potentials as it is.
GradedPlan graded(const Problem& problem, std::vector<double> f, std::vector<double> g,
                  double epsilon, Context& context);

/// P V for row-major V (m, k): (n, k).
std::vector<double> apply(const Problem& problem, const ScaledPlan& plan,
                          const std::vector<double>& values, Index k, Context& context);

/// P' V for row-major V (n, k): (m, k).
std::vector<double> apply_transposed(const Problem& problem, const ScaledPlan& plan,
                                     const std::vector<double>& values, Index k, Context& context);

/// All n m entries, row-major. Throws MemoryLimitExceeded before allocating what would not fit.
std::vector<double> to_dense(const Problem& problem, const ScaledPlan& plan, Context& context);

/// A lower bound of the unregularised optimum, from g alone: weak duality for its c-transform,
/// twice (see certificate.hpp). With a finite `penalty` rho the optimum of <C, P> + rho KL(P 1 | a)
/// + rho KL(P' 1 | b).
double dual_bound(const Problem& given, const std::vector<double>& g, double penalty,
                  Context& context);

}  // namespace monge

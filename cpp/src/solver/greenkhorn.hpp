// Greedy Sinkhorn iteration on a cost matrix: always the one row or column that is furthest off.
//
// Algorithm. Per step, of all rows and columns the one with the largest rho(a_i, r_i) =
// r_i - a_i + a_i log(a_i / r_i) is scaled to its mass; its sums' changes are added to the other
// side's, O(n + m) exponentials per step. All sums are computed anew after every n + m steps (one
// "pass"), so that rounding does not build up. The exponents stay in the log domain.
//
// Guarantee. For n = m and total mass 1, L1 error delta is reached within
// O(n delta^-2 log(s / l)) steps, s the sum and l the least entry of the starting kernel
// (Altschuler, Weed and Rigollet, theorem 4); each step lowers the dual gap by at least
// delta^2 / (28 n).
//
// Memory O(n + m) beside the matrix. One thread: each step needs the last.
//
// Reference. J. Altschuler, J. Weed and P. Rigollet, Near-linear time approximation algorithms for
// optimal transport via Sinkhorn iteration, NIPS 2017.
#pragma once

#include "monge/solver/sinkhorn.hpp"

namespace monge {

/// Throws Unsupported for clouds.
EntropicResult solve_greenkhorn(const Problem& problem, const SinkhornOptions& options,
                                Context& context);

}  // namespace monge

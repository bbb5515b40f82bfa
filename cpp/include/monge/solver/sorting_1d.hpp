// Problem. Transport between masses on a line for a cost c(x, y) = h(|x - y|), h convex: all the
// ground costs in dimension 1, "euclidean_power" from p = 1.
//
// Algorithm. The monotone plan is optimal: sort both sides, and let mass flow from the left to the
// left (Villani, Topics in Optimal Transportation, 2003, theorem 2.18; for discrete masses it is
// the north-west corner rule on a Monge matrix, Hoffman 1963). The walk visits a staircase of
// cells; along it the potentials follow from f_i + g_j = C_ij, and since the matrix is Monge they
// are feasible everywhere: the walk yields its own dual solution.
//
// Deviations. Where a row and a column are exhausted together, the staircase goes on through a
// cell without mass, so that the potentials stay connected; that cell is not in the plan.
//
// Complexity. O(n log n + m log m) time, O(n + m) memory; at most n + m - 1 triplets.
//
// Numerics. Cumulative masses and the chain of potentials are kept in twice the working precision.
// Cumulative masses that agree within one rounding of the total (2^-52 relative) count as equal,
// so that masses such as 1/3 + 1/3 + 1/3 and 1 leave no slivers.
//
// Uniform masses are walked in whole numbers.
//
// Guarantee. Exact to rounding, for any masses. Determinism: ties are broken by index; the two
// sides are sorted by a thread each, and the answer does not depend on it.
//
// Interruptions are noticed before each sort and on the staircase, not within a sort. A side that
// was not sorted in time stays in the order given: its plan is feasible, and costs more. Potentials
// are then 0, of which the certificate makes a bound if it has the time.
#pragma once

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "monge/result/result.hpp"
#include "monge/solver/options.hpp"

namespace monge {

/// Needs a validated problem of dimension 1 with a cost that is convex on the line.
Result solve_sorting_1d(const Problem& problem, const NoOptions& options, Context& context);

/// The cost of the monotone plan alone, without plan and potentials. Not interruptible, as it would
/// have nothing to return.
double line_cost(const Problem& problem, Context& context);

/// T(x_i) = inf { t : F_b(t) >= F_a(x_i) }, the quantile map of the monotone plan, where F_a counts
/// tied points in the order of their index: the y that the last of the mass of x_i goes to. Where
/// no atom must split (as for n = m uniform masses), T carries a to b exactly. An atom without mass
/// goes where the mass before it ends. Not interruptible.
std::vector<double> monotone_map(const Problem& problem, Context& context);

}  // namespace monge

// What solvers make of a problem's warm start: prices that are fit for arithmetic, whatever came.
#pragma once

#include <vector>

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "solver/pricing_rounds.hpp"

namespace monge {

/// Prices p = -g of the columns to start from; none where the problem has no potentials. Without g,
/// they are those of the c-transform of f, O(n m dim) at most.
///
/// A constant is added, which means nothing, and what is farther from the middle than costs differ
/// is cut off: optimal prices of two columns differ by no more (where no pair is forbidden), and
/// larger ones would cost digits.
std::vector<double> warm_prices(const Problem& problem, Context& context);

/// Makes prices c-concave: p_j = -column_least[j], where that is min_i (C_ij - u_i) for u_i =
/// min_j (C_ij + p_j), and centres them. The duals stay feasible and get no worse; prices that came
/// at random no longer drown the costs' digits.
void make_concave(Duals& duals, const std::vector<double>& column_least);

}  // namespace monge

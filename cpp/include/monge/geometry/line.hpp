// Points on a line: the row minima of Monge matrices.
//
// For a convex cost h(x - y) and sorted x and y, the matrix C_ij = h(x_i - y_j) is a Monge matrix:
// C_ij + C_kl <= C_il + C_kj for i < k, j < l. Adding numbers to whole columns keeps that, so the
// position of a row's minimum never moves left from one row to the next, and all row minima cost
// O((n + m) log n) evaluations instead of n m. That makes 1-D potentials certifiable at any size.
#pragma once

#include <functional>
#include <vector>

#include "monge/core/types.hpp"
#include "monge/cost/ground_cost.hpp"

namespace monge {

/// For each sorted x_i: min_j c(x_i, y_j) - g_j, where g follows the order of y. `cost` must be
/// convex on the line. Divide and conquer over rows; rounding of the costs can make a minimum too
/// large by at most 2 log2(n) roundings of c + |g|. Once `stopped`, which is asked now and then,
/// returns true, the minima not yet found stay as they came; it must go on to return true.
void line_minima(const std::vector<double>& x, const std::vector<double>& y,
                 const std::vector<double>& g, const GroundCost& cost,
                 const std::function<bool()>& stopped, std::vector<double>& minima);

}  // namespace monge

// For each point of one cloud, the least cost - g of another's points, from a column that is named
// and thought to be the least: blocks of columns whose box is nearer than that are looked at, the
// others are not (bid_kernels.hpp). Between few columns that takes less than a tree, whose search
// pays where blocks are many.
#pragma once

#include <span>
#include <vector>

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"

namespace monge::kernels {

/// Whether it beats the sweep over all pairs and the tree.
bool blocks_pay(std::int64_t rows, std::int64_t cols, std::int64_t dim);

/// O(n m dim) at worst, O(n m / 64) plus a few blocks per row where the columns that `likely` names
/// (one per row, or -1) are near the least; O(n + m) memory, on the context's threads. The values
/// are those of a sweep over all pairs to the last bit: rounding never lifts the bound of a box
/// above a value in it. After an interruption, rows that were not reached have the bound -max g.
std::vector<double> block_minima(const PointClouds& clouds, const std::vector<double>& g,
                                 std::span<const Index> likely, Context& context);

}  // namespace monge::kernels

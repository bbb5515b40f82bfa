// Problem. An auction elsewhere, in float32 on a GPU say, has found prices that are nearly optimal;
// wanted is the exact optimum of the same problem, n = m, between clouds or by a matrix.
//
// Algorithm. The exact finish that the auctions of this library share (solver/auction_finish.hpp):
// the prices are kept, whatever was matched is forgotten. Rows take their best column where it is
// free, then bid without epsilon, once per row on average, and what is left takes shortest
// augmenting paths. Clouds in dimension up to 8 are searched in a tree (spatial_auction.hpp),
// others row by row (auction.hpp).
//
// Guarantee. Optimal to rounding for any finite prices; they decide how long it takes. With prices
// at a relative gap of 1e-3, a few shortest paths per hundred rows.
//
// Complexity and memory. As the finish of those auctions. Determinism and threads: likewise.
#pragma once

#include <vector>

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "monge/result/result.hpp"

namespace monge {

/// Needs a validated problem with n = m whose optimum is a permutation, and a price p_j = -g_j for
/// every column; throws InvalidArgument otherwise.
Result finish_assignment(const Problem& problem, const std::vector<double>& prices,
                         Context& context);

}  // namespace monge

// An auction between few points that may miss the optimum by a relative gap.
//
// Problem. Two clouds of n points each and equal masses; a matching whose cost is certified to be
// within `rtol` of the optimum, in less time than the optimum takes.
//
// Algorithm. The auction of auction.hpp, Gauss-Seidel, with epsilon scaling. A bid computes its
// row's best two columns anew, in float and vectors, and only in those blocks of columns that may
// hold them (kernels/bid_kernels.hpp). Where every row knows a bound per block, a look opens a few
// blocks of n / 64; there are no lists to make, to sort or to run dry, which is most of the time of
// an auction that is to end early. Prices come from clouds of a quarter of the points.
//
// Schedule. From the size of the spacing by factors of 5. The gap falls about as epsilon does: the
// last epsilon is the one for which it should just do.
//
// Complexity and memory. n^2 / 64 floats of bounds. Some 15 to 25 bids per row, each O(n / 64) in
// vectors and a few blocks.
//
// Numerics and guarantee. Values are floats, off by at most CloudFilter's slack. Prices are floats
// by definition. The gap is that of the matching's cost in double to a bound of the dual from which
// the slack is subtracted: it holds for the costs in double. Where floats cannot prove the gap, or
// the bids are more than pay, nothing is returned, and another method must answer.
//
// Determinism and threads. One thread; the same answer on every machine.
//
// References. D. P. Bertsekas (1988), as in auction.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "monge/core/context.hpp"
#include "monge/cost/ground_cost.hpp"
#include "solver/level_cloud.hpp"

namespace monge {

struct BlockAuctionOptions {
  double rtol = 1e-2;        ///< the gap, relative to the cost
  double epsilon_ratio = 5;  ///< factor between two phases' epsilon
  double bids_per_row = 28;  ///< at most, at each size of the clouds
  Index coarse_from = 1000;  ///< points from which a quarter of them is matched first
  double offset = 0;         ///< what each row costs more than the clouds say
};

struct BlockAuctionCounters {
  std::int64_t phases = 0, bids = 0;
};

/// A matching of gap at most rtol, and the prices that prove it.
struct ProvedMatching {
  std::vector<Index> columns;  ///< of the rows
  std::vector<double> values;  ///< the rows' least values, from below
  std::vector<double> prices;
};

/// Whether there is a second column to bid against, and the bounds of n rows fit the caches.
bool few_enough_for_blocks(Index n);

/// Nothing if interrupted, or where the gap was not reached. Masses are not looked at; points are
/// in kd order, and their box fits floats (fits_float).
std::optional<ProvedMatching> auction_in_blocks(const LevelCloud& x, const LevelCloud& y,
                                                const GroundCost& cost,
                                                const BlockAuctionOptions& options,
                                                Context& context, BlockAuctionCounters& counters);

}  // namespace monge

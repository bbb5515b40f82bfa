// What a row of an auction between few points needs to bid: its best two columns, computed afresh,
// but for the blocks of columns that earlier looks have shown to be worse.
//
// Prices only rise, so the least cost + price of a block of columns is a lower bound of it for
// good. A row keeps one such bound per block; a look opens the blocks whose bound is below what two
// columns of the look before are worth by now, and leaves their present least values behind. No
// lists are kept, and nothing is sorted. Certificates ask the same blocks for a row's least value,
// in double (block_minima.hpp).
//
// One source (bid_kernels.cpp) is compiled once per instruction set, as row_kernels.cpp is; every
// table gives the same bits.
#pragma once

#include <cstddef>
#include <span>

#include "monge/core/types.hpp"
#include "monge/cost/ground_cost.hpp"

namespace monge::kernels {

/// Columns per bound.
inline constexpr Index bid_block = 64;
/// Bounds are read by as many at a time: there must be room for a multiple of this.
inline constexpr Index bid_bounds = 16;

/// Columns in whole blocks: those that fill up the last one have price +inf.
template <class T>
struct PricedBlocks {
  const T* points;  ///< by axis: points[a * stride + j]
  std::size_t stride;
  const T* price;
  int dim;
  Index blocks;
};

/// The box of each block, by axis as points are, and the least price in it. As many as there are
/// bounds of a row; those beyond the last block are at +inf.
template <class T>
struct PricedBoxes {
  const T *low, *high;
  const T* least_price;
  int dim;
  Index count;
};

/// The least value cost(x, y_j) + price_j of a row, and the second least.
struct BestBid {
  float first, second;
  Index column;
  /// A column that is nearly as good as `column`, and its value. What both are worth at later
  /// prices is more than the second least value then.
  Index other;
  float other_value;
};

struct BidKernels {
  bool (*supported)();  ///< by this CPU

  /// bounds[k] becomes a value that no column of block k is below.
  void (*bound)(const GroundCost& cost, const float* x, const PricedBoxes<float>& boxes,
                float* bounds);

  /// `bounds`: what the row's block k is not below, and +inf beyond the last block. Updated. Prices
  /// must not have fallen since. `most`: what the second least value is thought not to exceed, or
  /// +inf; a wrong guess costs a second look.
  BestBid (*best)(const GroundCost& cost, const float* x, const PricedBlocks<float>& columns,
                  float most, float* bounds);

  /// The smaller of `most` and the least value of all columns, in double.
  double (*least)(const GroundCost& cost, const double* x, const PricedBoxes<double>& boxes,
                  const PricedBlocks<double>& columns, double most);
};

/// The widest table that this CPU supports.
const BidKernels& bid_kernels();

/// All tables that were compiled, narrowest first; some may not be supported by this CPU.
std::span<const BidKernels* const> all_bid_kernels();

}  // namespace monge::kernels

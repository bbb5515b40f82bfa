// Points in blocks of columns with their boxes, and prices: what bid_kernels.hpp reads.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/bid_kernels.hpp"

namespace monge::kernels {

template <class T>
class BlockedPoints {
 public:
  /// Of n points that are near each other where their numbers are: `coordinate(j, a)` and
  /// `price_of(j)`. Bounds of boxes hold for these prices and higher ones.
  template <class Coordinate, class PriceOf>
  BlockedPoints(Index n, int dim, const Coordinate& coordinate, const PriceOf& price_of)
      : dim_(dim),
        stride_(rounded_up(n, bid_block)),
        boxes_(rounded_up(static_cast<Index>(stride_) / bid_block, bid_bounds)),
        price_(stride_, infinity),
        axes_(stride_ * at(dim)),
        low_(boxes_ * at(dim), infinity),
        high_(low_),
        least_price_(boxes_, infinity) {
    for (Index j = 0; j < n; ++j) {
      price_[at(j)] = price_of(j);
      const std::size_t block = at(j / bid_block);
      least_price_[block] = std::min(least_price_[block], price_[at(j)]);
      for (int a = 0; a < dim; ++a) {
        const T value = coordinate(j, a);
        axes_[at(a) * stride_ + at(j)] = value;
        T &low = low_[at(a) * boxes_ + block], &high = high_[at(a) * boxes_ + block];
        high = j % bid_block == 0 ? value : std::max(high, value);
        low = std::min(low, value);
      }
    }
  }

  T price(Index j) const { return price_[at(j)]; }
  void raise(Index j, T by) { price_[at(j)] += by; }

  std::size_t boxes() const { return boxes_; }
  PricedBoxes<T> priced_boxes() const {
    return {low_.data(), high_.data(), least_price_.data(), dim_, static_cast<Index>(boxes_)};
  }
  PricedBlocks<T> blocks() const {
    return {axes_.data(), stride_, price_.data(), dim_, static_cast<Index>(stride_) / bid_block};
  }

 private:
  static constexpr T infinity = std::numeric_limits<T>::infinity();
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
  static std::size_t rounded_up(Index count, Index unit) {
    return at((count + unit - 1) / unit * unit);
  }

  int dim_;
  std::size_t stride_, boxes_;
  std::vector<T> price_, axes_;
  std::vector<T> low_, high_, least_price_;  ///< of blocks
};

}  // namespace monge::kernels

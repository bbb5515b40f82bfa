// Columns of a float auction: points in blocks with their boxes, and prices that may rise. What
// rows see of them (kernels/bid_kernels.hpp).
#pragma once

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "kernels/bid_kernels.hpp"
#include "solver/cloud_filter.hpp"
#include "solver/level_cloud.hpp"

namespace monge {

/// Points as the kernels read them, measured from the centre of the box.
inline std::vector<float> rows_in(const CommonBox& box, const LevelCloud& cloud) {
  const std::size_t dim = static_cast<std::size_t>(cloud.dim);
  std::vector<float> rows;
  rows.reserve(cloud.points.size());
  for (std::size_t k = 0; k < cloud.points.size(); ++k) {
    rows.push_back(static_cast<float>(cloud.points[k] - box.centre[k % dim]));
  }
  return rows;
}

/// Columns in blocks, with prices that may rise.
class PricedColumns {
 public:
  /// Prices are 0 if `prices` is empty.
  PricedColumns(const LevelCloud& cloud, const CommonBox& box, const GroundCost& cost,
                const std::vector<double>& prices)
      : cloud_(cloud),
        cost_(cost),
        stride_(rounded_up(cloud.n(), kernels::bid_block)),
        boxes_(rounded_up(static_cast<Index>(stride_) / kernels::bid_block, kernels::bid_bounds)),
        axes_(stride_ * at(cloud.dim)),
        price_(stride_, infinity),
        low_(boxes_ * at(cloud.dim), infinity),
        high_(low_),
        least_price_(boxes_, infinity) {
    const std::vector<float> rows = rows_in(box, cloud);
    for (Index j = 0; j < cloud.n(); ++j) {
      price_[at(j)] = prices.empty() ? 0 : static_cast<float>(prices[at(j)]);
      const std::size_t block = at(j / kernels::bid_block);
      least_price_[block] = std::min(least_price_[block], price_[at(j)]);
      for (std::size_t a = 0; a < at(cloud.dim); ++a) {
        const float value = rows[at(j) * at(cloud.dim) + a];
        axes_[a * stride_ + at(j)] = value;
        float &low = low_[a * boxes_ + block], &high = high_[a * boxes_ + block];
        high = j % kernels::bid_block == 0 ? value : std::max(high, value);
        low = std::min(low, value);
      }
    }
  }

  std::size_t bounds_per_row() const { return boxes_; }
  float price(Index j) const { return price_[at(j)]; }
  void raise(Index j, float by) { price_[at(j)] += by; }
  std::pair<float, float> price_range() const {
    const auto [low, high] = std::minmax_element(price_.begin(), price_.begin() + cloud_.n());
    return {*low, *high};
  }

  /// To be called once per row before best(), prices as they were given.
  void bound(const float* x, float* bounds) const {
    kernels::bid_kernels().bound(
        cost_, x,
        {low_.data(), high_.data(), least_price_.data(), cloud_.dim, static_cast<Index>(boxes_)},
        bounds);
  }

  kernels::BestBid best(const float* x, float most, float* bounds) const {
    const Index blocks = static_cast<Index>(stride_) / kernels::bid_block;
    return kernels::bid_kernels().best(
        cost_, x, {axes_.data(), stride_, price_.data(), cloud_.dim, blocks}, most, bounds);
  }

  /// Two columns that a look has found, and their costs.
  struct Seen {
    Index column = 0, other = 0;
    float cost = infinity, other_cost = infinity;
    bool any() const { return cost < infinity; }
  };

  Seen seen(const kernels::BestBid& bid) const {
    return {bid.column, bid.other, bid.first - price(bid.column),
            bid.other_value - price(bid.other)};
  }

  /// The same columns as another point sees them, at a little more than their costs: rounding is
  /// not to make a good guess fail.
  Seen seen_from(const double* x, const Seen& near) const {
    const auto cost = [&](Index j) {
      return static_cast<float>(evaluate(cost_, x, cloud_.point(j), cloud_.dim)) * 1.000001F;
    };
    return {near.column, near.other, cost(near.column), cost(near.other)};
  }

  float most(const Seen& seen) const {
    return std::max(seen.cost + price(seen.column), seen.other_cost + price(seen.other));
  }

 private:
  static constexpr float infinity = std::numeric_limits<float>::infinity();
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
  static std::size_t rounded_up(Index count, Index unit) {
    return at((count + unit - 1) / unit * unit);
  }

  const LevelCloud& cloud_;
  const GroundCost& cost_;
  std::size_t stride_, boxes_;
  std::vector<float> axes_, price_;
  std::vector<float> low_, high_, least_price_;  ///< of blocks
};

}  // namespace monge

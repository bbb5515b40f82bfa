// Columns of a float auction: points in blocks with their boxes, and prices that may rise. What
// rows see of them (kernels/bid_kernels.hpp).
#pragma once

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "kernels/blocked_points.hpp"
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
      : PricedColumns(cloud, rows_in(box, cloud), cost, prices) {}

  std::size_t bounds_per_row() const { return points_.boxes(); }
  float price(Index j) const { return points_.price(j); }
  void raise(Index j, float by) { points_.raise(j, by); }
  std::pair<float, float> price_range() const {
    const float* begin = points_.blocks().price;
    const auto [low, high] = std::minmax_element(begin, begin + cloud_.n());
    return {*low, *high};
  }

  /// To be called once per row before best(), prices as they were given.
  void bound(const float* x, float* bounds) const {
    kernels::bid_kernels().bound(cost_, x, points_.priced_boxes(), bounds);
  }

  kernels::BestBid best(const float* x, float most, float* bounds) const {
    return kernels::bid_kernels().best(cost_, x, points_.blocks(), most, bounds);
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

  PricedColumns(const LevelCloud& cloud, const std::vector<float>& rows, const GroundCost& cost,
                const std::vector<double>& prices)
      : cloud_(cloud),
        cost_(cost),
        points_(
            cloud.n(), cloud.dim,
            [&](Index j, int a) { return rows[at(j) * at(cloud.dim) + at(a)]; },
            [&](Index j) { return prices.empty() ? 0 : static_cast<float>(prices[at(j)]); }) {}

  const LevelCloud& cloud_;
  const GroundCost& cost_;
  kernels::BlockedPoints<float> points_;
};

}  // namespace monge

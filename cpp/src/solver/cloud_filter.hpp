// A fast look at all pairs of two clouds: which columns have a value cost + price below a limit,
// and which few are the least. In T = float, values are off by at most slack(); what the filter
// lets pass is computed again in double by the caller, so nothing below a limit is ever lost.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "kernels/scan_kernels.hpp"
#include "kernels/tree_view.hpp"
#include "parallel.hpp"
#include "solver/cost_of_length.hpp"
#include "solver/level_cloud.hpp"

namespace monge {

/// The common box of two clouds: what the rounding of coordinates, costs and prices is measured by.
struct CommonBox {
  std::vector<double> centre;
  double radius = 0;    ///< largest deviation of a coordinate from the centre
  double diagonal = 0;  ///< Euclidean
};

inline CommonBox common_box(const LevelCloud& x, const LevelCloud& y) {
  CommonBox box;
  double square = 0;
  for (int a = 0; a < x.dim; ++a) {
    double low = x.points[static_cast<std::size_t>(a)], high = low;
    for (const LevelCloud* cloud : {&x, &y}) {
      for (std::size_t k = static_cast<std::size_t>(a); k < cloud->points.size();
           k += static_cast<std::size_t>(x.dim)) {
        low = std::min(low, cloud->points[k]);
        high = std::max(high, cloud->points[k]);
      }
    }
    box.centre.push_back(low + (high - low) / 2);
    box.radius = std::max(box.radius, high - low);
    square += (high - low) * (high - low);
  }
  box.radius /= 2;
  box.diagonal = std::sqrt(square);
  return box;
}

/// No pair in this box costs more.
inline double cost_across(const CommonBox& box, const GroundCost& cost) {
  return cost_of_length(cost, box.diagonal * std::sqrt(static_cast<double>(box.centre.size())));
}

/// Whether floats hold the squares, costs and prices of clouds in this box: they neither overflow
/// nor lose digits that slack() counts on.
inline bool fits_float(const CommonBox& box, const GroundCost& cost) {
  const double length = box.diagonal * std::sqrt(static_cast<double>(box.centre.size()));
  const double farthest = cost_across(box, cost);
  return length > 1e-15 && length < 1e15 && farthest > 1e-30 && farthest < 1e30;
}

/// By how much coordinates rounded to T may change a distance: with unit roundoff u and coordinates
/// up to R, one is rounded by u R, a difference by 4 u R in all, and its square root of squares by
/// 4 u R sqrt(d) and d + 2 more roundings of the distance.
template <class T>
double distance_rounding(const CommonBox& box, int dim) {
  const double unit = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2, d = dim;
  return unit * (8 + 2 * d) * d * box.radius;
}

/// How far in T a value cost + price can be off, or a node's bound of it, for prices up to `spread`
/// and pairs no farther apart than `length`.
///
/// A cost is off by no more than if its distance were longer by that distance's rounding, and sums
/// for blocks by d + 4 roundings each of the cost and of prices (whose slope terms are at most 4
/// spreads in all). Values that are compared in double are rounded there, with the reference in
/// them.
template <class T>
double rounding_within(const GroundCost& cost, const CommonBox& box, int dim, double length,
                       double spread) {
  const double unit = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
  const double longer = distance_rounding<T>(box, dim);
  const double far = cost_of_length(cost, length);
  const double moved =
      std::max(cost_of_length(cost, length + longer) - far, cost_of_length(cost, longer));
  return moved + unit * (2.0 * dim + 8) * (far + 10 * spread);
}

template <class T>
class CloudFilter {
 public:
  CloudFilter(const LevelCloud& cloud, const CommonBox& box)
      : n_(cloud.n()), dim_(cloud.dim), tree_(by_axis(cloud, box), cloud.dim, cloud.n()) {
    queries_.reserve(cloud.points.size());
    for (std::size_t k = 0; k < cloud.points.size(); ++k) {
      queries_.push_back(static_cast<T>(cloud.points[k] - box.centre[k % box.centre.size()]));
    }
    price_.resize(cloud.mass.size());
  }

  /// Prices of this cloud's points as columns. They are kept relative to the middle of their range.
  void set_prices(std::span<const double> price) {
    const auto [low, high] = std::minmax_element(price.begin(), price.end());
    reference_ = *low + (*high - *low) / 2;
    spread_ = (*high - *low) / 2;
    for (std::size_t j = 0; j < price.size(); ++j) {
      price_[j] = static_cast<T>(price[j] - reference_);
    }
    tree_.refit(price_.data());
  }

  /// How far a value or a node's bound can be off. In float, the box must fit (fits_float).
  double slack(const GroundCost& cost, const CommonBox& box) const {
    const double length = box.diagonal * std::sqrt(static_cast<double>(dim_));
    return rounding_within<T>(cost, box, dim_, length, spread_) + 0x1p-52 * std::fabs(reference_);
  }

  double reference() const { return reference_; }

  /// visit(i, hits, count) with the `wanted` columns of this filter of least value for every row i
  /// of `rows` in [first, end), ascending. exact(i, column) is the value in double.
  template <class Exact, class Visit>
  void least(const GroundCost& cost, const CloudFilter& rows, Index first, Index end, Index wanted,
             double slack, const Exact& exact, const Visit& visit) const {
    const kernels::TreeView<T> view = kernels::view_of(tree_, price_.data());
    const auto& kernel = table();
    std::vector<kernels::Hit<T>> hits(static_cast<std::size_t>(wanted));
    Index found = 0;
    for (Index i = first; i < end; ++i) {
      // The columns of the row before are a good guess, as rows are in kd order.
      T limit = std::numeric_limits<T>::infinity();
      if (found == wanted) {
        double worst = -std::numeric_limits<double>::infinity();
        for (const auto& hit : hits) worst = std::max(worst, exact(i, hit.column) - reference_);
        limit = static_cast<T>(worst + 2 * slack);
      }
      found = kernel.least(cost, rows.query(i), view, limit, wanted, hits.data());
      visit(i, hits.data(), found);
    }
  }

  /// visit(i, hits, count) with every column whose value can be at most limit_of(i). Rows whose
  /// limit is -inf are left out.
  template <class LimitOf, class Visit>
  void below(const GroundCost& cost, const CloudFilter& rows, Index first, Index end, double slack,
             const LimitOf& limit_of, const Visit& visit) const {
    const kernels::TreeView<T> view = kernels::view_of(tree_, price_.data());
    const auto& kernel = table();
    std::vector<kernels::Hit<T>> hits(static_cast<std::size_t>(n_));
    for (Index i = first; i < end; ++i) {
      const T limit = static_cast<T>(limit_of(i) - reference_ + 2 * slack);
      if (limit == -std::numeric_limits<T>::infinity()) continue;
      const Index found = kernel.below(cost, rows.query(i), view, limit, hits.data());
      visit(i, hits.data(), found);
    }
  }

 private:
  static std::vector<T> by_axis(const LevelCloud& cloud, const CommonBox& box) {
    std::vector<T> values;
    values.reserve(cloud.points.size());
    for (int a = 0; a < cloud.dim; ++a) {
      for (Index i = 0; i < cloud.n(); ++i) {
        values.push_back(
            static_cast<T>(cloud.point(i)[a] - box.centre[static_cast<std::size_t>(a)]));
      }
    }
    return values;
  }
  static const kernels::ScansOf<T>& table() {
    if constexpr (sizeof(T) == 4) {
      return kernels::scan_kernels().f32;
    } else {
      return kernels::scan_kernels().f64;
    }
  }
  const T* query(Index i) const {
    return queries_.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(dim_);
  }

  Index n_;
  int dim_;
  PricedTreeOf<T> tree_;
  std::vector<T> queries_;  ///< row-major: this cloud's points as rows
  std::vector<T> price_;
  double reference_ = 0, spread_ = 0;
};

}  // namespace monge

// For each point of one cloud, the point of another that minimises cost - g: by a sweep over all
// pairs, or by a search in a tree (geometry/priced_tree.hpp) where that is faster.
//
// The search begins with the value of the column that the point before (in kd order, so a near one)
// found, or of one that the caller names: most nodes are then out of reach at once. That limit is
// raised by what rounding can have added to the nodes' bounds, so both ways give the same answer to
// the last bit, ties included: the lowest column of the least value.
#pragma once

#include <span>
#include <vector>

#include "geometry/kd_cloud.hpp"
#include "geometry/priced_tree.hpp"
#include "kernels/scan_kernels.hpp"
#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"

namespace monge::kernels {

/// Boxes bound hardly anything in higher dimension.
inline constexpr int max_box_dim = 8;

struct LeastColumns {
  std::vector<double> values;  ///< min_j c(x_i, y_j) - g_j
  std::vector<Index> columns;  ///< the lowest j that attains it
};

/// Whether a tree over the columns beats the sweep over all pairs.
bool tree_pays(std::int64_t rows, std::int64_t cols, std::int64_t dim);

/// A cloud in kd order, with a tree over it for given g.
class ColumnTree {
 public:
  /// `extent`: at least the cost of any pair that will be asked for.
  ColumnTree(const KdCloud& y, const std::vector<double>& g, const GroundCost& cost, double extent);

  /// The least columns of the points of x, in the caller's order of x. After an interruption, rows
  /// that were not reached have `unreached` and column 0. `likely`: as for least_columns().
  LeastColumns find(const KdCloud& x, double unreached, Context& context,
                    std::span<const Index> likely = {}) const;

 private:
  double value_at(const double* x, Index position) const;
  /// The position of the least column of x, given that of any column.
  Index nearest(const double* x, Index near, std::vector<Hit<double>>& hits) const;

  const KdCloud& y_;
  GroundCost cost_;
  std::vector<double> price_;  ///< -g, in kd order
  PricedTree tree_;
  double slack_;
};

/// O(n m dim) at worst and O(n + m) memory, on the context's threads. After an interruption, rows
/// that were not reached have the bound -max g and column 0.
///
/// `likely`, if not empty: a column for each row, or -1. Where a tree is searched, that column's
/// value is a limit to begin with: the answer is the same, and sooner found if it is a good one.
LeastColumns least_columns(const PointClouds& clouds, const std::vector<double>& g,
                           Context& context, std::span<const Index> likely = {});

/// Squared distances to the nearest point of the other cloud, and which that is.
struct NearestPoints {
  LeastColumns of_x, of_y;
};

/// The columns are left empty unless they are asked for: up to some 2^24 pairs, and in high
/// dimension, a sweep for both sides at once is the fastest, but does not know them.
NearestPoints nearest_points(const AnyMatrixView& x, const AnyMatrixView& y, bool with_columns,
                             Context& context);

}  // namespace monge::kernels

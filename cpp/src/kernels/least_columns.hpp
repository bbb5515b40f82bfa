// For each point of one cloud, the point of another that minimises cost - g: by a sweep over all
// pairs, or by a search in a tree (geometry/priced_tree.hpp) where that is faster.
//
// The search opens nodes in the order of their bounds, after the block in which the point before
// (in kd order, so a near one) found its column: most nodes are then out of reach at once. Bounds
// are lowered by what rounding can have added to them, so both ways give the same answer to the
// last bit, ties included: the lowest column of the least value.
#pragma once

#include <vector>

#include "geometry/kd_cloud.hpp"
#include "geometry/priced_tree.hpp"
#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"

namespace monge::kernels {

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
  /// that were not reached have `unreached` and column 0.
  LeastColumns find(const KdCloud& x, double unreached, Context& context) const;

 private:
  struct Best {
    double value;
    Index position;
  };
  struct Query;
  void open(Query& query, int level, Index first, Index count) const;
  void scan(Query& query, Index node) const;

  const KdCloud& y_;
  GroundCost cost_;
  std::vector<double> g_;  ///< in kd order
  PricedTree tree_;
  double slack_;
};

/// O(n m dim) at worst and O(n + m) memory, on the context's threads. After an interruption, rows
/// that were not reached have the bound -max g and column 0.
LeastColumns least_columns(const PointClouds& clouds, const std::vector<double>& g,
                           Context& context);

/// least_columns for g = 0, of x in y and of y in x.
struct NearestPoints {
  LeastColumns of_x, of_y;
};
NearestPoints nearest_points(const PointClouds& clouds, Context& context);

}  // namespace monge::kernels

// A wide tree over points with prices: for any x, lower bounds of cost + price over whole nodes.
//
// Points are kept in kd order (kd_order.hpp). A node of level 0 is a block of `block` consecutive
// points, a node of level k + 1 is `fan_out` consecutive nodes of level k. Every node knows its box
// and an affine function below its prices, p_j >= offset + slope . (y_j - low), fitted by least
// squares: where prices follow a potential, that is far tighter than the least price alone. It is
// measured from the box's lower corner, so that clouds far from the origin lose nothing to
// rounding. The numbers of all nodes of a level are stored by axis: bounds are computed for many at
// a time.
//
// Prices may rise after refit(): its bounds stay valid, and become loose.
#pragma once

#include <vector>

#include "monge/core/types.hpp"

namespace monge {

class PricedTree {
 public:
  static constexpr Index block = 32;
  static constexpr Index fan_out = 16;

  struct Level {
    Index nodes = 0;
    Index points_per_node = 0;
    std::size_t stride = 0;  ///< of an axis: nodes, rounded up to fan_out
    // By axis: [a * stride + node].
    std::vector<double> low, high, slope;
    std::vector<double> offset, least_price;
    std::vector<double> inverse;  ///< of the regularised scatter matrix, dim * dim per node
  };

  /// Points by axis, axis a of point i at values[a * n + i], already in kd order.
  PricedTree(std::vector<double> values, int dim, Index n);

  void refit(const double* price);

  int dim() const { return dim_; }
  Index size() const { return n_; }
  const std::vector<double>& values() const { return values_; }
  const std::vector<Level>& levels() const { return levels_; }

 private:
  Level make_level(Index points_per_node) const;
  void refit_node(Level& level, Index node, const double* price) const;

  std::vector<double> values_;
  int dim_;
  Index n_;
  std::vector<Level> levels_;
};

}  // namespace monge

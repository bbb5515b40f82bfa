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
//
// In float, a tree serves as a filter: offsets and least prices are rounded down, so that the
// affine function is below the prices as given, and only what evaluates it adds to the rounding.
#pragma once

#include <vector>

#include "monge/core/types.hpp"

namespace monge {

/// Points per node of level 0, nodes per node of the next level.
struct TreeShape {
  static constexpr Index block = 32;
  static constexpr Index fan_out = 16;
};

template <class T>
class PricedTreeOf : public TreeShape {
 public:
  struct Level {
    Index nodes = 0;
    Index points_per_node = 0;
    std::size_t stride = 0;  ///< of an axis: nodes, rounded up to fan_out
    // By axis: [a * stride + node].
    std::vector<T> low, high, slope;
    std::vector<T> offset, least_price;
    std::vector<double> inverse;  ///< of the regularised scatter matrix, dim * dim per node
  };

  /// Points by axis, axis a of point i at values[a * n + i], already in kd order.
  PricedTreeOf(const std::vector<T>& values, int dim, Index n);

  void refit(const T* price);

  int dim() const { return dim_; }
  Index size() const { return n_; }
  /// Axis a of point j at values()[a * stride() + j]; padded to whole blocks.
  const std::vector<T>& values() const { return values_; }
  std::size_t stride() const { return stride_; }
  const std::vector<Level>& levels() const { return levels_; }

 private:
  Level make_level(Index points_per_node) const;
  void fit_box(Level& level, Index node) const;
  void refit_node(Level& level, Index node, const T* price) const;
  const T* axis(std::size_t a) const { return values_.data() + a * stride_; }

  std::vector<T> values_;
  std::size_t stride_;
  int dim_;
  Index n_;
  std::vector<Level> levels_;
};

extern template class PricedTreeOf<float>;
extern template class PricedTreeOf<double>;

using PricedTree = PricedTreeOf<double>;

}  // namespace monge

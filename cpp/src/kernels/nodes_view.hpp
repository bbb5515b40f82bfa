// The nodes of a priced tree as kernels read them (see geometry/priced_tree.hpp).
#pragma once

#include <cstddef>

#include "monge/core/types.hpp"

namespace monge::kernels {

/// Boxes with an affine function below their prices, stored by axis; `stride` is from one axis to
/// the next. All arrays can be read, and results written, up to the next multiple of 16 nodes.
template <class T>
struct NodesView {
  const T *low, *high, *slope, *offset, *least_price;
  std::size_t stride;
};

/// All of a tree: levels[0] are its blocks of points, levels[depth - 1] the nodes to begin with.
template <class T>
struct TreeView {
  static constexpr int most_levels = 9;  // of fan-out 16: more points than an Index counts
  NodesView<T> levels[most_levels];
  Index nodes[most_levels];
  int depth = 0;
  int dim = 0;
  Index n = 0;
  const T* points = nullptr;  ///< axis a of point j: points[a * stride + j], whole blocks readable
  std::size_t stride = 0;
  const T* price = nullptr;
};

}  // namespace monge::kernels

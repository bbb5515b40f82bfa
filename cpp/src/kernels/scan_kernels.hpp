// Searches of a priced tree for one point: what lies below a limit, or the least few.
//
// Depth first with SIMD bounds of all children of a node at a time; the best order of opening nodes
// is not kept, so a good limit to begin with is what makes a search fast. One source
// (scan_kernels.cpp) is compiled once per instruction set, as row_kernels.cpp is; every table gives
// the same answers.
#pragma once

#include <span>

#include "kernels/nodes_view.hpp"
#include "monge/cost/ground_cost.hpp"

namespace monge::kernels {

/// A column of the tree, and its cost + price.
template <class T>
struct Hit {
  T value;
  Index column;
};

template <class T>
struct ScanKernels {
  /// Every column whose cost(x, y_j) + price_j <= limit; returns how many. Nodes whose lower bound
  /// exceeds the limit are not opened. There must be room for n.
  Index (*below)(const GroundCost& cost, const T* x, const TreeView<T>& tree, T limit,
                 Hit<T>* hits);

  /// The `wanted` least of them in ascending order, or all if they are fewer. Ties are resolved by
  /// the order of the tree.
  Index (*least)(const GroundCost& cost, const T* x, const TreeView<T>& tree, T limit, Index wanted,
                 Hit<T>* hits);
};

struct ScanTable {
  ScanKernels<float> f32;
  ScanKernels<double> f64;
};

/// The table of the instruction set that row_kernels() has chosen.
const ScanTable& scan_kernels();

/// In the order of all_row_kernels().
std::span<const ScanTable* const> all_scan_kernels();

}  // namespace monge::kernels

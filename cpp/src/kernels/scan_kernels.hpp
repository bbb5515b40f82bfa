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

/// No more than this many least ones may be asked for.
inline constexpr Index most_wanted = 1025;

template <class T>
struct ScansOf {
  /// Every column whose cost(x, y_j) + price_j <= limit; returns how many. Nodes whose lower bound
  /// exceeds the limit are not opened. There must be room for n.
  Index (*below)(const GroundCost& cost, const T* x, const TreeView<T>& tree, T limit,
                 Hit<T>* hits);

  /// The `wanted` least of them (at most most_wanted) in ascending order, or all if they are fewer.
  /// Ties are resolved by the order of the tree.
  Index (*least)(const GroundCost& cost, const T* x, const TreeView<T>& tree, T limit, Index wanted,
                 Hit<T>* hits);
};

struct ScanKernels {
  bool (*supported)();  ///< by this CPU
  ScansOf<float> f32;
  ScansOf<double> f64;
};

/// The widest table that this CPU supports.
const ScanKernels& scan_kernels();

/// All tables that were compiled, narrowest first; some may not be supported by this CPU.
std::span<const ScanKernels* const> all_scan_kernels();

}  // namespace monge::kernels

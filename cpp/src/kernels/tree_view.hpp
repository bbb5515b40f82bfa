// A priced tree as the scan kernels read it.
#pragma once

#include "geometry/priced_tree.hpp"
#include "kernels/nodes_view.hpp"

namespace monge::kernels {

/// Valid while both live.
template <class T>
TreeView<T> view_of(const PricedTreeOf<T>& tree, const T* price) {
  TreeView<T> view;
  for (const auto& level : tree.levels()) {
    const auto k = view.depth++;
    view.levels[k] = {level.low.data(),    level.high.data(),        level.slope.data(),
                      level.offset.data(), level.least_price.data(), level.stride};
    view.nodes[k] = level.nodes;
  }
  view.dim = tree.dim();
  view.n = tree.size();
  view.points = tree.values().data();
  view.stride = tree.stride();
  view.price = price;
  return view;
}

}  // namespace monge::kernels

// The auction's view of two point clouds in low dimension: rows searched in a priced tree.
#pragma once

#include <utility>
#include <vector>

#include "kernels/tree_search.hpp"

namespace monge {

class TreeScanner {
 public:
  struct Scratch {
    kernels::TreeSearch::Scratch search;
    std::vector<double> point;
  };

  /// x by axis; the columns are the tree's points.
  TreeScanner(const std::vector<double>& x, const PricedTree& tree, const GroundCost& cost)
      : x_(x), search_(tree, cost), rows_(x.size() / static_cast<std::size_t>(tree.dim())) {}

  Index rows() const { return static_cast<Index>(rows_); }
  Index cols() const { return search_.tree().size(); }

  void scan(Index i, const double* price, double limit, int wanted, Scratch& scratch,
            kernels::Scan& out) const {
    scratch.point.resize(static_cast<std::size_t>(search_.tree().dim()));
    for (std::size_t a = 0; a < scratch.point.size(); ++a) {
      scratch.point[a] = x_[a * rows_ + static_cast<std::size_t>(i)];
    }
    search_.find(scratch.point.data(), price, limit, wanted, scratch.search, out);
  }

 private:
  const std::vector<double>& x_;
  kernels::TreeSearch search_;
  std::size_t rows_;
};

}  // namespace monge

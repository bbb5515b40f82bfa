// The columns of least cost + price for a point, searched in a priced tree.
#pragma once

#include <limits>
#include <vector>

#include "geometry/priced_tree.hpp"
#include "kernels/scan_kernels.hpp"
#include "monge/cost/ground_cost.hpp"

namespace monge::kernels {

/// A column and its cost; the unit of lists and scans. Where a row has fewer candidates than its
/// list has places, the rest cost +inf: no loop over a list needs to know.
struct Candidate {
  double cost = std::numeric_limits<double>::infinity();
  Index column = 0;
};

/// What the scan of a row returns.
struct Scan {
  std::vector<Candidate> found;                                ///< in no particular order
  double threshold = std::numeric_limits<double>::infinity();  ///< no other column is below
};

class TreeSearch {
 public:
  /// What one thread's searches need.
  struct Scratch {
    std::vector<Hit<double>> hits;
    std::vector<double> point;
  };

  TreeSearch(const PricedTree& tree, const GroundCost& cost) : tree_(tree), cost_(cost) {}

  const PricedTree& tree() const { return tree_; }

  /// The `wanted` columns (or as many as a search gives) of least cost(x, y_j) + price_j, given
  /// that at least `wanted` have a value <= limit (or limit is +inf). The tree must have been
  /// fitted to these or lower prices.
  void find(const double* x, const double* price, double limit, int wanted, Scratch& scratch,
            Scan& out) const;

 private:
  const PricedTree& tree_;
  GroundCost cost_;
};

}  // namespace monge::kernels

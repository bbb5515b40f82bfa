// The columns of least cost + price for a point, searched in a priced tree: nodes are opened in the
// order of their bounds, until none that is left can hold one of the wanted columns.
#pragma once

#include <limits>
#include <vector>

#include "geometry/priced_tree.hpp"
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
    struct Found {
      double value;
      Candidate candidate;
    };
    struct Open {
      double bound;
      int level;
      Index node;
    };
    std::vector<double> bounds;
    std::vector<Found> found;
    std::vector<Open> heap;
    std::int64_t nodes = 0, blocks = 0;  ///< bounds computed, blocks scanned
  };

  TreeSearch(const PricedTree& tree, const GroundCost& cost) : tree_(tree), cost_(cost) {}

  const PricedTree& tree() const { return tree_; }

  /// The `wanted` columns of least cost(x, y_j) + price_j, given that at least `wanted` have a
  /// value
  /// <= limit (or limit is +inf). The tree must have been fitted to these or lower prices.
  void find(const double* x, const double* price, double limit, int wanted, Scratch& scratch,
            Scan& out) const;

 private:
  void open_nodes(const double* x, int level, Index first, Index count, double limit,
                  Scratch& s) const;
  void scan_block(const double* x, Index node, const double* price, double limit, Scratch& s) const;

  const PricedTree& tree_;
  GroundCost cost_;
};

}  // namespace monge::kernels

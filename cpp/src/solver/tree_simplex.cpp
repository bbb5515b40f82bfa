#include "solver/tree_simplex.hpp"

#include <algorithm>
#include <cmath>

namespace monge {
namespace {

struct Entering {
  Index row = -1;
  std::size_t arc = 0;
  double reduced_cost = 0;
};

/// The arc of least reduced cost of rows [first, end), if it is below -tolerance.
template <class Potential>
Entering best_of_rows(const TransportTree& tree, const CandidateArcs& arcs, Index first, Index end,
                      double tolerance, const Potential& potential) {
  Entering best;
  best.reduced_cost = -tolerance;
  const Index columns = tree.column(0);
  const Index* cols = arcs.cols();
  const double* costs = arcs.costs();
  for (Index i = first; i < end; ++i) {
    const double u = potential(i);
    for (std::size_t k = arcs.begin(i); k < arcs.end(i); ++k) {
      const double reduced = costs[k] - u + potential(columns + cols[k]);
      if (reduced < best.reduced_cost) best = {i, k, reduced};
    }
  }
  return best;
}

/// One run to the tolerance; false if interrupted.
bool pivot_all(TransportTree& tree, const CandidateArcs& arcs, double tolerance,
               Context& context) {
  const Index rows = arcs.rows();
  const double block_arcs = std::max(16.0, 0.5 * std::sqrt(static_cast<double>(arcs.size())));
  const double per_row = std::max(1.0, static_cast<double>(arcs.size()) / rows);
  const Index block = std::max<Index>(1, static_cast<Index>(block_arcs / per_row));
  int until_poll = 1;
  for (Index row = 0, clean = 0; clean < rows;) {
    const Index end = std::min(rows, row + block);
    Entering best;
    tree.with_potentials([&](const auto& potential) {
      best = best_of_rows(tree, arcs, row, end, tolerance, potential);
    });
    clean += end - row;
    row = end == rows ? 0 : end;
    if (best.row < 0) continue;
    clean = 0;
    if (--until_poll == 0) {
      if (context.poll({"network simplex", 0}) != Interruption::none) return false;
      until_poll = 256;
    }
    tree.pivot(best.row, arcs.col(best.arc), arcs.cost(best.arc), best.reduced_cost);
  }
  return true;
}

}  // namespace

void run_simplex(TransportTree& tree, const CandidateArcs& arcs, double tolerance,
                 Context& context) {
  // The second run finds what rounding of the first one's shifts has hidden.
  for (int run = 0; run < 2; ++run) {
    const bool ended = arcs.size() == 0 || pivot_all(tree, arcs, tolerance, context);
    tree.recompute();
    if (!ended) return;
  }
}

}  // namespace monge

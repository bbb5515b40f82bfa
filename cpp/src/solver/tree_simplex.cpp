#include "solver/tree_simplex.hpp"

#include <algorithm>
#include <vector>

namespace monge {
namespace {

/// Arcs looked at, in turn, before the violated ones of them enter ...
constexpr std::size_t looked_at = 1000;
/// ... each the best of this many.
constexpr std::size_t compared = 16;

/// Goes around the arcs, row by row, gathering those that are violated.
class Gatherer {
 public:
  Gatherer(const TransportTree& tree, const CandidateArcs& arcs, const Tolerance& tolerance)
      : tree_(tree), arcs_(arcs), tolerance_(tolerance) {}

  /// Some violated arcs; none if no arc is.
  const std::vector<Arc>& gather() {
    found_.clear();
    tree_.with_potentials([&](const auto& potential) {
      std::size_t looked = 0;
      for (Index rows = 0; rows < arcs_.rows() && (found_.empty() || looked < looked_at); ++rows) {
        look_at_row(row_, potential);
        looked += arcs_.end(row_) - arcs_.begin(row_);
        row_ = row_ + 1 == arcs_.rows() ? 0 : row_ + 1;
      }
    });
    return found_;
  }

 private:
  template <class Potential>
  void look_at_row(Index i, const Potential& potential) {
    const Index columns = tree_.column(0);
    const double u = potential(i);
    for (std::size_t k = arcs_.begin(i); k < arcs_.end(i); ++k) {
      const Index j = arcs_.col(k);
      const double cost = arcs_.cost(k), p = potential(columns + j);
      if (tolerance_.violated(cost - u + p, cost, u, p)) found_.push_back({i, j, cost});
    }
  }

  const TransportTree& tree_;
  const CandidateArcs& arcs_;
  Tolerance tolerance_;
  Index row_ = 0;
  std::vector<Arc> found_;
};

/// Pivots on the gathered arcs until none of them is violated, the context is interrupted or no
/// pivots are left.
void pivot_on(TransportTree& tree, std::vector<Arc> arcs, const Tolerance& tolerance,
              Context& context, std::int64_t& pivots_left) {
  for (std::size_t next = 0; !arcs.empty() && pivots_left > 0;) {
    if (pivots_left % 256 == 0 && context.poll({"network simplex", 0}) != Interruption::none) {
      return;
    }
    double least = 0;
    Arc entering{-1, -1, 0};
    tree.with_potentials([&](const auto& potential) {
      for (std::size_t looked = 0; looked < compared && !arcs.empty(); ++looked) {
        if (next >= arcs.size()) next = 0;
        const Arc& arc = arcs[next];
        const double u = potential(arc.row), p = potential(tree.column(arc.col));
        const double reduced = arc.cost - u + p;
        if (!tolerance.violated(reduced, arc.cost, u, p)) {
          arcs[next] = arcs.back();
          arcs.pop_back();
          continue;
        }
        if (reduced < least) {
          least = reduced;
          entering = arc;
        }
        ++next;
      }
    });
    --pivots_left;
    if (entering.row >= 0) tree.pivot(entering.row, entering.col, entering.cost, least);
  }
}

}  // namespace

bool run_simplex(TransportTree& tree, const CandidateArcs& arcs, const Tolerance& tolerance,
                 Context& context, std::int64_t most_pivots) {
  Gatherer gatherer(tree, arcs, tolerance);
  bool optimal = false;
  while (most_pivots > 0 && context.poll({"network simplex", 0}) == Interruption::none) {
    const std::vector<Arc>& violated = gatherer.gather();
    optimal = violated.empty();
    if (optimal) break;
    pivot_on(tree, violated, tolerance, context, most_pivots);
  }
  tree.recompute();
  return optimal;
}

}  // namespace monge

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
  Gatherer(const TransportTree& tree, const CandidateArcs& arcs, double tolerance)
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
      const double cost = arcs_.cost(k);
      if (cost - u + potential(columns + j) < -tolerance_) found_.push_back({i, j, cost});
    }
  }

  const TransportTree& tree_;
  const CandidateArcs& arcs_;
  double tolerance_;
  Index row_ = 0;
  std::vector<Arc> found_;
};

/// Pivots on the gathered arcs until none of them is violated; false if interrupted.
bool pivot_on(TransportTree& tree, std::vector<Arc> arcs, double tolerance, Context& context) {
  std::size_t next = 0;
  for (int pivots = 0; !arcs.empty(); ++pivots) {
    if (pivots % 256 == 0 && context.poll({"network simplex", 0}) != Interruption::none) {
      return false;
    }
    double least = -tolerance;
    Arc entering{-1, -1, 0};
    tree.with_potentials([&](const auto& potential) {
      for (std::size_t looked = 0; looked < compared && !arcs.empty(); ++looked) {
        if (next >= arcs.size()) next = 0;
        const Arc& arc = arcs[next];
        const double reduced = arc.cost - potential(arc.row) + potential(tree.column(arc.col));
        if (reduced < -tolerance) {
          if (reduced < least) {
            least = reduced;
            entering = arc;
          }
          ++next;
        } else {
          arcs[next] = arcs.back();
          arcs.pop_back();
        }
      }
    });
    if (entering.row >= 0) tree.pivot(entering.row, entering.col, entering.cost, least);
  }
  return true;
}

bool pivot_all(TransportTree& tree, const CandidateArcs& arcs, double tolerance, Context& context) {
  Gatherer gatherer(tree, arcs, tolerance);
  for (;;) {
    const std::vector<Arc>& violated = gatherer.gather();
    if (violated.empty()) return true;
    if (!pivot_on(tree, violated, tolerance, context)) return false;
  }
}

}  // namespace

void run_simplex(TransportTree& tree, const CandidateArcs& arcs, double tolerance,
                 Context& context) {
  // The second run finds what rounding of the first one's shifts has hidden.
  for (int run = 0; run < 2; ++run) {
    const bool ended = pivot_all(tree, arcs, tolerance, context);
    tree.recompute();
    if (!ended) return;
  }
}

}  // namespace monge

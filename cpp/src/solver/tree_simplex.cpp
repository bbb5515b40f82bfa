#include "solver/tree_simplex.hpp"

#include <algorithm>
#include <vector>

namespace monge {
namespace {

/// Arcs looked at, in turn, before the violated ones of them enter ...
constexpr double looked_at = 1000;
/// ... each the best of this many.
constexpr std::size_t compared = 16;

double reduced_cost(const Arc& arc, const kernels::PotentialsView& potentials) {
  return arc.cost - potentials.row(arc.row) + potentials.column(arc.col);
}

/// Beyond what rounding explains: by less, an arc of the tree itself could enter, again and again.
bool is_violated(const Arc& arc, double reduced, const kernels::PotentialsView& potentials,
                 const Tolerance& tolerance) {
  return tolerance.violated(reduced, arc.cost, potentials.row_size(arc.row),
                            potentials.column_size(arc.col));
}

/// Goes around the arcs, row by row, gathering those that are violated.
class Gatherer {
 public:
  Gatherer(const TransportTree& tree, const CandidateArcs& arcs, const Tolerance& tolerance)
      : tree_(tree), arcs_(arcs), tolerance_(tolerance) {
    const double per_row = static_cast<double>(arcs.size()) / std::max<Index>(1, arcs.rows());
    window_ = static_cast<Index>(1 + looked_at / std::max(1.0, per_row));
  }

  /// Some violated arcs; none if no arc is.
  const std::vector<Arc>& gather() {
    found_.clear();
    const kernels::PotentialsView potentials = tree_.potentials();
    for (Index rows = 0; rows < arcs_.rows() && found_.empty();) {
      const Index end = std::min(arcs_.rows(), row_ + window_);
      look_at_rows(row_, end, potentials);
      rows += end - row_;
      row_ = end == arcs_.rows() ? 0 : end;
    }
    return found_;
  }

 private:
  void look_at_rows(Index first, Index end, const kernels::PotentialsView& potentials) {
    const kernels::ArcsView view = arcs_.view();
    const std::size_t arcs = view.begin[end] - view.begin[first];
    if (negative_.size() < arcs) negative_.resize(arcs);
    const std::size_t count =
        kernels::arc_kernels().negative(view, potentials, first, end, negative_.data());
    Index i = first;
    for (std::size_t n = 0; n < count; ++n) {
      const std::size_t k = negative_[n];
      while (view.begin[i + 1] <= k) ++i;
      const Arc arc{i, view.cols[k], view.costs[k]};
      if (is_violated(arc, reduced_cost(arc, potentials), potentials, tolerance_)) {
        found_.push_back(arc);
      }
    }
  }

  const TransportTree& tree_;
  const CandidateArcs& arcs_;
  Tolerance tolerance_;
  Index window_, row_ = 0;  ///< rows looked at together; the next one
  std::vector<std::size_t> negative_;
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
    const kernels::PotentialsView potentials = tree.potentials();
    for (std::size_t looked = 0; looked < compared && !arcs.empty(); ++looked) {
      if (next >= arcs.size()) next = 0;
      const Arc& arc = arcs[next];
      const double reduced = reduced_cost(arc, potentials);
      if (!is_violated(arc, reduced, potentials, tolerance)) {
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

#include "solver/tree_simplex.hpp"

#include <algorithm>
#include <vector>

namespace monge {
namespace {

/// Arcs looked at, in turn, before violated ones of them enter ...
constexpr double looked_at = 1000;
/// ... and pivots after which those that are no longer violated are struck off the list.
constexpr int strike_every = 16;
/// Rounds that rows rest at most when none of their arcs was violated. Of many points, most rows'
/// arcs are violated no more while pivots are still needed elsewhere.
constexpr int longest_rest = 3;

/// Goes around the arcs, some rows at a time, listing of each row the arc that is violated most.
class ViolatedArcs {
 public:
  ViolatedArcs(const TransportTree& tree, const CandidateArcs& arcs, const Tolerance& tolerance)
      : tree_(tree), arcs_(arcs), tolerance_(tolerance) {
    const double per_row = static_cast<double>(arcs.size()) / std::max<Index>(1, arcs.rows());
    window_ = static_cast<Index>(1 + looked_at / std::max(1.0, per_row));
    rests_.resize(static_cast<std::size_t>((arcs.rows() + window_ - 1) / window_));
    const std::size_t room = static_cast<std::size_t>(window_);
    positions_.resize(room);
    rows_.resize(room + kernels::arc_padding);
    cols_.resize(rows_.size());
    costs_.resize(rows_.size());
  }

  /// Lists those of the next rows that have any; false if no row has.
  bool list() {
    bool all = true;
    if (list_rested(all)) return true;
    if (all) return false;
    std::fill(rests_.begin(), rests_.end(), Rest{});
    return list_rested(all);
  }

  /// The arc of the list that is violated most by now enters the tree; false if none is.
  bool pivot(TransportTree& tree) {
    const kernels::FoundArc found = kernels_.most_violated(
        {rows_.data(), cols_.data(), costs_.data(), count_}, tree.potentials(), tolerance_);
    const std::size_t k = found.position;
    if (k == count_) return false;
    tree.pivot(rows_[k], cols_[k], costs_[k], found.reduced);
    strike(k);
    if (++pivots_ % strike_every == 0) strike_satisfied();
    return true;
  }

 private:
  /// Of the rows that are looked at together: rounds that they are left out, and how many still.
  struct Rest {
    int rounds = 0, left = 0;
  };

  /// As list(), once around the rows that do not rest; if some do, those were not `all`.
  bool list_rested(bool& all) {
    for (std::size_t k = 0; k < rests_.size(); ++k) {
      const std::size_t window = next_;
      next_ = window + 1 == rests_.size() ? 0 : window + 1;
      Rest& rest = rests_[window];
      if (rest.left > 0) {
        --rest.left;
        all = false;
        continue;
      }
      list_rows(static_cast<Index>(window) * window_);
      if (count_ > 0) {
        rest = {};
        return true;
      }
      rest.rounds = std::min(longest_rest, 2 * rest.rounds + 1);
      rest.left = rest.rounds;
    }
    return false;
  }

  void list_rows(Index first) {
    count_ = kernels_.most_violated_of_rows(arcs_.view(), tree_.potentials(), tolerance_, first,
                                            std::min(arcs_.rows(), first + window_), rows_.data(),
                                            positions_.data());
    for (std::size_t k = 0; k < count_; ++k) {
      cols_[k] = arcs_.col(positions_[k]);
      costs_[k] = arcs_.cost(positions_[k]);
    }
  }

  void strike(std::size_t k) {
    --count_;
    rows_[k] = rows_[count_];
    cols_[k] = cols_[count_];
    costs_[k] = costs_[count_];
  }

  void strike_satisfied() {
    const kernels::PotentialsView potentials = tree_.potentials();
    for (std::size_t k = count_; k-- > 0;) {
      if (costs_[k] - potentials.row(rows_[k]) + potentials.column(cols_[k]) >= 0) strike(k);
    }
  }

  const kernels::ArcKernels& kernels_ = kernels::arc_kernels();
  const TransportTree& tree_;
  const CandidateArcs& arcs_;
  Tolerance tolerance_;
  Index window_;  ///< rows looked at together
  std::vector<Rest> rests_;
  std::size_t next_ = 0;  ///< the next of them
  std::vector<std::size_t> positions_;
  std::vector<Index> rows_, cols_;  ///< of the list, with costs
  std::vector<double> costs_;
  std::size_t count_ = 0;
  int pivots_ = 0;
};

}  // namespace

bool run_simplex(TransportTree& tree, const CandidateArcs& arcs, const Tolerance& tolerance,
                 Context& context, std::int64_t most_pivots) {
  const auto stopped = [&] { return context.poll({"network simplex", 0}) != Interruption::none; };
  ViolatedArcs violated(tree, arcs, tolerance);
  bool optimal = false;
  while (most_pivots > 0 && !stopped()) {
    optimal = !violated.list();
    if (optimal) break;
    while (most_pivots > 0 && (most_pivots % 256 != 0 || !stopped()) && violated.pivot(tree)) {
      --most_pivots;
    }
  }
  tree.recompute();
  return optimal;
}

}  // namespace monge

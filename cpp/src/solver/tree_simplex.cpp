#include "solver/tree_simplex.hpp"

#include <algorithm>
#include <vector>

namespace monge {
namespace {

/// Arcs looked at, in turn, before violated ones of them enter ...
constexpr double looked_at = 1000;
/// ... and pivots after which those that are no longer violated are struck off the list.
constexpr int strike_every = 16;

/// Goes around the arcs, row by row, listing of each row the arc that is violated most.
class ViolatedArcs {
 public:
  ViolatedArcs(const TransportTree& tree, const CandidateArcs& arcs, const Tolerance& tolerance)
      : tree_(tree), arcs_(arcs), tolerance_(tolerance) {
    const double per_row = static_cast<double>(arcs.size()) / std::max<Index>(1, arcs.rows());
    window_ = std::min(arcs.rows(), static_cast<Index>(1 + looked_at / std::max(1.0, per_row)));
    const std::size_t room = static_cast<std::size_t>(window_);
    positions_.resize(room);
    rows_.resize(room + kernels::arc_padding);
    cols_.resize(rows_.size());
    costs_.resize(rows_.size());
  }

  /// Lists those of the next rows that have any; false if no row has.
  bool list() {
    count_ = 0;
    for (Index looked = 0; looked < arcs_.rows() && count_ == 0;) {
      const Index end = std::min(arcs_.rows(), row_ + window_);
      count_ = kernels_.most_violated_of_rows(arcs_.view(), tree_.potentials(), tolerance_, row_,
                                              end, rows_.data(), positions_.data());
      looked += end - row_;
      row_ = end == arcs_.rows() ? 0 : end;
    }
    for (std::size_t k = 0; k < count_; ++k) {
      cols_[k] = arcs_.col(positions_[k]);
      costs_[k] = arcs_.cost(positions_[k]);
    }
    return count_ > 0;
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
  Index window_, row_ = 0;  ///< rows looked at together; the next one
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

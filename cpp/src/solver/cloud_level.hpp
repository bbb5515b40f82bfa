// One level of a multiscale simplex: candidates, a start from the coarser level's tree, and the
// pricing of all pairs, for two clouds with masses.
#pragma once

#include <algorithm>
#include <limits>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "monge/solver/multiscale_simplex.hpp"
#include "solver/cloud_pairs.hpp"
#include "solver/starting_tree.hpp"
#include "solver/warm_start.hpp"

namespace monge {

/// What all levels share.
struct MultiscaleSearch {
  PairSearch& pairs;
  const MultiscaleSimplexOptions& options;
  RoundCounters& counters;
};

/// Two clouds at one level, and the filters that look at all their pairs.
template <class T>
class CloudLevel {
 public:
  using Tree = std::unique_ptr<TransportTree>;

  CloudLevel(MultiscaleSearch& search, const LevelCloud& x, const LevelCloud& y)
      : search_(search),
        x_(x),
        y_(y),
        pairs_(search.pairs, x, y),
        a_(spare().rows_of(x.mass)),
        b_(spare().cols_of(y.mass)),
        duals_{std::vector<double>(a_.size()), std::vector<double>(b_.size())} {}

  /// To be called before solve(), if there is a coarser level: its rows and its optimal tree, which
  /// is used up.
  void start_from(const LevelCloud& coarse_x, Tree coarse) {
    if (!search_.pairs.stopped()) take_prices(coarse_x, *coarse);
    coarse_ = std::move(coarse);
  }

  /// In place of a coarser level: prices, and pairs that may have been a plan's.
  void start_from(std::vector<double> prices, std::vector<Pair> pairs) {
    column_least_.assign(prices.size(), infinity);
    duals_.p = std::move(prices);
    given_ = std::move(pairs);
    warm_ = true;
  }

  /// Nothing if the start was given and is so far from the optimum that coarser levels are faster.
  Tree solve() {
    CandidateArcs arcs(static_cast<Index>(a_.size()));
    if (!search_.pairs.stopped()) {
      // Potentials of the spare nodes are known: from the coarser level, or because they are the
      // zero that others are relative to.
      arcs.add(pairs_.candidates(duals_, column_least_, coarse_ || spare().joined()));
    }
    arcs.add(spare().arcs(x_.n(), y_.n()));
    Tree tree = std::make_unique<TransportTree>(arcs.rows(), static_cast<Index>(b_.size()));
    StartingTree start(a_, b_, *tree);
    const auto cost_of = [&](Index i, Index j) { return pairs_.cost(i, j); };
    if (coarse_) {
      refine(*coarse_, start);
    } else {
      spare().fill(start, duals_);
    }
    coarse_.reset();
    const double farthest = given_.empty() ? farthest_forest : farthest_plan;
    if (warm_) {
      make_concave(duals_, column_least_);
      if (given_.empty()) given_ = StartingTree::forest(arcs, duals_.u, duals_.p);
      start.join_leaves_first(given_, cost_of);
    }
    start.join_greedily(arcs, duals_.u, duals_.p);
    start.finish(cost_of, duals_.u, duals_.p);
    if (warm_ && !search_.pairs.stopped() && excess(*tree, arcs) > farthest) return {};
    arcs.add(spare().arc_between(x_.n(), y_.n()));
    const RoundOptions options{static_cast<Index>(search_.options.violated_kept),
                               search_.pairs.context.rtol};
    const auto price = [this](const Duals& duals, const Tolerance& tolerance) {
      return pairs_.price_all(duals, tolerance);
    };
    duals_ = optimise(*tree, arcs, a_, price, options, search_.pairs.team, search_.pairs.context,
                      search_.counters);
    return tree;
  }

  const Duals& duals() const { return duals_; }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  /// excess() from which on a start costs more pivots than coarser levels do. Of a tree that was
  /// made from potentials alone, few arcs cause most of it.
  static constexpr double farthest_plan = 2, farthest_forest = 6;
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
  const SpareNodes& spare() const { return search_.pairs.spare; }

  /// What the tree pays above the potentials, in units of what the rows' candidates cost above
  /// them: 0.5 to 0.6 where the tree comes from a coarser level, of whatever clouds.
  double excess(const TransportTree& tree, const CandidateArcs& arcs) const {
    double paid = 0, width = 0;
    for (Index v = 0; v < tree.root(); ++v) {
      if (tree.flow(v) == 0 || tree.parent(v) == tree.root()) continue;
      const double reduced =
          tree.arc_cost(v) - duals_.u[at(tree.arc_row(v))] + duals_.p[at(tree.arc_col(v))];
      paid += static_cast<double>(tree.flow(v)) * std::max(0.0, reduced);
    }
    for (Index i = 0; i < arcs.rows(); ++i) {
      double sum = 0;
      for (std::size_t k = arcs.begin(i); k < arcs.end(i); ++k) {
        sum += arcs.cost(k) - duals_.u[at(i)] + duals_.p[at(arcs.col(k))];
      }
      const auto count = static_cast<double>(arcs.end(i) - arcs.begin(i));
      if (count > 0) width += static_cast<double>(a_[at(i)]) * sum / count;
    }
    return paid > 0 ? paid / width : 0;
  }

  void take_prices(const LevelCloud& coarse_x, const TransportTree& coarse) {
    std::vector<double> u(at(coarse_x.n()));
    for (Index i = 0; i < coarse_x.n(); ++i) u[at(i)] = coarse.potential(i);
    const std::vector<double> price = pairs_.prices_from(coarse_x, u);
    std::copy(price.begin(), price.end(), duals_.p.begin());
    if (spare().has_row()) duals_.u.back() = coarse.potential(coarse.rows() - 1);
    if (spare().has_col()) duals_.p.back() = coarse.potential(coarse.root() - 1);
    spare().clip(duals_);
  }

  struct Members {
    Index first, end;
  };
  /// The nodes that a node of the coarser level stands for; the one after the last is the spare
  /// one.
  static Members members(Index coarse, Index n) {
    if (coarse == n / 2 + n % 2) return {n, n + 1};
    return {2 * coarse, std::min(n, 2 * coarse + 2)};
  }

  /// Divides the arcs of the coarse tree, leaves first, among pairs of members.
  void refine(TransportTree& coarse, StartingTree& start) const {
    const std::vector<Index> order = coarse.preorder();
    for (auto v = order.rbegin(); v != order.rend(); ++v) {
      if (coarse.parent(*v) == coarse.root()) continue;
      const Members rows = members(coarse.arc_row(*v), x_.n());
      const Members cols = members(coarse.arc_col(*v), y_.n());
      for (;;) {
        Index row = -1, col = -1;
        double least = infinity;
        for (Index i = rows.first; i < rows.end; ++i) {
          if (!start.row_open(i)) continue;
          for (Index j = cols.first; j < cols.end; ++j) {
            if (!start.col_open(j)) continue;
            const double reduced = pairs_.cost(i, j) - duals_.u[at(i)] + duals_.p[at(j)];
            if (reduced < least) std::tie(least, row, col) = std::tuple(reduced, i, j);
          }
        }
        if (row < 0) break;
        start.join(row, col, pairs_.cost(row, col), coarse.is_row(*v));
      }
    }
  }

  MultiscaleSearch& search_;
  const LevelCloud &x_, &y_;
  CloudPairs<T> pairs_;
  std::vector<Flow> a_, b_;  ///< with the spare nodes
  Duals duals_;
  Tree coarse_;
  bool warm_ = false;  ///< at given prices, from a plan's pairs if there are any
  std::vector<Pair> given_;
  std::vector<double> column_least_;  ///< min_i (c_ij - u_i); +inf where it was not computed
};

}  // namespace monge

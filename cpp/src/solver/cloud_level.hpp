// One level of a multiscale simplex: candidates, a start from the coarser level's tree, and the
// pricing of all pairs, for two clouds with masses.
#pragma once

#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "monge/solver/multiscale_simplex.hpp"
#include "solver/cloud_filter.hpp"
#include "solver/pricing_rounds.hpp"
#include "solver/spare_nodes.hpp"
#include "solver/starting_tree.hpp"
#include "solver/warm_start.hpp"

namespace monge {

/// What all levels share.
struct MultiscaleSearch {
  const GroundCost& cost;
  const MultiscaleSimplexOptions& options;
  Team& team;
  Context& context;
  RoundCounters& counters;
  const SpareNodes& spare;
  bool in_double = false;  ///< a filter in float has let too much pass

  bool stopped() const { return context.interruption() != Interruption::none; }
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
        a_(search.spare.rows_of(x.mass)),
        b_(search.spare.cols_of(y.mass)),
        duals_{std::vector<double>(a_.size()), std::vector<double>(b_.size())},
        box_(common_box(x, y)) {}

  /// To be called before solve(), if there is a coarser level: its rows and its optimal tree, which
  /// is used up.
  void start_from(const LevelCloud& coarse_x, Tree coarse) {
    if (!search_.stopped()) transform_prices(coarse_x, *coarse);
    coarse_ = std::move(coarse);
  }

  /// In place of a coarser level: prices, and pairs that may have been a plan's.
  void start_from(std::vector<double> prices, std::vector<Pair> pairs) {
    column_least_.assign(prices.size(), infinity);
    duals_.p = std::move(prices);
    pairs_ = std::move(pairs);
    warm_ = true;
  }

  Tree solve() {
    const SpareNodes& spare = search_.spare;
    CandidateArcs arcs(static_cast<Index>(a_.size()));
    if (!search_.stopped()) arcs.add(candidates());
    arcs.add(spare.arcs(x_.n(), y_.n()));
    Tree tree = std::make_unique<TransportTree>(arcs.rows(), static_cast<Index>(b_.size()));
    StartingTree start(a_, b_, *tree);
    const auto cost_of = [&](Index i, Index j) { return cost(i, j); };
    if (coarse_) {
      refine(*coarse_, start);
    } else {
      spare.fill(start, duals_);
    }
    coarse_.reset();
    if (warm_) {
      make_concave(duals_, column_least_);
      if (pairs_.empty()) pairs_ = StartingTree::forest(arcs, duals_.u, duals_.p);
      start.join_leaves_first(pairs_, cost_of);
    }
    start.join_greedily(arcs, duals_.u, duals_.p);
    start.finish(cost_of, duals_.u, duals_.p);
    arcs.add(spare.arc_between(x_.n(), y_.n()));
    const RoundOptions options{static_cast<Index>(search_.options.violated_kept),
                               search_.context.rtol};
    const auto price = [this](const Duals& duals, const Tolerance& tolerance) {
      return price_all(duals, tolerance);
    };
    duals_ =
        optimise(*tree, arcs, a_, price, options, search_.team, search_.context, search_.counters);
    return tree;
  }

  const Duals& duals() const { return duals_; }

 private:
  /// Up to this many pairs, all of them are candidates.
  static constexpr double all_pairs_up_to = 6000;
  static constexpr Index rows_per_chunk = 256;
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  /// A filter that lets more pass than this many pairs per row, none of them violated, is too
  /// coarse.
  static constexpr std::int64_t most_passed = 64;

  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
  static std::size_t chunks_of(Index rows) {
    return at((rows + rows_per_chunk - 1) / rows_per_chunk);
  }

  /// Calls work(first, end, chunk) for chunks of rows on the team's threads.
  template <class Work>
  void for_chunks(Index rows, const Work& work) {
    search_.team.run(
        static_cast<std::int64_t>(chunks_of(rows)), [&](std::int64_t chunk, int member) {
          if (member == 0) search_.context.poll({"pricing", 0});
          if (search_.stopped()) return;
          const Index first = static_cast<Index>(chunk) * rows_per_chunk;
          work(first, std::min(rows, first + rows_per_chunk), static_cast<std::size_t>(chunk));
        });
  }

  static std::vector<Arc> joined(const std::vector<std::vector<Arc>>& parts) {
    std::vector<Arc> all;
    for (const std::vector<Arc>& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  }

  double cost(Index i, Index j) const {
    return search_.spare.cost(i, j, x_.n(), y_.n(), [this](Index row, Index col) {
      return evaluate(search_.cost, x_.point(row), y_.point(col), x_.dim);
    });
  }

  /// Prices of y's own points.
  std::span<const double> of_points(const std::vector<double>& p) const {
    return std::span(p).first(y_.mass.size());
  }

  /// Potentials of the spare nodes are known: from the coarser level, or because they are the zero
  /// that others are relative to.
  bool spare_known() const { return coarse_ || search_.spare.joined(); }

  /// p_j = -min_I (c(X_I, y_j) - U_I)
  void transform_prices(const LevelCloud& coarse_x, const TransportTree& coarse) {
    std::vector<double> price(at(coarse_x.n()));
    for (Index i = 0; i < coarse_x.n(); ++i) price[at(i)] = -coarse.potential(i);
    CloudFilter<T> filter(coarse_x, box_), fine(y_, box_);
    filter.set_prices(price);
    const double slack = filter.slack(search_.cost, box_);
    const auto exact = [&](Index j, Index i) {
      return evaluate(search_.cost, coarse_x.point(i), y_.point(j), x_.dim) + price[at(i)];
    };
    for_chunks(y_.n(), [&](Index first, Index end, std::size_t) {
      filter.least(search_.cost, fine, first, end, 1, slack, exact,
                   [&](Index j, const kernels::Hit<T>* hits, Index) {
                     duals_.p[at(j)] = -exact(j, hits[0].column);
                   });
    });
    if (search_.spare.has_row()) duals_.u.back() = coarse.potential(coarse.rows() - 1);
    if (search_.spare.has_col()) duals_.p.back() = coarse.potential(coarse.root() - 1);
    search_.spare.clip(duals_);
  }

  /// All pairs of small clouds; else the best ones of each row and column. Sets u to the
  /// c-transform of p, and column_least_ to that of u.
  std::vector<Arc> candidates() {
    column_least_.assign(duals_.p.size(), infinity);
    x_filter_ = std::make_unique<CloudFilter<T>>(x_, box_);
    y_filter_ = std::make_unique<CloudFilter<T>>(y_, box_);
    if (1.0 * x_.n() * y_.n() <= all_pairs_up_to) return all_pairs();
    std::vector<Arc> arcs = row_candidates();
    if (spare_known()) search_.spare.clip(duals_);
    const std::vector<Arc> more = column_candidates(arcs);
    arcs.insert(arcs.end(), more.begin(), more.end());
    return arcs;
  }

  std::vector<Arc> all_pairs() {
    std::vector<Arc> arcs;
    for (Index i = 0; i < x_.n(); ++i) {
      double least = infinity;
      for (Index j = 0; j < y_.n(); ++j) {
        arcs.push_back({i, j, cost(i, j)});
        least = std::min(least, arcs.back().cost + duals_.p[at(j)]);
      }
      duals_.u[at(i)] = least;
    }
    for (const Arc& arc : arcs) {
      double& least = column_least_[at(arc.col)];
      least = std::min(least, arc.cost - duals_.u[at(arc.row)]);
    }
    return arcs;
  }

  std::vector<Arc> row_candidates() {
    y_filter_->set_prices(of_points(duals_.p));
    const double slack = y_filter_->slack(search_.cost, box_);
    const Index wanted = std::min(static_cast<Index>(search_.options.row_candidates), y_.n());
    std::vector<std::vector<Arc>> parts(chunks_of(x_.n()));
    const auto exact = [&](Index i, Index j) { return cost(i, j) + duals_.p[at(j)]; };
    for_chunks(x_.n(), [&](Index first, Index end, std::size_t chunk) {
      y_filter_->least(search_.cost, *x_filter_, first, end, wanted, slack, exact,
                       [&](Index i, const kernels::Hit<T>* hits, Index count) {
                         double least = infinity;
                         for (Index k = 0; k < count; ++k) {
                           const Index j = hits[k].column;
                           parts[chunk].push_back({i, j, cost(i, j)});
                           least = std::min(least, parts[chunk].back().cost + duals_.p[at(j)]);
                         }
                         duals_.u[at(i)] = least;
                       });
    });
    return joined(parts);
  }

  std::vector<Arc> column_candidates(const std::vector<Arc>& of_rows) {
    CandidateArcs known(x_.n());
    known.add(of_rows);
    std::vector<double> price(x_.mass.size());
    for (std::size_t i = 0; i < price.size(); ++i) price[i] = -duals_.u[i];
    x_filter_->set_prices(price);
    const double slack = x_filter_->slack(search_.cost, box_);
    const Index wanted = std::min(static_cast<Index>(search_.options.column_candidates), x_.n());
    std::vector<std::vector<Arc>> parts(chunks_of(y_.n()));
    const auto exact = [&](Index j, Index i) { return cost(i, j) + price[at(i)]; };
    for_chunks(y_.n(), [&](Index first, Index end, std::size_t chunk) {
      x_filter_->least(
          search_.cost, *y_filter_, first, end, wanted, slack, exact,
          [&](Index j, const kernels::Hit<T>* hits, Index count) {
            for (Index k = 0; k < count; ++k) {
              const Index i = hits[k].column;
              column_least_[at(j)] = std::min(column_least_[at(j)], exact(j, i));
              const Index* row = known.cols();
              if (std::find(row + known.begin(i), row + known.end(i), j) != row + known.end(i)) {
                continue;
              }
              parts[chunk].push_back({i, j, cost(i, j)});
            }
          });
    });
    return joined(parts);
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
            const double reduced = cost(i, j) - duals_.u[at(i)] + duals_.p[at(j)];
            if (reduced < least) std::tie(least, row, col) = std::tuple(reduced, i, j);
          }
        }
        if (row < 0) break;
        start.join(row, col, cost(row, col), coarse.is_row(*v));
      }
    }
  }

  Pricing price_all(const Duals& duals, const Tolerance& tolerance) {
    y_filter_->set_prices(of_points(duals.p));
    const double slack = y_filter_->slack(search_.cost, box_);
    Pricing pricing{std::vector<std::vector<Violation>>(chunks_of(x_.n())),
                    std::vector<double>(at(x_.n()), 0.0)};
    std::vector<std::int64_t> passed(chunks_of(x_.n()));
    for_chunks(x_.n(), [&](Index first, Index end, std::size_t chunk) {
      y_filter_->below(
          search_.cost, *x_filter_, first, end, slack, [&](Index i) { return duals.u[at(i)]; },
          [&](Index i, const kernels::Hit<T>* hits, Index count) {
            passed[chunk] += count;
            double& worst = pricing.row_worst[at(i)];
            for (Index k = 0; k < count; ++k) {
              const Index j = hits[k].column;
              const double c = cost(i, j), u = duals.u[at(i)], p = duals.p[at(j)];
              const double reduced = c - u + p;
              worst = std::min(worst, reduced);
              if (tolerance.violated(reduced, c, u, p)) {
                pricing.parts[chunk].push_back({reduced, {i, j, c}});
              }
            }
          });
    });
    search_.spare.price(duals, pricing);
    std::int64_t useless = std::accumulate(passed.begin(), passed.end(), std::int64_t{0});
    for (const auto& part : pricing.parts) useless -= static_cast<std::int64_t>(part.size());
    if (useless > most_passed * x_.n()) search_.in_double = true;
    return pricing;
  }

  MultiscaleSearch& search_;
  const LevelCloud &x_, &y_;
  std::vector<Flow> a_, b_;  ///< with the spare nodes
  Duals duals_;
  CommonBox box_;
  Tree coarse_;
  bool warm_ = false;  ///< at given prices, from a plan's pairs if there are any
  std::vector<Pair> pairs_;
  std::vector<double> column_least_;  ///< min_i (c_ij - u_i); +inf where it was not computed
  std::unique_ptr<CloudFilter<T>> x_filter_, y_filter_;
};

}  // namespace monge

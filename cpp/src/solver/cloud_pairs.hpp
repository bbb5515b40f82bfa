// All pairs of two clouds at one level of a multiscale solve, looked at through filters: prices
// from the coarser level, the candidates of each row and column, and the pricing of all pairs.
#pragma once

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "solver/cloud_filter.hpp"
#include "solver/pair_cost.hpp"
#include "solver/pricing_rounds.hpp"
#include "solver/spare_nodes.hpp"

namespace monge {

/// What all levels share.
struct PairSearch {
  const GroundCost& cost;
  Team& team;
  Context& context;
  Index row_candidates, column_candidates;  ///< arcs per row and column to begin with
  const SpareNodes spare = {};
  bool in_double = false;  ///< a filter in float has let too much pass

  bool stopped() const { return context.interruption() != Interruption::none; }
};

template <class T>
class CloudPairs {
 public:
  CloudPairs(PairSearch& search, const LevelCloud& x, const LevelCloud& y)
      : search_(search),
        x_(x),
        y_(y),
        pair_cost_(search.cost, x.dim),
        box_(common_box(x, y)),
        x_filter_(x, box_),
        y_filter_(y, box_) {}

  /// Of any two nodes, spare ones included.
  double cost(Index i, Index j) const {
    return search_.spare.cost(i, j, x_.n(), y_.n(), [this](Index row, Index col) {
      return pair_cost_(x_.point(row), y_.point(col));
    });
  }

  /// p_j = -min_I (c(X_I, y_j) - u_I) for the potentials u of coarse rows X.
  std::vector<double> prices_from(const LevelCloud& coarse_x, const std::vector<double>& u) {
    std::vector<double> price(at(coarse_x.n())), found(at(y_.n()));
    for (std::size_t i = 0; i < price.size(); ++i) price[i] = -u[i];
    CloudFilter<T> filter(coarse_x, box_);
    filter.set_prices(price);
    const double slack = filter.slack(search_.cost, box_);
    const auto exact = [&](Index j, Index i) {
      return pair_cost_(coarse_x.point(i), y_.point(j)) + price[at(i)];
    };
    for_chunks(y_.n(), [&](Index first, Index end, std::size_t) {
      filter.least(search_.cost, y_filter_, first, end, 1, slack, exact,
                   [&](Index j, const kernels::Hit<T>* hits, Index) {
                     found[at(j)] = -exact(j, hits[0].column);
                   });
    });
    return found;
  }

  /// All pairs of small clouds; else the best ones of each row and column. Sets u to the
  /// c-transform of p, and column_least to that of u (of every column that is a point). `clip`:
  /// potentials of spare nodes are known, and those of points are held against them.
  std::vector<Arc> candidates(Duals& duals, std::vector<double>& column_least, bool clip) {
    column_least.assign(duals.p.size(), infinity);
    if (1.0 * x_.n() * y_.n() <= all_pairs_up_to) return all_pairs(duals, column_least);
    std::vector<Arc> arcs = row_candidates(duals);
    if (clip) search_.spare.clip(duals);
    const std::vector<Arc> more = column_candidates(arcs, duals, column_least);
    arcs.insert(arcs.end(), more.begin(), more.end());
    return arcs;
  }

  /// Finds all violated pairs.
  Pricing price_all(const Duals& duals, const Tolerance& tolerance) {
    return price(duals, tolerance, [](Index) { return true; });
  }

  /// Finds all violated pairs of the rows that are `asked` about.
  template <class Asked>
  Pricing price(const Duals& duals, const Tolerance& tolerance, const Asked& asked) {
    y_filter_.set_prices(of_points(duals.p));
    const double slack = y_filter_.slack(search_.cost, box_);
    Pricing pricing{std::vector<std::vector<Violation>>(chunks_of(x_.n())),
                    std::vector<double>(at(x_.n()), 0.0)};
    std::vector<std::int64_t> passed(chunks_of(x_.n()));
    for_chunks(x_.n(), [&](Index first, Index end, std::size_t chunk) {
      y_filter_.below(
          search_.cost, x_filter_, first, end, slack,
          [&](Index i) { return asked(i) ? duals.u[at(i)] : -infinity; },
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

  /// For each of `rows`, the best few columns that are not `closed`: for rows that lead nowhere.
  std::vector<Arc> ways_out(const std::vector<Index>& rows, const std::vector<char>& closed,
                            std::vector<double> price) {
    const double never =
        *std::max_element(price.begin(), price.end()) + 2 * cost_across(box_, search_.cost);
    for (std::size_t j = 0; j < price.size(); ++j) {
      if (closed[j]) price[j] = never;
    }
    y_filter_.set_prices(price);
    const double slack = y_filter_.slack(search_.cost, box_);
    const auto exact = [&](Index i, Index j) { return cost(i, j) + price[at(j)]; };
    std::vector<Arc> arcs;
    for (Index i : rows) {
      y_filter_.least(search_.cost, x_filter_, i, i + 1, std::min(ways_per_row, y_.n()), slack,
                      exact, [&](Index, const kernels::Hit<T>* hits, Index count) {
                        for (Index k = 0; k < count; ++k) {
                          const Index j = hits[k].column;
                          if (!closed[at(j)]) arcs.push_back({i, j, cost(i, j)});
                        }
                      });
    }
    return arcs;
  }

 private:
  /// Up to this many pairs, all of them are candidates.
  static constexpr double all_pairs_up_to = 6000;
  static constexpr Index rows_per_chunk = 256;
  static constexpr Index ways_per_row = 2;
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

  /// Prices of y's own points.
  std::span<const double> of_points(const std::vector<double>& p) const {
    return std::span(p).first(y_.mass.size());
  }

  std::vector<Arc> all_pairs(Duals& duals, std::vector<double>& column_least) {
    std::vector<Arc> arcs;
    for (Index i = 0; i < x_.n(); ++i) {
      double least = infinity;
      for (Index j = 0; j < y_.n(); ++j) {
        arcs.push_back({i, j, cost(i, j)});
        least = std::min(least, arcs.back().cost + duals.p[at(j)]);
      }
      duals.u[at(i)] = least;
    }
    for (const Arc& arc : arcs) {
      double& least = column_least[at(arc.col)];
      least = std::min(least, arc.cost - duals.u[at(arc.row)]);
    }
    return arcs;
  }

  std::vector<Arc> row_candidates(Duals& duals) {
    y_filter_.set_prices(of_points(duals.p));
    const double slack = y_filter_.slack(search_.cost, box_);
    const Index wanted = std::min(search_.row_candidates, y_.n());
    std::vector<std::vector<Arc>> parts(chunks_of(x_.n()));
    const auto exact = [&](Index i, Index j) { return cost(i, j) + duals.p[at(j)]; };
    for_chunks(x_.n(), [&](Index first, Index end, std::size_t chunk) {
      y_filter_.least(search_.cost, x_filter_, first, end, wanted, slack, exact,
                      [&](Index i, const kernels::Hit<T>* hits, Index count) {
                        double least = infinity;
                        for (Index k = 0; k < count; ++k) {
                          const Index j = hits[k].column;
                          parts[chunk].push_back({i, j, cost(i, j)});
                          least = std::min(least, parts[chunk].back().cost + duals.p[at(j)]);
                        }
                        duals.u[at(i)] = least;
                      });
    });
    return joined(parts);
  }

  std::vector<Arc> column_candidates(const std::vector<Arc>& of_rows, const Duals& duals,
                                     std::vector<double>& column_least) {
    CandidateArcs known(x_.n());
    known.add(of_rows);
    std::vector<double> price(x_.mass.size());
    for (std::size_t i = 0; i < price.size(); ++i) price[i] = -duals.u[i];
    x_filter_.set_prices(price);
    const double slack = x_filter_.slack(search_.cost, box_);
    const Index wanted = std::min(search_.column_candidates, x_.n());
    std::vector<std::vector<Arc>> parts(chunks_of(y_.n()));
    const auto exact = [&](Index j, Index i) { return cost(i, j) + price[at(i)]; };
    for_chunks(y_.n(), [&](Index first, Index end, std::size_t chunk) {
      x_filter_.least(
          search_.cost, y_filter_, first, end, wanted, slack, exact,
          [&](Index j, const kernels::Hit<T>* hits, Index count) {
            for (Index k = 0; k < count; ++k) {
              const Index i = hits[k].column;
              const double c = cost(i, j);
              column_least[at(j)] = std::min(column_least[at(j)], c + price[at(i)]);
              const Index* row = known.cols();
              if (std::find(row + known.begin(i), row + known.end(i), j) != row + known.end(i)) {
                continue;
              }
              parts[chunk].push_back({i, j, c});
            }
          });
    });
    return joined(parts);
  }

  PairSearch& search_;
  const LevelCloud &x_, &y_;
  PairCost pair_cost_;
  CommonBox box_;
  CloudFilter<T> x_filter_, y_filter_;
};

}  // namespace monge

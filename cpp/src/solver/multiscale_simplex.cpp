#include "monge/solver/multiscale_simplex.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <tuple>

#include "geometry/kd_cloud.hpp"
#include "solver/cloud_filter.hpp"
#include "solver/integer_masses.hpp"
#include "solver/pricing_rounds.hpp"
#include "solver/starting_tree.hpp"
#include "solver/tree_plan.hpp"

namespace monge {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// Up to this many points on the smaller side no coarser level is formed ...
constexpr Index coarsest = 64;
/// ... and up to this many pairs all of them are candidates.
constexpr double all_pairs_up_to = 20000;
constexpr Index rows_per_chunk = 256;
std::size_t at(Index i) { return static_cast<std::size_t>(i); }

using Tree = std::unique_ptr<TransportTree>;

/// What all levels share.
struct Search {
  const GroundCost& cost;
  const MultiscaleSimplexOptions& options;
  Team& team;
  Context& context;
  RoundCounters& counters;

  bool stopped() const { return context.interruption() != Interruption::none; }
};

/// Calls work(first, end, chunk) for chunks of rows on the team's threads.
template <class Work>
void for_chunks(const Search& search, Index rows, const Work& work) {
  search.team.run(
      (rows + rows_per_chunk - 1) / rows_per_chunk, [&](std::int64_t chunk, int member) {
        if (member == 0) search.context.poll({"pricing", 0});
        if (search.stopped()) return;
        const Index first = static_cast<Index>(chunk) * rows_per_chunk;
        work(first, std::min(rows, first + rows_per_chunk), static_cast<std::size_t>(chunk));
      });
}

std::size_t chunks_of(Index rows) { return at((rows + rows_per_chunk - 1) / rows_per_chunk); }

template <class T>
std::vector<T> joined(const std::vector<std::vector<T>>& parts) {
  std::vector<T> all;
  for (const std::vector<T>& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// Two clouds at one level, and the filters that look at all their pairs.
template <class T>
class Level {
 public:
  Level(const Search& search, const LevelCloud& x, const LevelCloud& y)
      : search_(search),
        x_(x),
        y_(y),
        duals_{std::vector<double>(x.mass.size()), std::vector<double>(y.mass.size())} {}

  Tree solve() {
    Tree coarse = start_from_coarse();
    CandidateArcs arcs(x_.n());
    if (!search_.stopped()) arcs.add(candidates());
    Tree tree = std::make_unique<TransportTree>(x_.n(), y_.n());
    StartingTree start(x_.mass, y_.mass, *tree);
    if (coarse) refine(*coarse, start);
    coarse.reset();
    start.join_greedily(arcs, duals_.u, duals_.p);
    start.finish([&](Index i, Index j) { return cost(i, j); }, duals_.u, duals_.p);
    const RoundOptions options{static_cast<Index>(search_.options.violated_kept),
                               search_.context.rtol};
    const auto price = [this](const Duals& duals, double tolerance) {
      return price_all(duals, tolerance);
    };
    duals_ = optimise(*tree, arcs, x_.mass, price, options, search_.team, search_.context,
                      search_.counters);
    return tree;
  }

  const Duals& duals() const { return duals_; }

 private:
  double cost(Index i, Index j) const {
    return evaluate(search_.cost, x_.point(i), y_.point(j), x_.dim);
  }

  Tree start_from_coarse() {
    box_ = common_box(x_, y_);
    if (std::min(x_.n(), y_.n()) <= coarsest) return nullptr;
    const LevelCloud coarse_x = halved(x_), coarse_y = halved(y_);
    Tree coarse = Level(search_, coarse_x, coarse_y).solve();
    if (search_.stopped()) return coarse;
    // p_j = -min_I (c(X_I, y_j) - U_I)
    std::vector<double> price(at(coarse_x.n()));
    for (Index i = 0; i < coarse_x.n(); ++i) price[at(i)] = -coarse->potential(i);
    CloudFilter<T> filter(coarse_x, box_), fine(y_, box_);
    filter.set_prices(price);
    const double slack = filter.slack(search_.cost, box_);
    const auto exact = [&](Index j, Index i) {
      return evaluate(search_.cost, coarse_x.point(i), y_.point(j), x_.dim) + price[at(i)];
    };
    for_chunks(search_, y_.n(), [&](Index first, Index end, std::size_t) {
      filter.least(search_.cost, fine, first, end, 1, slack, exact,
                   [&](Index j, const kernels::Hit<T>* hits, Index) {
                     duals_.p[at(j)] = -exact(j, hits[0].column);
                   });
    });
    return coarse;
  }

  /// All pairs of small clouds; else the best ones of each row and column. Sets u to the
  /// c-transform of p.
  std::vector<Arc> candidates() {
    x_filter_ = std::make_unique<CloudFilter<T>>(x_, box_);
    y_filter_ = std::make_unique<CloudFilter<T>>(y_, box_);
    if (1.0 * x_.n() * y_.n() <= all_pairs_up_to) return all_pairs();
    std::vector<Arc> arcs = row_candidates();
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
    return arcs;
  }

  std::vector<Arc> row_candidates() {
    y_filter_->set_prices(duals_.p);
    const double slack = y_filter_->slack(search_.cost, box_);
    const Index wanted = std::min(static_cast<Index>(search_.options.row_candidates), y_.n());
    std::vector<std::vector<Arc>> parts(chunks_of(x_.n()));
    const auto exact = [&](Index i, Index j) { return cost(i, j) + duals_.p[at(j)]; };
    for_chunks(search_, x_.n(), [&](Index first, Index end, std::size_t chunk) {
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
    std::vector<double> price(duals_.u.size());
    for (std::size_t i = 0; i < price.size(); ++i) price[i] = -duals_.u[i];
    x_filter_->set_prices(price);
    const double slack = x_filter_->slack(search_.cost, box_);
    const Index wanted = std::min(static_cast<Index>(search_.options.column_candidates), x_.n());
    std::vector<std::vector<Arc>> parts(chunks_of(y_.n()));
    const auto exact = [&](Index j, Index i) { return cost(i, j) + price[at(i)]; };
    for_chunks(search_, y_.n(), [&](Index first, Index end, std::size_t chunk) {
      x_filter_->least(
          search_.cost, *y_filter_, first, end, wanted, slack, exact,
          [&](Index j, const kernels::Hit<T>* hits, Index count) {
            for (Index k = 0; k < count; ++k) {
              const Index i = hits[k].column;
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

  /// Divides the arcs of the coarse tree, leaves first, among pairs of members.
  void refine(TransportTree& coarse, StartingTree& start) const {
    const std::vector<Index> order = coarse.preorder();
    for (auto v = order.rbegin(); v != order.rend(); ++v) {
      if (coarse.parent(*v) == coarse.root()) continue;
      const Index first_row = 2 * coarse.arc_row(*v), first_col = 2 * coarse.arc_col(*v);
      for (;;) {
        Index row = -1, col = -1;
        double least = infinity;
        for (Index i = first_row; i < std::min(x_.n(), first_row + 2); ++i) {
          if (!start.row_open(i)) continue;
          for (Index j = first_col; j < std::min(y_.n(), first_col + 2); ++j) {
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

  Pricing price_all(const Duals& duals, double tolerance) {
    y_filter_->set_prices(duals.p);
    const double slack = y_filter_->slack(search_.cost, box_);
    Pricing pricing{std::vector<std::vector<Violation>>(chunks_of(x_.n())),
                    std::vector<double>(at(x_.n()), 0.0)};
    for_chunks(search_, x_.n(), [&](Index first, Index end, std::size_t chunk) {
      y_filter_->below(
          search_.cost, *x_filter_, first, end, slack, [&](Index i) { return duals.u[at(i)]; },
          [&](Index i, const kernels::Hit<T>* hits, Index count) {
            double& worst = pricing.row_worst[at(i)];
            for (Index k = 0; k < count; ++k) {
              const Index j = hits[k].column;
              const double c = cost(i, j), reduced = c - duals.u[at(i)] + duals.p[at(j)];
              worst = std::min(worst, reduced);
              if (reduced < -tolerance) pricing.parts[chunk].push_back({reduced, {i, j, c}});
            }
          });
    });
    return pricing;
  }

  const Search& search_;
  const LevelCloud &x_, &y_;
  Duals duals_;
  CommonBox box_;
  std::unique_ptr<CloudFilter<T>> x_filter_, y_filter_;
};

/// A cloud of the problem without its atoms of no mass, in kd order.
struct Side {
  LevelCloud cloud;
  std::vector<Index> order;  ///< the point at position k is the caller's order[k]
};

Side make_side(const AnyMatrixView& points, const std::vector<Flow>& mass) {
  const KdCloud all = make_kd_cloud(points, 2);
  Side side;
  side.cloud.dim = all.dim;
  const std::size_t n = at(all.n);
  for (std::size_t k = 0; k < n; ++k) {
    const Index i = all.order[k];
    if (mass[at(i)] == 0) continue;
    side.order.push_back(i);
    side.cloud.mass.push_back(mass[at(i)]);
    for (std::size_t a = 0; a < static_cast<std::size_t>(all.dim); ++a) {
      side.cloud.points.push_back(all.values[a * n + k]);
    }
  }
  return side;
}

template <class T>
Result solve_as(const Problem& problem, const Search& search, const Side& x, const Side& y) {
  Level<T> level(search, x.cloud, y.cloud);
  const Tree tree = level.solve();
  Result result;
  result.plan = plan_of(problem, *tree, x.order, y.order);
  set_potentials(problem, level.duals(), x.order, y.order, search.context, result);
  if (search.stopped()) {
    result.status = status_of(search.context.interruption());
  } else if (search.context.rtol > 0) {
    result.status = Status::within_tolerance;
  }
  return result;
}

}  // namespace

Result solve_multiscale_simplex(const Problem& problem, const MultiscaleSimplexOptions& options,
                                Context& context) {
  const PointClouds& clouds = *problem.clouds();
  const IntegerMasses masses = integer_masses(problem);
  const Side x = make_side(clouds.x, masses.a), y = make_side(clouds.y, masses.b);
  Team team(context.thread_count());
  RoundCounters counters;
  const Search search{clouds.cost, options, team, context, counters};
  Result result = solve_as<float>(problem, search, x, y);
  result.stats = stats_of(counters);
  return result;
}

}  // namespace monge

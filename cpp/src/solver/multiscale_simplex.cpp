#include "monge/solver/multiscale_simplex.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "geometry/kd_cloud.hpp"
#include "solver/cloud_level.hpp"
#include "solver/integer_masses.hpp"
#include "solver/tree_plan.hpp"
#include "solver/warm_start.hpp"

namespace monge {
namespace {

/// Up to this many points on the smaller side no coarser level is formed.
constexpr Index coarsest = 64;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Where to begin instead of coarser levels, in kd order.
struct Start {
  std::vector<double> prices;
  std::vector<Pair> pairs;
};

struct Solved {
  std::unique_ptr<TransportTree> tree;
  Duals duals;
};

/// From `start`, or else from coarser levels.
Solved solve_level(MultiscaleSearch& search, const LevelCloud& x, const LevelCloud& y,
                   std::optional<Start> start = {}) {
  LevelCloud coarse_x;
  std::unique_ptr<TransportTree> coarse;
  if (!start && std::min(x.n(), y.n()) > coarsest) {
    coarse_x = halved(x);
    coarse = solve_level(search, coarse_x, halved(y)).tree;
  }
  const auto solve = [&](auto level) {
    if (start) level.start_from(std::move(start->prices), std::move(start->pairs));
    if (coarse) level.start_from(coarse_x, std::move(coarse));
    std::unique_ptr<TransportTree> tree = level.solve();
    return Solved{std::move(tree), level.duals()};
  };
  if (search.in_double || !fits_float(common_box(x, y), search.cost)) {
    return solve(CloudLevel<double>(search, x, y));
  }
  return solve(CloudLevel<float>(search, x, y));
}

/// A cloud of the problem without its atoms of no mass, in kd order.
struct Side {
  LevelCloud cloud;
  std::vector<Index> order;  ///< the point at position k is the caller's order[k]
};

/// The positions of the caller's points, -1 of those without mass.
std::vector<Index> positions(const Side& side, Index count) {
  std::vector<Index> position(at(count), -1);
  for (std::size_t k = 0; k < side.order.size(); ++k) {
    position[at(side.order[k])] = static_cast<Index>(k);
  }
  return position;
}

Start warm_start(const Problem& problem, const Side& x, const Side& y, Context& context) {
  const std::vector<double> prices = warm_prices(problem, context);
  Start start;
  for (Index j : y.order) start.prices.push_back(prices[at(j)]);
  const std::vector<Index> row_at = positions(x, problem.rows()),
                           col_at = positions(y, problem.cols());
  const WarmStart& given = problem.warm_start;
  for (std::size_t k = 0; k < given.rows.size(); ++k) {
    const Index i = row_at[at(given.rows[k])], j = col_at[at(given.cols[k])];
    if (i >= 0 && j >= 0) start.pairs.push_back({i, j});
  }
  return start;
}

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

}  // namespace

Result solve_multiscale_simplex(const Problem& problem, const MultiscaleSimplexOptions& options,
                                Context& context) {
  const PointClouds& clouds = *problem.clouds();
  const IntegerMasses masses = integer_masses(problem);
  const Side x = make_side(clouds.x, masses.a), y = make_side(clouds.y, masses.b);
  Team team(context.thread_count());
  RoundCounters counters;
  const SpareNodes spare(problem, masses, cost_across(common_box(x.cloud, y.cloud), clouds.cost));
  MultiscaleSearch search{clouds.cost, options, team, context, counters, spare};
  std::optional<Start> start;
  if (!problem.warm_start.empty()) start = warm_start(problem, x, y, context);
  const Solved solved = solve_level(search, x.cloud, y.cloud, std::move(start));
  Result result;
  result.plan = plan_of(problem, *solved.tree, x.order, y.order, spare);
  set_potentials(problem, spare.settled(solved.duals), x.order, y.order, context, result);
  if (search.stopped()) {
    result.status = status_of(context.interruption());
  } else if (context.rtol > 0) {
    result.status = Status::within_tolerance;
  }
  result.stats = stats_of(counters);
  return result;
}

}  // namespace monge

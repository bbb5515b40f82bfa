#include "monge/solver/multiscale_simplex.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

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
  if (search.pairs.in_double || !fits_float(common_box(x, y), search.pairs.cost)) {
    return solve(CloudLevel<double>(search, x, y));
  }
  return solve(CloudLevel<float>(search, x, y));
}

Start warm_start(const Problem& problem, const FinestCloud& x, const FinestCloud& y,
                 Context& context) {
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

}  // namespace

Result solve_multiscale_simplex(const Problem& problem, const MultiscaleSimplexOptions& options,
                                Context& context) {
  const PointClouds& clouds = *problem.clouds();
  const IntegerMasses masses = integer_masses(problem);
  const FinestCloud x = finest_cloud(clouds.x, masses.a), y = finest_cloud(clouds.y, masses.b);
  Team team(context.thread_count());
  RoundCounters counters;
  const double dearest = cost_across(common_box(x.cloud, y.cloud), clouds.cost);
  PairSearch pairs{clouds.cost,
                   team,
                   context,
                   static_cast<Index>(options.row_candidates),
                   static_cast<Index>(options.column_candidates),
                   SpareNodes(problem, masses, dearest)};
  const SpareNodes& spare = pairs.spare;
  MultiscaleSearch search{pairs, options, counters};
  std::optional<Start> start;
  if (!problem.warm_start.empty()) start = warm_start(problem, x, y, context);
  const Solved solved = solve_level(search, x.cloud, y.cloud, std::move(start));
  Result result;
  result.plan = plan_of(problem, *solved.tree, x.order, y.order, spare);
  set_potentials(problem, spare.settled(solved.duals), x.order, y.order, context, result);
  if (pairs.stopped()) {
    result.status = status_of(context.interruption());
  } else if (context.rtol > 0) {
    result.status = Status::within_tolerance;
  }
  result.stats = stats_of(counters);
  return result;
}

}  // namespace monge

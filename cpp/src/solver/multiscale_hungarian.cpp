#include "monge/solver/multiscale_hungarian.hpp"

#include <optional>
#include <utility>

#include "kernels/cost_rows.hpp"
#include "monge/solver/hungarian.hpp"
#include "monge/solver/multiscale_simplex.hpp"
#include "solver/assignment_level.hpp"
#include "solver/augmenting_paths.hpp"
#include "solver/tree_plan.hpp"

namespace monge {
namespace {

/// Up to this many points whole rows are as fast as levels.
constexpr Index coarsest = 128;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// What all levels share.
struct Search {
  PairSearch& pairs;
  Index violated_kept;
  PathCounters& counters;
};

/// Where to begin instead of coarser levels, in kd order.
struct Start {
  std::vector<double> prices;
  std::vector<Index> preferred;
};

struct Solved {
  bool optimal = false;
  Duals duals;
  std::vector<Index> columns;  ///< -1 of rows that hold none
};

template <class Level>
Solved solved(Level& level, Index n) {
  Solved result{level.solve(), level.duals(), std::vector<Index>(at(n), -1)};
  if (level.paths().empty()) return result;
  for (Index i = 0; i < n; ++i) result.columns[at(i)] = level.paths().column(i);
  return result;
}

/// The coarsest level has few enough points for whole rows.
Solved solve_coarsest(Search& search, const LevelCloud& x, const LevelCloud& y) {
  Context& context = search.pairs.context;
  const auto points = [](const LevelCloud& cloud) {
    return row_major(cloud.points.data(), cloud.n(), cloud.dim);
  };
  const kernels::Lines<double> costs =
      kernels::cost_matrix({points(x), points(y), search.pairs.cost}, context);
  AugmentingPaths<double> paths(row_major(costs.data(), x.n(), x.n()), context);
  Result found = paths.result(paths.run(HungarianOptions{}.row_reduction_scans), 1);
  for (double& price : found.g) price = -price;
  return {found.status == Status::optimal,
          {std::move(found.f), std::move(found.g)},
          std::move(found.plan.cols)};
}

/// What a level finds at prices that `start(level)` gives it.
template <class StartFrom>
Solved solve_at(Search& search, const LevelCloud& x, const LevelCloud& y, const StartFrom& start) {
  const auto solve = [&](auto level) {
    start(level);
    return solved(level, x.n());
  };
  if (search.pairs.in_double || !fits_float(common_box(x, y), search.pairs.cost)) {
    return solve(
        AssignmentLevel<double>(search.pairs, x, y, search.violated_kept, search.counters));
  }
  return solve(AssignmentLevel<float>(search.pairs, x, y, search.violated_kept, search.counters));
}

/// From coarser levels.
Solved solve_level(Search& search, const LevelCloud& x, const LevelCloud& y) {
  if (x.n() <= coarsest) return solve_coarsest(search, x, y);
  const LevelCloud coarse_x = halved(x);
  const Solved coarse = solve_level(search, coarse_x, halved(y));
  if (!coarse.optimal) {
    const std::vector<double> zeros(at(x.n()), 0.0);
    return {false, {zeros, zeros}, std::vector<Index>(at(x.n()), -1)};
  }
  return solve_at(search, x, y, [&](auto& level) { level.start_from(coarse_x, coarse.duals.u); });
}

/// From given prices; where they turn out to be far from the optimum, from coarser levels.
Solved solve_from(Search& search, const LevelCloud& x, const LevelCloud& y, Start start) {
  Solved found = solve_at(search, x, y, [&](auto& level) {
    level.start_from(std::move(start.prices), std::move(start.preferred));
  });
  if (found.optimal || search.pairs.stopped()) return found;
  return solve_level(search, x, y);
}

Start warm_start(const Problem& problem, const FinestCloud& x, const FinestCloud& y,
                 Context& context) {
  const std::vector<double> prices = warm_prices(problem, context);
  Start start;
  for (Index j : y.order) start.prices.push_back(prices[at(j)]);
  const WarmStart& given = problem.warm_start;
  if (!given.has_plan()) return start;
  const std::vector<Index> row_at = positions(x, problem.rows()),
                           col_at = positions(y, problem.cols());
  start.preferred.assign(x.order.size(), -1);
  for (std::size_t k = 0; k < given.rows.size(); ++k) {
    start.preferred[at(row_at[at(given.rows[k])])] = col_at[at(given.cols[k])];
  }
  return start;
}

/// Rows without a column get those that are left, in order.
void complete(std::vector<Index>& columns) {
  std::vector<char> taken(columns.size());
  for (Index j : columns) {
    if (j >= 0) taken[at(j)] = true;
  }
  std::size_t left = 0;
  for (Index& column : columns) {
    if (column >= 0) continue;
    while (taken[left]) ++left;
    column = static_cast<Index>(left++);
  }
}

Stats stats_of(const PathCounters& counters) {
  const auto number = [](std::int64_t count) { return static_cast<double>(count); };
  return {{"rounds", number(counters.rounds)},
          {"shortest_paths", number(counters.paths)},
          {"path_scans", number(counters.scans)},
          {"path_arcs", number(counters.arcs)}};
}

}  // namespace

Result solve_multiscale_hungarian(const Problem& problem, const MultiscaleHungarianOptions& options,
                                  Context& context) {
  const PointClouds& clouds = *problem.clouds();
  const std::vector<Flow> one_each(at(problem.rows()), 1);
  const FinestCloud x = finest_cloud(clouds.x, one_each), y = finest_cloud(clouds.y, one_each);
  std::optional<Start> start;
  if (!problem.warm_start.empty()) start = warm_start(problem, x, y, context);
  PathCounters counters;
  Solved found;
  {
    Team team(context.thread_count());
    PairSearch pairs{clouds.cost, team, context, static_cast<Index>(options.row_candidates),
                     static_cast<Index>(options.column_candidates)};
    Search search{pairs, static_cast<Index>(options.violated_kept), counters};
    found = start ? solve_from(search, x.cloud, y.cloud, *std::move(start))
                  : solve_level(search, x.cloud, y.cloud);
  }
  Result result;
  if (!found.optimal && context.interruption() == Interruption::none) {
    result = solve_multiscale_simplex(problem, options, context);
    const Stats paths = stats_of(counters);
    result.stats.insert(result.stats.end(), paths.begin() + 1, paths.end());
    return result;
  }
  complete(found.columns);
  for (std::size_t i = 0; i < found.columns.size(); ++i) {
    result.plan.add(x.order[i], y.order[at(found.columns[i])], problem.row_mass(0));
  }
  set_potentials(problem, found.duals, x.order, y.order, context, result);
  if (!found.optimal) result.status = status_of(context.interruption());
  result.stats = stats_of(counters);
  return result;
}

}  // namespace monge

#include "monge/solver/multiscale_simplex.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "solver/cloud_level.hpp"
#include "solver/equal_points.hpp"
#include "solver/integer_masses.hpp"
#include "solver/tree_plan.hpp"
#include "solver/warm_start.hpp"

namespace monge {
namespace {

/// Up to this many points on the smaller side no coarser level is formed.
constexpr Index coarsest = 64;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Where to begin instead of coarser levels, for the atoms of the finest level.
struct Start {
  std::vector<double> prices;
  std::vector<Pair> pairs;
};

struct Solved {
  std::unique_ptr<TransportTree> tree;
  Duals duals;
};

/// What a level finds from the start that `start(level)` gives it.
template <class StartFrom>
Solved solve_at(MultiscaleSearch& search, const LevelCloud& x, const LevelCloud& y,
                const StartFrom& start) {
  const auto solve = [&](auto level) {
    start(level);
    std::unique_ptr<TransportTree> tree = level.solve();
    return Solved{std::move(tree), level.duals()};
  };
  if (search.pairs.in_double || !fits_float(common_box(x, y), search.pairs.cost)) {
    return solve(CloudLevel<double>(search, x, y));
  }
  return solve(CloudLevel<float>(search, x, y));
}

/// From coarser levels.
Solved solve_level(MultiscaleSearch& search, const LevelCloud& x, const LevelCloud& y) {
  if (std::min(x.n(), y.n()) <= coarsest) return solve_at(search, x, y, [](auto&) {});
  const LevelCloud coarse_x = halved(x);
  Solved coarse = solve_level(search, coarse_x, halved(y));
  return solve_at(search, x, y,
                  [&](auto& level) { level.start_from(coarse_x, std::move(coarse.tree)); });
}

/// From a given start; where it turns out to be far from the optimum, from coarser levels.
Solved solve_from(MultiscaleSearch& search, const LevelCloud& x, const LevelCloud& y, Start start) {
  Solved found = solve_at(search, x, y, [&](auto& level) {
    level.start_from(std::move(start.prices), std::move(start.pairs));
  });
  return found.tree ? std::move(found) : solve_level(search, x, y);
}

/// A side of the problem: the caller's points, and the atoms that are solved for.
struct Side {
  FinestCloud points;
  MergedCloud atoms;

  Side(const AnyMatrixView& cloud, const std::vector<Flow>& mass)
      : points(finest_cloud(cloud, mass)), atoms(merged(points.cloud)) {}

  /// The atoms of the caller's points, -1 of those without mass.
  std::vector<Index> atoms_of(Index count) const {
    std::vector<Index> atom = positions(points, count);
    for (Index& k : atom) k = k < 0 ? -1 : atoms.atom[at(k)];
    return atom;
  }
};

Start warm_start(const Problem& problem, const Side& x, const Side& y, Context& context) {
  const std::vector<double> prices = warm_prices(problem, context);
  Start start;
  for (Index k = 0; k < y.atoms.cloud.n(); ++k) {
    const Index member = y.atoms.members[at(y.atoms.begin[at(k)])];
    start.prices.push_back(prices[at(y.points.order[at(member)])]);
  }
  const std::vector<Index> row_at = x.atoms_of(problem.rows()), col_at = y.atoms_of(problem.cols());
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
  const Side x(clouds.x, masses.a), y(clouds.y, masses.b);
  Team team(context.thread_count());
  RoundCounters counters;
  const double dearest = cost_across(common_box(x.points.cloud, y.points.cloud), clouds.cost);
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
  const LevelCloud &rows = x.atoms.cloud, &cols = y.atoms.cloud;
  Solved solved =
      start ? solve_from(search, rows, cols, *std::move(start)) : solve_level(search, rows, cols);
  if (!x.atoms.all_differ() || !y.atoms.all_differ()) {
    solved.tree = divided(*solved.tree, solved.duals, x.points.cloud, x.atoms, y.points.cloud,
                          y.atoms, spare);
  }
  Result result;
  result.plan = plan_of(problem, *solved.tree, x.points.order, y.points.order, spare);
  set_potentials(problem, spare.settled(solved.duals), x.points.order, y.points.order, context,
                 result);
  if (pairs.stopped()) {
    result.status = status_of(context.interruption());
  } else if (context.rtol > 0) {
    result.status = Status::within_tolerance;
  }
  result.stats = stats_of(counters);
  return result;
}

}  // namespace monge

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
  Solved solved = solve_level(search, x.atoms.cloud, y.atoms.cloud, std::move(start));
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

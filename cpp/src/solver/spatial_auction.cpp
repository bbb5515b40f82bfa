#include "monge/solver/spatial_auction.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "geometry/kd_cloud.hpp"
#include "monge/solver/multiscale_hungarian.hpp"
#include "solver/auction_finish.hpp"
#include "solver/block_auction.hpp"
#include "solver/cloud_filter.hpp"
#include "solver/equal_points.hpp"
#include "solver/tree_scanner.hpp"

namespace monge {
namespace {

constexpr Index group_size = 4;
/// Relative gap at which a coarse level is good enough: its prices are only a start.
constexpr double coarse_gap = 1e-2;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

using Engine = AuctionEngine<TreeScanner>;

/// What all levels share.
struct Search {
  const GroundCost& cost;
  const SpatialAuctionOptions& options;
  Team& team;
  Context& context;
};

/// The diagonal of the common box.
double extent(const KdCloud& x, const KdCloud& y) {
  double square = 0;
  for (int a = 0; a < x.dim; ++a) {
    const auto range = [a](const KdCloud& cloud) {
      const auto begin = cloud.values.begin() + static_cast<std::ptrdiff_t>(a) * cloud.n;
      const auto [low, high] = std::minmax_element(begin, begin + cloud.n);
      return std::pair(*low, *high);
    };
    const auto [x_low, x_high] = range(x);
    const auto [y_low, y_high] = range(y);
    const double side = std::max(x_high, y_high) - std::min(x_low, y_low);
    square += side * side;
  }
  return std::sqrt(square);
}

Schedule schedule_for(const Search& search, const KdCloud& x, const KdCloud& y, bool warm,
                      double gap) {
  const double diagonal = extent(x, y);
  const double own = std::max(extent(x, x), extent(y, y));
  Schedule schedule;
  schedule.order =
      search.options.order == "jacobi" ? AuctionOrder::jacobi : AuctionOrder::gauss_seidel;
  schedule.epsilon_ratio = search.options.epsilon_ratio;
  schedule.bids_per_row = search.options.bids_per_phase;
  schedule.epsilon_start =
      warm ? 2 * cost_of_length(search.cost, diagonal / std::sqrt(static_cast<double>(x.n)))
           : 0.05 * cost_of_length(search.cost, diagonal);
  schedule.epsilon_final = 1e-13 * cost_of_length(search.cost, diagonal);
  schedule.handover = gap;
  // Far-apart clouds have large costs and small differences; only these make work for the finish.
  if (own > 0) schedule.scale = cost_of_length(search.cost, own);
  return schedule;
}

std::vector<double> starting_prices(const Search& search, const KdCloud& x, const KdCloud& y);

/// An engine at the prices of the coarser levels, taken by auctions to the relative gap `gap`.
struct Level {
  PricedTree tree;
  TreeScanner scanner;
  Engine engine;
  ScheduleEnd end = ScheduleEnd::epsilon_final;

  Level(const Search& search, const KdCloud& x, const KdCloud& y, double gap)
      : tree(y.values, y.dim, y.n),
        scanner(x.values, tree, search.cost),
        engine(scanner, static_cast<int>(search.options.list_size), search.team, search.context) {
    std::vector<double> prices = starting_prices(search, x, y);
    const bool warm = !prices.empty();
    if (warm) engine.prices() = std::move(prices);
    const Schedule schedule = schedule_for(search, x, y, warm, gap);
    if (!(schedule.epsilon_start > 0)) return;  // all points are one
    end = run_schedule(engine, schedule, x.n, [&] { refit(); });
  }

  void refit() { tree.refit(engine.prices().data()); }
};

/// p_j = -min_I (c(X_I, y_j) - u_I) for the row potentials u of the coarse rows X.
std::vector<double> transformed(const Search& search, const KdCloud& coarse, std::vector<double> u,
                                const KdCloud& y) {
  for (double& value : u) value = -value;
  PricedTree tree(coarse.values, coarse.dim, coarse.n);
  tree.refit(u.data());
  const kernels::TreeSearch nearest(tree, search.cost);
  constexpr Index per_chunk = 256;
  std::vector<double> prices(at(y.n));
  search.team.run((y.n + per_chunk - 1) / per_chunk, [&](std::int64_t chunk, int) {
    kernels::TreeSearch::Scratch scratch;
    kernels::Scan scan;
    std::vector<double> point(static_cast<std::size_t>(y.dim));
    const Index first = static_cast<Index>(chunk) * per_chunk;
    for (Index j = first; j < std::min(y.n, first + per_chunk); ++j) {
      for (std::size_t a = 0; a < point.size(); ++a) point[a] = y.values[a * at(y.n) + at(j)];
      nearest.find(point.data(), u.data(), std::numeric_limits<double>::infinity(), 1, scratch,
                   scan);
      prices[at(j)] = -(scan.found.front().cost + u[at(scan.found.front().column)]);
    }
  });
  return prices;
}

/// Prices from the next coarser level; none where the clouds are small.
std::vector<double> starting_prices(const Search& search, const KdCloud& x, const KdCloud& y) {
  if (x.n < search.options.coarse_from) return {};
  const KdCloud coarse_x = grouped(x, group_size), coarse_y = grouped(y, group_size);
  const Level coarse(search, coarse_x, coarse_y, coarse_gap);
  return transformed(search, coarse_x, coarse.engine.row_values(), y);
}

/// The mean of each axis is subtracted; returns the means.
std::vector<double> centre(KdCloud& cloud) {
  std::vector<double> means;
  for (int a = 0; a < cloud.dim; ++a) {
    double* axis = cloud.values.data() + static_cast<std::size_t>(a) * at(cloud.n);
    const double origin = axis[0];
    double sum = 0;
    for (Index k = 0; k < cloud.n; ++k) sum += axis[k] - origin;
    means.push_back(origin + sum / cloud.n);
    for (Index k = 0; k < cloud.n; ++k) axis[k] -= means.back();
  }
  return means;
}

/// A cloud in kd order as the view that other layers take: row k is at values[a * n + k].
AnyMatrixView view(const KdCloud& cloud) {
  return MatrixView<double>{cloud.values.data(), cloud.n, cloud.dim, 1, cloud.n};
}

/// From positions in kd order to the caller's rows and columns.
void restore_order(Result& result, const KdCloud& x, const KdCloud& y) {
  for (Index& row : result.plan.rows) row = x.order[at(row)];
  for (Index& col : result.plan.cols) col = y.order[at(col)];
  const auto scatter = [](std::vector<double>& values, const std::vector<Index>& order) {
    std::vector<double> placed(values.size());
    for (std::size_t k = 0; k < values.size(); ++k) placed[at(order[k])] = values[k];
    values = std::move(placed);
  };
  scatter(result.f, x.order);
  scatter(result.g, y.order);
}

/// Both clouds in kd order, for squared Euclidean cost centred.
struct OrderedClouds {
  KdCloud x, y;
  /// The means' difference d, if centred: |x - y|^2 = |x' - y'|^2 + 2 d.(x' - y') + |d|^2 for x =
  /// x'
  /// + mean, y = y' + mean. Else empty.
  std::vector<double> shift;

  explicit OrderedClouds(const PointClouds& clouds)
      : x(make_kd_cloud(clouds.x, PricedTree::block)),
        y(make_kd_cloud(clouds.y, PricedTree::block)) {
    if (!std::holds_alternative<SqEuclidean>(clouds.cost)) return;
    shift = centre(x);
    const std::vector<double> y_means = centre(y);
    for (std::size_t a = 0; a < shift.size(); ++a) shift[a] -= y_means[a];
  }

  /// What centring adds to the potential g_j of each column, by position in kd order.
  double centred_by(Index j) const {
    double sum = 0;
    for (std::size_t a = 0; a < shift.size(); ++a)
      sum += 2 * shift[a] * y.values[a * at(y.n) + at(j)];
    return sum;
  }

  /// The caller's prices, of these clouds.
  std::vector<double> prices(const std::vector<double>& given) const {
    std::vector<double> own(at(y.n));
    for (Index j = 0; j < y.n; ++j) own[at(j)] = given[at(y.order[at(j)])] - centred_by(j);
    return own;
  }

  /// A result on these clouds, as one on the caller's.
  void restore(Result& result) const {
    for (Index j = 0; j < y.n; ++j) result.g[at(j)] -= centred_by(j);
    restore_order(result, x, y);
  }
};

/// The auction that is made for gaps and few points; nothing where it does not reach the gap.
std::optional<Result> solve_in_blocks(const OrderedClouds& clouds, const GroundCost& cost,
                                      const SpatialAuctionOptions& options, double mass,
                                      Context& context) {
  const std::vector<Flow> one_each(at(clouds.x.n), 1);
  const LevelCloud x = finest_cloud(clouds.x, one_each).cloud,
                   y = finest_cloud(clouds.y, one_each).cloud;
  if (!fits_float(common_box(x, y), cost)) return std::nullopt;
  // Rows that are equal raise each other's prices in many small steps.
  const auto differ = [](const LevelCloud& cloud) {
    return merged(cloud).cloud.n() > 0.9 * cloud.n();
  };
  if (!differ(x) || !differ(y)) return std::nullopt;
  BlockAuctionOptions how;
  how.rtol = context.rtol;
  how.epsilon_ratio = options.epsilon_ratio;
  how.bids_per_row = std::min(how.bids_per_row, options.bids_per_phase);
  how.coarse_from = static_cast<Index>(options.coarse_from);
  for (double d : clouds.shift) how.offset += d * d;
  BlockAuctionCounters counters;
  std::optional<ProvedMatching> found = auction_in_blocks(x, y, cost, how, context, counters);
  if (!found) return std::nullopt;
  Result result;
  result.status = Status::within_tolerance;
  result.stats = {{"phases", static_cast<double>(counters.phases)},
                  {"bids", static_cast<double>(counters.bids)}};
  result.f = std::move(found->values);
  for (double price : found->prices) result.g.push_back(-price);
  result.plan.reserve(found->columns.size());
  for (std::size_t i = 0; i < found->columns.size(); ++i) {
    result.plan.add(static_cast<Index>(i), found->columns[i], mass);
  }
  return result;
}

}  // namespace

Result solve_spatial_auction(const Problem& problem, const SpatialAuctionOptions& options,
                             Context& context) {
  const GroundCost& cost = problem.clouds()->cost;
  const OrderedClouds clouds(*problem.clouds());
  const double mass = problem.row_mass(0);
  if (context.rtol > 0 && few_enough_for_blocks(clouds.x.n)) {
    std::optional<Result> found = solve_in_blocks(clouds, cost, options, mass, context);
    if (!found) return solve_multiscale_hungarian(problem, {}, context);
    clouds.restore(*found);
    return *std::move(found);
  }
  Team team(context.thread_count());
  const Search search{cost, options, team, context};
  Level level(search, clouds.x, clouds.y, context.rtol > 0 ? context.rtol : options.handover);

  Result result;
  if (level.end == ScheduleEnd::interrupted) {
    result = result_of(level.engine, status_of(context.interruption()), mass);
  } else if (level.end == ScheduleEnd::gap_reached && context.rtol > 0) {
    // Centring lowers the cost by a constant, so the gap is even smaller relative to the true cost.
    result = result_of(level.engine, Status::within_tolerance, mass);
  } else {
    result = finish_clouds({view(clouds.x), view(clouds.y), cost}, level.engine, mass, context,
                           [&] { level.refit(); });
  }
  clouds.restore(result);
  return result;
}

Result finish_spatial_auction(const Problem& problem, const SpatialAuctionOptions& options,
                              const std::vector<double>& prices, Context& context) {
  const GroundCost& cost = problem.clouds()->cost;
  const OrderedClouds clouds(*problem.clouds());
  Team team(context.thread_count());
  PricedTree tree(clouds.y.values, clouds.y.dim, clouds.y.n);
  const TreeScanner scanner(clouds.x.values, tree, cost);
  Engine engine(scanner, static_cast<int>(options.list_size), team, context);
  engine.prices() = clouds.prices(prices);
  Result result = finish_clouds({view(clouds.x), view(clouds.y), cost}, engine, problem.row_mass(0),
                                context, [&] { tree.refit(engine.prices().data()); });
  clouds.restore(result);
  return result;
}

}  // namespace monge

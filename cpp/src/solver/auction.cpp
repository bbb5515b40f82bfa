#include "monge/solver/auction.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "kernels/oriented.hpp"
#include "solver/auction_finish.hpp"
#include "solver/auction_schedule.hpp"
#include "solver/row_scanners.hpp"

namespace monge {
namespace {

/// What the schedule must know of the costs: their spread, by a sample of rows, and whether they
/// are all whole numbers.
struct Costs {
  double spread = 0;
  bool whole = false;
};

template <class Scanner>
double spread_of(const Scanner& scanner) {
  constexpr Index sampled = 32;
  const std::vector<double> no_prices(static_cast<std::size_t>(scanner.cols()), 0.0);
  typename Scanner::Scratch scratch;
  kernels::Scan scan;
  double spread = 0;
  const Index step = std::max<Index>(1, scanner.rows() / sampled);
  for (Index i = 0; i < scanner.rows(); i += step) {
    const int wanted = static_cast<int>(std::min<Index>(scanner.cols(), 4 + scanner.cols() / 4));
    scanner.scan(i, no_prices.data(), std::numeric_limits<double>::infinity(), wanted, scratch,
                 scan);
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (const kernels::Candidate& c : scan.found) {
      least = std::min(least, c.cost);
      most = std::max(most, c.cost);
    }
    if (most > least) spread = std::max(spread, most - least);
  }
  return spread;
}

template <class T>
bool whole_numbers(const MatrixView<T>& c) {
  for (std::int64_t i = 0; i < c.rows; ++i) {
    for (std::int64_t j = 0; j < c.cols; ++j) {
      const double value = c(i, j);
      if (std::isfinite(value) && !(std::fabs(value) < 0x1p45 && std::nearbyint(value) == value))
        return false;
    }
  }
  return true;
}

Schedule schedule_for(const AuctionOptions& options, const Costs& costs, Index n,
                      const Context& context) {
  Schedule schedule;
  schedule.order = options.order == "jacobi" ? AuctionOrder::jacobi : AuctionOrder::gauss_seidel;
  schedule.epsilon_ratio = options.epsilon_ratio;
  schedule.bids_per_row = options.bids_per_phase;
  schedule.epsilon_start = options.epsilon_start > 0 ? options.epsilon_start : 0.1 * costs.spread;
  // Below the floor, epsilon is lost in the rounding of prices.
  const double floor = 1e-13 * costs.spread;
  const bool to_the_end = options.finish == "none";
  schedule.epsilon_final = std::max(floor, options.epsilon_final);
  if (to_the_end && options.epsilon_final == 0) {
    schedule.epsilon_final = costs.whole ? 1.0 / (n + 1.0) : std::max(floor, 1e-9 * costs.spread);
  }
  // Far-apart clouds have large costs and small differences; only these make work for the finish.
  if (context.rtol == 0) schedule.scale = 0.1 * costs.spread;
  schedule.handover = context.rtol > 0 ? context.rtol : to_the_end ? 0 : options.handover;
  return schedule;
}

/// How an auction ended, if it is the answer; nothing if a finish must follow.
template <class Engine>
std::optional<Status> bid(Engine& engine, const Schedule& schedule, const Costs& costs, Index n,
                          bool alone, const Context& context) {
  switch (run_schedule(engine, schedule, n, [] {})) {
    case ScheduleEnd::interrupted: return status_of(engine.interruption());
    case ScheduleEnd::infeasible: return Status::infeasible;
    case ScheduleEnd::out_of_bids:
      return alone ? std::optional(Status::iteration_limit) : std::nullopt;
    case ScheduleEnd::gap_reached:
      if (context.rtol > 0) return Status::within_tolerance;
      break;
    case ScheduleEnd::epsilon_final: break;
  }
  if (!alone) return std::nullopt;
  return costs.whole && schedule.epsilon_final * n < 1 ? Status::optimal : Status::within_tolerance;
}

/// `finish(engine)` makes the result exact from the engine's prices, which are 0 where n < m.
template <class Scanner, class Finish>
Result run(const Scanner& scanner, const Costs& costs, double mass, const AuctionOptions& options,
           Team& team, Context& context, const Finish& finish) {
  const Index n = scanner.rows();
  AuctionEngine<Scanner> engine(scanner, static_cast<int>(options.list_size), team, context);
  if (n == scanner.cols() && costs.spread > 0) {
    const Schedule schedule = schedule_for(options, costs, n, context);
    const std::optional<Status> end =
        bid(engine, schedule, costs, n, options.finish == "none", context);
    if (end) return result_of(engine, *end, mass);
  }
  return finish(engine);
}

/// Threads scan together where rows bid one at a time, and bid together where they do so at once.
Team* scan_team(const AuctionOptions& options, Team& team) {
  return options.order == "jacobi" ? nullptr : &team;
}

template <class T>
Result solve_matrix(const MatrixView<T>& c, double mass, const AuctionOptions& options,
                    Context& context) {
  const kernels::Oriented<T> oriented = kernels::orient(c, context);
  Team team(context.thread_count());
  const DenseScanner<T> scanner(oriented.rows, scan_team(options, team));
  const Costs costs{spread_of(scanner), options.finish == "none" && whole_numbers(oriented.rows)};
  Result result = run(scanner, costs, mass, options, team, context, [&](auto& engine) {
    return finish_on(oriented.rows, engine, mass, context);
  });
  if (oriented.transposed) result.transpose();
  return result;
}

Result solve_clouds(const PointClouds& clouds, double mass, const AuctionOptions& options,
                    Context& context) {
  const bool swapped = rows_of(clouds.x) > rows_of(clouds.y);
  Team team(context.thread_count());
  const PointClouds ordered = swapped ? PointClouds{clouds.y, clouds.x, clouds.cost} : clouds;
  const CloudScanner scanner(ordered, scan_team(options, team));
  Result result =
      run(scanner, {spread_of(scanner), false}, mass, options, team, context,
          [&](auto& engine) { return finish_clouds(ordered, engine, mass, context, [] {}); });
  if (swapped) result.transpose();
  return result;
}

}  // namespace

Result solve_auction(const Problem& problem, const AuctionOptions& options, Context& context) {
  const double mass = problem.kind == Kind::assignment ? 1 : problem.row_mass(0);
  if (const PointClouds* clouds = problem.clouds())
    return solve_clouds(*clouds, mass, options, context);
  return std::visit([&](const auto& c) { return solve_matrix(c, mass, options, context); },
                    problem.dense()->values);
}

Result finish_auction(const Problem& problem, const AuctionOptions& options,
                      const std::vector<double>& prices, Context& context) {
  const double mass = problem.kind == Kind::assignment ? 1 : problem.row_mass(0);
  Team team(context.thread_count());
  const auto finish = [&](const auto& scanner, const auto& run) {
    AuctionEngine engine(scanner, static_cast<int>(options.list_size), team, context);
    engine.prices() = prices;
    return run(engine);
  };
  if (const PointClouds* clouds = problem.clouds()) {
    return finish(CloudScanner(*clouds, &team), [&](auto& engine) {
      return finish_clouds(*clouds, engine, mass, context, [] {});
    });
  }
  return std::visit(
      [&]<class T>(const MatrixView<T>& c) {
        // Not orient(), which may exchange rows and columns: the prices are the columns'.
        kernels::Oriented<T> packed{c, false, {}};
        if (c.col_stride != 1 && c.cols > 1) kernels::pack(packed, context);
        return finish(DenseScanner<T>(packed.rows, &team),
                      [&](auto& engine) { return finish_on(packed.rows, engine, mass, context); });
      },
      problem.dense()->values);
}

}  // namespace monge

// Epsilon scaling and its end, for every auction solver.
#pragma once

#include <algorithm>
#include <cmath>

#include "monge/solver/auction.hpp"
#include "solver/auction_engine.hpp"

namespace monge {

struct Schedule {
  double epsilon_start = 1;
  double epsilon_ratio = 5;
  double epsilon_final = 0;  ///< no phase below this
  double handover = 0;       ///< stop at this gap, relative to the cost or ...
  double scale = 0;          ///< ... to this much per row, whichever is less (0: to the cost)
  double bids_per_row = 60;
  AuctionOrder order = AuctionOrder::gauss_seidel;
};

enum class ScheduleEnd {
  gap_reached,
  epsilon_final,  ///< reached before the gap
  out_of_bids,    ///< a price war: the matching is not complete
  interrupted,
  infeasible,
};

/// Runs phases until one of the ends. `before_phase()` is called before each.
template <class Engine, class BeforePhase>
ScheduleEnd run_schedule(Engine& engine, const Schedule& schedule, std::int64_t rows,
                         const BeforePhase& before_phase) {
  const auto budget = static_cast<std::int64_t>(schedule.bids_per_row * static_cast<double>(rows));
  for (double epsilon = schedule.epsilon_start;; epsilon /= schedule.epsilon_ratio) {
    epsilon = std::max(epsilon, schedule.epsilon_final);
    before_phase();
    const bool complete = engine.phase(epsilon, budget, schedule.order);
    if (engine.interruption() != Interruption::none) return ScheduleEnd::interrupted;
    if (engine.infeasible()) return ScheduleEnd::infeasible;
    if (!complete) return ScheduleEnd::out_of_bids;
    const double cost = engine.matching_cost();
    double size = std::fabs(cost);
    if (schedule.scale > 0) size = std::min(size, schedule.scale * static_cast<double>(rows));
    const bool close = cost - engine.dual_bound() <= schedule.handover * size;
    if (close) return ScheduleEnd::gap_reached;
    if (epsilon <= schedule.epsilon_final) return ScheduleEnd::epsilon_final;
  }
}

inline Stats stats_of(const AuctionCounters& counters) {
  const auto number = [](std::int64_t count) { return static_cast<double>(count); };
  return {{"phases", number(counters.phases)},
          {"bids", number(counters.bids)},
          {"scans", number(counters.scans)},
          {"finish_bids", number(counters.finish_bids)},
          {"list_paths", number(counters.shortest_paths)},
          {"list_path_columns", number(counters.path_columns)},
          {"list_path_scans", number(counters.path_scans)}};
}

/// What the engine holds, as a result: potentials g = -prices; a plan unless infeasible.
template <class Engine>
Result result_of(Engine& engine, Status status, double mass) {
  Result result;
  result.status = engine.infeasible() ? Status::infeasible : status;
  result.stats = stats_of(engine.counters());
  result.f = engine.row_values();
  for (double price : engine.prices()) result.g.push_back(-price);
  if (result.status == Status::infeasible) return result;
  engine.complete();
  result.plan.reserve(engine.columns().size());
  for (std::size_t i = 0; i < engine.columns().size(); ++i) {
    result.plan.add(static_cast<Index>(i), engine.columns()[i], mass);
  }
  return result;
}

}  // namespace monge

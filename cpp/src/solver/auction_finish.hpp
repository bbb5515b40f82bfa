// The exact finish of an auction, from its prices.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/cost_rows.hpp"
#include "solver/auction_schedule.hpp"
#include "solver/augmenting_paths.hpp"

namespace monge {

/// Bids without epsilon, per row, before the finish turns to shortest paths.
constexpr double finish_scans = 1;

/// Clouds of at most this many pairs (32 MiB) have their matrix formed for the finish: its
/// vectorised sweeps beat lists and a heap while it fits in the caches.
constexpr std::int64_t pairs_to_form = std::int64_t{1} << 22;

/// On a dense matrix, by vectorised sweeps.
template <class T, class Engine>
Result finish_on(const MatrixView<T>& c, Engine& engine, double mass, Context& context) {
  engine.lower_all_prices();
  std::vector<double> g;
  for (double price : engine.prices()) g.push_back(-price);
  AugmentingPaths<T> search(c, context);
  Result result = search.result(search.resume(std::move(g), finish_scans), mass);
  const Stats auction = stats_of(engine.counters());
  result.stats.insert(result.stats.begin(), auction.begin(), auction.end());
  return result;
}

/// On clouds: over candidate lists; on the matrix where it is small, or the lists get stuck.
/// `refit()` is called when prices have fallen, before the lists are used again.
template <class Engine, class Refit>
Result finish_clouds(const PointClouds& clouds, Engine& engine, double mass, Context& context,
                     const Refit& refit) {
  const std::int64_t n = rows_of(clouds.x), m = rows_of(clouds.y);
  const auto on_matrix = [&] {
    const kernels::Lines<double> matrix = kernels::cost_matrix(clouds, context);
    return finish_on(row_major(matrix.data(), n, m), engine, mass, context);
  };
  if (n * m <= pairs_to_form) return on_matrix();
  engine.lower_all_prices();
  refit();
  // Equal columns by the hundred make lists run dry at every step. Then, too, the matrix is formed,
  // if memory allows; if not, the lists go on.
  const bool may_form =
      8.0 * static_cast<double>(n) * static_cast<double>(m) <= context.memory_bound();
  const std::int64_t patience = may_form ? 2 * n : std::numeric_limits<std::int64_t>::max();
  if (!engine.finish(static_cast<std::int64_t>(finish_scans * static_cast<double>(n)), patience))
    return on_matrix();
  const bool interrupted = engine.interruption() != Interruption::none;
  return result_of(engine, interrupted ? status_of(engine.interruption()) : Status::optimal, mass);
}

}  // namespace monge

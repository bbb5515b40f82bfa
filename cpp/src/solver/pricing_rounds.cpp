#include "solver/pricing_rounds.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "monge/core/exact_sum.hpp"

namespace monge {
namespace {

/// From this many nodes on, parts of the tree are optimised before the whole: on several threads
/// that saves a third of the time, on one it costs nothing ...
constexpr Index parts_from = 4096;
/// ... parts of this many nodes first, then of so many times as many.
constexpr Index smallest_part = 300, larger_parts = 16;
std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// The simplex in two runs: the second, whose potentials are fresh, finds what the rounding of the
/// first one's shifts has hidden. Both are bounded, for rounding might make them go in circles: the
/// first far above what any problem was seen to need.
void run_twice(TransportTree& tree, const CandidateArcs& arcs, double allowed, Context& context) {
  run_simplex(tree, arcs, {allowed, Tolerance::coarse}, context,
              std::int64_t{64} * (tree.root() + 4096));
  run_simplex(tree, arcs, {allowed, Tolerance::fine}, context,
              std::int64_t{4} * (tree.root() + 256));
}

Duals duals_of(const TransportTree& tree) {
  Duals duals;
  for (Index i = 0; i < tree.rows(); ++i) duals.u.push_back(tree.potential(i));
  for (Index j = 0; j < tree.cols(); ++j) duals.p.push_back(tree.potential(tree.column(j)));
  return duals;
}

/// Lowering every u_i by its row's worst violation makes the potentials feasible.
double relative_gap(const Pricing& pricing, const std::vector<Flow>& a, double cost) {
  ExactSum gap;
  for (std::size_t i = 0; i < a.size(); ++i) {
    gap.add_product(static_cast<double>(a[i]), -pricing.row_worst[i]);
  }
  return gap.value() > 0 ? gap.value() / std::fabs(cost) : 0;
}

}  // namespace

std::vector<Arc> most_violated(Pricing& pricing, Index cols, Index kept_per_row) {
  std::vector<Violation> column_worst(at(cols), Violation{0, {-1, -1, 0}});
  for (const auto& part : pricing.parts) {
    for (const Violation& v : part) {
      if (v.reduced < column_worst[at(v.arc.col)].reduced) column_worst[at(v.arc.col)] = v;
    }
  }
  std::vector<Arc> kept;
  for (auto& part : pricing.parts) {
    for (auto begin = part.begin(); begin != part.end();) {
      const auto end = std::find_if(
          begin, part.end(), [&](const Violation& v) { return v.arc.row != begin->arc.row; });
      const auto few = end - begin > kept_per_row ? begin + kept_per_row : end;
      std::partial_sort(begin, few, end, [](const Violation& s, const Violation& t) {
        return std::tie(s.reduced, s.arc.col) < std::tie(t.reduced, t.arc.col);
      });
      for (auto v = begin; v != end; ++v) {
        if (v < few || column_worst[at(v->arc.col)].arc.row == v->arc.row) kept.push_back(v->arc);
      }
      begin = end;
    }
  }
  return kept;
}

std::vector<Arc> unknown(const CandidateArcs& arcs, std::vector<Arc> violated) {
  std::erase_if(violated, [&](const Arc& arc) {
    const Index* end = arcs.cols() + arcs.end(arc.row);
    return std::find(arcs.cols() + arcs.begin(arc.row), end, arc.col) != end;
  });
  return violated;
}

Stats stats_of(const RoundCounters& counters) {
  const auto number = [](std::int64_t count) { return static_cast<double>(count); };
  return {{"rounds", number(counters.rounds)},
          {"local_pivots", number(counters.local_pivots)},
          {"pivots", number(counters.pivots)},
          {"cycle_nodes", number(counters.cycle_nodes)},
          {"shifted_nodes", number(counters.shifted_nodes)},
          {"tours", number(counters.tours)},
          {"arcs", number(counters.arcs)}};
}

double tree_cost(const TransportTree& tree) {
  double sum = 0;
  for (Index v = 0; v < tree.root(); ++v) {
    if (tree.flow(v) > 0) sum += static_cast<double>(tree.flow(v)) * tree.arc_cost(v);
  }
  return sum;
}

Duals optimise(TransportTree& tree, CandidateArcs& arcs, const std::vector<Flow>& a,
               const PriceAllPairs& price, const RoundOptions& options, Team& team,
               Context& context, RoundCounters& counters) {
  const auto stopped = [&] { return context.interruption() != Interruption::none; };
  double total = 0;
  for (Flow mass : a) total += static_cast<double>(mass);
  // Where a gap is allowed, pairs may be violated by a part of it.
  double allowed = options.rtol * std::fabs(tree_cost(tree)) / total;
  const bool in_parts = tree.root() >= parts_from;
  for (Index part = smallest_part; in_parts && 2 * part < tree.root(); part *= larger_parts) {
    counters.local_pivots +=
        run_local_simplex(tree, arcs, part, {allowed, Tolerance::coarse}, team, context);
  }
  const TransportTree::Counters before = tree.counters();
  Duals duals;
  while (!stopped()) {
    ++counters.rounds;
    run_twice(tree, arcs, allowed, context);
    duals = duals_of(tree);
    if (stopped()) break;
    Pricing pricing = price(duals, {allowed, Tolerance::fine});
    if (stopped()) break;
    if (options.rtol > 0 && relative_gap(pricing, a, tree_cost(tree)) <= options.rtol) break;
    const std::vector<Arc> violated =
        unknown(arcs, most_violated(pricing, tree.cols(), options.violated_kept));
    if (!violated.empty()) {
      arcs.add(violated);
    } else if (allowed > 0) {
      allowed /= 4;  // no pair is violated by it, but the gap is too large
    } else {
      break;
    }
  }
  if (duals.u.empty()) duals = duals_of(tree);
  const TransportTree::Counters& after = tree.counters();
  counters.pivots += after.pivots - before.pivots;
  counters.cycle_nodes += after.cycle_nodes - before.cycle_nodes;
  counters.shifted_nodes += after.shifted - before.shifted;
  counters.tours += after.switches - before.switches;
  counters.arcs = static_cast<std::int64_t>(arcs.size());
  return duals;
}

}  // namespace monge

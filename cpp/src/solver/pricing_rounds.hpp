// From a feasible tree to one that is optimal for all pairs, though the simplex sees few of them:
// simplex and pricing of all pairs in turn, until no pair is violated.
#pragma once

#include <functional>
#include <vector>

#include "monge/core/context.hpp"
#include "monge/result/result.hpp"
#include "solver/local_simplex.hpp"

namespace monge {

/// Potentials: u of rows, p = -g of columns.
struct Duals {
  std::vector<double> u, p;
};

/// A pair whose reduced cost c - u_i + p_j is negative.
struct Violation {
  double reduced;
  Arc arc;
};

/// What looking at all pairs has found.
struct Pricing {
  /// In parts whose rows follow each other; the violations of a row follow each other.
  std::vector<std::vector<Violation>> parts;
  std::vector<double> row_worst;  ///< the least reduced cost of each row, or 0
};

/// Finds all violated pairs. May stop early if the context is interrupted.
using PriceAllPairs = std::function<Pricing(const Duals&, const Tolerance&)>;

/// The most violated pairs of each row, and the most violated one of each column.
std::vector<Arc> most_violated(Pricing& pricing, Index cols, Index kept_per_row);

/// Those that are not candidates: one that is can only be violated by rounding.
std::vector<Arc> unknown(const CandidateArcs& arcs, std::vector<Arc> violated);

struct RoundCounters {
  std::int64_t rounds = 0, local_pivots = 0, pivots = 0, cycle_nodes = 0, shifted_nodes = 0,
               tours = 0, arcs = 0;
};

Stats stats_of(const RoundCounters& counters);

struct RoundOptions {
  Index violated_kept = 4;  ///< violated arcs of a row that become candidates at a time
  double rtol = 0;          ///< relative gap that is good enough
};

/// Returns the potentials of the last tree. If interrupted, the tree is feasible.
Duals optimise(TransportTree& tree, CandidateArcs& arcs, const std::vector<Flow>& a,
               const PriceAllPairs& price, const RoundOptions& options, Team& team,
               Context& context, RoundCounters& counters);

/// sum of flow * cost over the tree's arcs.
double tree_cost(const TransportTree& tree);

}  // namespace monge

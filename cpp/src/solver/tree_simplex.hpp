// The primal network simplex on candidate arcs: from a feasible tree to one of least cost among
// these arcs.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "monge/core/context.hpp"
#include "solver/candidate_arcs.hpp"
#include "solver/transport_tree.hpp"

namespace monge {

/// By how much a reduced cost c - u + p must be negative to count.
struct Tolerance {
  double allowed = 0;      ///< where a gap may remain
  double rounding = fine;  ///< of the sizes of c, u and p
  /// Potentials just recomputed are right to a unit in the last place; shifted ones, to some more.
  static constexpr double fine = 0x1p-50, coarse = 0x1p-45;

  bool violated(double reduced, double cost, double u, double p) const {
    return reduced < -(allowed + rounding * (std::fabs(cost) + std::fabs(u) + std::fabs(p)));
  }
};

/// Pivots until no arc is violated, the context is interrupted, or `most_pivots` were made. Leaves
/// the tree's potentials recomputed. Returns whether no arc is violated.
bool run_simplex(TransportTree& tree, const CandidateArcs& arcs, const Tolerance& tolerance,
                 Context& context,
                 std::int64_t most_pivots = std::numeric_limits<std::int64_t>::max());

}  // namespace monge

// The primal network simplex on candidate arcs: from a feasible tree to one of least cost among
// these arcs.
#pragma once

#include <cstdint>
#include <limits>

#include "monge/core/context.hpp"
#include "solver/candidate_arcs.hpp"
#include "solver/transport_tree.hpp"

namespace monge {

using kernels::Tolerance;

/// Pivots until no arc is violated, the context is interrupted, or `most_pivots` were made. Leaves
/// the tree's potentials recomputed. Returns whether no arc is violated.
bool run_simplex(TransportTree& tree, const CandidateArcs& arcs, const Tolerance& tolerance,
                 Context& context,
                 std::int64_t most_pivots = std::numeric_limits<std::int64_t>::max());

}  // namespace monge

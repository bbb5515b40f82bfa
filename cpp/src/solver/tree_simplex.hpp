// The primal network simplex on candidate arcs: from a feasible tree to one of least cost among
// these arcs.
#pragma once

#include "monge/core/context.hpp"
#include "solver/candidate_arcs.hpp"
#include "solver/transport_tree.hpp"

namespace monge {

/// Pivots until no arc has a reduced cost below -tolerance, or the context is interrupted. Entering
/// arcs are the best of blocks of rows, in turn. Leaves the tree's potentials recomputed.
void run_simplex(TransportTree& tree, const CandidateArcs& arcs, double tolerance,
                 Context& context);

}  // namespace monge

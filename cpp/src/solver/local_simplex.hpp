// Simplex pivots inside connected parts of the tree, many parts at a time.
//
// An arc between two nodes of a connected part closes its cycle within that part. So each part is a
// transport of its own, whose tree is a few hundred nodes in contiguous memory: pivots cost a
// fraction of what they cost in the whole tree, and the parts are solved on all threads. Whatever
// the parts are, the result is a strongly feasible tree of the whole, and no dearer.
#pragma once

#include "monge/core/context.hpp"
#include "parallel.hpp"
#include "solver/tree_simplex.hpp"

namespace monge {

/// Cuts the tree into parts of some `part_size` nodes and optimises each over the arcs inside it.
/// Returns the number of pivots. After an interruption, parts that were not reached are as before.
std::int64_t run_local_simplex(TransportTree& tree, const CandidateArcs& arcs, Index part_size,
                               const Tolerance& tolerance, Team& team, Context& context);

}  // namespace monge

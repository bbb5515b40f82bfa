// Problem. Transport between two clouds of n points each and equal masses, dimension 1 to 8, any
// ground cost: the optimum is a permutation (Birkhoff). No cost matrix is formed.
//
// Algorithm. The Hungarian method by shortest augmenting paths (hungarian.hpp) on few candidate
// arcs, from coarse to fine:
// - both clouds are put in kd order and halved (two neighbours become their centre of mass) until
//   they are small; every level is solved as an assignment of its points, all counting the same,
//   the coarsest one on whole rows. Only its potentials are used;
// - fine prices are the c-transform of the coarse potentials. Candidate arcs are the few best of
//   each row and of each column at these prices (cloud_pairs.hpp);
// - rows take their best column while it is free, some 60 % do, or bid for it; every other row
//   takes a shortest augmenting path on the candidate arcs (candidate_paths.hpp). As prices are
//   nearly right, a path scans a few dozen rows, most of them near by;
// - rows from which candidate arcs lead to no free column get their best columns among those that
//   lead on;
// - then all pairs are priced through lower bounds over blocks (cloud_filter.hpp), the worst of the
//   violated ones become candidates, and their rows search again. When no pair is violated, the
//   assignment is optimal for all pairs. Prices only rise, so that only rows whose own potential
//   has risen are priced again.
//
// Warm start. Given potentials take the place of the coarser levels, made c-concave. Rows whose
// column in the given plan is among their best take that first. Where bids then leave more than a
// tenth of the rows, or paths become long, the start is dropped for the coarser levels.
//
// Deviations. That paths run on candidate arcs which pricing completes, and start from a coarser
// level's potentials instead of Jonker and Volgenant's column reduction. Of their row reduction
// there is one pass, and a tie ends it.
//
// Complexity and memory. O(n k) memory, some 400 bytes per point. Rows scanned grow like n^1.1
// (squared Euclidean cost) to n^1.5 (Euclidean) on clouds of surfaces and volumes. Where that does
// not hold (many points on few places, lattices with ties) the work of the paths is bounded by
// O(n^1.5), about what multiscale_simplex would need, which then solves the problem instead (many
// points on few places at once, as few atoms).
//
// Numerics and termination. Reduced costs are formed afresh from c and p, so that rounding does not
// pile up over the searches; distances never decrease. Pairs are searched in float where the costs
// fit its range (else in double), and what may be violated is computed in double. A pair counts as
// violated beyond 2^-50 of its cost and potentials. Rounds and the arcs of paths are bounded.
//
// Guarantee. Optimal to rounding. If interrupted, a permutation.
//
// Determinism and threads. Candidates and prices are found on all threads, paths on one. The answer
// does not depend on the number of threads.
//
// References. H. W. Kuhn, Naval Research Logistics Quarterly 2 (1955) 83-97. R. Jonker and A.
// Volgenant, Computing 38 (1987) 325-340. B. Schmitzer, A sparse multiscale algorithm for dense
// optimal transport, J. Mathematical Imaging and Vision 56 (2016) 238-259.
#pragma once

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "monge/result/result.hpp"
#include "monge/solver/multiscale_options.hpp"

namespace monge {

using MultiscaleHungarianOptions = MultiscaleOptions;

/// Needs a validated transport of n = m equal masses between clouds of dimension <= 8.
Result solve_multiscale_hungarian(const Problem& problem, const MultiscaleHungarianOptions& options,
                                  Context& context);

}  // namespace monge

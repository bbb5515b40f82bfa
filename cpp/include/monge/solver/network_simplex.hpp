// Problem. Transport with any masses and sizes: a dense cost matrix, or clouds of any dimension,
// whose matrix is then formed. Entries of +inf forbid a pair.
//
// Algorithm. The primal network simplex on candidate arcs (transport_tree.hpp, tree_simplex.hpp):
// potentials by column and row reduction; each row's few best pairs and each column's best one
// become candidates; the start is greedy by reduced cost (starting_tree.hpp). When the simplex has
// optimised over the candidates, all rows are priced with vectorised sweeps, the worst of the
// violated pairs become candidates, and the simplex goes on from its basis (pricing_rounds.hpp).
// When no pair is violated, the basis is optimal.
//
// Warm start. Given potentials, made c-concave, replace the reductions; the tree comes from the
// given plan's pairs that are not forbidden, or from the forest of least reduced cost, as in
// multiscale_simplex.hpp.
//
// Forbidden pairs. If there are any, a first problem, cost 1 for a forbidden pair and 0 for others,
// is solved the same way. If its least cost is positive, the transport is infeasible; else its tree
// carries nothing on forbidden pairs, and without them it is the start.
//
// Deviations. Textbooks price blocks of all arcs; here the simplex works on a short list, whose
// sweeps stay in the cache, and the matrix is read some ten times in all.
//
// Complexity and memory. O(k (n + m)) beside the matrix; a forbidden pair costs 4 n m bytes for the
// first problem. The number of pivots is not bounded by a useful polynomial; some 5 to 10 per node
// in practice.
//
// Numerics and termination. As in multiscale_simplex.hpp: integer masses, strongly feasible trees,
// potentials recomputed from the tree. Where costs such as 1e32 stand next to 1, arcs that carry
// nothing can tie parts of the tree together at such a cost, and swamp their potentials; those arcs
// are cut, and the parts hang to the root.
//
// Guarantee. Optimal to rounding; with rtol, to that gap. If interrupted, the basis is a feasible
// plan, which may use forbidden pairs if the first problem was not finished: its cost is then +inf.
//
// Determinism and threads. Rows are priced on all threads; the answer does not depend on their
// number.
//
// References. R. K. Ahuja, T. L. Magnanti and J. B. Orlin, Network Flows (1993), chapter 11.
// W. H. Cunningham, A network simplex method, Mathematical Programming 11 (1976) 105-116.
#pragma once

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "monge/result/result.hpp"
#include "monge/solver/options.hpp"

namespace monge {

struct NetworkSimplexOptions {
  std::int64_t row_candidates = 8;
  std::int64_t violated_kept = 4;

  static constexpr auto fields() {
    using Options = NetworkSimplexOptions;
    return std::array{
        field<&Options::row_candidates>("row_candidates", "arcs per row to begin with", 1, 1024),
        field<&Options::violated_kept>(
            "violated_kept", "violated arcs of a row that become candidates at a time", 1, 1024)};
  }
};

/// Needs a validated transport.
Result solve_network_simplex(const Problem& problem, const NetworkSimplexOptions& options,
                             Context& context);

}  // namespace monge

// Problem. Transport between two clouds, any masses and sizes, dimension 1 to 8, any ground cost.
// No cost matrix is formed.
//
// Algorithm. A primal network simplex on few candidate arcs, from coarse to fine:
// - equal points are one atom, whose members share its tree's arcs at the end (equal_points.hpp);
// - both clouds are put in kd order and halved (two neighbours become their centre of mass) until
//   they are small; every level is solved to optimality;
// - the coarse tree, refined, is the fine start: an arc at a leaf of the coarse tree carries what
//   its group has left, to the unit, so it is divided among pairs of members, and every fine arc
//   exhausts one node (starting_tree.hpp);
// - candidate arcs are each row's and each column's few best by reduced cost against the coarse
//   potentials; the simplex (transport_tree.hpp, tree_simplex.hpp) optimises over them;
// - then all pairs are priced through lower bounds over blocks (cloud_filter.hpp), the worst of the
//   violated ones become candidates, and the simplex goes on from its basis. When no pair is
//   violated the basis is optimal for all pairs.
//
// Warm start. Given potentials take the place of the coarser levels: made c-concave, they choose
// the candidates. The tree comes from the given plan's pairs, joined leaves first, so that they
// carry what they carried if the masses are the same; without a plan, from the forest of least
// reduced cost, which at optimal potentials is a basis. Where that tree pays so much above the
// potentials that pivots would take longer than coarser levels, the start is dropped.
//
// Deviations. None of the parts is new; their combination is: refined trees instead of artificial
// arcs, integer masses (integer_masses.hpp) that make degeneracy exact, Euler tours for the
// potentials of large subtrees.
//
// Complexity and memory. O((n + m) k) memory, some 400 bytes per point. Pivots grow a little faster
// than n + m, the cost of one like the square root of n + m at most.
//
// Numerics and termination. Masses are integers of 60 bits (equal ones exact), so feasibility and
// degeneracy are decided exactly, and strongly feasible trees do not cycle; against what rounding
// might do the number of pivots is bounded too. Potentials are recomputed from the tree, in twice
// the precision, before each pricing. Pairs are searched in float where the costs fit its range
// (else in double), and what may be violated is computed in double; the filter's rounding is
// bounded in cloud_filter.hpp. A pair counts as violated beyond 2^-50 of its cost and potentials.
// The flows returned are computed anew from the given masses on the optimal tree.
//
// Guarantee. Optimal to rounding. With rtol, pairs may be violated by so little that the gap stays
// below it. If interrupted, the basis is a feasible plan.
//
// Determinism and threads. Candidates and prices are found on all threads, and so are the first
// pivots of large trees, inside connected parts (local_simplex.hpp); the others on one. The answer
// does not depend on the number of threads.
//
// References. R. K. Ahuja, T. L. Magnanti and J. B. Orlin, Network Flows (1993), chapter 11.
// W. H. Cunningham, A network simplex method, Mathematical Programming 11 (1976) 105-116. Q.
// Merigot, A multiscale approach to optimal transport, Computer Graphics Forum 30 (2011) 1583-1592.
// B. Schmitzer, A sparse multiscale algorithm for dense optimal transport, J. Mathematical Imaging
// and Vision 56 (2016) 238-259. S. Gottschlich and D. Schuhmacher, The shortlist method for fast
// computation of the earth mover's distance, PLoS ONE 9 (2014).
#pragma once

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "monge/result/result.hpp"
#include "monge/solver/multiscale_options.hpp"

namespace monge {

using MultiscaleSimplexOptions = MultiscaleOptions;

/// Needs a validated transport between clouds of dimension <= 8.
Result solve_multiscale_simplex(const Problem& problem, const MultiscaleSimplexOptions& options,
                                Context& context);

}  // namespace monge

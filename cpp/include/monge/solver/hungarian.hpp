// Problem. Assignment by a dense cost matrix (rectangular: the surplus of the larger side stays
// free), or transport between n = m equal masses, whose optimum is a permutation (Birkhoff). Point
// clouds are served by forming their cost matrix in double: 8 n m bytes, refused if too many; where
// costs come from products of matrices (clouds of 24 coordinates or more, powers of the Euclidean
// distance, n = m), by bounds in single precision, kept where they fit and streamed where not.
//
// Algorithm. Kuhn's Hungarian method (1955) keeps feasible potentials f, g (f_i + g_j <= C_ij) and
// a matching inside the equality subgraph f_i + g_j = C_ij ("the zeros" of the reduced matrix). It
// grows an alternating tree from a free row; where the tree is stuck, it lowers the potentials by
// the smallest reduced cost that leaves the tree ("the smallest entry not covered by any line"),
// until the tree reaches a free column; then it augments. Growing that tree in the order of reduced
// costs is Dijkstra's shortest path, all changes of the potentials added up at its end (Edmonds
// and Karp 1972, Tomizawa 1971): n searches of O(n^2). Jonker and Volgenant (1987) found the
// initialisation that makes few of the searches necessary:
//   1. column reduction: g_j = min_i C_ij, matched with that row while it is free;
//   2. reduction transfer: a matched row passes its slack on to its column;
//   3. augmenting row reduction: each free row takes its best column and pays up to the second
//      best for it; the row that is thrown out goes next (an auction with epsilon = 0);
//   4. a shortest augmenting path for every row that is still free.
//
// Warm start. Given potentials g, with f_i = min_j (C_ij - g_j), replace steps 1 and 2: rows whose
// column in the given plan is their best take that, others their best one while it is free.
//
// Deviations from the paper.
// - Step 3 is bounded by a number of row scans (`row_reduction_scans` per row), not by two passes:
//   costs with structure lead it into price wars that step 4 ends sooner.
// - Among equal columns a free one is taken, the first by index; so a constant matrix gives the
//   identity. Step 1 visits columns in ascending order for the same reason.
// - Where n != m, steps 1 and 2 are left out: the columns that stay free must keep g_j = 0.
// - Step 4 keeps the distances of all columns in their own order, with the minimum of each block
//   of 64, so that relaxing a row is one vectorised sweep; finished columns take part with an
//   infinite reduced cost.
// - Of n = m = 512 and more (clouds: whenever there are bounds), a row first keeps its 16 best
//   columns alone: all steps run on these lists, and whole rows are read again only where a list
//   may miss something (solver/listed_assignment.hpp). Matrices that defeat the lists (few
//   admissible matchings, wars of prices, no matching at all) go on from the prices reached, on
//   whole rows as described here.
// - The potentials f are not stored: f_i = C_i,s(i) - g_s(i).
//
// Complexity. O(n^3) time, n <= m after transposition O(n^2 m); where lists serve, some readings of
// the matrix and O(16) per step. O(n + m) memory beside the matrix.
// float32 and float64 matrices are read in place where their rows (or, for n >= m, their columns)
// are adjacent in memory; other strides are packed once.
//
// Numerics. Potentials and distances are double for both precisions. Every reduced cost is formed
// afresh from C, so errors do not pile up over the searches; the certificate tells what is left.
//
// Guarantee. Optimal to rounding. Infeasible if and only if the finite entries hold no perfect
// matching of the smaller side. Deterministic, for any number of threads: those read rows; the
// search has one. Bounds round as the instruction set does, the costs that decide do not: other
// machines may choose another of several optimal matchings, or other potentials.
//
// References. H. W. Kuhn, Naval Research Logistics Quarterly 2 (1955) 83-97. J. Edmonds and R. M.
// Karp, J. ACM 19 (1972) 248-264. R. Jonker and A. Volgenant, Computing 38 (1987) 325-340.
#pragma once

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "monge/result/result.hpp"
#include "monge/solver/options.hpp"

namespace monge {

struct HungarianOptions {
  double row_reduction_scans = 4;

  static constexpr auto fields() {
    return std::array{field<&HungarianOptions::row_reduction_scans>(
        "row_reduction_scans",
        "row scans per row that augmenting row reduction may take before shortest paths finish", 0,
        1e6)};
  }
};

/// Needs a validated assignment, or a validated transport whose optimum is a permutation.
Result solve_hungarian(const Problem& problem, const HungarianOptions& options, Context& context);

}  // namespace monge

// Problem. An assignment that is nearly solved: clouds of n = m equal masses, with column
// potentials close to optimal ones and, perhaps, a matching close to the best. An auction in single
// precision leaves such, as on a GPU (cpp/simt/kernels/auction.hpp).
//
// Algorithm. Where a relative gap is asked for, the matching is certified as it is, and is the
// answer if it is good enough. Else the exact finish of auction.hpp, from the potentials alone:
// rows take their best column where it is free, bid without epsilon once each, and what is left
// takes shortest augmenting paths.
//
// Complexity and memory. As the finish of auction.hpp: O(n m dim) for the first look at every row;
// the better the potentials, the fewer paths. Up to 2048 x 2048 points have their matrix formed.
//
// Numerics, guarantee, determinism: as auction.hpp. Bad potentials cost time, never the optimum:
// costs are those of the points in double, whatever the potentials were computed from.
#pragma once

#include <span>

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "monge/solver/solve.hpp"

namespace monge {

/// What is known of a problem's solution.
struct NearSolution {
  std::span<const Index> columns;  ///< of each row; an entry < 0: of some rows, unknown
  std::span<const double> g;       ///< finite
};

/// Certified: optimal, or within context.rtol. Throws InvalidArgument for a problem that is not
/// between clouds of equal numbers of equal masses, and for a start of the wrong size.
Solution finish_assignment(const Problem& unchecked, const NearSolution& near, Context& context);

}  // namespace monge

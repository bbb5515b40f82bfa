// Problem. A transport between n = m equal masses that has been solved elsewhere, nearly: a
// matching close to the best, or most of one, and column potentials close to optimal. An auction in
// single precision leaves such, as on a GPU (cpp/simt/kernels/auction.hpp). Wanted is a certified
// solution.
//
// Algorithm. Where a relative gap is asked for, rows without a column take the nearest that is
// free, one after the other; the matching is certified, and is the answer if it is good enough.
// Else few points have the potentials finished exactly (finish_assignment.hpp), whose shortest
// paths then take a fraction of a solve; many points are solved anew by "auto", which is faster for
// them (docs/gpu.md). That is certified.
//
// Guarantee. Bad matchings and potentials cost time, never the optimum: costs are those of the
// problem in double, whatever the start was computed from.
#pragma once

#include <span>

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "monge/solver/solve.hpp"

namespace monge {

/// What is known of a problem's solution.
struct NearSolution {
  std::span<const Index> columns;  ///< of each row; < 0: unknown
  std::span<const double> g;       ///< of each column, finite
};

/// Optimal, or within context.rtol. Throws InvalidArgument for a problem whose optimum is not a
/// permutation, and for a start of the wrong size.
Solution complete_assignment(const Problem& unchecked, const NearSolution& near, Context& context);

}  // namespace monge

// Problem. A transport between n = m equal masses that has been solved elsewhere, nearly: a
// matching close to the best, or most of one, and column potentials close to optimal. An auction in
// single precision leaves such, as on a GPU (cpp/simt/kernels/auction.hpp). Wanted is a certified
// solution.
//
// Algorithm. Where a relative gap is asked for, the matching is certified as it is, and is the
// answer if it is good enough. Else the potentials are finished exactly (finish_assignment.hpp),
// and that is certified.
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

// The only checks of input. Everything behind validate() may rely on its rules:
//
// - at least one row and one column (an assignment may be empty), at most 2^31 - 1 of each;
// - clouds: one dimension >= 1, finite coordinates, and squared distances that neither overflow
//   nor vanish: with D the diagonal of the clouds' common box, D is 0 or 1e-140 <= D <= 1e140, and
//   the ground cost at D is 0 or from 1e-300 to 1e300;
// - dense cost: no NaN, no -inf; +inf forbids a pair; finite entries of a transport at most 1e300;
// - masses: as many as atoms, finite, non-negative, not all zero; totals of a and b equal within
//   1e-6 relative. Within that, b is scaled to a's total; beyond, the problem is refused;
// - where mass may stay, totals are free: the mass that moves is from 0 to the smaller of them (up
//   to 1e-6 relative more is taken as that) and 0 or at least 1e-12 of the larger, prices of
//   unmatched mass are from 0 to 1e300.
// - warm starts, of transports alone: as many potentials as atoms, finite; a plan's pairs in range,
//   and with potentials.
#pragma once

#include "monge/problem/problem.hpp"

namespace monge {

/// Totals may differ by this much, relative to the larger.
inline constexpr double mass_tolerance = 1e-6;

/// Whether the totals of a and b must agree. Where they are free (unbalanced transport), b stays as
/// it is.
enum class Totals { equal, free };

/// Checks `problem`, and returns it with b_scale and permutation filled in.
/// Throws InvalidArgument naming the argument, the rule and the value received.
/// O(n dim + m dim) for clouds, O(n m) for a dense cost.
Problem validate(Problem problem, Totals totals = Totals::equal);

}  // namespace monge

// Problem. The discrete Legendre transform on lines: h_k = max_i (s_k x_i - v_i) for ascending
// positions x and slopes s, for many lines of values at once. +inf leaves a position out; a line of
// +inf alone has h = -inf.
//
// Algorithm. Lucet's linear-time Legendre transform: only the lower convex hull of the points
// (x_i, v_i) counts, and as s_k rises, the vertex that attains the maximum moves right.
//
// Complexity and memory. O(n + m) per line of n values and m slopes. In d dimensions one pass per
// axis gives the transform on a grid, O(points) in all.
//
// Numerics. Which points are vertices is decided in double with rounding: a point within rounding
// of the hull may count or not, which changes h by a rounding of its terms.
//
// Determinism and threads. Lines are shared out among threads; no answer depends on their number.
//
// Reference. Y. Lucet, Faster than the Fast Legendre Transform, the Linear-time Legendre Transform,
// Numerical Algorithms 16 (1997) 171-185.
#pragma once

#include <span>
#include <vector>

#include "monge/core/context.hpp"

namespace monge {

/// `values`: lines * positions.size() numbers, row-major, none NaN or -inf; positions and slopes
/// finite and strictly ascending (callers check). Returns lines * slopes.size() numbers. After an
/// interruption (Context) the answer is incomplete.
std::vector<double> legendre_lines(std::span<const double> values,
                                   std::span<const double> positions,
                                   std::span<const double> slopes, Context& context);

}  // namespace monge

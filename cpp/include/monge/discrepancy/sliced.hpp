// Problem. Two weighted clouds in R^d are projected on a line of direction t; there, transport is
// sorting. The sliced Wasserstein distance is the p-th root of the mean of W_p^p over directions,
// the max-sliced one the p-th root of its maximum:
//
//   SW_p^p = E_t W_p^p(t . x, t . y),   max-SW_p = max_|t|=1 W_p(t . x, t . y),   p >= 1.
//
// Algorithm. Directions are handled in groups: the clouds, stored in tiles of points by axis, are
// projected on a group in one pass; each projection is sorted (kernels/sorting.hpp), and the
// monotone plan walked. The maximum is sought by projected gradient ascent on the sphere: with g
// the gradient of W_p^p for the present monotone plan, the next direction is (1 - s) t + s g / |g|,
// scaled to length 1, for the first s of 1, 1/2, 1/4, ... that is an improvement. For a fixed plan
// W_p^p is convex in t, so that s = 1 cannot lower it; only a change of the plan can.
//
// Deviations from the papers. The mean is over directions that the caller draws. The ascent needs
// no step size, and begins from the best of the given directions and from the difference of the
// means.
//
// Complexity and memory. L directions cost O(L ((n + m) d + n log n + m log m)); a thread needs
// O(n + m) numbers per direction of a group, and groups hold fewer directions the larger n + m is.
// Gradients take up to 8 (n + m) d numbers.
//
// Numerics. Points are measured from the first point of x, so that clouds far from the origin lose
// nothing; sums over a projection are in double and compensated. Two float clouds, and the
// directions with them, are rounded to float, projected and sorted in float: with R the largest
// distance of a point from the first of x, projections are off by at most e = (d + 3) 2^-24 R,
// typically by 2^-24 R. W_p is a metric: of each direction, and so SW_p, it is off by 2 e at most.
// Where float's range may not do, all is in double, and so is the maximum, whose ascent ends with
// changes of 1e-9.
//
// Guarantee. For the given directions the mean is exact to rounding; as an estimate of the
// expectation it has the standard error of a mean. The ascent ends in a direction from which no
// step improves W_p^p by more than 1e-9 relative, or at its limit of iterations: a local maximum,
// so a lower bound of max-SW_p.
//
// Determinism and threads. Groups (of starts for the maximum) are shared out among threads; no
// answer depends on their number. After an interruption (Context) answers are incomplete.
//
// References. Rabin, Peyre, Delon, Bernot, Wasserstein barycenter and its application to texture
// mixing (SSVM 2011). Bonneel, Rabin, Peyre, Pfister, Sliced and Radon Wasserstein barycenters of
// measures, J. Math. Imaging Vis. 51 (2015). Deshpande et al., Max-sliced Wasserstein distance and
// its use for GANs (CVPR 2019).
#pragma once

#include <vector>

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"

namespace monge {

/// Unit vectors, one per row.
using Directions = MatrixView<double>;

/// W_p^p for each direction. `problem`: validated, clouds with masses.
std::vector<double> sliced_costs(const Problem& problem, const Directions& directions, double p,
                                 Context& context);

/// Per direction, the points in ascending order of their projections, ties by index: row-major
/// (directions, n) and (directions, m).
struct SlicedOrder {
  std::vector<Index> x, y;
};
SlicedOrder sliced_order(const Problem& problem, const Directions& directions, Context& context);

/// W_p^p for each direction, and the gradient of their mean with respect to the points, row-major
/// (n, d) and (m, d).
struct SlicedGradient {
  std::vector<double> costs, x, y;
};
SlicedGradient sliced_gradient(const Problem& problem, const Directions& directions, double p,
                               Context& context);

struct MaxSliced {
  double cost = 0;  ///< W_p^p in `direction`
  std::vector<double> direction;
  int iterations = 0;  ///< of the start that won
};

/// Ascends from the `starts` best of the directions, and from the difference of the means.
MaxSliced max_sliced(const Problem& problem, const Directions& directions, double p, int starts,
                     int max_iterations, Context& context);

}  // namespace monge

// Problem. Entropic transport: over P >= 0 with P 1 = a, P' 1 = b, minimise
//
//   <C, P> + epsilon KL(P | a b'),   KL(P | Q) = sum P log(P / Q) - P + Q,
//
// for a cost matrix or two clouds, any masses and sizes. The optimum is P_ij = a_i b_j
// exp((f_i + g_j - C_ij) / epsilon). Unbalanced: with a finite `penalty` rho the constraints become
// rho KL(P 1 | a) + rho KL(P' 1 | b), and totals may differ.
//
// Algorithm. Everything in the log domain, in units of log2 (entropic_level.hpp). All methods are
// made of one fused pass over the pairs, which updates the rows and sums the columns with a single
// exponential per pair:
// - "sinkhorn": plain alternation;
// - "anderson": its fixed-point iteration in g, extrapolated over the last 10 steps (Walker and
// Ni);
// - "newton": Newton steps on the semi-dual, by conjugate gradients (semi_dual_newton.hpp); of
//   clouds whose groups resolve epsilon, first with the groups' Hessian (coarse_newton.hpp);
// - "auto": newton, and anderson where that stalls (epsilon so small that single precision cannot
//   tell the Hessian from 0); anderson where a penalty is finite. By a matrix, or in a dimension
//   above 8, and with an epsilon above 2 % of the mean cost: first 60 passes of anderson.
// Epsilon is halved from the mean cost down to it, each stage but the last to an error of 5 %, or
// 1e-4 of few pairs (at most 1e5) on the way to less than 2 % of the mean cost; in the last case it
// is what it shall be from the start. Clouds in dimension 1 to 8 start coarse:
// groups of 8 neighbours become their centroids, recursively down to 400 points, each level to the
// epsilon that it resolves; potentials are carried over by soft c-transforms. Where that is the
// epsilon wanted, the last coarse level is solved to an error of 1e-4, which the finest begins
// with.
//
// Clouds never have their matrix formed, with one exception: where an entry costs much to compute
// (dimension above 16, powers other than 2), and the matrix takes at most 64 MiB, it is kept.
//
// Deviations. Terms of whole tiles that a bound proves to be below 1e-9 of a row's mean term are
// left out of its sum: in all at most 1e-9 of the mass, counted as such in `dropped_mass`. Passes
// run in single precision while the error is well above what that adds, by the size of the tiles;
// the last one in double, with exponentials to 4e-11, or to rounding where rtol < 1e-8.
//
// Complexity and memory. O(n m dim) per pass at most, O(n m) for the pairs whose terms count;
// O((n + m) dim) memory, plus a cache of at most 16 MB for the terms of Newton's Hessian,
// and one for the terms of a matrix (entropic_level.hpp).
//
// Numerics and termination. `error` is the L1 distance of the columns' sums from b over the total
// mass, with a penalty from b_j exp(-g_j / rho); rows are right to rounding.
// Ends at error <= rtol, after max_iterations passes over the pairs, or where rounding allows no
// progress: both are Status::iteration_limit. No exponent overflows: sums are taken relative to
// the largest term wherever potentials are not yet known to fit.
//
// Guarantee. The entropic value reported is that of the dual, a lower bound of the optimum which
// the error misses to second order.
//
// Determinism and threads. The same answer for any number of threads; machines with different
// instruction sets differ by rounding.
//
// References. M. Cuturi, Sinkhorn distances, NIPS 2013. B. Schmitzer, Stabilized sparse scaling
// algorithms for entropy regularized transport problems, SIAM J. Sci. Comput. 41 (2019)
// A1443-A1481. L. Chizat, G. Peyre, B. Schmitzer and F.-X. Vialard, Scaling algorithms for
// unbalanced optimal transport problems, Math. Comput. 87 (2018) 2563-2609. H. F. Walker and P. Ni,
// Anderson acceleration for fixed-point iterations, SIAM J. Numer. Anal. 49 (2011) 1715-1735.
// J. Feydy, Geometric data analysis, beyond convolutions (2020), for multiscale truncation.
#pragma once

#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "monge/result/result.hpp"
#include "monge/solver/options.hpp"

namespace monge {

inline constexpr std::array<std::string_view, 5> sinkhorn_methods{"auto", "sinkhorn", "anderson",
                                                                  "newton", "greenkhorn"};

struct SinkhornOptions {
  double epsilon = 0;
  double rtol = 1e-6;
  std::int64_t max_iterations = 100000;
  std::string method = "auto";
  double penalty = std::numeric_limits<double>::infinity();

  static constexpr auto fields() {
    using Options = SinkhornOptions;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    return std::array{
        field<&Options::epsilon>("epsilon", "weight of the entropy, in units of cost", 1e-300,
                                 1e300),
        field<&Options::rtol>("rtol", "L1 error of the marginals over the total mass", 0, 1),
        field<&Options::max_iterations>("max_iterations", "passes over all pairs", 1, 1e12),
        choice<&Options::method>("method", "how potentials are improved", sinkhorn_methods),
        field<&Options::penalty>("penalty", "of the marginals' KL divergence; infinite: balanced",
                                 1e-300, infinity)};
  }
};

/// What entropic transport is solved by: potentials, not a plan (see result/scaled_plan.hpp).
struct EntropicResult {
  std::vector<double> f, g;  ///< also of atoms without mass: soft c-transforms
  double value = 0;          ///< the regularised optimum, from the dual; NaN if never measured
  double error = 0;          ///< of the marginals, over the total mass; infinite if never measured
  Status status = Status::within_tolerance;
  Stats stats;
};

/// Needs a validated transport. With a finite penalty totals may differ (Totals::free).
EntropicResult solve_sinkhorn(const Problem& problem, const SinkhornOptions& options,
                              Context& context);

/// The transport of a cloud, or by a symmetric matrix, onto itself: x = y, a = b are the caller's
/// promise. One potential, averaged with its update: F <- (F + T F) / 2 contracts by 1/2 at every
/// step where exp(-C / epsilon) is positive definite, as for the Euclidean distance and its square
/// and the city-block distance. `method` is not looked at.
EntropicResult solve_sinkhorn_symmetric(const Problem& problem, const SinkhornOptions& options,
                                        Context& context);

/// Validates and solves many problems on the context's threads, one thread each, or a single one on
/// all; results in the order of the problems. Deadline and callbacks are for all of them together.
std::vector<EntropicResult> solve_sinkhorn_batch(const std::vector<Problem>& unchecked,
                                                 bool symmetric, const SinkhornOptions& options,
                                                 Context& context);

}  // namespace monge

// Newton steps on the semi-dual of entropic transport, solved by conjugate gradients.
//
// With rows kept right by the Sinkhorn update, the dual is a concave function of G alone; its
// gradient is b - c, c the column sums, and its Hessian -(D - P' A^-1 P) up to a factor, D =
// diag(c) and A = diag(P 1). The step solves
//
//   (D - P' A^-1 P) d = c log2(b / c)
//
// with D as preconditioner, so that the first iteration is a Sinkhorn step, and the right-hand side
// (instead of b - c, which it equals to first order) gives a large region of convergence. The rows
// follow to first order by F -= P d / A, which the iteration computes anyway.
//
// The Hessian needs few digits: single precision, tiles without a term above 1e-3 of a row's mean
// left out, D and A from the same truncated terms, so that it stays semidefinite with H 1 = 0.
// Terms of kept tiles are cached where they fit into `cache_bytes`; else they are computed anew.
// From some size on, a second level preconditions too: D and P summed over tiles.
#pragma once

#include <cstddef>
#include <vector>

#include "solver/entropic_level.hpp"

namespace monge {

class SemiDualNewton {
 public:
  SemiDualNewton(EntropicLevel& level, std::size_t cache_bytes);

  /// Steps until the level's error is <= tolerance. False if interrupted, or if the budget of
  /// passes or what rounding allows was used up.
  bool run(double tolerance, std::int64_t most_passes);

  /// Takes the Hessian at the level's potentials. False if interrupted.
  bool set_up();

  /// Conjugate gradients for (D - P' A^-1 P) d = right, of the Hessian last set up, until |right -
  /// (D - P' A^-1 P) d| summed is below `enough`; returns that sum, or -1 if interrupted. `right`
  /// is 0 where b is.
  double solve(std::vector<double> right, double enough);
  const std::vector<double>& of_rows() const { return y_; }  ///< A^-1 P d

  std::int64_t steps = 0;
  std::int64_t products = 0;  ///< of the Hessian, each at most the work of a pass

 private:
  /// The kept tiles of one chunk of row blocks, in their order.
  struct Kept {
    kernels::Lines<Index> tiles;
    kernels::Lines<float> totals;  ///< sum of a_i p_ij over each tile
    kernels::Lines<float> terms;
    bool cached = true;
  };

  void keep(kernels::BlockOfTerms<float>& work, const float* weight);
  bool multiply(const std::vector<double>& p);
  void precondition();
  void coarse_correction();
  void sum_tiles();
  bool step(double target);

  EntropicLevel& level_;
  std::size_t cache_terms_;
  bool two_levels_;
  std::vector<Kept> kept_;
  std::vector<std::size_t> first_;  ///< of each row block, in its chunk's tiles; and their number
  std::vector<Index> count_;
  std::vector<double> diagonal_, inverse_row_, product_, row_product_;
  std::vector<double> residual_, direction_, search_, d_, y_;
  std::vector<double> tile_rows_, tile_cols_;  ///< A and D summed over tiles
  kernels::Lines<float> v_;
  double curvature_ = 1;
};

}  // namespace monge

// Newton steps on the semi-dual at one resolution, with the Hessian of the next coarser one.
//
// The step of semi_dual_newton.hpp, (D - P' A^-1 P) d = r, is
//
//   d = D^-1 r + D^-1 P' y,   y = A^-1 P d.
//
// The first part is a Sinkhorn step. The second is a mean of y, and y a mean of d: where epsilon
// is large beside what groups of points spread, both are smooth and known from the groups'
// centroids. So the right-hand side is summed over groups, the coarse system solved by conjugate
// gradients, and its y carried to the fine columns by means under the plan between these and the
// coarse rows. No product of the fine Hessian is taken: between two passes over all pairs there
// are a part of one (the size of the groups) and little else.
//
// What the Hessian lacks is made up for by extrapolation (anderson.hpp). Where a pass does not at
// least halve the error, the groups are too coarse for this epsilon, and run() leaves it to others.
#pragma once

#include <memory>
#include <vector>

#include "solver/semi_dual_newton.hpp"

namespace monge {

class CoarseNewton {
 public:
  /// `coarse` is at the potentials of its solution; `to_columns` has the fine columns as its rows
  /// and the coarse rows as its columns, `group` of one side being a point of the other; its
  /// potentials make a plan.
  CoarseNewton(std::unique_ptr<EntropicLevel> coarse,
               std::unique_ptr<kernels::GibbsKernel> to_columns, Index group,
               std::size_t cache_bytes);

  /// Steps until the error of `fine` is <= tolerance. False if interrupted, if the budget of passes
  /// was used up, or where steps help too little.
  bool run(EntropicLevel& fine, double tolerance, std::int64_t most_passes);

  std::int64_t steps = 0;

 private:
  bool correction(const EntropicLevel& fine, std::vector<double>& step);
  bool carry_to_columns(const std::vector<double>& y, std::vector<double>& step);

  std::unique_ptr<EntropicLevel> coarse_;
  std::unique_ptr<kernels::GibbsKernel> to_columns_;
  Index group_;
  SemiDualNewton newton_;
  bool ready_ = false;
};

}  // namespace monge

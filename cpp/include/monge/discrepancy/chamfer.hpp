// Problem. The chamfer discrepancy of two clouds,
//
//   mean_i min_j |x_i - y_j|^p + mean_j min_i |x_i - y_j|^p,
//
// and the nearest points it consists of. No metric: it does not see how many points share one
// nearest point.
//
// Algorithm. Both directions are c-transforms of 0 (c_transform.hpp), with one kd order of each
// cloud for both.
//
// Complexity and memory. About O((n + m) log(n + m)) in dimension up to 8 from 2^18 pairs on, else
// O(n m d); O(n + m) memory.
//
// Guarantee. Exact to rounding; of equally near points the lowest. Sums are compensated, and the
// answer does not depend on the number of threads.
//
// Reference. H. Fan, H. Su, L. Guibas, A point set generation network for 3D object reconstruction
// from a single image (CVPR 2017), there with p = 2.
#pragma once

#include <vector>

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"

namespace monge {

struct Chamfer {
  double value = 0;
  std::vector<Index> nearest_y;  ///< (n,) of each x_i
  std::vector<Index> nearest_x;  ///< (m,) of each y_j
};

/// `problem`: validated clouds, whose ground cost is |x - y|^p; masses are not used. After an
/// interruption (Context) the answer is incomplete.
Chamfer chamfer(const Problem& problem, Context& context);

}  // namespace monge

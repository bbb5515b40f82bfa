// Problem. The chamfer discrepancy of two clouds,
//
//   mean_i min_j |x_i - y_j|^p + mean_j min_i |x_i - y_j|^p,
//
// and the nearest points it consists of. No metric: it does not see how many points share one
// nearest point.
//
// Algorithm. Up to some 2^24 pairs, and in dimension above 8, one sweep over all pairs keeps the
// least squared distance of every row and of every column. Else, and where the indices are wanted
// from 2^19 pairs on, each cloud is searched in a kd tree (kernels/least_columns.hpp). The power is
// taken of the nearest distances alone.
//
// Complexity and memory. O(n m d), or about O((n + m) log(n + m)) with the trees; O(n + m) memory.
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

/// `problem`: validated clouds whose ground cost is a power of the Euclidean distance (throws
/// Unsupported otherwise); masses are not used. The indices are left empty unless asked for. After
/// an interruption (Context) the answer is incomplete.
Chamfer chamfer(const Problem& problem, bool with_indices, Context& context);

}  // namespace monge

// Rows of the cost matrix, whatever the geometry: read in place, copied from a strided view, or
// computed from points.
#pragma once

#include <vector>

#include "kernels/row_kernels.hpp"
#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"

namespace monge::kernels {

/// A cloud converted to double and stored by axis, as the cost kernel reads it.
struct AxisMajor {
  std::vector<double> values;  ///< axis k of point j: values[k * stride + j]
  std::size_t stride = 0;
};

AxisMajor by_axis(const AnyMatrixView& points);

/// Row i of a dense matrix: in place if its entries are adjacent, else gathered into `scratch`.
template <class T>
const T* contiguous_row(const MatrixView<T>& c, std::int64_t i, std::vector<T>& scratch) {
  const T* row = c.data + i * c.row_stride;
  if (c.col_stride == 1) return row;
  scratch.resize(static_cast<std::size_t>(c.cols));
  for (std::int64_t j = 0; j < c.cols; ++j)
    scratch[static_cast<std::size_t>(j)] = row[j * c.col_stride];
  return scratch.data();
}

/// The full cost matrix of two clouds, row-major, in double; O(n m dim) on the context's threads.
/// Throws MemoryLimitExceeded before allocating what would not fit. An interruption leaves entries
/// 0.
std::vector<double> cost_matrix(const PointClouds& clouds, Context& context);

/// sum_j C_ij w_j for every row, w >= 0; a cost of +inf counts where w_j > 0. O(n m dim), streamed;
/// O((n + m) dim) for squared distances. Rows not reached after an interruption are 0.
std::vector<double> weighted_costs(const Problem& problem, const std::vector<double>& w,
                                   Context& context);

/// f_i = min_j (C_ij - g_j) for every row. Never forms the matrix. O(n m dim); for many points in
/// low dimension a tree opens what can hold the minimum; O((n + m) log n) for a cost convex on a
/// line. After an interruption, rows that were not reached have a lower bound of that: -max g for
/// clouds, -inf for a dense cost.
std::vector<double> row_minima(const Problem& problem, const std::vector<double>& g,
                               Context& context);

}  // namespace monge::kernels

// Rows of the cost matrix, whatever the geometry: read in place, copied from a strided view, or
// computed from points.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "kernels/lines.hpp"
#include "kernels/row_kernels.hpp"
#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "parallel.hpp"

namespace monge::kernels {

/// Ground costs are not negative: -max g is below every C_ij - g_j.
inline double trivial_minimum(const std::vector<double>& g) {
  return -*std::max_element(g.begin(), g.end());
}

/// A cloud converted to double and stored by axis, as the cost kernel reads it.
struct AxisMajor {
  std::vector<double> values;  ///< axis k of point j: values[k * stride + j]
  std::size_t stride = 0;
};

AxisMajor by_axis(const AnyMatrixView& points);

/// Points by axis within strips of `strip` points each (fewer in the last): a strip is adjacent in
/// memory. By axis over the whole cloud, a power of two of points would put all axes of a strip
/// into the same few sets of the cache.
std::vector<double> by_strips(const AnyMatrixView& points, Index strip);

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

/// Calls visit(first, end) for chunks of `rows_per_chunk` rows, on the context's threads if `work`
/// (in multiply-adds) is worth threads. Returns false if the context was interrupted, which leaves
/// chunks out.
template <class Visit>
bool for_each_row_chunk(std::int64_t rows, double work, Context& context, const Visit& visit,
                        std::int64_t rows_per_chunk = 64) {
  constexpr double smallest_parallel_work = 2e6;  // below, threads cost more than they give
  const int threads = work < smallest_parallel_work ? 1 : context.thread_count();
  const CallingThread caller;
  const auto poll = [&] { return context.poll({"costs", 0}); };
  parallel_for((rows + rows_per_chunk - 1) / rows_per_chunk, threads,
               [&](std::int64_t chunk) {
                 if ((caller.is_current() ? poll() : context.interruption()) != Interruption::none)
                   return;
                 const std::int64_t first = chunk * rows_per_chunk;
                 visit(static_cast<Index>(first),
                       static_cast<Index>(std::min(rows, first + rows_per_chunk)));
               },
               poll);
  return context.interruption() == Interruption::none;
}

/// The coordinates of a point.
inline std::vector<double> coordinates(const AnyMatrixView& points, Index i) {
  return std::visit(
      [&](const auto& view) {
        std::vector<double> x(static_cast<std::size_t>(view.cols));
        for (std::int64_t k = 0; k < view.cols; ++k) x[static_cast<std::size_t>(k)] = view(i, k);
        return x;
      },
      points);
}

/// Calls visit(i, begin, count, costs) for strips of rows; the strips of one row in ascending
/// order. Returns as for_each_row_chunk.
template <class Visit>
bool for_each_cost_strip(const PointClouds& clouds, Context& context, const Visit& visit) {
  const Index n = static_cast<Index>(rows_of(clouds.x)), m = static_cast<Index>(rows_of(clouds.y));
  const int dim = static_cast<int>(cols_of(clouds.x));
  // A strip of y stays in the second-level cache while all rows of a chunk pass over it.
  const Index strip = std::clamp<Index>(65536 / dim / 64 * 64, 64, 1024);
  const std::vector<double> y = by_strips(clouds.y, strip);
  const auto& kernels = row_kernels();
  const double work = static_cast<double>(n) * m * dim;
  return for_each_row_chunk(n, work, context, [&](Index first, Index end) {
    std::vector<double> costs(static_cast<std::size_t>(std::min(strip, m)));
    std::vector<std::vector<double>> x;
    for (Index i = first; i < end; ++i) x.push_back(coordinates(clouds.x, i));
    for (Index begin = 0; begin < m; begin += strip) {
      const Index count = std::min(strip, m - begin);
      for (Index i = first; i < end; ++i) {
        kernels.costs(clouds.cost, x[static_cast<std::size_t>(i - first)].data(),
                      y.data() + static_cast<std::size_t>(begin) * static_cast<std::size_t>(dim),
                      static_cast<std::size_t>(count), dim, costs.data(), count);
        visit(i, begin, count, costs.data());
      }
    }
  });
}

/// Throws MemoryLimitExceeded if the cost matrix of n and m points would not fit.
void require_matrix(std::size_t n, std::size_t m, const Context& context);

/// The full cost matrix of two clouds, row-major, in double; O(n m dim) on the context's threads.
/// Throws MemoryLimitExceeded before allocating what would not fit. An interruption leaves entries
/// 0.
Lines<double> cost_matrix(const PointClouds& clouds, Context& context);

/// sum_j C_ij w_j for every row, w >= 0; a cost of +inf counts where w_j > 0. O(n m dim), streamed;
/// O((n + m) dim) for squared distances. Rows not reached after an interruption are 0.
std::vector<double> weighted_costs(const Problem& problem, const std::vector<double>& w,
                                   Context& context);

/// f_i = min_j (C_ij - g_j) for every row. Never forms the matrix. O(n m dim); for many points in
/// low dimension a tree opens what can hold the minimum; O((n + m) log n) for a cost convex on a
/// line. After an interruption, rows that were not reached have a lower bound of that: -max g for
/// clouds, -inf for a dense cost. `likely`: as for least_columns().
std::vector<double> row_minima(const Problem& problem, const std::vector<double>& g,
                               Context& context, std::span<const Index> likely = {});

}  // namespace monge::kernels

// Inner loops over one row of costs, or over one row of pairs of points.
//
// One source (row_kernels.cpp) is compiled once per instruction set; each object provides one
// RowKernels table, and row_kernels() picks the widest that this CPU runs. No kernel reorders or
// contracts arithmetic in a way that depends on the instruction set (but project_tile): every table
// gives the same bits. Rows are contiguous; no alignment is asked.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "monge/core/types.hpp"
#include "monge/cost/ground_cost.hpp"

namespace monge::kernels {

/// The smallest and second smallest of a row's values, counted with multiplicity.
struct TwoSmallest {
  double first;   ///< +inf for an empty row
  double second;  ///< +inf if there are fewer than two values
  Index argmin;   ///< lowest index of the smallest; -1 if it is +inf
};

/// Columns per entry of `block_min` below.
inline constexpr Index block = 64;

/// Columns per group of group_minima.
inline constexpr Index group = 16;

/// Points per tile of project_tile: two of the widest vectors, so that the strip of a tile that is
/// in use lies together in the first-level cache, whatever the dimension.
template <class T>
inline constexpr Index tile_points = 128 / sizeof(T);

/// Sums that add_paired_costs adds to side by side: one alone would wait for its own additions.
inline constexpr Index paired_lanes = 8;

template <class T>
struct CostKernels {
  /// min_j (c_j - v_j)
  double (*min_reduced)(const T* c, const double* v, Index n);

  /// The two smallest c_j - v_j.
  TwoSmallest (*two_smallest)(const T* c, const double* v, Index n);

  /// best_j = min(best_j, c_j), arg_j = row where c_j < best_j.
  void (*column_minima)(const T* c, Index row, double* best, Index* arg, Index n);

  /// One step of Dijkstra's algorithm over a dense row: with t_j = (c_j - v_j) + shift, wherever
  /// t_j < key_j: key_j = t_j, pred_j = row. block_min[k] becomes the least key of block k.
  /// A finished column is taken out by key_j = +inf and v_j = -inf.
  void (*relax)(const T* c, const double* v, double shift, Index row, double* key, Index* pred,
                double* block_min, Index n);

  /// minima[k] = min c_j + p_j over j in [group k, group (k + 1)), the last group cut at n.
  void (*group_minima)(const T* c, const double* p, Index n, double* minima);

  /// Every j with c_j + p_j <= limit, ascending, with its value; returns how many. `minima` are
  /// those of group_minima: groups above the limit are not read; without them (null) all are. There
  /// must be room for n.
  Index (*collect)(const T* c, const double* p, const double* minima, double limit, Index n,
                   Index* columns, double* values);
};

/// Sorts n numbers by any means; what sort_values calls on runs that its pivots do not halve.
template <class T>
using SortFallback = void (*)(T* values, std::int64_t n);

template <class T>
struct LineKernels {
  /// Projects a tile of points, stored by axis, on `count` directions: out[k * out_stride + j] =
  /// sum_a directions[k * dim + a] * points[a * tile_points + j], j < tile_points. The one kernel
  /// that rounds as the instruction set does: a product and its addition at once, or one after the
  /// other. Meanwhile the tile at `next` is fetched from memory.
  void (*project_tile)(const T* points, const T* next, int dim, const T* directions, Index count,
                       T* out, std::size_t out_stride);

  /// Adds cost(u_k, v_k) of numbers on a line, in double, to the compensated sum hi[l] + lo[l]
  /// (ExactSum), l = k modulo paired_lanes, k < n; n is a multiple of paired_lanes.
  void (*add_paired_costs)(const GroundCost& cost, const T* u, const T* v, std::int64_t n,
                           double* hi, double* lo);

  /// Sorts n numbers, none NaN, in ascending order, in place (from = to) or from one array into
  /// another. Null where vectors do not beat a radix sort: call sorting.hpp, which knows both.
  void (*sort_values)(const T* from, T* to, std::int64_t n, SortFallback<T> fallback);
};

struct RowKernels {
  std::string_view instruction_set;
  bool (*supported)();  ///< by this CPU
  CostKernels<float> f32;
  CostKernels<double> f64;
  LineKernels<float> lines_f32;
  LineKernels<double> lines_f64;

  /// out_j = cost(x, y_j) for points y_j stored by axis: y[k * stride + j], k < dim, j < n.
  /// The order of additions is that of the axes.
  void (*costs)(const GroundCost& cost, const double* x, const double* y, std::size_t stride,
                int dim, double* out, Index n);

  /// out_k = |x_i - y_j|^2, i = rows[k], j = cols[k], k < count, of points as they are given: the
  /// same bits as costs(), for a few pairs of many coordinates.
  void (*squared_distances)(const AnyMatrixView& x, const AnyMatrixView& y, const Index* rows,
                            const Index* cols, Index count, double* out);

  /// With points stored by axis, least_x[i] = min_j |x_i - y_j|^2 for i < n, and least_y[j] =
  /// min(least_y[j], min_i |x_i - y_j|^2) for j < m.
  void (*pair_minima)(const double* x, std::size_t x_stride, Index n, const double* y,
                      std::size_t y_stride, Index m, int dim, double* least_x, double* least_y);

  template <class T>
  const CostKernels<T>& of() const {
    if constexpr (sizeof(T) == 4) {
      return f32;
    } else {
      return f64;
    }
  }

  template <class T>
  const LineKernels<T>& lines() const {
    if constexpr (sizeof(T) == 4) {
      return lines_f32;
    } else {
      return lines_f64;
    }
  }
};

/// The widest table that this CPU supports.
const RowKernels& row_kernels();

/// All tables that were compiled, narrowest first; some may not be supported by this CPU.
std::span<const RowKernels* const> all_row_kernels();

}  // namespace monge::kernels

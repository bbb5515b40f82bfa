// Two clouds of many coordinates, packed for the tiles of product_kernels.hpp, and their squared
// distances by blocks of rows.
//
// Points are taken relative to the mean of both clouds: |x|^2 + |y|^2, by which errors are
// measured, is then of the size of the squared distances themselves, wherever the clouds are.
//
// Images are mostly background. Where most coordinates of x are the value that is most frequent on
// their axis, points are taken relative to these values instead (in double), and the rows keep only
// what differs: the products then take as many operations as there are such coordinates.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/cost_rows.hpp"
#include "kernels/lines.hpp"
#include "kernels/product_kernels.hpp"
#include "monge/problem/problem.hpp"

namespace monge::kernels {

/// One cloud in panels of 12 or 32 points: axis k of point i of a panel at values[k * size + i].
/// The last panel is filled up with the centre.
template <class T>
struct Panels {
  Index size = 1;
  std::int64_t dim = 0;
  Lines<T> values;
  Lines<T> squares;    ///< factor |x|^2 - shift, as given to CloudProducts
  double largest = 0;  ///< |x|^2

  const T* panel(std::int64_t p) const {
    return values.data() + static_cast<std::size_t>(p) * static_cast<std::size_t>(size * dim);
  }
};

/// Coordinates that are not 0, row by row and run by run (product_kernels.hpp).
struct SparseRows {
  Lines<double> values;
  Lines<std::uint8_t> axes;
  std::vector<std::int64_t> starts;  ///< of row i and run r at i * runs + r, and the end
};

/// Dimensions from which products beat sums of squared differences, coordinate by coordinate.
inline constexpr int least_product_dim = 24;

/// Whether a cost is a function of |x - y|^2.
bool is_power_of_euclidean(const GroundCost& cost);

template <class T>
class CloudProducts {
 public:
  /// Rows of a block: enough that a panel of columns, read from the second-level cache, is used
  /// several times.
  static constexpr Index block_rows = 8 * product_rows;

  /// Instead of |x|^2 and |y|^2, factor |x|^2 - shift and factor |y|^2 - shift are taken: with a
  /// factor below 1, squared distances are smaller than the exact ones.
  CloudProducts(const AnyMatrixView& x, const AnyMatrixView& y, double factor, double shift);

  Index rows() const { return rows_; }
  Index cols() const { return cols_; }
  /// From one row of a block to the next: the columns, rounded up to whole panels.
  std::size_t stride() const { return stride_; }
  /// The largest |x|^2 + |y|^2.
  double extent() const { return x_.largest + y_.largest; }

  /// Whether the rows are kept as SparseRows.
  bool sparse() const { return !sparse_.starts.empty(); }

  /// Squared distances of rows [first, first + block_rows), `first` a multiple of block_rows, cut
  /// at the last panel with rows; `out` has room for block_rows rows.
  void squares(Index first, T* out) const;

  /// Calls visit(first, end) for all blocks, as for_each_row_chunk.
  template <class Visit>
  bool for_each_block(Context& context, const Visit& visit) const {
    const double work =
        static_cast<double>(rows_) * static_cast<double>(cols_) * static_cast<double>(x_.dim);
    return for_each_row_chunk(rows_, work, context, visit, block_rows);
  }

 private:
  void dense_squares(Index first, T* out) const;
  void sparse_squares(Index first, T* out) const;

  Index rows_, cols_;
  std::size_t stride_;
  Panels<T> x_, y_;
  SparseRows sparse_;  ///< instead of the values of x_
};

/// The cost matrix of two clouds, row-major, in double, each entry within `error` of the exact one:
/// by products where they keep that bound, and then rounding as the instruction set does; else, and
/// for pairs too near each other for products, as cost_matrix() computes it.
Lines<double> cost_matrix_within(double error, const PointClouds& clouds, Context& context);

}  // namespace monge::kernels

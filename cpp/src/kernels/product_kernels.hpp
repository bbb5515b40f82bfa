// Squared distances of many coordinates by products of matrices: |x - y|^2 = |x|^2 + |y|^2 - 2 x.y,
// in tiles of 12 rows and 32 columns whose sums stay in registers over all axes.
//
// One source (product_kernels.cpp) is compiled once per instruction set, as row_kernels.cpp is.
// Here multiply and add may be fused, as in tile_kernels.hpp: the results round as the instruction
// set does, within a bound that all tables keep (product_error). Nothing that decides an answer is
// taken from them without that bound.
//
// A sum over the axes is cut into runs of product_run terms, each summed one after the other, and
// the runs' sums are added up in turn. So its error is at most (product_run + number of runs) u
// times sum_k |x_k y_k|, u the unit roundoff: not the number of axes times that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "monge/core/types.hpp"

namespace monge::kernels {

inline constexpr Index product_rows = 12;
inline constexpr Index product_cols = 32;
inline constexpr int product_run = 128;
inline constexpr int fetched_ahead = product_cols * product_run / 8;

/// The relative error of a squared distance, measured by |x|^2 + |y|^2, for points given exactly;
/// u the unit roundoff. Products: half of twice a sum's, as 2 |x_k y_k| <= x_k^2 + y_k^2. Beside
/// them two additions and the rounding of |x|^2 and |y|^2 when stored.
inline double product_error(std::int64_t dim, double u) {
  const std::int64_t runs = (dim + product_run - 1) / product_run;
  return (product_run + static_cast<double>(runs) + 8) * u;
}

/// Some rows' coordinates that are not 0, of one run of axes: those of row i are the entries
/// [starts[i * step], starts[i * step + 1]), an even number: one of value 0 may be among them.
struct SparseRun {
  const double* values;
  const std::uint8_t* axes;  ///< counted from the begin of the run
  const std::int64_t* starts;
  std::int64_t step;
};
static_assert(product_run <= 256);

template <class T>
struct ProductTile {
  /// out[i * stride + j] = max(0, x_square[i] + y_square[j] - 2 sum_k x[12 k + i] y[32 k + j]), for
  /// a whole tile, k < dim: by one call per run, begin = 0, product_run, 2 product_run ... Between
  /// them `out` holds the sums so far. Meanwhile fetched_ahead numbers at `ahead` are fetched from
  /// memory.
  void (*squares)(const T* x, const T* x_square, const T* y, const T* y_square, const T* ahead,
                  std::int64_t begin, std::int64_t dim, T* out, std::size_t stride);
};

struct ProductKernels {
  std::string_view instruction_set;
  bool (*supported)();  ///< by this CPU
  ProductTile<float> f32;
  ProductTile<double> f64;

  /// As squares(), for the entries of `count` rows against 32 columns, whose coordinates of this
  /// run are at `y`. A run of columns is fetched from `ahead`.
  void (*sparse_squares)(const SparseRun& x, Index count, const double* x_square, const double* y,
                         const double* y_square, const double* ahead, std::int64_t begin,
                         std::int64_t dim, double* out, std::size_t stride);

  /// values[k] = sqrt(values[k]), rounded as the format asks.
  void (*square_roots)(float* values, std::size_t count);

  template <class T>
  const ProductTile<T>& of() const {
    if constexpr (sizeof(T) == 4) {
      return f32;
    } else {
      return f64;
    }
  }
};

/// The widest table that this CPU supports.
const ProductKernels& product_kernels();

/// All tables that were compiled, narrowest first; some may not be supported by this CPU.
std::span<const ProductKernels* const> all_product_kernels();

}  // namespace monge::kernels

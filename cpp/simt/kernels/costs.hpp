// Ground costs of pairs, computed as a kernel needs them: cost + seed, the seed being a price, a
// negative potential, or 0.
//
// A Costs says, for the problem at hand,
//   Row row(i);                     what one thread keeps of row i
//   Object object(j, seed);         what is worth staging in shared memory of column j; staged only
//   float plus(Row, Object);        C_ij + seed
//   float plus(Row, j, seed);
//   double exact(i, j);             C_ij in double, from the same numbers
//   bool finite(first, step);       whether its numbers first, first + step, ... are all finite
//   Costs part(first, count);       the same problem with these columns alone
// Rounding: for seed >= 0, plus() is within relative_error of the exact value.
//
// Coordinates are subtracted first, so clouds far from the origin lose nothing.
#pragma once

#include <cmath>
#include <cstdint>

#include "simt/kernels/ranges.hpp"

namespace monge::simt {

enum class Metric { sqeuclidean, euclidean };

template <Metric M>
MONGE_SIMT float finish_cost(float squares, float seed) {
  if constexpr (M == Metric::euclidean) {
#if defined(__CUDA_ARCH__)
    return __fsqrt_rn(squares) + seed;
#else
    return std::sqrt(squares) + seed;
#endif
  } else {
    return squares + seed;
  }
}

template <Metric M>
MONGE_SIMT double finish_exact(double squares) {
  return M == Metric::euclidean ? sqrt(squares) : squares;
}

MONGE_SIMT bool all_finite(const float* values, std::int64_t count, std::int64_t first,
                           std::int64_t step) {
  bool finite = true;
  for (std::int64_t k = first; k < count; k += step) finite = finite && fabsf(values[k]) < INFINITY;
  return finite;
}

/// Points of D = 1, 2 or 3 coordinates, row-major.
template <Metric M, int D>
struct PointCosts {
  static_assert(D >= 1 && D <= 3);
  static constexpr bool staged = true;
  static constexpr float relative_error = (D + 4) * 0x1p-24F;

  struct Row {
    float at[D];
  };
  struct alignas(D == 3 ? 16 : 4) Object {
    float at[D];
    float seed;
  };

  const float* x;
  const float* y;
  std::int64_t rows, cols;

  MONGE_SIMT Row row(std::int64_t i) const {
    Row row;
    for (int k = 0; k < D; ++k) row.at[k] = x[i * D + k];
    return row;
  }
  MONGE_SIMT Object object(std::int64_t j, float seed) const {
    Object object;
    for (int k = 0; k < D; ++k) object.at[k] = y[j * D + k];
    object.seed = seed;
    return object;
  }
  MONGE_SIMT float plus(const Row& row, const Object& object) const {
    float sum = M == Metric::sqeuclidean ? object.seed : 0.0F;
    for (int k = 0; k < D; ++k) {
      const float difference = row.at[k] - object.at[k];
      sum = fmaf(difference, difference, sum);
    }
    return M == Metric::sqeuclidean ? sum : finish_cost<M>(sum, object.seed);
  }
  MONGE_SIMT float plus(const Row& row, std::int64_t j, float seed) const {
    return plus(row, object(j, seed));
  }
  MONGE_SIMT double exact(std::int64_t i, std::int64_t j) const {
    double sum = 0;
    for (int k = 0; k < D; ++k) {
      const double difference = static_cast<double>(x[i * D + k]) - y[j * D + k];
      sum = fma(difference, difference, sum);
    }
    return finish_exact<M>(sum);
  }
  MONGE_SIMT bool finite(std::int64_t first, std::int64_t step) const {
    return all_finite(x, rows * D, first, step) && all_finite(y, cols * D, first, step);
  }
  MONGE_SIMT PointCosts part(std::int64_t first, std::int64_t count) const {
    return {x, y + first * D, rows, count};
  }
};

/// Points of any dimension.
template <Metric M>
struct WidePointCosts {
  static constexpr bool staged = false;
  using Row = const float*;

  const float* x;
  const float* y;
  std::int64_t rows, cols, dim;
  float relative_error;

  MONGE_SIMT Row row(std::int64_t i) const { return x + i * dim; }
  MONGE_SIMT float plus(Row row, std::int64_t j, float seed) const {
    const float* point = y + j * dim;
    float sum = M == Metric::sqeuclidean ? seed : 0.0F;
    for (std::int64_t k = 0; k < dim; ++k) {
      const float difference = row[k] - point[k];
      sum = fmaf(difference, difference, sum);
    }
    return M == Metric::sqeuclidean ? sum : finish_cost<M>(sum, seed);
  }
  MONGE_SIMT double exact(std::int64_t i, std::int64_t j) const {
    double sum = 0;
    for (std::int64_t k = 0; k < dim; ++k) {
      const double difference = static_cast<double>(x[i * dim + k]) - y[j * dim + k];
      sum = fma(difference, difference, sum);
    }
    return finish_exact<M>(sum);
  }
  MONGE_SIMT bool finite(std::int64_t first, std::int64_t step) const {
    return all_finite(x, rows * dim, first, step) && all_finite(y, cols * dim, first, step);
  }
  MONGE_SIMT WidePointCosts part(std::int64_t first, std::int64_t count) const {
    return {x, y + first * dim, rows, count, dim, relative_error};
  }
};

/// A row-major matrix.
struct MatrixCosts {
  static constexpr bool staged = false;
  static constexpr float relative_error = 0x1p-24F;
  using Row = const float*;

  const float* costs;
  std::int64_t rows, cols, stride;

  MONGE_SIMT Row row(std::int64_t i) const { return costs + i * stride; }
  MONGE_SIMT float plus(Row row, std::int64_t j, float seed) const { return row[j] + seed; }
  MONGE_SIMT double exact(std::int64_t i, std::int64_t j) const { return costs[i * stride + j]; }
  MONGE_SIMT bool finite(std::int64_t first, std::int64_t step) const {
    return all_finite(costs, rows * stride, first, step);
  }
  MONGE_SIMT MatrixCosts part(std::int64_t first, std::int64_t count) const {
    return {costs + first, rows, count, stride};
  }
};

/// The points or matrices of a batch; what the launching side fills in.
struct BatchCosts {
  const float* x = nullptr;  ///< all problems' rows of x, row-major; or all matrices, row-major
  const float* y = nullptr;  ///< all problems' rows of y; null for matrices
  Ranges rows, cols;         ///< of each problem; in the order of x and y
  Ranges entries;            ///< of each matrix; used for matrices alone
  std::int64_t dim = 0;
};

/// The costs of problem b.
template <class Costs>
struct CostsOf;

template <Metric M, int D>
struct CostsOf<PointCosts<M, D>> {
  MONGE_SIMT static PointCosts<M, D> problem(const BatchCosts& batch, std::int64_t b) {
    return {batch.x + batch.rows.begin(b) * D, batch.y + batch.cols.begin(b) * D,
            batch.rows.size(b), batch.cols.size(b)};
  }
};
template <Metric M>
struct CostsOf<WidePointCosts<M>> {
  MONGE_SIMT static WidePointCosts<M> problem(const BatchCosts& batch, std::int64_t b) {
    return {batch.x + batch.rows.begin(b) * batch.dim,
            batch.y + batch.cols.begin(b) * batch.dim,
            batch.rows.size(b),
            batch.cols.size(b),
            batch.dim,
            static_cast<float>(batch.dim + 4) * 0x1p-24F};
  }
};
template <>
struct CostsOf<MatrixCosts> {
  MONGE_SIMT static MatrixCosts problem(const BatchCosts& batch, std::int64_t b) {
    return {batch.x + batch.entries.begin(b), batch.rows.size(b), batch.cols.size(b),
            batch.cols.size(b)};
  }
};

}  // namespace monge::simt

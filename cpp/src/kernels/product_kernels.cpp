// Compiled once per instruction set, with MONGE_KERNELS naming the table (see kernels.cmake).
#include "kernels/product_kernels.hpp"

#include <cmath>

#include "kernels/simd.hpp"

#ifndef MONGE_KERNELS
#error "MONGE_KERNELS must name the table, MONGE_INSTRUCTION_SET its instruction set"
#endif

namespace monge::kernels {
namespace {

// Sums that fit into registers beside one row's coordinate and two vectors of columns: 12 x 2 of 32
// registers, or 6 x 2 of 16.
#if defined(__AVX512F__)
constexpr int rows_at_once = 12;
#else
constexpr int rows_at_once = 6;
#endif
constexpr int vectors_at_once = 2;

template <class T>
void part(const T* x, const T* x_square, const T* y, const T* y_square, const T* ahead, int step,
          std::int64_t begin, std::int64_t dim, T* out, std::size_t stride) {
  using V = typename Lanes<T>::Vector;
  constexpr int lanes = Lanes<T>::count;
  const std::int64_t end = begin + product_run < dim ? begin + product_run : dim;
  V sums[rows_at_once][vectors_at_once];
  for (auto& row : sums) {
    for (V& sum : row) sum = broadcast(T{0});
  }
  for (std::int64_t k = begin; k < end; ++k, ahead += step) {
    fetch(ahead);
    V columns[vectors_at_once];
    for (int v = 0; v < vectors_at_once; ++v)
      columns[v] = load_as<V>(y + k * product_cols + v * lanes);
    for (int r = 0; r < rows_at_once; ++r) {
      const V value = broadcast(x[k * product_rows + r]);
      for (int v = 0; v < vectors_at_once; ++v) sums[r][v] += value * columns[v];
    }
  }
  const V zero = broadcast(T{0}), two = broadcast(T{2});
  for (int r = 0; r < rows_at_once; ++r) {
    for (int v = 0; v < vectors_at_once; ++v) {
      T* place = out + static_cast<std::size_t>(r) * stride + v * lanes;
      const V total = begin > 0 ? load_as<V>(place) + sums[r][v] : sums[r][v];
      const V size = broadcast(x_square[r]) + load_as<V>(y_square + v * lanes);
      store(place, end < dim ? total : larger(size - two * total, zero));
    }
  }
}

template <class T>
void squares(const T* x, const T* x_square, const T* y, const T* y_square, const T* ahead,
             std::int64_t begin, std::int64_t dim, T* out, std::size_t stride) {
  constexpr int columns = vectors_at_once * Lanes<T>::count;
  static_assert(product_cols % columns == 0 && product_rows % rows_at_once == 0);
  constexpr int parts = (product_cols / columns) * (product_rows / rows_at_once);
  constexpr int share = fetched_ahead / parts;
  constexpr int step = share < product_run ? 1 : share / product_run;
  for (int j = 0; j < product_cols; j += columns) {
    for (int i = 0; i < product_rows; i += rows_at_once) {
      part<T>(x + i, x_square + i, y + j, y_square + j, ahead, step, begin, dim,
              out + static_cast<std::size_t>(i) * stride + j, stride);
      ahead += share;
    }
  }
}

void square_roots(float* values, std::size_t count) {
  constexpr std::size_t lanes = Lanes<float>::count;
  std::size_t k = 0;
  for (; k + lanes <= count; k += lanes)
    store(values + k, square_root(load_as<WideFloats>(values + k)));
  for (; k < count; ++k) values[k] = std::sqrt(values[k]);
}

}  // namespace

extern const ProductKernels MONGE_KERNELS;
const ProductKernels MONGE_KERNELS{MONGE_INSTRUCTION_SET,
                                   compiled_for_this_cpu,
                                   {squares<float>},
                                   {squares<double>},
                                   square_roots};

}  // namespace monge::kernels

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

// Columns of one row whose sums stay in registers over the row's entries: two sums each, that the
// additions need not wait for each other.
constexpr int sparse_vectors = 4;

void sparse_part(const double* values, const std::uint8_t* axes, std::int64_t entries,
                 double x_square, const double* y, const double* y_square, bool first, bool last,
                 double* out) {
  Vec sums[sparse_vectors], others[sparse_vectors];
  for (int v = 0; v < sparse_vectors; ++v) sums[v] = others[v] = broadcast(0.0);
  for (std::int64_t e = 0; e < entries; e += 2) {
    const Vec one = broadcast(values[e]), next = broadcast(values[e + 1]);
    const double *left = y + axes[e] * product_cols, *right = y + axes[e + 1] * product_cols;
    for (int v = 0; v < sparse_vectors; ++v) {
      sums[v] += one * load_as<Vec>(left + v * width);
      others[v] += next * load_as<Vec>(right + v * width);
    }
  }
  for (int v = 0; v < sparse_vectors; ++v) sums[v] += others[v];
  const Vec zero = broadcast(0.0), two = broadcast(2.0), size = broadcast(x_square);
  for (int v = 0; v < sparse_vectors; ++v) {
    const Vec total = first ? sums[v] : load_as<Vec>(out + v * width) + sums[v];
    const Vec sizes = size + load_as<Vec>(y_square + v * width);
    store(out + v * width, last ? larger(sizes - two * total, zero) : total);
  }
}

void sparse_squares(const SparseRun& x, Index count, const double* x_square, const double* y,
                    const double* y_square, const double* ahead, std::int64_t begin,
                    std::int64_t dim, double* out, std::size_t stride) {
  constexpr int line = 64 / sizeof(double), end = product_cols * product_run, at_once = 6 * line;
  int fetched = 0;
  for (Index i = 0; i < count; ++i) {
    for (int stop = fetched + at_once; fetched < stop && fetched < end; fetched += line)
      fetch(ahead + fetched);
    const std::int64_t from = x.starts[i * x.step], entries = x.starts[i * x.step + 1] - from;
    for (int j = 0; j < product_cols; j += sparse_vectors * width) {
      sparse_part(x.values + from, x.axes + from, entries, x_square[i], y + j, y_square + j,
                  begin == 0, begin + product_run >= dim,
                  out + static_cast<std::size_t>(i) * stride + j);
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
const ProductKernels MONGE_KERNELS{MONGE_INSTRUCTION_SET, compiled_for_this_cpu, {squares<float>},
                                   {squares<double>},     sparse_squares,        square_roots};

}  // namespace monge::kernels

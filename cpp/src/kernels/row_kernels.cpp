// Compiled once per instruction set, with MONGE_KERNELS naming the table (see CMakeLists.txt).
#include "kernels/row_kernels.hpp"

#include <cmath>
#include <limits>

#include "kernels/node_bounds.hpp"
#include "kernels/simd.hpp"
#include "kernels/vector_sort.hpp"

#ifndef MONGE_KERNELS
#error "MONGE_KERNELS must name the table, MONGE_INSTRUCTION_SET its instruction set"
#endif

namespace monge::kernels {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class T>
double min_reduced(const T* c, const double* v, Index n) {
  Vec least0 = broadcast(infinity), least1 = least0;
  Index j = 0;
  for (; j + 2 * width <= n; j += 2 * width) {
    least0 = smaller(load(c + j) - load(v + j), least0);
    least1 = smaller(load(c + j + width) - load(v + j + width), least1);
  }
  double least = smallest_lane(smaller(least0, least1));
  for (; j < n; ++j) {
    const double value = static_cast<double>(c[j]) - v[j];
    least = value < least ? value : least;
  }
  return least;
}

template <class T>
TwoSmallest two_smallest(const T* c, const double* v, Index n) {
  // Per lane the two smallest values and the block where the smallest was first seen.
  Vec first = broadcast(infinity), second = first, where = broadcast(-1.0),
      position = broadcast(0.0);
  const Vec one = broadcast(1.0);
  Index j = 0;
  for (; j + width <= n; j += width) {
    const Vec value = load(c + j) - load(v + j);
    const Mask less = value < first;
    second = smaller(less ? first : value, second);
    where = less ? position : where;
    first = less ? value : first;
    position += one;
  }
  TwoSmallest result{infinity, infinity, -1};
  const auto offer = [&](double value, Index index) {
    if (value < result.first || (value == result.first && index < result.argmin)) {
      result.second = result.first;
      result.first = value;
      result.argmin = index;
    } else if (value < result.second) {
      result.second = value;
    }
  };
  for (int k = 0; k < width; ++k) {
    if (lane(where, k) < 0) continue;
    offer(lane(first, k), static_cast<Index>(lane(where, k)) * width + k);
    if (lane(second, k) < result.second) result.second = lane(second, k);
  }
  for (; j < n; ++j) {
    const double value = static_cast<double>(c[j]) - v[j];
    if (value < infinity) offer(value, j);
  }
  return result;
}

template <class T>
void column_minima(const T* c, Index row, double* best, Index* arg, Index n) {
  const IndexVec rows = broadcast_index(row);
  Index j = 0;
  for (; j + width <= n; j += width) {
    const Vec value = load(c + j), old = load(best + j);
    const Mask less = value < old;
    store(best + j, less ? value : old);
    store(arg + j, narrow(less) ? rows : load_as<IndexVec>(arg + j));
  }
  for (; j < n; ++j) {
    const double value = c[j];
    if (value < best[j]) {
      best[j] = value;
      arg[j] = row;
    }
  }
}

template <class T>
void relax(const T* c, const double* v, double shift, Index row, double* key, Index* pred,
           double* block_min, Index n) {
  const IndexVec rows = broadcast_index(row);
  const Vec shifts = broadcast(shift);
  for (Index begin = 0, k = 0; begin < n; begin += block, ++k) {
    const Index end = n - begin < block ? n : begin + block;
    Vec lanes = broadcast(infinity);
    Index j = begin;
    for (; j + width <= end; j += width) {
      const Vec value = (load(c + j) - load(v + j)) + shifts, old = load(key + j);
      const Mask less = value < old;
      const Vec now = less ? value : old;
      store(key + j, now);
      store(pred + j, narrow(less) ? rows : load_as<IndexVec>(pred + j));
      lanes = smaller(now, lanes);
    }
    double least = smallest_lane(lanes);
    for (; j < end; ++j) {
      const double value = (static_cast<double>(c[j]) - v[j]) + shift;
      if (value < key[j]) {
        key[j] = value;
        pred[j] = row;
      }
      least = key[j] < least ? key[j] : least;
    }
    block_min[k] = least;
  }
}

template <class T>
void group_minima(const T* c, const double* p, Index n, double* minima) {
  Index begin = 0;
  for (; begin + group <= n; begin += group) {
    Vec least = load(c + begin) + load(p + begin);
    for (Index j = begin + width; j < begin + group; j += width) {
      least = smaller(load(c + j) + load(p + j), least);
    }
    *minima++ = smallest_lane(least);
  }
  if (begin == n) return;
  double least = infinity;
  for (Index j = begin; j < n; ++j) {
    const double value = static_cast<double>(c[j]) + p[j];
    least = value < least ? value : least;
  }
  *minima = least;
}

/// Columns whose comparisons go into one set of bits: a branch that no one can foresee for 64 of
/// them, not for every vector.
constexpr Index set_size = 64;

template <class T>
Index collect(const T* c, const double* p, const double* minima, double limit, Index n,
              Index* columns, double* values) {
  const Vec limits = broadcast(limit);
  const Index step = minima ? group : set_size;
  Index found = 0;
  const auto take = [&](Index j) {
    columns[found] = j;
    values[found++] = static_cast<double>(c[j]) + p[j];
  };
  Index begin = 0;
  for (; begin + step <= n; begin += step) {
    if (minima && !(minima[begin / group] <= limit)) continue;
    std::uint64_t set = 0;
    for (Index j = 0; j < step; j += width) {
      const Vec value = load(c + begin + j) + load(p + begin + j);
      set |= static_cast<std::uint64_t>(bits_at_most(value, limits)) << j;
    }
    for (; set != 0; set &= set - 1) take(begin + std::countr_zero(set));
  }
  for (Index j = begin; j < n; ++j) {
    if (static_cast<double>(c[j]) + p[j] <= limit) take(j);
  }
  return found;
}

// Four vectors of columns at a time, whose sums stay in registers over all axes: memory is read
// once, and the order of additions is that of the axes.
template <class Cost>
void costs_of(const Cost& cost, const double* x, const double* y, std::size_t stride, int dim,
              double* out, Index n) {
  Index j = 0;
  for (; j + 4 * width <= n; j += 4 * width) {
    Vec sum0 = broadcast(0.0), sum1 = sum0, sum2 = sum0, sum3 = sum0;
    const double* axis = y + j;
    for (int k = 0; k < dim; ++k, axis += stride) {
      const Vec value = broadcast(x[k]);
      sum0 = fold(cost, sum0, value - load(axis));
      sum1 = fold(cost, sum1, value - load(axis + width));
      sum2 = fold(cost, sum2, value - load(axis + 2 * width));
      sum3 = fold(cost, sum3, value - load(axis + 3 * width));
    }
    store(out + j, finish(cost, sum0));
    store(out + j + width, finish(cost, sum1));
    store(out + j + 2 * width, finish(cost, sum2));
    store(out + j + 3 * width, finish(cost, sum3));
  }
  const Index rest = j;
  if (rest == n) return;
  for (j = rest; j < n; ++j) out[j] = 0;
  for (int k = 0; k < dim; ++k) {
    const double* axis = y + static_cast<std::size_t>(k) * stride;
    for (j = rest; j < n; ++j) out[j] = cost.step(out[j], x[k] - axis[j]);
  }
  for (j = rest; j < n; ++j) out[j] = cost.finish(out[j]);
}

// The three axes of space in one pass: no round trips through `out`.
template <class Cost>
void costs_of_3(const Cost& cost, const double* x, const double* y, std::size_t stride, double* out,
                Index n) {
  const double *y0 = y, *y1 = y + stride, *y2 = y + 2 * stride;
  for (Index j = 0; j < n; ++j) {
    out[j] =
        cost.finish(cost.step(cost.step(cost.step(0, x[0] - y0[j]), x[1] - y1[j]), x[2] - y2[j]));
  }
}

void costs(const GroundCost& cost, const double* x, const double* y, std::size_t stride, int dim,
           double* out, Index n) {
  const auto run = [&](const auto& c) {
    if (dim == 3) {
      costs_of_3(c, x, y, stride, out, n);
    } else {
      costs_of(c, x, y, stride, dim, out, n);
    }
  };
  std::visit(run, cost);
}

/// Pairs whose sums do not wait for each other, and the axes of one run of theirs.
constexpr Index pairs_at_once = 8, axes_at_once = 64;

/// out[k] = (x_k - y_k)^2 for `axes` coordinates of two points.
template <class T, class U>
void squared_differences(const MatrixView<T>& x, Index i, const MatrixView<U>& y, Index j,
                         std::int64_t first, std::int64_t axes, double* out) {
  const T* from = x.data + i * x.row_stride + first * x.col_stride;
  const U* to = y.data + j * y.row_stride + first * y.col_stride;
  std::int64_t k = 0;
  if (x.col_stride == 1 && y.col_stride == 1) {
    for (; k + width <= axes; k += width) {
      const Vec difference = load(from + k) - load(to + k);
      store(out + k, difference * difference);
    }
  }
  for (; k < axes; ++k) {
    const double difference =
        static_cast<double>(from[k * x.col_stride]) - static_cast<double>(to[k * y.col_stride]);
    out[k] = difference * difference;
  }
}

void squared_distances(const AnyMatrixView& x, const AnyMatrixView& y, const Index* rows,
                       const Index* cols, Index count, double* out) {
  const std::int64_t dim = std::visit([](const auto& view) { return view.cols; }, x);
  double squares[pairs_at_once][axes_at_once] = {};
  for (Index begin = 0; begin < count; begin += pairs_at_once) {
    const Index some = count - begin < pairs_at_once ? count - begin : pairs_at_once;
    double sums[pairs_at_once] = {};
    for (std::int64_t first = 0; first < dim; first += axes_at_once) {
      const std::int64_t axes = dim - first < axes_at_once ? dim - first : axes_at_once;
      std::visit(
          [&](const auto& from, const auto& to) {
            for (Index l = 0; l < some; ++l)
              squared_differences(from, rows[begin + l], to, cols[begin + l], first, axes,
                                  squares[l]);
          },
          x, y);
      for (std::int64_t k = 0; k < axes; ++k) {
        for (Index l = 0; l < pairs_at_once; ++l) sums[l] += squares[l][k];
      }
    }
    for (Index l = 0; l < some; ++l) out[begin + l] = sums[l];
  }
}

// `directions` directions times `vectors` vectors of points: the accumulators stay in registers.
// Along with axis a the memory at ahead + a step is fetched.
template <int directions, int vectors, class T>
void project_part(const T* points, const T* ahead, Index step, int dim, const T* direction, T* out,
                  std::size_t out_stride) {
  using V = typename Lanes<T>::Vector;
  constexpr int lanes = Lanes<T>::count;
  V sums[directions][vectors];
  for (auto& row : sums) {
    for (V& sum : row) sum = broadcast(T{0});
  }
  for (int a = 0; a < dim; ++a, ahead += step) {
    fetch(ahead);
    const T* axis = points + a * tile_points<T>;
    V values[vectors];
    for (int v = 0; v < vectors; ++v) values[v] = load_as<V>(axis + v * lanes);
    for (int k = 0; k < directions; ++k) {
      const V factor = broadcast(direction[k * dim + a]);
      for (int v = 0; v < vectors; ++v) sums[k][v] = multiply_add(factor, values[v], sums[k][v]);
    }
  }
  for (int k = 0; k < directions; ++k) {
    for (int v = 0; v < vectors; ++v) {
      store(out + static_cast<std::size_t>(k) * out_stride + v * lanes, sums[k][v]);
    }
  }
}

template <class T>
void project_tile(const T* points, const T* next, int dim, const T* directions, Index count, T* out,
                  std::size_t out_stride) {
  for (Index j = 0; j < tile_points<T>; j += 2 * Lanes<T>::count) {
    for (Index k = 0; k < count;) {
      const int some = count - k >= 8 ? 8 : count - k >= 4 ? 4 : 1;
      const auto part = some == 8   ? project_part<8, 2, T>
                        : some == 4 ? project_part<4, 2, T>
                                    : project_part<1, 2, T>;
      const std::int64_t share = std::int64_t{tile_points<T>} * dim * k / count;
      part(points + j, next + share, tile_points<T> * some / count, dim,
           directions + static_cast<std::ptrdiff_t>(k) * dim,
           out + static_cast<std::size_t>(k) * out_stride + j, out_stride);
      k += some;
    }
  }
}

// `rows` rows against all columns: every column's coordinates are loaded once for them. A dimension
// that the compiler knows (`axes`, 0 for none) keeps the rows' coordinates in registers.
template <int rows, int axes>
void pair_minima_of(const double* x, std::size_t x_stride, const double* y, std::size_t y_stride,
                    Index m, int any_dim, double* least_x, double* least_y) {
  const int dim = axes > 0 ? axes : any_dim;
  Vec least[rows];
  for (Vec& one : least) one = broadcast(infinity);
  Index j = 0;
  for (; j + width <= m; j += width) {
    Vec sums[rows];
    for (int a = 0; a < dim; ++a) {
      const Vec axis = load(y + static_cast<std::size_t>(a) * y_stride + j);
      for (int r = 0; r < rows; ++r) {
        const Vec difference =
            broadcast(x[static_cast<std::size_t>(a) * x_stride + static_cast<std::size_t>(r)]) -
            axis;
        sums[r] = a == 0 ? difference * difference : sums[r] + difference * difference;
      }
    }
    Vec column = load(least_y + j);
    for (int r = 0; r < rows; ++r) {
      least[r] = smaller(sums[r], least[r]);
      column = smaller(sums[r], column);
    }
    store(least_y + j, column);
  }
  for (int r = 0; r < rows; ++r) least_x[r] = smallest_lane(least[r]);
  for (; j < m; ++j) {
    for (int r = 0; r < rows; ++r) {
      double sum = 0;
      for (int a = 0; a < dim; ++a) {
        const double difference =
            x[static_cast<std::size_t>(a) * x_stride + static_cast<std::size_t>(r)] -
            y[static_cast<std::size_t>(a) * y_stride + static_cast<std::size_t>(j)];
        sum += difference * difference;
      }
      least_x[r] = sum < least_x[r] ? sum : least_x[r];
      least_y[j] = sum < least_y[j] ? sum : least_y[j];
    }
  }
}

void pair_minima(const double* x, std::size_t x_stride, Index n, const double* y,
                 std::size_t y_stride, Index m, int dim, double* least_x, double* least_y) {
  Index i = 0;
  for (; i + 4 <= n; i += 4) {
    if (dim == 3) {
      pair_minima_of<4, 3>(x + i, x_stride, y, y_stride, m, dim, least_x + i, least_y);
    } else {
      pair_minima_of<4, 0>(x + i, x_stride, y, y_stride, m, dim, least_x + i, least_y);
    }
  }
  for (; i < n; ++i)
    pair_minima_of<1, 0>(x + i, x_stride, y, y_stride, m, dim, least_x + i, least_y);
}

template <class Cost, class T>
void add_paired_costs_of(const Cost& cost, const T* u, const T* v, std::int64_t n, double* hi,
                         double* lo) {
  constexpr int vectors = paired_lanes / width;
  Vec high[vectors], low[vectors];
  for (int k = 0; k < vectors; ++k) {
    high[k] = load(hi + k * width);
    low[k] = load(lo + k * width);
  }
  for (std::int64_t i = 0; i < n; i += paired_lanes) {
    for (int k = 0; k < vectors; ++k) {
      const Vec difference = load(u + i + k * width) - load(v + i + k * width);
      const Vec value = finish(cost, fold(cost, broadcast(0.0), difference));
      const Vec sum = high[k] + value, part = sum - high[k];
      low[k] += (high[k] - (sum - part)) + (value - part);
      high[k] = sum;
    }
  }
  for (int k = 0; k < vectors; ++k) {
    store(hi + k * width, high[k]);
    store(lo + k * width, low[k]);
  }
}

template <class T>
void add_paired_costs(const GroundCost& cost, const T* u, const T* v, std::int64_t n, double* hi,
                      double* lo) {
  std::visit([&](const auto& c) { add_paired_costs_of(c, u, v, n, hi, lo); }, cost);
}

#if !defined(MONGE_VECTOR_SORT)
template <class T>
constexpr decltype(LineKernels<T>::sort_values) sort_values = nullptr;
#endif

template <class T>
constexpr CostKernels<T> cost_kernels{min_reduced<T>, two_smallest<T>, column_minima<T>,
                                      relax<T>,       group_minima<T>, collect<T>};
template <class T>
constexpr LineKernels<T> line_kernels{project_tile<T>, add_paired_costs<T>, sort_values<T>};

}  // namespace

extern const RowKernels MONGE_KERNELS;
const RowKernels MONGE_KERNELS{MONGE_INSTRUCTION_SET,
                               compiled_for_this_cpu,
                               cost_kernels<float>,
                               cost_kernels<double>,
                               line_kernels<float>,
                               line_kernels<double>,
                               costs,
                               squared_distances,
                               pair_minima};

}  // namespace monge::kernels

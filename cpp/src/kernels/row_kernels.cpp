// Compiled once per instruction set, with MONGE_KERNELS naming the table (see CMakeLists.txt).
#include "kernels/row_kernels.hpp"

#include <cmath>
#include <limits>

#include "kernels/simd.hpp"

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
  Vec first = broadcast(infinity), second = first, where = broadcast(-1), position = broadcast(0);
  const Vec one = broadcast(1);
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

template <class T>
Index collect(const T* c, const double* p, const double* minima, double limit, Index n,
              Index* columns, double* values) {
  const Vec limits = broadcast(limit);
  Index found = 0;
  for (Index begin = 0; begin < n; begin += group, ++minima) {
    if (!(*minima <= limit)) continue;
    Index j = begin;
    const Index end = n - begin < group ? n : begin + group;
    for (; j + width <= end; j += width) {
      for (unsigned set = bits(load(c + j) + load(p + j) <= limits); set != 0; set &= set - 1) {
        const Index k = j + std::countr_zero(set);
        columns[found] = k;
        values[found++] = static_cast<double>(c[k]) + p[k];
      }
    }
    for (; j < end; ++j) {
      const double value = static_cast<double>(c[j]) + p[j];
      if (value <= limit) {
        columns[found] = j;
        values[found++] = value;
      }
    }
  }
  return found;
}

// The costs' functors on vectors: how a coordinate's difference is folded, and what ends it.
inline Vec fold(const Cityblock&, Vec sum, Vec difference) { return sum + absolute(difference); }
inline Vec fold(const Chebyshev&, Vec sum, Vec difference) {
  return larger(sum, absolute(difference));
}
template <class Cost>
Vec fold(const Cost&, Vec sum, Vec difference) {
  return sum + difference * difference;
}
inline Vec finish(const Euclidean&, Vec sum) { return square_root(sum); }
inline Vec finish(const EuclideanPower& cost, Vec sum) {
  return by_lane(sum, [&](double value) { return cost.finish(value); });
}
template <class Cost>
Vec finish(const Cost&, Vec sum) {
  return sum;
}

// Four vectors of columns at a time, whose sums stay in registers over all axes: memory is read
// once, and the order of additions is that of the axes.
template <class Cost>
void costs_of(const Cost& cost, const double* x, const double* y, std::size_t stride, int dim,
              double* out, Index n) {
  Index j = 0;
  for (; j + 4 * width <= n; j += 4 * width) {
    Vec sum0 = broadcast(0), sum1 = sum0, sum2 = sum0, sum3 = sum0;
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

/// `width` nodes, from the k-th on, as seen from x: all coordinates are differences to x, so that
/// clouds far from the origin lose nothing to rounding.
struct Nodes {
  const NodesView& view;
  const double* x;
  std::size_t k;
  Vec low(int a) const { return axis(view.low, a) - broadcast(x[a]); }
  Vec high(int a) const { return axis(view.high, a) - broadcast(x[a]); }
  Vec slope(int a) const { return axis(view.slope, a); }
  Vec offset() const { return load(view.offset + k); }
  Vec least_price() const { return load(view.least_price + k); }

 private:
  Vec axis(const double* values, int a) const {
    return load(values + static_cast<std::size_t>(a) * view.stride + k);
  }
};

inline Vec clamp(Vec value, Vec low, Vec high) { return smaller(larger(value, low), high); }

// The nearest point of the box, and the least price.
template <class Cost>
Vec box_bound(const Cost& cost, int dim, const Nodes& nodes) {
  Vec sum = broadcast(0);
  for (int a = 0; a < dim; ++a) {
    sum = fold(cost, sum, larger(broadcast(0), larger(nodes.low(a), -nodes.high(a))));
  }
  return finish(cost, sum) + nodes.least_price();
}

// No affine bound: the box and the least price must do.
template <class Cost>
Vec affine_bound(const Cost&, int, const Nodes&, Vec bound) {
  return bound;
}

// With t = y - x: |t|^2 + slope . (t - low) is separable, and its least value over the box exact.
inline Vec affine_bound(const SqEuclidean&, int dim, const Nodes& nodes, Vec bound) {
  Vec sum = nodes.offset();
  for (int a = 0; a < dim; ++a) {
    const Vec low = nodes.low(a), slope = nodes.slope(a);
    const Vec t = clamp(broadcast(-0.5) * slope, low, nodes.high(a));
    sum += t * t + slope * (t - low);
  }
  return larger(bound, sum);
}

// A convex cost is above its tangent plane at the middle of the box; the sum of two affine
// functions is least at a corner.
inline Vec affine_bound(const Euclidean&, int dim, const Nodes& nodes, Vec bound) {
  const Vec half = broadcast(0.5), zero = broadcast(0);
  Vec square = zero;
  for (int a = 0; a < dim; ++a) {
    const Vec middle = half * (nodes.low(a) + nodes.high(a));
    square += middle * middle;
  }
  const Vec distance = square_root(square);
  const Vec inverse = distance > zero ? broadcast(1) / distance : zero;
  Vec sum = nodes.offset() + distance;
  for (int a = 0; a < dim; ++a) {
    const Vec low = nodes.low(a), high = nodes.high(a), slope = nodes.slope(a);
    const Vec tilt = half * (low + high) * inverse + slope;
    sum += (slope - absolute(tilt)) * (half * (high - low));
  }
  return larger(bound, sum);
}

// |t_a| + slope (t_a - low) is separable too, and piecewise linear.
inline Vec affine_bound(const Cityblock&, int dim, const Nodes& nodes, Vec bound) {
  const Vec one = broadcast(1);
  Vec sum = nodes.offset();
  for (int a = 0; a < dim; ++a) {
    const Vec low = nodes.low(a), high = nodes.high(a), slope = nodes.slope(a);
    Vec t = clamp(broadcast(0), low, high);
    t = slope > one ? low : t;
    t = slope < -one ? high : t;
    sum += absolute(t) + slope * (t - low);
  }
  return larger(bound, sum);
}

void node_bounds(const GroundCost& cost, const double* x, int dim, const NodesView& view,
                 double* out, Index n) {
  const auto run = [&](const auto& c) {
    for (std::size_t k = 0; k < static_cast<std::size_t>(n); k += width) {
      const Nodes nodes{view, x, k};
      store(out + k, affine_bound(c, dim, nodes, box_bound(c, dim, nodes)));
    }
  };
  std::visit(run, cost);
}

template <class T>
constexpr CostKernels<T> cost_kernels{min_reduced<T>, two_smallest<T>, column_minima<T>,
                                      relax<T>,       group_minima<T>, collect<T>};

bool supported() {
#if defined(MONGE_CPU_FEATURE)
  return __builtin_cpu_supports(MONGE_CPU_FEATURE) != 0;
#else
  return true;
#endif
}

}  // namespace

extern const RowKernels MONGE_KERNELS;
const RowKernels MONGE_KERNELS{MONGE_INSTRUCTION_SET, supported, cost_kernels<float>,
                               cost_kernels<double>,  costs,     node_bounds};

}  // namespace monge::kernels

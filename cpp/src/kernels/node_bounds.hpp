// Lower bounds of cost + price over the boxes of a priced tree, many nodes at a time, and the
// ground costs' functors on vectors. Included by kernel sources alone, inside whose anonymous
// namespace everything must stay (see simd.hpp).
#pragma once

#include <cmath>

#include "kernels/nodes_view.hpp"
#include "kernels/simd.hpp"
#include "monge/cost/ground_cost.hpp"

namespace monge::kernels {
namespace {

// How a coordinate's difference is folded, and what ends it.
template <class V>
V fold(const Cityblock&, V sum, V difference) {
  return sum + absolute(difference);
}
template <class V>
V fold(const Chebyshev&, V sum, V difference) {
  return larger(sum, absolute(difference));
}
template <class Cost, class V>
V fold(const Cost&, V sum, V difference) {
  return sum + difference * difference;
}
template <class V>
V finish(const Euclidean&, V sum) {
  return square_root(sum);
}
template <class V>
V finish(const EuclideanPower& cost, V sum) {
  if (cost.power == 1) return square_root(sum);
  if (cost.power == 2) return sum;
  if (cost.power == 3) return sum * square_root(sum);
  if (cost.power == 4) return sum * sum;
  return by_lane(sum, [&](double value) { return cost.finish(value); });
}
template <class Cost, class V>
V finish(const Cost&, V sum) {
  return sum;
}

/// Consecutive nodes, from the k-th on, as seen from x: all coordinates are differences to x, so
/// that clouds far from the origin lose nothing to rounding.
template <class T>
struct Nodes {
  using V = typename Lanes<T>::Vector;
  const NodesView<T>& view;
  const T* x;
  std::size_t k;
  V low(int a) const { return axis(view.low, a) - broadcast(x[a]); }
  V high(int a) const { return axis(view.high, a) - broadcast(x[a]); }
  V slope(int a) const { return axis(view.slope, a); }
  /// high - low, without the rounding of the two: a steep slope would multiply that.
  V extent(int a) const { return axis(view.high, a) - axis(view.low, a); }
  V offset() const { return load_as<V>(view.offset + k); }
  V least_price() const { return load_as<V>(view.least_price + k); }

 private:
  V axis(const T* values, int a) const {
    return load_as<V>(values + static_cast<std::size_t>(a) * view.stride + k);
  }
};

template <class V>
V clamp(V value, V low, V high) {
  return smaller(larger(value, low), high);
}

// The nearest point of the box, and the least price.
template <class Cost, class T>
typename Lanes<T>::Vector box_bound(const Cost& cost, int dim, const Nodes<T>& nodes) {
  using V = typename Lanes<T>::Vector;
  const V zero = broadcast(T(0));
  V sum = zero;
  for (int a = 0; a < dim; ++a) {
    sum = fold(cost, sum, larger(zero, larger(nodes.low(a), -nodes.high(a))));
  }
  return finish(cost, sum) + nodes.least_price();
}

// No affine bound: the box and the least price must do.
template <class Cost, class T, class V>
V affine_bound(const Cost&, int, const Nodes<T>&, V bound) {
  return bound;
}

// With y - x = low + s: |low + s|^2 + slope . s is separable, and its least value over the box
// exact.
template <class T, class V>
V affine_bound(const SqEuclidean&, int dim, const Nodes<T>& nodes, V bound) {
  V sum = nodes.offset();
  for (int a = 0; a < dim; ++a) {
    const V low = nodes.low(a), slope = nodes.slope(a);
    const V s = clamp(broadcast(T(-0.5)) * slope - low, broadcast(T(0)), nodes.extent(a));
    sum += (low + s) * (low + s) + slope * s;
  }
  return larger(bound, sum);
}

// A convex cost is above its tangent plane at the middle of the box; the sum of two affine
// functions is least at a corner.
template <class T, class V>
V affine_bound(const Euclidean&, int dim, const Nodes<T>& nodes, V bound) {
  const V half = broadcast(T(0.5)), zero = broadcast(T(0));
  V square = zero;
  for (int a = 0; a < dim; ++a) {
    const V middle = half * (nodes.low(a) + nodes.high(a));
    square += middle * middle;
  }
  const V distance = square_root(square);
  const V inverse = distance > zero ? broadcast(T(1)) / distance : zero;
  V sum = nodes.offset() + distance;
  for (int a = 0; a < dim; ++a) {
    const V slope = nodes.slope(a);
    const V tilt = half * (nodes.low(a) + nodes.high(a)) * inverse + slope;
    sum += (slope - absolute(tilt)) * (half * nodes.extent(a));
  }
  return larger(bound, sum);
}

// |low + s| + slope s is separable too, and piecewise linear.
template <class T, class V>
V affine_bound(const Cityblock&, int dim, const Nodes<T>& nodes, V bound) {
  const V one = broadcast(T(1));
  V sum = nodes.offset();
  for (int a = 0; a < dim; ++a) {
    const V low = nodes.low(a), extent = nodes.extent(a), slope = nodes.slope(a);
    V s = clamp(-low, broadcast(T(0)), extent);
    s = slope > one ? broadcast(T(0)) : s;
    s = slope < -one ? extent : s;
    sum += absolute(low + s) + slope * s;
  }
  return larger(bound, sum);
}

template <class Cost, class T>
typename Lanes<T>::Vector lower_bound(const Cost& cost, int dim, const Nodes<T>& nodes) {
  return affine_bound(cost, dim, nodes, box_bound(cost, dim, nodes));
}

}  // namespace
}  // namespace monge::kernels

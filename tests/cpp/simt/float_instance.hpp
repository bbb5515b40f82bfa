// The families of instances in float32: as the kernels take them, and as the library's problem.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "monge/instances.hpp"
#include "monge/problem/validate.hpp"
#include "simt/kernels/costs.hpp"

namespace monge::simt {

/// One problem of the same numbers on both sides: `problem` views this object's arrays.
struct FloatInstance {
  std::vector<float> x, y;  ///< points, or the cost matrix in x
  std::vector<float> a, b;  ///< masses; empty: uniform
  Problem problem;          ///< validated
  std::int64_t n, m, dim;   ///< dim 0: a matrix

  FloatInstance(const Instance& instance, Kind kind)
      : x(rounded(instance.dim > 0 ? instance.x : instance.cost_matrix)),
        y(rounded(instance.y)),
        a(kind == Kind::transport ? rounded(instance.a) : std::vector<float>()),
        b(kind == Kind::transport ? rounded(instance.b) : std::vector<float>()),
        n(instance.n),
        m(instance.m),
        dim(instance.dim) {
    if (dim > 0) {
      problem.geometry =
          PointClouds{row_major(x.data(), n, dim), row_major(y.data(), m, dim), instance.cost};
    } else {
      problem.geometry = DenseCost{row_major(x.data(), n, m)};
    }
    problem.kind = kind;
    if (!a.empty()) problem.a = a_in_double = {a.begin(), a.end()};
    if (!b.empty()) problem.b = b_in_double = {b.begin(), b.end()};
    problem = validate(problem);
  }
  FloatInstance(const FloatInstance&) = delete;
  FloatInstance& operator=(const FloatInstance&) = delete;

  BatchCosts costs() const {
    return {x.data(), y.data(), {nullptr, n}, {nullptr, m}, {nullptr, 0}, dim};
  }
  double largest_cost() const {
    double largest = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < m; ++j) {
        largest = std::max(largest, std::fabs(cost_at(problem, index(i), index(j))));
      }
    }
    return largest;
  }
  double mean_cost() const {
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < m; ++j) {
        sum += std::fabs(cost_at(problem, index(i), index(j)));
      }
    }
    return sum / static_cast<double>(n * m);
  }
  /// visitor(tag) with tag::type the kernels' Costs of this instance.
  template <class Visitor>
  auto visit(const Visitor& visitor) const {
    const PointClouds* clouds = problem.clouds();
    if (!clouds) return visitor(std::type_identity<MatrixCosts>{});
    return std::holds_alternative<Euclidean>(clouds->cost)
               ? visit_metric<Metric::euclidean>(visitor)
               : visit_metric<Metric::sqeuclidean>(visitor);
  }

 private:
  std::vector<double> a_in_double, b_in_double;

  static Index index(std::int64_t i) { return static_cast<Index>(i); }
  static std::vector<float> rounded(const std::vector<double>& values) {
    return {values.begin(), values.end()};
  }
  template <Metric M, class Visitor>
  auto visit_metric(const Visitor& visitor) const {
    switch (dim) {
      case 1: return visitor(std::type_identity<PointCosts<M, 1>>{});
      case 2: return visitor(std::type_identity<PointCosts<M, 2>>{});
      case 3: return visitor(std::type_identity<PointCosts<M, 3>>{});
      default: return visitor(std::type_identity<WidePointCosts<M>>{});
    }
  }
};

/// Whether kernels take the costs of a family: two of the ground costs, and floats that are finite.
inline bool has_kernel_costs(const Instance& instance) {
  if (instance.dim == 0) {
    return std::all_of(instance.cost_matrix.begin(), instance.cost_matrix.end(),
                       [](double cost) { return std::fabs(cost) < 1e30; });
  }
  return std::holds_alternative<Euclidean>(instance.cost) ||
         std::holds_alternative<SqEuclidean>(instance.cost);
}

}  // namespace monge::simt

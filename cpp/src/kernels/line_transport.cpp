#include "kernels/line_transport.hpp"

#include <cmath>

#include "geometry/staircase.hpp"
#include "kernels/row_kernels.hpp"

namespace monge::kernels {
namespace {

double difference(double a, double b) { return a - b; }

/// sum_k cost(u_k, v_k) on a line.
template <class Cost, class T>
double paired_cost(const Cost& cost, std::span<const T> u, std::span<const T> v) {
  double hi[paired_lanes] = {}, lo[paired_lanes] = {};
  const std::size_t lanes = paired_lanes, whole = u.size() / lanes * lanes;
  row_kernels().lines<T>().add_paired_costs(cost, u.data(), v.data(),
                                            static_cast<std::int64_t>(whole), hi, lo);
  ExactSum total;
  for (std::size_t k = whole; k < u.size(); ++k)
    total.add(cost.finish(cost.step(0, difference(u[k], v[k]))));
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    total.add(hi[lane]);
    total.add(lo[lane]);
  }
  return total.value();
}

/// Calls cell(i, j, mass) along the staircase of the two sides.
template <class T, class Cell>
void walk_sides(const LineSide<T>& x, const LineSide<T>& y, double total, const Cell& cell) {
  const std::size_t n = x.values.size(), m = y.values.size();
  if (x.masses.empty()) return walk_uniform_staircase(n, m, cell);
  walk_staircase(
      n, m, total, [&](std::size_t i) { return x.masses[i]; },
      [&](std::size_t j) { return y.masses[j]; }, cell);
}

template <class T, class Cost>
double cost_of_sides(const LineSide<T>& x, const LineSide<T>& y, double total, const Cost& cost) {
  const std::size_t n = x.values.size();
  const auto pair = [&](std::size_t i, std::size_t j) {
    return cost.finish(cost.step(0, difference(x.values[i], y.values[j])));
  };
  if (x.masses.empty() && y.values.size() == n)
    return paired_cost(cost, x.values, y.values) / static_cast<double>(n);
  ExactSum sum;
  walk_sides(x, y, total,
             [&](std::size_t i, std::size_t j, double mass) { sum.add_product(mass, pair(i, j)); });
  return sum.value();
}

/// |t|^(p - 1) sign(t) p, the slope of |t|^p.
double slope_of_power(double t, double p) {
  if (t == 0) return 0;
  if (p == 1) return std::copysign(1.0, t);
  if (p == 2) return 2 * t;
  return std::copysign(p * std::pow(std::fabs(t), p - 1), t);
}

void paired_slopes(std::span<const double> u, std::span<const double> v, double p, double* slope_u,
                   double* slope_v) {
  const double mass = 1 / static_cast<double>(u.size());
  const auto add = [&](const auto& slope_of) {
    for (std::size_t k = 0; k < u.size(); ++k) {
      const double slope = mass * slope_of(u[k] - v[k]);
      slope_u[k] += slope;
      slope_v[k] -= slope;
    }
  };
  if (p == 2) return add([](double t) { return 2 * t; });
  add([p](double t) { return slope_of_power(t, p); });
}

double power_of_size(double t, double p) {
  return p == 1 ? std::fabs(t) : p == 2 ? t * t : std::pow(std::fabs(t), p);
}

}  // namespace

GroundCost line_power(double p) {
  if (p == 1) return Cityblock{};
  if (p == 2) return SqEuclidean{};
  return EuclideanPower{p};
}

std::vector<double> row_masses(const Problem& problem, std::span<const Index> order) {
  std::vector<double> masses;
  if (problem.a.empty() && problem.b.empty()) return masses;
  if (problem.a.empty()) return std::vector<double>(order.size(), problem.row_mass(0));
  masses.resize(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    masses[k] = problem.a[static_cast<std::size_t>(order[k])];
  }
  return masses;
}

std::vector<double> col_masses(const Problem& problem, std::span<const Index> order) {
  std::vector<double> masses;
  if (problem.a.empty() && problem.b.empty()) return masses;
  if (problem.b.empty()) return std::vector<double>(order.size(), problem.col_mass(0));
  masses.resize(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    masses[k] = problem.b[static_cast<std::size_t>(order[k])] * problem.b_scale;
  }
  return masses;
}

template <class T>
double line_cost(const LineSide<T>& x, const LineSide<T>& y, double total, const GroundCost& cost) {
  // On a line all distances are |x - y|, which needs no square root.
  if (std::holds_alternative<Euclidean>(cost) || std::holds_alternative<Chebyshev>(cost)) {
    return cost_of_sides(x, y, total, Cityblock{});
  }
  return std::visit([&](const auto& c) { return cost_of_sides(x, y, total, c); }, cost);
}

template double line_cost(const LineSide<float>&, const LineSide<float>&, double,
                          const GroundCost&);
template double line_cost(const LineSide<double>&, const LineSide<double>&, double,
                          const GroundCost&);

double line_cost_and_slopes(const LineSide<double>& x, const LineSide<double>& y, double total,
                            double p, double* slope_x, double* slope_y) {
  const std::size_t n = x.values.size();
  if (x.masses.empty() && y.values.size() == n) {
    paired_slopes(x.values, y.values, p, slope_x, slope_y);
    return line_cost(x, y, total, line_power(p));
  }
  ExactSum sum;
  walk_sides(x, y, total, [&](std::size_t i, std::size_t j, double mass) {
    const double t = x.values[i] - y.values[j];
    sum.add_product(mass, power_of_size(t, p));
    const double slope = mass * slope_of_power(t, p);
    slope_x[i] += slope;
    slope_y[j] -= slope;
  });
  return sum.value();
}

}  // namespace monge::kernels

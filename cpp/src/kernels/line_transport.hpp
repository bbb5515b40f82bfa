// Transport between sorted lines: its cost, and its slopes.
#pragma once

#include <span>

#include "kernels/sorting.hpp"
#include "monge/cost/ground_cost.hpp"
#include "monge/problem/problem.hpp"

namespace monge::kernels {

/// One side of a transport on a line: ascending numbers, and their masses; both sides' masses are
/// empty for uniform ones, 1 / n each.
template <class T>
struct LineSide {
  std::span<const T> values;
  std::span<const double> masses;
};

/// |x - y|^p on a line, p >= 1.
GroundCost line_power(double p);

/// The masses of sorted rows or columns; empty if the problem has none on either side.
std::vector<double> row_masses(const Problem& problem, std::span<const Index> order);
std::vector<double> col_masses(const Problem& problem, std::span<const Index> order);

/// The least cost, in double, between two sides of the same total, float or double; `cost` must be
/// convex on the line. O(n + m). The sum is compensated, in an order that depends on n and m alone.
template <class T>
double line_cost(const LineSide<T>& x, const LineSide<T>& y, double total, const GroundCost& cost);

/// As line_cost for |x - y|^p, p >= 1; adds d cost / d x_i to slope_x[i] and the same for y, in the
/// order of the sides. At a kink (p = 1, x_i = y_j) the slope is 0; where ties or masses leave a
/// choice, it is that of the monotone plan.
double line_cost_and_slopes(const LineSide<double>& x, const LineSide<double>& y, double total,
                            double p, double* slope_x, double* slope_y);

}  // namespace monge::kernels

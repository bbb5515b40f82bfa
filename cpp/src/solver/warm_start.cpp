#include "solver/warm_start.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "kernels/cost_rows.hpp"

namespace monge {
namespace {

/// The largest difference of two finite costs.
double cost_range(const DenseCost& dense) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  std::visit(
      [&](const auto& c) {
        for (std::int64_t i = 0; i < c.rows; ++i) {
          for (std::int64_t j = 0; j < c.cols; ++j) {
            const double value = static_cast<double>(c(i, j));
            low = std::min(low, value);
            if (std::isfinite(value)) high = std::max(high, value);
          }
        }
      },
      dense.values);
  return high > low ? high - low : 0;
}

/// ... or more: the cost across the box of both clouds.
double cost_range(const PointClouds& clouds) {
  std::vector<double> low, high;
  for (const AnyMatrixView* points : {&clouds.x, &clouds.y}) {
    std::visit(
        [&](const auto& view) {
          for (std::int64_t i = 0; i < view.rows; ++i) {
            for (std::int64_t a = 0; a < view.cols; ++a) {
              const double value = static_cast<double>(view(i, a));
              const std::size_t axis = static_cast<std::size_t>(a);
              if (axis == low.size()) {
                low.push_back(value);
                high.push_back(value);
              }
              low[axis] = std::min(low[axis], value);
              high[axis] = std::max(high[axis], value);
            }
          }
        },
        *points);
  }
  return evaluate(clouds.cost, low.data(), high.data(), static_cast<int>(low.size()));
}

std::vector<double> calmed(std::span<const double> values, double range) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double middle = *low / 2 + *high / 2;
  std::vector<double> calm;
  calm.reserve(values.size());
  for (double value : values) calm.push_back(std::clamp(value - middle, -range, range));
  return calm;
}

/// g_j = min_i (C_ij - f_i)
std::vector<double> column_minima(const Problem& problem, const std::vector<double>& f,
                                  Context& context) {
  Problem swapped;
  if (const PointClouds* clouds = problem.clouds()) {
    swapped.geometry = PointClouds{clouds->y, clouds->x, clouds->cost};
  } else {
    swapped.geometry = std::visit([](const auto& c) { return DenseCost{c.transposed()}; },
                                  problem.dense()->values);
  }
  return kernels::row_minima(swapped, f, context);
}

}  // namespace

std::vector<double> warm_prices(const Problem& problem, Context& context) {
  const WarmStart& start = problem.warm_start;
  if (!start.has_potentials()) return {};
  const double range =
      std::visit([](const auto& costs) { return cost_range(costs); }, problem.geometry);
  std::vector<double> g = start.g.empty() ? column_minima(problem, calmed(start.f, range), context)
                                          : std::vector<double>(start.g.begin(), start.g.end());
  // A column that is forbidden to all rows, or was not reached before an interruption.
  for (double& value : g) {
    if (!std::isfinite(value)) value = 0;
  }
  g = calmed(g, range);
  for (double& value : g) value = -value;
  return g;
}

void make_concave(Duals& duals, const std::vector<double>& column_least) {
  for (std::size_t j = 0; j < duals.p.size(); ++j) {
    if (std::isfinite(column_least[j])) duals.p[j] = -column_least[j];
  }
  const auto [low, high] = std::minmax_element(duals.p.begin(), duals.p.end());
  const double middle = *low / 2 + *high / 2;
  for (double& value : duals.p) value -= middle;
  for (double& value : duals.u) value -= middle;
}

}  // namespace monge

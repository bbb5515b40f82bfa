#include "kernels/cost_rows.hpp"

#include <algorithm>
#include <limits>

#include "kernels/block_minima.hpp"
#include "kernels/cost_bounds.hpp"
#include "kernels/least_columns.hpp"
#include "kernels/sorting.hpp"
#include "monge/geometry/line.hpp"

namespace monge::kernels {
namespace {

std::vector<double> line_row_minima(const PointClouds& clouds, const std::vector<double>& g,
                                    Context& context) {
  std::vector<double> f(static_cast<std::size_t>(rows_of(clouds.x)), trivial_minimum(g));
  const auto stopped = [&] { return context.poll({"costs", 0}) != Interruption::none; };
  if (stopped()) return f;
  const SortedLine x = sort_line(clouds.x);
  if (stopped()) return f;
  const SortedLine y = sort_line(clouds.y);
  std::vector<double> sorted_g(g.size()), minima(f);
  for (std::size_t k = 0; k < g.size(); ++k) sorted_g[k] = g[static_cast<std::size_t>(y.order[k])];
  line_minima(x.values, y.values, sorted_g, clouds.cost, stopped, minima);
  for (std::size_t k = 0; k < f.size(); ++k) f[static_cast<std::size_t>(x.order[k])] = minima[k];
  return f;
}

std::vector<double> bounded_row_minima(const CostBounds& costs, const std::vector<double>& g,
                                       Context& context) {
  const std::size_t n = static_cast<std::size_t>(costs.rows());
  std::vector<double> f(n, trivial_minimum(g));
  std::vector<Index> columns(n, 0);
  bounded_minima(costs, g, context, f, columns);
  return f;
}

std::vector<double> cloud_row_minima(const PointClouds& clouds, const std::vector<double>& g,
                                     Context& context) {
  const auto& kernels = row_kernels();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> f(static_cast<std::size_t>(rows_of(clouds.x)), infinity);
  const bool all = for_each_cost_strip(
      clouds, context, [&](Index i, Index begin, Index count, const double* costs) {
        double& least = f[static_cast<std::size_t>(i)];
        least = std::min(least, kernels.f64.min_reduced(costs, g.data() + begin, count));
      });
  if (!all) {
    const double bound = trivial_minimum(g);
    for (double& value : f) value = value == infinity ? bound : value;
  }
  return f;
}

/// sum_j w_j |x_i - y_j|^2 from the moments of w about its own centre: no digits are lost to clouds
/// far from the origin.
std::vector<double> weighted_squares(const PointClouds& clouds, const std::vector<double>& w) {
  const AxisMajor x = by_axis(clouds.x), y = by_axis(clouds.y);
  const std::size_t dim = static_cast<std::size_t>(cols_of(clouds.x));
  std::vector<double> sums(x.stride, 0);
  double mass = 0, spread = 0;
  for (double weight : w) mass += weight;
  if (!(mass > 0)) return sums;
  for (std::size_t k = 0; k < dim; ++k) {
    const double *from = x.values.data() + k * x.stride, *to = y.values.data() + k * y.stride;
    double centre = 0;
    for (std::size_t j = 0; j < w.size(); ++j) centre += w[j] / mass * (to[j] - to[0]);
    for (std::size_t j = 0; j < w.size(); ++j) {
      const double away = to[j] - to[0] - centre;
      spread += w[j] * away * away;
    }
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const double away = from[i] - to[0] - centre;
      sums[i] += mass * away * away;
    }
  }
  for (double& sum : sums) sum += spread;
  return sums;
}

template <class T, class W>
double weighted_sum(const T* costs, const W* w, std::int64_t count) {
  double sum = 0;
  for (std::int64_t j = 0; j < count; ++j) {
    if (w[j] > 0) sum += static_cast<double>(costs[j]) * w[j];
  }
  return sum;
}

template <class T>
std::vector<double> dense_row_minima(const MatrixView<T>& c, const std::vector<double>& g,
                                     Context& context) {
  const auto& kernels = row_kernels();
  std::vector<double> f(static_cast<std::size_t>(c.rows), -std::numeric_limits<double>::infinity());
  const double work = static_cast<double>(c.rows) * static_cast<double>(c.cols);
  for_each_row_chunk(c.rows, work, context, [&](Index first, Index end) {
    std::vector<T> scratch;
    for (Index i = first; i < end; ++i) {
      f[static_cast<std::size_t>(i)] = kernels.of<T>().min_reduced(
          contiguous_row(c, i, scratch), g.data(), static_cast<Index>(c.cols));
    }
  });
  return f;
}

}  // namespace

std::vector<double> by_strips(const AnyMatrixView& points, Index strip) {
  return std::visit(
      [&](const auto& view) {
        std::vector<double> packed;
        packed.reserve(static_cast<std::size_t>(view.rows * view.cols));
        for (std::int64_t begin = 0; begin < view.rows; begin += strip) {
          const std::int64_t end = std::min<std::int64_t>(view.rows, begin + strip);
          for (std::int64_t k = 0; k < view.cols; ++k) {
            for (std::int64_t j = begin; j < end; ++j) packed.push_back(view(j, k));
          }
        }
        return packed;
      },
      points);
}

AxisMajor by_axis(const AnyMatrixView& points) {
  return std::visit(
      [](const auto& view) {
        AxisMajor packed;
        packed.stride = static_cast<std::size_t>(view.rows);
        packed.values.resize(packed.stride * static_cast<std::size_t>(view.cols));
        for (std::int64_t j = 0; j < view.rows; ++j) {
          for (std::int64_t k = 0; k < view.cols; ++k) {
            packed
                .values[static_cast<std::size_t>(k) * packed.stride + static_cast<std::size_t>(j)] =
                view(j, k);
          }
        }
        return packed;
      },
      points);
}

void require_matrix(std::size_t n, std::size_t m, const Context& context) {
  context.require_memory(
      8.0 * static_cast<double>(n) * static_cast<double>(m),
      "the cost matrix of " + std::to_string(n) + " x " + std::to_string(m) + " points");
}

Lines<double> cost_matrix(const PointClouds& clouds, Context& context) {
  const std::size_t n = static_cast<std::size_t>(rows_of(clouds.x));
  const std::size_t m = static_cast<std::size_t>(rows_of(clouds.y));
  require_matrix(n, m, context);
  Lines<double> matrix(n * m, 0);
  for_each_cost_strip(clouds, context, [&](Index i, Index begin, Index count, const double* costs) {
    std::copy_n(costs, count,
                matrix.data() + static_cast<std::size_t>(i) * m + static_cast<std::size_t>(begin));
  });
  return matrix;
}

std::vector<double> weighted_costs(const Problem& problem, const std::vector<double>& w,
                                   Context& context) {
  if (const PointClouds* clouds = problem.clouds()) {
    if (std::holds_alternative<SqEuclidean>(clouds->cost)) return weighted_squares(*clouds, w);
    std::vector<double> sums(static_cast<std::size_t>(problem.rows()), 0);
    for_each_cost_strip(
        *clouds, context, [&](Index i, Index begin, Index count, const double* costs) {
          sums[static_cast<std::size_t>(i)] += weighted_sum(costs, w.data() + begin, count);
        });
    return sums;
  }
  std::vector<double> sums(static_cast<std::size_t>(problem.rows()), 0);
  const double work = static_cast<double>(problem.rows()) * problem.cols();
  std::visit(
      [&](const auto& c) {
        using T = std::decay_t<decltype(c(0, 0))>;
        for_each_row_chunk(c.rows, work, context, [&](Index first, Index end) {
          std::vector<T> scratch;
          for (Index i = first; i < end; ++i) {
            sums[static_cast<std::size_t>(i)] =
                weighted_sum(contiguous_row(c, i, scratch), w.data(), c.cols);
          }
        });
      },
      problem.dense()->values);
  return sums;
}

std::vector<double> row_minima(const Problem& problem, const std::vector<double>& g,
                               Context& context, std::span<const Index> likely) {
  if (const PointClouds* clouds = problem.clouds()) {
    const bool convex = std::visit([](const auto& c) { return c.convex_on_line(); }, clouds->cost);
    if (problem.dim() == 1 && convex) return line_row_minima(*clouds, g, context);
    const bool named = !likely.empty();
    if (named && blocks_pay(problem.rows(), problem.cols(), problem.dim()))
      return block_minima(*clouds, g, likely, context);
    if (tree_pays(problem.rows(), problem.cols(), problem.dim()))
      return least_columns(*clouds, g, context, likely).values;
    const auto bounds = clouds->bounds ? clouds->bounds : CostBounds::make(*clouds);
    return bounds ? bounded_row_minima(*bounds, g, context) : cloud_row_minima(*clouds, g, context);
  }
  return std::visit([&](const auto& c) { return dense_row_minima(c, g, context); },
                    problem.dense()->values);
}

}  // namespace monge::kernels

#include "kernels/cost_rows.hpp"

#include <algorithm>
#include <limits>

#include "monge/geometry/line.hpp"
#include "parallel.hpp"

namespace monge::kernels {
namespace {

constexpr Index rows_per_chunk = 64;
constexpr Index strip = 1024;  // columns of costs computed at a time; stays in the first-level cache
constexpr double smallest_parallel_work = 2e6;  // multiply-adds; below, threads cost more than they give

std::int64_t chunks_of(Index rows) {
  return (static_cast<std::int64_t>(rows) + rows_per_chunk - 1) / rows_per_chunk;
}

int threads_for(double work, int threads) { return work < smallest_parallel_work ? 1 : threads; }

std::vector<double> coordinates(const AnyMatrixView& points, std::int64_t i) {
  return std::visit(
      [&](const auto& view) {
        std::vector<double> x(static_cast<std::size_t>(view.cols));
        for (std::int64_t k = 0; k < view.cols; ++k) x[static_cast<std::size_t>(k)] = view(i, k);
        return x;
      },
      points);
}

// Calls visit(i, begin, end, costs) for strips of rows, rows in chunks over the threads.
template <class Visit>
void for_each_cost_strip(const PointClouds& clouds, int threads, const Visit& visit) {
  const AxisMajor y = by_axis(clouds.y);
  const Index n = static_cast<Index>(rows_of(clouds.x)), m = static_cast<Index>(rows_of(clouds.y));
  const int dim = static_cast<int>(cols_of(clouds.x));
  const auto& kernels = row_kernels();
  const double work = static_cast<double>(n) * m * dim;
  parallel_for(chunks_of(n), threads_for(work, threads), [&](std::int64_t chunk) {
    std::vector<double> costs(static_cast<std::size_t>(std::min(strip, m)));
    const Index first = static_cast<Index>(chunk) * rows_per_chunk;
    for (Index i = first; i < std::min<std::int64_t>(n, std::int64_t{first} + rows_per_chunk); ++i) {
      const std::vector<double> x = coordinates(clouds.x, i);
      for (Index begin = 0; begin < m; begin += strip) {
        const Index count = std::min(strip, m - begin);
        kernels.costs(clouds.cost, x.data(), y.values.data() + begin, y.stride, dim, costs.data(), count);
        visit(i, begin, count, costs.data());
      }
    }
  });
}

std::vector<double> line_row_minima(const PointClouds& clouds, const std::vector<double>& g) {
  const SortedLine x = sort_line(clouds.x), y = sort_line(clouds.y);
  std::vector<double> sorted_g(g.size()), f(x.values.size());
  for (std::size_t k = 0; k < g.size(); ++k) sorted_g[k] = g[static_cast<std::size_t>(y.order[k])];
  const std::vector<double> minima = line_minima(x.values, y.values, sorted_g, clouds.cost);
  for (std::size_t k = 0; k < f.size(); ++k) f[static_cast<std::size_t>(x.order[k])] = minima[k];
  return f;
}

std::vector<double> cloud_row_minima(const PointClouds& clouds, const std::vector<double>& g, int threads) {
  std::vector<double> f(static_cast<std::size_t>(rows_of(clouds.x)), std::numeric_limits<double>::infinity());
  const auto& kernels = row_kernels();
  for_each_cost_strip(clouds, threads, [&](Index i, Index begin, Index count, const double* costs) {
    double& least = f[static_cast<std::size_t>(i)];
    least = std::min(least, kernels.f64.min_reduced(costs, g.data() + begin, count));
  });
  return f;
}

template <class T>
std::vector<double> dense_row_minima(const MatrixView<T>& c, const std::vector<double>& g, int threads) {
  std::vector<double> f(static_cast<std::size_t>(c.rows));
  const auto& kernels = row_kernels();
  const double work = static_cast<double>(c.rows) * static_cast<double>(c.cols);
  parallel_for(chunks_of(static_cast<Index>(c.rows)), threads_for(work, threads), [&](std::int64_t chunk) {
    std::vector<T> scratch;
    const std::int64_t end = std::min<std::int64_t>(c.rows, (chunk + 1) * rows_per_chunk);
    for (std::int64_t i = chunk * rows_per_chunk; i < end; ++i) {
      f[static_cast<std::size_t>(i)] =
          kernels.of<T>().min_reduced(contiguous_row(c, i, scratch), g.data(), static_cast<Index>(c.cols));
    }
  });
  return f;
}

}  // namespace

AxisMajor by_axis(const AnyMatrixView& points) {
  return std::visit(
      [](const auto& view) {
        AxisMajor packed;
        packed.stride = static_cast<std::size_t>(view.rows);
        packed.values.resize(packed.stride * static_cast<std::size_t>(view.cols));
        for (std::int64_t j = 0; j < view.rows; ++j) {
          for (std::int64_t k = 0; k < view.cols; ++k) {
            packed.values[static_cast<std::size_t>(k) * packed.stride + static_cast<std::size_t>(j)] = view(j, k);
          }
        }
        return packed;
      },
      points);
}

std::vector<double> cost_matrix(const PointClouds& clouds, const Context& context) {
  const std::size_t n = static_cast<std::size_t>(rows_of(clouds.x));
  const std::size_t m = static_cast<std::size_t>(rows_of(clouds.y));
  context.require_memory(8.0 * static_cast<double>(n) * static_cast<double>(m),
                         "the cost matrix of " + std::to_string(n) + " x " + std::to_string(m) + " points");
  std::vector<double> matrix(n * m);
  for_each_cost_strip(clouds, context.thread_count(), [&](Index i, Index begin, Index count, const double* costs) {
    std::copy_n(costs, count, matrix.data() + static_cast<std::size_t>(i) * m + static_cast<std::size_t>(begin));
  });
  return matrix;
}

std::vector<double> row_minima(const Problem& problem, const std::vector<double>& g, int threads) {
  if (const PointClouds* clouds = problem.clouds()) {
    const bool convex = std::visit([](const auto& c) { return c.convex_on_line(); }, clouds->cost);
    return problem.dim() == 1 && convex ? line_row_minima(*clouds, g) : cloud_row_minima(*clouds, g, threads);
  }
  return std::visit([&](const auto& c) { return dense_row_minima(c, g, threads); }, problem.dense()->values);
}

}  // namespace monge::kernels

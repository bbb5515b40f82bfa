#include "kernels/block_minima.hpp"

#include <limits>

#include "geometry/kd_cloud.hpp"
#include "kernels/blocked_points.hpp"
#include "kernels/cost_rows.hpp"
#include "kernels/least_columns.hpp"

namespace monge::kernels {
namespace {

/// A row looks at the boxes of all blocks, here up to 128.
constexpr std::int64_t most_columns = 8192;
constexpr double from_pairs = 1 << 17;  // below, packing costs what a sweep does

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

}  // namespace

bool blocks_pay(std::int64_t rows, std::int64_t cols, std::int64_t dim) {
  return dim <= max_box_dim && cols <= most_columns &&
         static_cast<double>(rows) * static_cast<double>(cols) >= from_pairs;
}

std::vector<double> block_minima(const PointClouds& clouds, const std::vector<double>& g,
                                 std::span<const Index> likely, Context& context) {
  const KdCloud y = make_kd_cloud(clouds.y, bid_block);
  std::vector<Index> position(at(y.n));
  for (Index k = 0; k < y.n; ++k) position[at(y.order[at(k)])] = k;
  const BlockedPoints<double> columns(
      y.n, y.dim, [&](Index k, int a) { return y.values[at(a) * at(y.n) + at(k)]; },
      [&](Index k) { return -g[at(y.order[at(k)])]; });
  const AxisMajor rows = by_axis(clouds.x);
  const BidKernels& kernels = bid_kernels();
  const Index n = static_cast<Index>(rows_of(clouds.x));
  const auto value_at = [&](const double* x, Index j) {
    double point[max_box_dim];
    const std::size_t k = at(position[at(j)]);
    for (int a = 0; a < y.dim; ++a) point[a] = y.values[at(a) * at(y.n) + k];
    return evaluate(clouds.cost, x, point, y.dim) - g[at(j)];
  };
  std::vector<double> least(at(n), trivial_minimum(g));
  for_each_row_chunk(n, 1e3 * n, context, [&](Index first, Index end) {
    double x[max_box_dim];
    for (Index i = first; i < end; ++i) {
      for (int a = 0; a < y.dim; ++a) x[a] = rows.values[at(a) * rows.stride + at(i)];
      const Index named = likely[at(i)];
      const double most = named < 0 ? std::numeric_limits<double>::infinity() : value_at(x, named);
      least[at(i)] = kernels.least(clouds.cost, x, columns.priced_boxes(), columns.blocks(), most);
    }
  });
  return least;
}

}  // namespace monge::kernels

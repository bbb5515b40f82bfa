#include "kernels/least_columns.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cost_bounds.hpp"
#include "kernels/cost_rows.hpp"
#include "kernels/tree_view.hpp"

namespace monge::kernels {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// The ground cost across the box of both clouds: no pair costs more.
double cost_across(const KdCloud& x, const KdCloud& y, const GroundCost& cost) {
  std::vector<double> low, high;
  for (int a = 0; a < x.dim; ++a) {
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (const KdCloud* cloud : {&x, &y}) {
      const auto axis = cloud->values.begin() + static_cast<std::ptrdiff_t>(a) * cloud->n;
      const auto [l, h] = std::minmax_element(axis, axis + cloud->n);
      least = std::min(least, *l);
      most = std::max(most, *h);
    }
    low.push_back(least);
    high.push_back(most);
  }
  return evaluate(cost, low.data(), high.data(), x.dim);
}

LeastColumns sweep(const PointClouds& clouds, const std::vector<double>& g, Context& context) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::size_t n = static_cast<std::size_t>(rows_of(clouds.x));
  if (const auto bounds = CostBounds::make(clouds)) {
    LeastColumns least{std::vector<double>(n, trivial_minimum(g)), std::vector<Index>(n, 0)};
    bounded_minima(*bounds, g, context, least.values, least.columns);
    return least;
  }
  LeastColumns least{std::vector<double>(n, infinity), std::vector<Index>(n, 0)};
  const auto& kernels = row_kernels();
  for_each_cost_strip(clouds, context, [&](Index i, Index begin, Index count, const double* costs) {
    const TwoSmallest two = kernels.f64.two_smallest(costs, g.data() + begin, count);
    if (two.first < least.values[at(i)]) {
      least.values[at(i)] = two.first;
      least.columns[at(i)] = begin + two.argmin;
    }
  });
  const double bound = trivial_minimum(g);
  for (double& value : least.values) value = value == infinity ? bound : value;
  return least;
}

/// Both clouds' least squared distances from one pass over all pairs. Parts of the rows have column
/// minima of their own.
NearestPoints sweep_both(const AnyMatrixView& x, const AnyMatrixView& y, Context& context) {
  constexpr std::int64_t most_parts = 8, rows_per_poll = 64;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const AxisMajor rows = by_axis(x), cols = by_axis(y);
  const std::int64_t n = rows_of(x), m = rows_of(y), dim = cols_of(x);
  const std::int64_t parts = std::min(most_parts, (n + rows_per_poll - 1) / rows_per_poll);
  std::vector<std::vector<double>> least_y(static_cast<std::size_t>(parts));
  NearestPoints nearest;
  nearest.of_x.values.assign(static_cast<std::size_t>(n), 0);
  const double work = static_cast<double>(n) * static_cast<double>(m) * static_cast<double>(dim);
  const CallingThread caller;
  const auto poll = [&] { return context.poll({"nearest points", 0}); };
  parallel_for(
      parts, work < 2e6 ? 1 : context.thread_count(),
      [&](std::int64_t part) {
        std::vector<double>& of_part = least_y[static_cast<std::size_t>(part)];
        of_part.assign(static_cast<std::size_t>(m), infinity);
        const std::int64_t end = (part + 1) * n / parts;
        for (std::int64_t i = part * n / parts; i < end; i += rows_per_poll) {
          if ((caller.is_current() ? poll() : context.interruption()) != Interruption::none) return;
          row_kernels().pair_minima(rows.values.data() + i, rows.stride,
                                    static_cast<Index>(std::min(rows_per_poll, end - i)),
                                    cols.values.data(), cols.stride, static_cast<Index>(m),
                                    static_cast<int>(dim), nearest.of_x.values.data() + i,
                                    of_part.data());
        }
      },
      poll);
  nearest.of_y.values = std::move(least_y.front());
  for (std::size_t part = 1; part < least_y.size(); ++part) {
    for (std::size_t j = 0; j < least_y[part].size(); ++j) {
      nearest.of_y.values[j] = std::min(nearest.of_y.values[j], least_y[part][j]);
    }
  }
  return nearest;
}

}  // namespace

bool tree_pays(std::int64_t rows, std::int64_t cols, std::int64_t dim) {
  constexpr double from_pairs = 1 << 19;  // below, building it costs more than it gives
  return dim <= max_box_dim && static_cast<double>(rows) * static_cast<double>(cols) >= from_pairs;
}

ColumnTree::ColumnTree(const KdCloud& y, const std::vector<double>& g, const GroundCost& cost,
                       double extent)
    : y_(y), cost_(cost), tree_(y.values, y.dim, y.n) {
  double size = 0;
  for (Index j : y.order) {
    price_.push_back(-g[at(j)]);
    size = std::max(size, std::fabs(price_.back()));
  }
  tree_.refit(price_.data());
  // A bound is a sum of some 8 dim terms of at most the extent or the largest price.
  slack_ = 32 * (y.dim + 4) * 0x1p-53 * (extent + size);
}

LeastColumns ColumnTree::find(const KdCloud& x, double unreached, Context& context,
                              std::span<const Index> likely) const {
  std::vector<Index> position(likely.empty() ? 0 : at(y_.n));
  for (std::size_t k = 0; k < position.size(); ++k) {
    position[at(y_.order[k])] = static_cast<Index>(k);
  }
  LeastColumns least{std::vector<double>(at(x.n), unreached), std::vector<Index>(at(x.n), 0)};
  const double work = 1e3 * static_cast<double>(x.n);
  for_each_row_chunk(x.n, work, context, [&](Index first, Index end) {
    std::vector<double> point(static_cast<std::size_t>(x.dim));
    std::vector<Hit<double>> hits(at(y_.n));
    Index near = static_cast<Index>(static_cast<std::int64_t>(first) * y_.n / x.n);
    for (Index k = first; k < end; ++k) {
      for (std::size_t a = 0; a < point.size(); ++a) point[a] = x.values[a * at(x.n) + at(k)];
      const Index named = likely.empty() ? -1 : likely[at(x.order[at(k)])];
      if (named >= 0) {
        const Index there = position[at(named)];
        if (value_at(point.data(), there) < value_at(point.data(), near)) near = there;
      }
      near = nearest(point.data(), near, hits);
      least.values[at(x.order[at(k)])] = value_at(point.data(), near);
      least.columns[at(x.order[at(k)])] = y_.order[at(near)];
    }
  });
  return least;
}

double ColumnTree::value_at(const double* x, Index position) const {
  double y[max_box_dim];
  for (int a = 0; a < y_.dim; ++a) {
    y[a] = y_.values[static_cast<std::size_t>(a) * at(y_.n) + at(position)];
  }
  return evaluate(cost_, x, y, y_.dim) + price_[at(position)];
}

Index ColumnTree::nearest(const double* x, Index near, std::vector<Hit<double>>& hits) const {
  const Index found = scan_kernels().f64.below(cost_, x, view_of(tree_, price_.data()),
                                               value_at(x, near) + slack_, hits.data());
  Hit<double> best{std::numeric_limits<double>::infinity(), near};
  for (Index k = 0; k < found; ++k) {
    const Hit<double>& hit = hits[at(k)];
    const bool lower = y_.order[at(hit.column)] < y_.order[at(best.column)];
    if (hit.value < best.value || (hit.value == best.value && lower)) best = hit;
  }
  return best.column;
}

LeastColumns least_columns(const PointClouds& clouds, const std::vector<double>& g,
                           Context& context, std::span<const Index> likely) {
  if (!tree_pays(rows_of(clouds.x), rows_of(clouds.y), cols_of(clouds.x))) {
    return sweep(clouds, g, context);
  }
  const KdCloud x = make_kd_cloud(clouds.x, PricedTree::block),
                y = make_kd_cloud(clouds.y, PricedTree::block);
  return ColumnTree(y, g, clouds.cost, cost_across(x, y, clouds.cost))
      .find(x, trivial_minimum(g), context, likely);
}

NearestPoints nearest_points(const AnyMatrixView& x, const AnyMatrixView& y, bool with_columns,
                             Context& context) {
  constexpr double most_pairs_to_sweep = 1 << 24;
  const std::int64_t n = rows_of(x), m = rows_of(y);
  const bool tree = tree_pays(n, m, cols_of(x));
  const bool few = static_cast<double>(n) * static_cast<double>(m) <= most_pairs_to_sweep;
  const bool products = cols_of(x) >= least_product_dim;
  if (!with_columns && !products && (few || !tree)) return sweep_both(x, y, context);
  const GroundCost cost = SqEuclidean{};
  const std::vector<double> none_x(static_cast<std::size_t>(n), 0.0),
      none_y(static_cast<std::size_t>(m), 0.0);
  if (!tree) {
    return {sweep({x, y, cost}, none_y, context), sweep({y, x, cost}, none_x, context)};
  }
  const KdCloud left = make_kd_cloud(x, PricedTree::block),
                right = make_kd_cloud(y, PricedTree::block);
  const double extent = cost_across(left, right, cost);
  return {ColumnTree(right, none_y, cost, extent).find(left, 0, context),
          ColumnTree(left, none_x, cost, extent).find(right, 0, context)};
}

}  // namespace monge::kernels

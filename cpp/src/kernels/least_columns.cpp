#include "kernels/least_columns.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/cost_rows.hpp"

namespace monge::kernels {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Ground costs are not negative: -max g is below every C_ij - g_j.
double trivial_minimum(const std::vector<double>& g) {
  return -*std::max_element(g.begin(), g.end());
}

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

std::vector<double> negated(const std::vector<double>& values) {
  std::vector<double> result;
  for (double value : values) result.push_back(-value);
  return result;
}

LeastColumns sweep(const PointClouds& clouds, const std::vector<double>& g, Context& context) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::size_t n = static_cast<std::size_t>(rows_of(clouds.x));
  LeastColumns least{std::vector<double>(n, infinity), std::vector<Index>(n, 0)};
  const auto& kernels = row_kernels();
  for_each_cost_strip(clouds, context,
                      [&](Index i, Index begin, Index count, const double* costs) {
                        const TwoSmallest two =
                            kernels.f64.two_smallest(costs, g.data() + begin, count);
                        if (two.first < least.values[at(i)]) {
                          least.values[at(i)] = two.first;
                          least.columns[at(i)] = begin + two.argmin;
                        }
                      });
  const double bound = trivial_minimum(g);
  for (double& value : least.values) value = value == infinity ? bound : value;
  return least;
}

}  // namespace

bool tree_pays(std::int64_t rows, std::int64_t cols, std::int64_t dim) {
  constexpr std::int64_t max_dim = 8;      // boxes bound hardly anything in higher dimension
  constexpr double from_pairs = 1 << 18;   // below, building it costs more than it gives
  return dim <= max_dim && static_cast<double>(rows) * static_cast<double>(cols) >= from_pairs;
}

struct ColumnTree::Query {
  std::vector<double> x;
  Best best;
  Index scanned = -1;  ///< the block that was scanned first
};

ColumnTree::ColumnTree(const KdCloud& y, const std::vector<double>& g, const GroundCost& cost,
                       double extent)
    : y_(y), cost_(cost), tree_(y.values, y.dim, y.n) {
  double size = 0;
  for (Index j : y.order) {
    g_.push_back(g[at(j)]);
    size = std::max(size, std::fabs(g_.back()));
  }
  tree_.refit(negated(g_).data());
  // A bound is a sum of some 8 dim terms of at most the extent or the largest price.
  slack_ = 32 * (y.dim + 4) * 0x1p-53 * (extent + size);
}

LeastColumns ColumnTree::find(const KdCloud& x, double unreached, Context& context) const {
  LeastColumns least{std::vector<double>(at(x.n), unreached), std::vector<Index>(at(x.n), 0)};
  const double work = 1e3 * static_cast<double>(x.n);
  for_each_row_chunk(x.n, work, context, [&](Index first, Index end) {
    Query query{std::vector<double>(static_cast<std::size_t>(x.dim)), {}, -1};
    Index near = static_cast<Index>(static_cast<std::int64_t>(first) * y_.n / x.n);
    for (Index k = first; k < end; ++k) {
      for (std::size_t a = 0; a < query.x.size(); ++a) query.x[a] = x.values[a * at(x.n) + at(k)];
      query.best = {std::numeric_limits<double>::infinity(), 0};
      query.scanned = -1;
      scan(query, near / PricedTree::block);
      query.scanned = near / PricedTree::block;
      open(query, static_cast<int>(tree_.levels().size()) - 1, 0, tree_.levels().back().nodes);
      near = query.best.position;
      least.values[at(x.order[at(k)])] = query.best.value;
      least.columns[at(x.order[at(k)])] = y_.order[at(near)];
    }
  });
  return least;
}

void ColumnTree::open(Query& query, int level, Index first, Index count) const {
  constexpr std::size_t most = 4 * PricedTree::fan_out;
  const PricedTree::Level& l = tree_.levels()[static_cast<std::size_t>(level)];
  const NodesView view{l.low.data() + first,         l.high.data() + first,
                       l.slope.data() + first,       l.offset.data() + first,
                       l.least_price.data() + first, l.stride};
  std::array<double, most> bounds;
  row_kernels().node_bounds(cost_, query.x.data(), tree_.dim(), view, bounds.data(), count);
  // Nodes within reach, nearest first.
  std::array<std::pair<double, Index>, most> near;
  std::size_t reached = 0;
  for (Index k = 0; k < count; ++k) {
    const double bound = bounds[at(k)] - slack_;
    if (bound > query.best.value) continue;
    std::size_t place = reached++;
    for (; place > 0 && near[place - 1].first > bound; --place) near[place] = near[place - 1];
    near[place] = {bound, first + k};
  }
  for (std::size_t k = 0; k < reached && near[k].first <= query.best.value; ++k) {
    const Index node = near[k].second;
    if (level == 0) {
      if (node != query.scanned) scan(query, node);
    } else {
      const Index child = node * PricedTree::fan_out;
      const Index below = tree_.levels()[static_cast<std::size_t>(level - 1)].nodes;
      open(query, level - 1, child, std::min(PricedTree::fan_out, below - child));
    }
  }
}

void ColumnTree::scan(Query& query, Index node) const {
  const Index first = node * PricedTree::block;
  const Index count = std::min(PricedTree::block, y_.n - first);
  double costs[PricedTree::block];
  const auto& kernels = row_kernels();
  kernels.costs(cost_, query.x.data(), y_.values.data() + first, at(y_.n), y_.dim, costs, count);
  // Within a block points are in the caller's order: the first is the lowest.
  const TwoSmallest two = kernels.f64.two_smallest(costs, g_.data() + first, count);
  const Index position = first + two.argmin;
  Best& best = query.best;
  if (two.first < best.value ||
      (two.first == best.value && y_.order[at(position)] < y_.order[at(best.position)])) {
    best = {two.first, position};
  }
}

LeastColumns least_columns(const PointClouds& clouds, const std::vector<double>& g,
                           Context& context) {
  if (!tree_pays(rows_of(clouds.x), rows_of(clouds.y), cols_of(clouds.x))) {
    return sweep(clouds, g, context);
  }
  const KdCloud x = make_kd_cloud(clouds.x, PricedTree::block),
                y = make_kd_cloud(clouds.y, PricedTree::block);
  return ColumnTree(y, g, clouds.cost, cost_across(x, y, clouds.cost))
      .find(x, trivial_minimum(g), context);
}

NearestPoints nearest_points(const PointClouds& clouds, Context& context) {
  const std::vector<double> none_x(static_cast<std::size_t>(rows_of(clouds.x)), 0.0),
      none_y(static_cast<std::size_t>(rows_of(clouds.y)), 0.0);
  if (!tree_pays(rows_of(clouds.x), rows_of(clouds.y), cols_of(clouds.x))) {
    const PointClouds back{clouds.y, clouds.x, clouds.cost, clouds.line};
    return {sweep(clouds, none_y, context), sweep(back, none_x, context)};
  }
  const KdCloud x = make_kd_cloud(clouds.x, PricedTree::block),
                y = make_kd_cloud(clouds.y, PricedTree::block);
  const double extent = cost_across(x, y, clouds.cost);
  return {ColumnTree(y, none_y, clouds.cost, extent).find(x, 0, context),
          ColumnTree(x, none_x, clouds.cost, extent).find(y, 0, context)};
}

}  // namespace monge::kernels

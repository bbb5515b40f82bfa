#include "monge/solver/sorting_1d.hpp"

#include <array>

#include "geometry/staircase.hpp"
#include "kernels/line_transport.hpp"
#include "kernels/sorting.hpp"
#include "monge/core/exact_sum.hpp"
#include "parallel.hpp"

namespace monge {
namespace {

using kernels::LineSide;
using kernels::SortedLine;

/// Of the staircase, between two looks at the clock.
constexpr std::size_t cells_per_look = 1 << 16;

/// The staircase of a problem's sorted points.
template <class Cell>
void walk_lines(const Problem& problem, const SortedLine& x, const SortedLine& y,
                const Cell& cell) {
  if (problem.a.empty() && problem.b.empty()) {
    return walk_uniform_staircase(x.values.size(), y.values.size(), cell);
  }
  walk_staircase(
      x.values.size(), y.values.size(), problem.total_mass(),
      [&](std::size_t i) { return problem.row_mass(x.order[i]); },
      [&](std::size_t j) { return problem.col_mass(y.order[j]); }, cell);
}

/// Sorts both sides, each by a thread of its own where that is worth a thread. Looks out for an
/// interruption before each sort; what to do then is up to `sort`.
template <class Sort>
auto sort_both(const PointClouds& clouds, Context& context, const Sort& sort) {
  constexpr std::int64_t worth_a_thread = 100'000;
  std::array<decltype(sort(clouds.x)), 2> sides;
  const bool large = rows_of(clouds.x) + rows_of(clouds.y) > worth_a_thread;
  const CallingThread caller;
  const auto look = [&] {
    if (caller.is_current()) context.poll({"sorting", 0});
  };
  look();
  const auto sort_side = [&](std::int64_t side) {
    look();
    if (side == 0) sides[0] = sort(clouds.x);
    if (side == 1) sides[1] = sort(clouds.y);
  };
  parallel_for(2, large ? context.thread_count() : 1, sort_side, look);
  return sides;
}

}  // namespace

Result solve_sorting_1d(const Problem& problem, const NoOptions&, Context& context) {
  const auto stopped = [&] { return context.interruption() != Interruption::none; };
  const auto sides = sort_both(*problem.clouds(), context, [&](const AnyMatrixView& points) {
    return stopped() ? kernels::unsorted_line(points) : kernels::sort_line(points);
  });
  const SortedLine &x = sides[0], &y = sides[1];
  const std::size_t n = x.values.size(), m = y.values.size();
  Result result;
  result.plan.reserve(n + m - 1);
  result.f.resize(n);
  result.g.resize(m);

  std::visit(
      [&](const auto& cost) {
        // Potentials of the current row and column, each an exact sum of costs along the staircase.
        ExactSum f, g;
        std::size_t row = 0, col = 0;
        bool begun = false;
        const auto cell = [&](std::size_t i, std::size_t j, double mass) {
          if (mass > 0) result.plan.add(x.order[i], y.order[j], mass);
          if ((i + j) % cells_per_look == 0) {  // each cell is one further
            context.poll({"staircase", static_cast<double>(i + j) / static_cast<double>(n + m)});
          }
          if (stopped()) return;  // the plan must be complete to be feasible
          const double c = cost.finish(cost.step(0, x.values[i] - y.values[j]));
          if (!begun || i != row) {  // f_i = C_ij - g_j
            f = ExactSum{};
            f.add(c);
            f.add(-g.hi);
            f.add(-g.lo);
          }
          if (begun && j != col) {  // g_j = C_ij - f_i
            g = ExactSum{};
            g.add(c);
            g.add(-f.hi);
            g.add(-f.lo);
          }
          begun = true;
          row = i;
          col = j;
          result.f[static_cast<std::size_t>(x.order[i])] = f.value();
          result.g[static_cast<std::size_t>(y.order[j])] = g.value();
        };
        walk_lines(problem, x, y, cell);
      },
      problem.clouds()->cost);
  if (stopped()) {
    result.status = status_of(context.interruption());
    result.f.assign(n, 0);  // what is left of a chain of potentials bounds nothing
    result.g.assign(m, 0);
  }
  result.stats = {{"triplets", static_cast<double>(result.plan.size())}};
  return result;
}

double line_cost(const Problem& problem, Context& context) {
  const PointClouds& clouds = *problem.clouds();
  if (problem.a.empty() && problem.b.empty()) {
    const auto [x, y] = sort_both(clouds, context, kernels::sorted_values);
    return kernels::line_cost(LineSide<double>{x, {}}, LineSide<double>{y, {}}, 1, clouds.cost);
  }
  const auto [x, y] = sort_both(clouds, context, kernels::sort_line);
  const std::vector<double> a = kernels::row_masses(problem, x.order),
                            b = kernels::col_masses(problem, y.order);
  return kernels::line_cost(LineSide<double>{x.values, a}, LineSide<double>{y.values, b},
                            problem.total_mass(), clouds.cost);
}

std::vector<double> monotone_map(const Problem& problem, Context& context) {
  const auto sides = sort_both(*problem.clouds(), context, kernels::sort_line);
  const SortedLine &x = sides[0], &y = sides[1];
  std::vector<double> map(x.values.size());
  double reached = y.values.front();
  walk_lines(problem, x, y, [&](std::size_t i, std::size_t j, double mass) {
    if (mass > 0) reached = y.values[j];
    map[static_cast<std::size_t>(x.order[i])] = reached;
  });
  return map;
}

}  // namespace monge

#include "monge/solver/sorting_1d.hpp"

#include <algorithm>
#include <cmath>

#include "monge/core/exact_sum.hpp"
#include "monge/geometry/line.hpp"

namespace monge {
namespace {

/// (a.hi + a.lo) - (b.hi + b.lo), rounded.
double difference(const ExactSum& a, const ExactSum& b) { return (a.hi - b.hi) + (a.lo - b.lo); }

/// The staircase of the monotone plan. Calls cell(i, j, mass) for every cell from (0, 0) to
/// (n - 1, m - 1), in sorted positions; consecutive cells share a row or a column.
template <class RowMass, class ColMass, class Cell>
void walk_staircase(std::size_t n, std::size_t m, double total, const RowMass& row_mass,
                    const ColMass& col_mass, const Cell& cell) {
  const double sliver = 0x1p-52 * total;
  ExactSum rows_end, cols_end, position;  // cumulative mass through row i, column j; mass moved
  std::size_t i = 0, j = 0;
  rows_end.add(row_mass(0));
  cols_end.add(col_mass(0));
  for (;;) {
    const double ahead = difference(rows_end, cols_end);
    const bool last_row = i + 1 == n, last_col = j + 1 == m;
    const bool together = std::fabs(ahead) <= sliver || (last_row && last_col);
    const ExactSum& end = together || ahead < 0 ? rows_end : cols_end;
    cell(i, j, std::max(0.0, difference(end, position)));
    if (last_row && last_col) return;
    position = end;
    // Rounding of the last atoms never leaves the matrix: the other side then takes the rest.
    const bool next_row = last_col || (!last_row && (together || ahead < 0));
    const bool next_col = last_row || (!last_col && !together && ahead > 0);
    if (next_row) rows_end.add(row_mass(++i));
    if (next_col) cols_end.add(col_mass(++j));
    if (together && next_row && !last_col) {
      cell(i, j, 0);  // both are exhausted: pass through a cell without mass
      cols_end.add(col_mass(++j));
    }
  }
}

/// The staircase of a problem's sorted points.
template <class Cell>
void walk_lines(const Problem& problem, const SortedLine& x, const SortedLine& y,
                const Cell& cell) {
  walk_staircase(
      x.values.size(), y.values.size(), problem.total_mass(),
      [&](std::size_t i) { return problem.row_mass(x.order[i]); },
      [&](std::size_t j) { return problem.col_mass(y.order[j]); }, cell);
}

}  // namespace

Result solve_sorting_1d(const Problem& problem, const NoOptions&, Context&) {
  const PointClouds& clouds = *problem.clouds();
  const SortedLine x = sort_line(clouds.x), y = sort_line(clouds.y);
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
          if (mass > 0) result.plan.add(x.order[i], y.order[j], mass);
        };
        walk_lines(problem, x, y, cell);
      },
      clouds.cost);
  result.stats = {{"triplets", static_cast<double>(result.plan.size())}};
  return result;
}

double line_cost(const Problem& problem) {
  const PointClouds& clouds = *problem.clouds();
  const SortedLine x = sort_line(clouds.x), y = sort_line(clouds.y);
  ExactSum sum;
  std::visit(
      [&](const auto& cost) {
        walk_lines(problem, x, y, [&](std::size_t i, std::size_t j, double mass) {
          sum.add_product(mass, cost.finish(cost.step(0, x.values[i] - y.values[j])));
        });
      },
      clouds.cost);
  return sum.value();
}

std::vector<double> monotone_map(const Problem& problem) {
  const PointClouds& clouds = *problem.clouds();
  const SortedLine x = sort_line(clouds.x), y = sort_line(clouds.y);
  std::vector<double> map(x.values.size());
  double reached = y.values.front();
  walk_lines(problem, x, y, [&](std::size_t i, std::size_t j, double mass) {
    if (mass > 0) reached = y.values[j];
    map[static_cast<std::size_t>(x.order[i])] = reached;
  });
  return map;
}

}  // namespace monge

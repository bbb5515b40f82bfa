// The staircase of the monotone plan between two sorted lines of masses: which cells hold mass.
//
// Both walks call cell(i, j, mass) for every cell from (0, 0) to (n - 1, m - 1), in sorted
// positions; consecutive cells share a row or a column, so where both are exhausted together the
// walk passes through a cell without mass.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "monge/core/exact_sum.hpp"

namespace monge {

/// (a.hi + a.lo) - (b.hi + b.lo), rounded.
inline double difference(const ExactSum& a, const ExactSum& b) {
  return (a.hi - b.hi) + (a.lo - b.lo);
}

/// Any masses, of total `total` on either side. Cumulative masses are kept in twice the working
/// precision; those that agree within one rounding of the total (2^-52 relative) count as equal, so
/// that masses such as 1/3 + 1/3 + 1/3 and 1 leave no slivers.
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

/// Masses 1 / n and 1 / m, in whole numbers: a unit is 1 / (n m) of the total 1.
template <class Cell>
void walk_uniform_staircase(std::size_t n, std::size_t m, const Cell& cell) {
  const std::int64_t row_units = static_cast<std::int64_t>(m),
                     col_units = static_cast<std::int64_t>(n);
  const double units = static_cast<double>(n) * static_cast<double>(m);
  std::int64_t row_left = row_units, col_left = col_units;
  std::size_t i = 0, j = 0;
  for (;;) {
    const std::int64_t moved = std::min(row_left, col_left);
    cell(i, j, static_cast<double>(moved) / units);
    row_left -= moved;
    col_left -= moved;
    if (row_left == 0) {
      if (++i == n) return;
      row_left = row_units;
      if (col_left == 0) cell(i, j, 0);
    }
    if (col_left == 0) {
      ++j;
      col_left = col_units;
    }
  }
}

}  // namespace monge

#include "monge/geometry/line.hpp"

#include <algorithm>
#include <limits>

namespace monge {
namespace {

template <class Cost>
struct RowMinima {
  const std::vector<double>& x;
  const std::vector<double>& y;
  const std::vector<double>& g;
  const Cost& cost;
  std::vector<double>& minima;

  // Rows [row_begin, row_end), whose minima lie in columns [col_first, col_last].
  void solve(std::size_t row_begin, std::size_t row_end, std::size_t col_first,
             std::size_t col_last) {
    while (row_begin < row_end) {
      const std::size_t middle = row_begin + (row_end - row_begin) / 2;
      double least = std::numeric_limits<double>::infinity();
      std::size_t where = col_first;
      for (std::size_t j = col_first; j <= col_last; ++j) {
        const double value = cost.finish(cost.step(0, x[middle] - y[j])) - g[j];
        if (value < least) {
          least = value;
          where = j;
        }
      }
      minima[middle] = least;
      solve(row_begin, middle, col_first, where);
      row_begin = middle + 1;
      col_first = where;
    }
  }
};

}  // namespace

SortedLine sort_line(const AnyMatrixView& points) {
  const std::size_t n = static_cast<std::size_t>(rows_of(points));
  std::vector<std::pair<double, Index>> keyed(n);
  std::visit(
      [&](const auto& view) {
        for (std::size_t i = 0; i < n; ++i) {
          keyed[i] = {view(static_cast<std::int64_t>(i), 0), static_cast<Index>(i)};
        }
      },
      points);
  std::sort(keyed.begin(), keyed.end());
  SortedLine line;
  line.values.resize(n);
  line.order.resize(n);
  for (std::size_t k = 0; k < n; ++k) {
    line.values[k] = keyed[k].first;
    line.order[k] = keyed[k].second;
  }
  return line;
}

std::vector<double> line_minima(const std::vector<double>& x, const std::vector<double>& y,
                                const std::vector<double>& g, const GroundCost& cost) {
  std::vector<double> minima(x.size());
  std::visit(
      [&](const auto& c) {
        using Cost = std::decay_t<decltype(c)>;
        RowMinima<Cost>{x, y, g, c, minima}.solve(0, x.size(), 0, y.size() - 1);
      },
      cost);
  return minima;
}

}  // namespace monge

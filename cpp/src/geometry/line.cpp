#include "monge/geometry/line.hpp"

#include <limits>

namespace monge {
namespace {

template <class Cost>
struct RowMinima {
  const std::vector<double>& x;
  const std::vector<double>& y;
  const std::vector<double>& g;
  const Cost& cost;
  const std::function<bool()>& stopped;
  std::vector<double>& minima;

  // Rows [row_begin, row_end), whose minima lie in columns [col_first, col_last].
  void solve(std::size_t row_begin, std::size_t row_end, std::size_t col_first,
             std::size_t col_last) {
    constexpr std::size_t worth_asking = 1024;  // rows, before the clock is looked at
    while (row_begin < row_end) {
      if (row_end - row_begin >= worth_asking && stopped()) return;
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

void line_minima(const std::vector<double>& x, const std::vector<double>& y,
                 const std::vector<double>& g, const GroundCost& cost,
                 const std::function<bool()>& stopped, std::vector<double>& minima) {
  std::visit(
      [&](const auto& c) {
        using Cost = std::decay_t<decltype(c)>;
        RowMinima<Cost>{x, y, g, c, stopped, minima}.solve(0, x.size(), 0, y.size() - 1);
      },
      cost);
}

}  // namespace monge

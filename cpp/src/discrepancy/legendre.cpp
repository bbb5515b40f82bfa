#include "monge/discrepancy/legendre.hpp"

#include <algorithm>
#include <limits>

#include "kernels/cost_rows.hpp"

namespace monge {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The indices of the lower convex hull of (x_i, v_i), from the left.
void find_hull(const double* v, std::span<const double> x, std::vector<std::size_t>& hull) {
  hull.clear();
  const auto above_chord = [&](std::size_t i, std::size_t j, std::size_t k) {
    return (v[j] - v[i]) * (x[k] - x[j]) >= (v[k] - v[j]) * (x[j] - x[i]);
  };
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (v[k] == infinity) continue;
    while (hull.size() >= 2 && above_chord(hull[hull.size() - 2], hull.back(), k)) hull.pop_back();
    hull.push_back(k);
  }
}

void transform_line(const double* v, std::span<const double> x, std::span<const double> slopes,
                    std::vector<std::size_t>& hull, double* out) {
  find_hull(v, x, hull);
  if (hull.empty()) {
    std::fill_n(out, slopes.size(), -infinity);
    return;
  }
  std::size_t at = 0;
  const auto value = [&](double slope, std::size_t vertex) {
    return slope * x[hull[vertex]] - v[hull[vertex]];
  };
  for (std::size_t k = 0; k < slopes.size(); ++k) {
    double best = value(slopes[k], at);
    while (at + 1 < hull.size()) {
      const double next = value(slopes[k], at + 1);
      if (next < best) break;
      best = next;
      ++at;
    }
    out[k] = best;
  }
}

}  // namespace

std::vector<double> legendre_lines(std::span<const double> values,
                                   std::span<const double> positions,
                                   std::span<const double> slopes, Context& context) {
  const std::size_t n = positions.size(), m = slopes.size(), lines = values.size() / n;
  std::vector<double> result(lines * m);
  const double work = static_cast<double>(lines) * static_cast<double>(n + m);
  kernels::for_each_row_chunk(
      static_cast<std::int64_t>(lines), work, context, [&](std::int64_t first, std::int64_t end) {
        std::vector<std::size_t> hull;
        for (std::int64_t line = first; line < end; ++line) {
          const std::size_t k = static_cast<std::size_t>(line);
          transform_line(values.data() + k * n, positions, slopes, hull, result.data() + k * m);
        }
      });
  return result;
}

}  // namespace monge

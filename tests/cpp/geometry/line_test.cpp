#include "monge/geometry/line.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace monge {
namespace {

std::vector<double> sorted_numbers(std::mt19937_64& random, std::size_t n, int distinct) {
  std::vector<double> values(n);
  for (double& value : values)
    value = static_cast<double>(random() % static_cast<unsigned>(distinct)) / 7;
  std::sort(values.begin(), values.end());
  return values;
}

// Integers over 7 make exact ties as well as rounding; g is arbitrary.
TEST(LineMinima, AreTheRowMinimaForEveryConvexCost) {
  std::mt19937_64 random(5);
  for (std::string_view name : ground_cost_names()) {
    const GroundCost cost = make_ground_cost(name, 1.5);
    for (std::size_t n : {1U, 2U, 3U, 17U, 64U}) {
      for (std::size_t m : {1U, 2U, 5U, 40U}) {
        const std::vector<double> x = sorted_numbers(random, n, 20),
                                  y = sorted_numbers(random, m, 20);
        std::vector<double> g(m);
        for (double& value : g) value = static_cast<double>(random() % 1000) / 500 - 1;
        std::vector<double> minima(n);
        line_minima(x, y, g, cost, [] { return false; }, minima);
        for (std::size_t i = 0; i < n; ++i) {
          double least = std::numeric_limits<double>::infinity();
          for (std::size_t j = 0; j < m; ++j) {
            least = std::min(least, evaluate(cost, &x[i], &y[j], 1) - g[j]);
          }
          EXPECT_NEAR(minima[i], least, 1e-14) << name << " row " << i << " of " << n << " x " << m;
        }
      }
    }
  }
}

TEST(LineMinima, ThatWereNotReachedStayAsTheyCame) {
  std::mt19937_64 random(6);
  const std::vector<double> x = sorted_numbers(random, 5000, 1 << 20),
                            y = sorted_numbers(random, 5000, 1 << 20), g(y.size());
  const auto minima_after = [&](int asked) {
    std::vector<double> minima(x.size(), -1);
    line_minima(x, y, g, Euclidean{}, [&] { return asked-- <= 0; }, minima);
    return minima;
  };
  const std::vector<double> all = minima_after(1000);
  EXPECT_EQ(std::count(all.begin(), all.end(), -1), 0);
  std::ptrdiff_t missing = 5000;
  for (int asked : {0, 1, 3, 5}) {
    const std::vector<double> minima = minima_after(asked);
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_TRUE(minima[i] == all[i] || minima[i] == -1);
    }
    EXPECT_LE(std::count(minima.begin(), minima.end(), -1), missing);
    missing = std::count(minima.begin(), minima.end(), -1);
    EXPECT_EQ(missing == 5000, asked == 0);
    EXPECT_GT(missing, 0);
  }
}

}  // namespace
}  // namespace monge

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
        const std::vector<double> minima = line_minima(x, y, g, cost);
        ASSERT_EQ(minima.size(), n);
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

}  // namespace
}  // namespace monge

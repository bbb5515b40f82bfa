#include "monge/discrepancy/legendre.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace monge {
namespace {

TEST(Legendre, IsTheMaximumOnEveryLine) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> x{-2, -0.5, 0, 1, 4}, s{-3, -1, 0, 0.5, 7};
  std::mt19937_64 random(1);
  constexpr std::size_t lines = 200;
  std::vector<double> v(lines * x.size());
  for (double& value : v) value = random() % 6 == 0 ? infinity : static_cast<double>(random() % 9);
  std::fill_n(v.begin(), x.size(), infinity);
  Context context;
  const std::vector<double> h = legendre_lines(v, x, s, context);
  for (std::size_t line = 0; line < lines; ++line) {
    for (std::size_t k = 0; k < s.size(); ++k) {
      double most = -infinity;
      for (std::size_t i = 0; i < x.size(); ++i) {
        most = std::max(most, s[k] * x[i] - v[line * x.size() + i]);
      }
      EXPECT_EQ(h[line * s.size() + k], most);  // all numbers are exact
    }
  }
}

}  // namespace
}  // namespace monge

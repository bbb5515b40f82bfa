#include "solver/pair_cost.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "solver/simplex_checks.hpp"

namespace monge {
namespace {

TEST(PairCost, HasTheBitsOfEvaluate) {
  const std::vector<double> numbers = uniform_numbers(16, 0);
  for (const GroundCost& cost : every_ground_cost()) {
    for (int dim = 1; dim <= 8; ++dim) {
      EXPECT_EQ(PairCost(cost, dim)(numbers.data(), numbers.data() + 8),
                evaluate(cost, numbers.data(), numbers.data() + 8, dim))
          << name_of(cost) << ", " << dim;
    }
  }
}

}  // namespace
}  // namespace monge

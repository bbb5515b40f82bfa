#include "monge/discrepancy/sliced.hpp"

#include <gtest/gtest.h>

#include <random>

#include "monge/problem/validate.hpp"

namespace monge {
namespace {

std::vector<double> normal_numbers(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> draw;
  std::vector<double> values(count);
  for (double& value : values) value = draw(random);
  return values;
}

TEST(Sliced, AlongTheAxesIsSortingByCoordinate) {
  const std::vector<double> x{0, 5, 1, 3}, y{4, 4, 2, 0};  // (0, 5), (1, 3) and (4, 4), (2, 0)
  const std::vector<double> axes{1, 0, 0, 1};
  Problem problem;
  problem.geometry =
      PointClouds{row_major(x.data(), 2, 2), row_major(y.data(), 2, 2), SqEuclidean{}};
  problem = validate(problem);
  const Directions directions = row_major(axes.data(), 2, 2);
  Context context;
  EXPECT_EQ(sliced_costs(problem, directions, 2, context), (std::vector<double>{6.5, 5}));
  const SlicedOrder order = sliced_order(problem, directions, context);
  EXPECT_EQ(order.x, (std::vector<Index>{0, 1, 1, 0}));
  EXPECT_EQ(order.y, (std::vector<Index>{1, 0, 1, 0}));
}

TEST(Sliced, AnInterruptionEndsIt) {
  const std::vector<double> x = normal_numbers(3000, 1), t{1, 0, 0};
  Problem problem;
  problem.geometry =
      PointClouds{row_major(x.data(), 1000, 3), row_major(x.data(), 1000, 3), SqEuclidean{}};
  problem = validate(problem);
  Context context;
  context.stop = [] { return true; };
  (void)max_sliced(problem, row_major(t.data(), 1, 3), 2, 1, 1000000, context);
  EXPECT_EQ(context.interruption(), Interruption::cancelled);
}

TEST(Sliced, EqualMassesGivenOrNotAreTheSame) {
  const std::vector<double> x = normal_numbers(90, 1), y = normal_numbers(60, 2),
                            t = {0.6, 0, 0.8, 0, 1, 0};
  const std::vector<double> a(30, 1.0 / 30), b(20, 1.0 / 20);
  Problem problem;
  problem.geometry =
      PointClouds{row_major(x.data(), 30, 3), row_major(y.data(), 20, 3), Euclidean{}};
  Problem weighted = problem;
  weighted.a = a;
  weighted.b = b;
  Context context;
  const Directions directions = row_major(t.data(), 2, 3);
  const auto plain = sliced_costs(validate(problem), directions, 1, context);
  const auto given = sliced_costs(validate(weighted), directions, 1, context);
  for (std::size_t k = 0; k < 2; ++k) EXPECT_NEAR(plain[k], given[k], 1e-14);
}

}  // namespace
}  // namespace monge

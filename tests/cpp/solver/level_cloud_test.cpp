#include "solver/level_cloud.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace monge {
namespace {

TEST(LevelCloud, HalvesIntoCentresOfMass) {
  const LevelCloud half = halved({{0, 0, 4, 8, 10, 20, 30, 40, -7, 5}, {1, 3, 2, 2, 9}, 2});
  EXPECT_EQ(half.points, (std::vector<double>{3, 6, 20, 30, -7, 5}));
  EXPECT_EQ(half.mass, (std::vector<Flow>{4, 4, 9}));
  EXPECT_EQ(half.dim, 2);
}

// Masses of 60 bits next to 1, far from the origin: the centre stays between the two points.
TEST(LevelCloud, CentresStayBetweenTheirPoints) {
  std::mt19937_64 random(2);
  LevelCloud cloud{{}, {}, 1};
  for (int k = 0; k < 200; ++k) {
    cloud.points.push_back(1e8 + static_cast<double>(random() % 1000) * 1e-7);
    cloud.mass.push_back(k % 3 == 0 ? 1 : Flow{1} << (random() % 52));
  }
  const LevelCloud half = halved(cloud);
  ASSERT_EQ(half.n(), 100);
  for (std::size_t k = 0; k < 100; ++k) {
    const auto [low, high] = std::minmax(cloud.points[2 * k], cloud.points[2 * k + 1]);
    EXPECT_GE(half.points[k], low);
    EXPECT_LE(half.points[k], high);
    const double share = static_cast<double>(cloud.mass[2 * k]) / static_cast<double>(half.mass[k]);
    const double centre =
        1e8 + share * (cloud.points[2 * k] - 1e8) + (1 - share) * (cloud.points[2 * k + 1] - 1e8);
    EXPECT_NEAR(half.points[k], centre, 4e-8);
  }
}

TEST(LevelCloud, HalvedAgainAndAgainBecomesOnePointOfAllMass) {
  LevelCloud cloud{{}, {}, 3};
  for (int k = 0; k < 3 * 37; ++k) cloud.points.push_back(k % 11);
  for (int k = 0; k < 37; ++k) cloud.mass.push_back(1 + k % 4);
  const Flow total = std::accumulate(cloud.mass.begin(), cloud.mass.end(), Flow{0});
  double centre = 0;
  for (std::size_t k = 0; k < 37; ++k) {
    centre += static_cast<double>(cloud.mass[k]) * cloud.points[3 * k];
  }
  for (Index n : {19, 10, 5, 3, 2, 1}) {
    cloud = halved(cloud);
    ASSERT_EQ(cloud.n(), n);
  }
  EXPECT_EQ(cloud.mass.front(), total);
  EXPECT_NEAR(cloud.points.front(), centre / static_cast<double>(total), 1e-14);
}

}  // namespace
}  // namespace monge

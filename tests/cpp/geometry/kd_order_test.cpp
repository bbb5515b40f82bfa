#include "geometry/kd_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace monge {
namespace {

std::vector<double> random_points(Index n, int dim, int distinct) {
  std::mt19937_64 random(9);
  std::vector<double> values(static_cast<std::size_t>(n) * static_cast<std::size_t>(dim));
  for (double& value : values) {
    value = static_cast<double>(random() % static_cast<unsigned>(distinct));
  }
  return values;
}

TEST(KdOrder, IsAPermutation) {
  for (Index n : {1, 7, 8, 9, 100, 1000}) {
    const std::vector<double> points = random_points(n, 3, 10);
    std::vector<Index> order = kd_order(points.data(), static_cast<std::size_t>(n), 3, n, 8);
    std::sort(order.begin(), order.end());
    for (Index k = 0; k < n; ++k) EXPECT_EQ(order[static_cast<std::size_t>(k)], k);
  }
}

TEST(KdOrder, OnALineBlocksAreIntervals) {
  constexpr Index n = 100, block = 8;
  const std::vector<double> points = random_points(n, 1, 1'000'000);
  const std::vector<Index> order = kd_order(points.data(), n, 1, n, block);
  const auto at = [&](Index k) {
    return points[static_cast<std::size_t>(order[static_cast<std::size_t>(k)])];
  };
  for (Index begin = block; begin < n; begin += block) {
    double left = at(0), right = at(begin);
    for (Index k = 0; k < begin; ++k) left = std::max(left, at(k));
    for (Index k = begin; k < n; ++k) right = std::min(right, at(k));
    EXPECT_LE(left, right) << "at " << begin;
  }
}

TEST(KdOrder, HalvesTheWidestAxisIntoAlignedRuns) {
  // Four blocks of 8 at the corners of a rectangle that is wide in axis 1.
  constexpr Index n = 32;
  std::vector<double> points(2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    points[i] = static_cast<double>(i % 2);
    points[n + i] = 10 * static_cast<double>(i / 2 % 2);
  }
  const std::vector<Index> order = kd_order(points.data(), n, 2, n, 8);
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t i = static_cast<std::size_t>(order[k]);
    EXPECT_EQ(points[n + i], k < 16 ? 0 : 10);
    EXPECT_EQ(points[i], k / 8 % 2);
  }
}

}  // namespace
}  // namespace monge

#include "geometry/priced_tree.hpp"

#include <gtest/gtest.h>

#include <random>

namespace monge {
namespace {

constexpr Index sizes[] = {1, 31, 32, 33, 512, 513, 9000};

struct Cloud {
  Cloud(Index size, int dimension) : n(size), dim(dimension) {
    std::mt19937_64 random(10);
    std::normal_distribution<double> normal;
    points.resize(static_cast<std::size_t>(n) * static_cast<std::size_t>(dim));
    price.resize(static_cast<std::size_t>(n));
    for (double& value : points) value = normal(random);
    for (double& value : price) value = normal(random);
  }
  double at(int axis, Index j) const {
    return points[static_cast<std::size_t>(axis) * static_cast<std::size_t>(n) +
                  static_cast<std::size_t>(j)];
  }
  Index n;
  int dim;
  std::vector<double> points, price;
};

/// Calls check(level, node, j) for every point j of every node of every level.
template <class Check>
void for_each_point(const PricedTree& tree, const Check& check) {
  for (const PricedTree::Level& level : tree.levels()) {
    for (Index j = 0; j < tree.size(); ++j) {
      check(level, static_cast<std::size_t>(j / level.points_per_node), j);
    }
  }
}

TEST(PricedTree, EveryLevelHoldsAllPointsInFewerNodesThanTheOneBelow) {
  for (Index n : sizes) {
    const PricedTree tree(Cloud(n, 2).points, 2, n);
    ASSERT_FALSE(tree.levels().empty());
    Index below = n + 1;
    for (const PricedTree::Level& level : tree.levels()) {
      EXPECT_EQ(level.nodes, (n + level.points_per_node - 1) / level.points_per_node);
      EXPECT_LT(level.nodes, below);
      below = level.nodes;
    }
  }
}

TEST(PricedTree, BoxesHoldTheirPoints) {
  for (Index n : sizes) {
    const Cloud cloud(n, 3);
    const PricedTree tree(cloud.points, 3, n);
    for_each_point(tree, [&](const PricedTree::Level& level, std::size_t node, Index j) {
      for (int a = 0; a < 3; ++a) {
        const std::size_t k = static_cast<std::size_t>(a) * level.stride + node;
        ASSERT_LE(level.low[k], cloud.at(a, j));
        ASSERT_GE(level.high[k], cloud.at(a, j));
      }
    });
  }
}

/// The affine function of a node at point j.
double affine_at(const PricedTree::Level& level, std::size_t node, const Cloud& cloud, int dim,
                 Index j) {
  double value = level.offset[node];
  for (int a = 0; a < dim; ++a) {
    const std::size_t k = static_cast<std::size_t>(a) * level.stride + node;
    value += level.slope[k] * (cloud.at(a, j) - level.low[k]);
  }
  return value;
}

TEST(PricedTree, AffineFunctionAndLeastPriceAreBelowThePrices) {
  for (Index n : sizes) {
    const Cloud cloud(n, 3);
    PricedTree tree(cloud.points, 3, n);
    tree.refit(cloud.price.data());
    for_each_point(tree, [&](const PricedTree::Level& level, std::size_t node, Index j) {
      ASSERT_LE(affine_at(level, node, cloud, 3, j),
                cloud.price[static_cast<std::size_t>(j)] + 1e-12);
      ASSERT_LE(level.least_price[node], cloud.price[static_cast<std::size_t>(j)]);
    });
  }
}

// The least price alone would be off by several units.
TEST(PricedTree, AffinePricesAreMetUpToTheRegularisation) {
  Cloud cloud(600, 2);
  for (Index j = 0; j < cloud.n; ++j) {
    cloud.price[static_cast<std::size_t>(j)] = 1 + 2 * cloud.at(0, j) - 3 * cloud.at(1, j);
  }
  PricedTree tree(cloud.points, 2, cloud.n);
  tree.refit(cloud.price.data());
  for_each_point(tree, [&](const PricedTree::Level& level, std::size_t node, Index j) {
    ASSERT_NEAR(affine_at(level, node, cloud, 2, j), cloud.price[static_cast<std::size_t>(j)],
                0.05);
  });
}

}  // namespace
}  // namespace monge

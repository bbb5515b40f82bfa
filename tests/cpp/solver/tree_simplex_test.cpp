#include "solver/tree_simplex.hpp"

#include <gtest/gtest.h>

#include "solver/pricing_rounds.hpp"
#include "solver/small_transport.hpp"

namespace monge {
namespace {

TEST(TreeSimplex, ReachesTheOptimumOfAllPairs) {
  for (const auto& [n, m, units] : {std::tuple{1, 1, 1},
                                    {1, 9, 20},
                                    {9, 1, 20},
                                    {16, 16, 16},
                                    {12, 31, 31},
                                    {25, 20, 200},
                                    {80, 70, 300}}) {
    for (unsigned costs : {1u, 2u, 1000u}) {
      for (unsigned seed = 0; seed < 3; ++seed) {
        SCOPED_TRACE(std::to_string(n) + " x " + std::to_string(m) + ", costs below " +
                     std::to_string(costs) + ", seed " + std::to_string(seed));
        SmallTransport transport(n, m, units, costs, seed);
        TransportTree tree(n, m);
        transport.start(tree);
        Context context;
        EXPECT_TRUE(run_simplex(tree, transport.all_pairs(), {}, context));
        expect_strongly_feasible(tree, transport.a, transport.b);
        EXPECT_EQ(tree_cost(tree), transport.optimum());
        for (Index i = 0; i < n; ++i) {
          for (Index j = 0; j < m; ++j) {
            const double p = tree.potential(tree.column(j));
            EXPECT_GE(transport.cost(i, j) - tree.potential(i) + p, 0);
          }
        }
      }
    }
  }
}

TEST(TreeSimplex, StopsAtTheMostPivotsAllowed) {
  SmallTransport transport(40, 40, 200, 1000, 1);
  TransportTree tree(40, 40);
  transport.start(tree);
  const CandidateArcs arcs = transport.all_pairs();
  double cost = tree_cost(tree);
  for (std::int64_t most : {0, 1, 5}) {
    Context context;
    const std::int64_t before = tree.counters().pivots;
    EXPECT_FALSE(run_simplex(tree, arcs, {}, context, most));
    EXPECT_LE(tree.counters().pivots - before, most);
    EXPECT_LE(tree_cost(tree), cost);
    expect_strongly_feasible(tree, transport.a, transport.b);
    cost = tree_cost(tree);
  }
  EXPECT_GT(tree.counters().pivots, 0);
}

TEST(TreeSimplex, AnInterruptedOneIsFeasibleAndNotCalledOptimal) {
  SmallTransport transport(40, 40, 200, 1000, 2);
  TransportTree tree(40, 40);
  transport.start(tree);
  Context context;
  context.stop = [] { return true; };
  EXPECT_FALSE(run_simplex(tree, transport.all_pairs(), {}, context));
  EXPECT_EQ(tree.counters().pivots, 0);
  expect_strongly_feasible(tree, transport.a, transport.b);
}

// No reduced cost is violated by the allowed amount, and one is by less of it.
TEST(TreeSimplex, WhatIsAllowedRemains) {
  SmallTransport transport(30, 30, 90, 1000, 3);
  TransportTree tree(30, 30);
  transport.start(tree);
  Context context;
  EXPECT_TRUE(run_simplex(tree, transport.all_pairs(), {100}, context));
  double least = 0;
  for (Index i = 0; i < 30; ++i) {
    for (Index j = 0; j < 30; ++j) {
      const double p = tree.potential(tree.column(j));
      least = std::min(least, transport.cost(i, j) - tree.potential(i) + p);
    }
  }
  EXPECT_GE(least, -100.001);
  EXPECT_LT(least, 0);
}

}  // namespace
}  // namespace monge

#include "solver/starting_tree.hpp"

#include <gtest/gtest.h>

#include "solver/small_transport.hpp"

namespace monge {
namespace {

TEST(StartingTree, IsStronglyFeasibleWhateverTheOrderOfJoins) {
  for (const auto& [n, m, units] :
       {std::tuple{1, 1, 1}, {1, 6, 6}, {6, 1, 40}, {8, 8, 8}, {5, 11, 11}, {12, 9, 60}}) {
    for (unsigned seed = 0; seed < 40; ++seed) {
      SCOPED_TRACE(std::to_string(n) + " x " + std::to_string(m) + ", seed " +
                   std::to_string(seed));
      SmallTransport transport(n, m, units, 100, seed);
      TransportTree tree(n, m);
      transport.start(tree);
      expect_strongly_feasible(tree, transport.a, transport.b);
      for (Index v = 0; v < tree.root(); ++v) {
        if (tree.parent(v) == tree.root()) {
          EXPECT_EQ(tree.potential(v), tree.is_row(v) ? 3 : -2);
        } else {
          EXPECT_EQ(tree.arc_cost(v), transport.cost(tree.arc_row(v), tree.arc_col(v)));
        }
      }
    }
  }
}

TEST(StartingTree, JoinsGreedilyByReducedCost) {
  TransportTree tree(2, 2);
  StartingTree start({3, 2}, {2, 3}, tree);
  CandidateArcs arcs(2);
  arcs.add({{0, 0, 5}, {0, 1, 2}, {1, 0, 9}, {1, 1, 1}});
  // Reduced: 5 - 0 - 4 = 1, 2 - 0 - 0 = 2, 9 - 6 - 4 = -1, 1 - 6 - 0 = -5.
  start.join_greedily(arcs, {0, 6}, {-4, 0});
  EXPECT_FALSE(start.row_open(1));
  start.finish([](Index, Index) { return 100.0; }, {0, 6}, {-4, 0});
  expect_strongly_feasible(tree, {3, 2}, {2, 3});
  EXPECT_EQ(tree.parent(1), tree.column(1));
  EXPECT_EQ(tree.flow(1), 2);
  EXPECT_EQ(tree.parent(tree.column(0)), 0);
  EXPECT_EQ(tree.arc_cost(tree.column(0)), 5);
}

TEST(StartingTree, AmongTwoExhaustedAtOnceTheCallerChoosesTheChild) {
  for (bool row_first : {true, false}) {
    TransportTree tree(1, 1);
    StartingTree start({4}, {4}, tree);
    start.join(0, 0, 7, row_first);
    start.finish([](Index, Index) { return 0.0; }, {0}, {0});
    EXPECT_EQ(tree.parent(0), row_first ? tree.column(0) : tree.root());
    EXPECT_EQ(tree.parent(tree.column(0)), row_first ? tree.root() : 0);
    EXPECT_EQ(tree.flow(row_first ? 0 : tree.column(0)), 4);
  }
}

}  // namespace
}  // namespace monge

#include "solver/local_simplex.hpp"

#include <gtest/gtest.h>

#include "solver/pricing_rounds.hpp"
#include "solver/small_transport.hpp"

namespace monge {
namespace {

SmallTransport transport_of(bool degenerate) {
  return degenerate ? SmallTransport(150, 150, 150, 20, 9) : SmallTransport(120, 180, 900, 1000, 9);
}

/// Everything that a tree is.
std::vector<double> contents(const TransportTree& tree) {
  std::vector<double> all;
  for (Index v = 0; v < tree.root(); ++v) {
    const double parent = tree.parent(v), flow = static_cast<double>(tree.flow(v));
    all.insert(all.end(), {parent, flow, tree.arc_cost(v), tree.potential(v)});
  }
  return all;
}

TEST(LocalSimplex, LowersTheCostAndKeepsTheTreeStronglyFeasible) {
  for (bool degenerate : {false, true}) {
    const double optimum = transport_of(degenerate).optimum();
    for (Index part_size : {1, 10, 60}) {
      SCOPED_TRACE("parts of " + std::to_string(part_size));
      SmallTransport transport = transport_of(degenerate);
      const CandidateArcs arcs = transport.all_pairs();
      TransportTree tree(transport.n, transport.m);
      transport.start(tree);
      const double before = tree_cost(tree);
      Team team(1);
      Context context;
      const std::int64_t pivots = run_local_simplex(tree, arcs, part_size, {}, team, context);
      expect_strongly_feasible(tree, transport.a, transport.b);
      if (part_size >= 10) {
        EXPECT_GT(pivots, 0);
        EXPECT_LT(tree_cost(tree), before);
      } else {
        EXPECT_LE(tree_cost(tree), before);
      }
      EXPECT_TRUE(run_simplex(tree, arcs, {}, context));
      EXPECT_EQ(tree_cost(tree), optimum);
    }
  }
}

TEST(LocalSimplex, OnePartOfAllNodesIsSolved) {
  SmallTransport transport = transport_of(false);
  const CandidateArcs arcs = transport.all_pairs();
  TransportTree tree(transport.n, transport.m);
  transport.start(tree);
  Team team(1);
  Context context;
  run_local_simplex(tree, arcs, tree.root() + 1, {}, team, context);
  EXPECT_EQ(tree_cost(tree), transport.optimum());
}

TEST(LocalSimplex, DoesNotDependOnTheNumberOfThreads) {
  std::vector<double> expected;
  for (int threads : {1, 3}) {
    SmallTransport transport = transport_of(false);
    TransportTree tree(transport.n, transport.m);
    transport.start(tree);
    Team team(threads);
    Context context;
    run_local_simplex(tree, transport.all_pairs(), 30, {}, team, context);
    if (threads == 1) expected = contents(tree);
    EXPECT_EQ(contents(tree), expected);
  }
}

TEST(LocalSimplex, AnInterruptedOneLeavesTheTreeAsItWas) {
  SmallTransport transport = transport_of(false);
  TransportTree tree(transport.n, transport.m);
  transport.start(tree);
  const std::vector<double> before = contents(tree);
  Team team(3);
  Context context;
  context.stop = [] { return true; };
  context.poll({"test", 0});
  EXPECT_EQ(run_local_simplex(tree, transport.all_pairs(), 30, {}, team, context), 0);
  EXPECT_EQ(contents(tree), before);
}

}  // namespace
}  // namespace monge

#include "solver/transport_tree.hpp"

#include <gtest/gtest.h>

#include "solver/small_transport.hpp"

namespace monge {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// What a node's potential must be, from the arcs above it; whole costs make it exact.
double climbed(const TransportTree& tree, Index v) {
  double sum = 0;
  for (; v != tree.root(); v = tree.parent(v)) {
    const bool up = tree.is_row(v) || tree.parent(v) == tree.root();
    sum += up ? tree.arc_cost(v) : -tree.arc_cost(v);
  }
  return sum;
}

/// The shifted potentials, up to the root's, are those of the tree as it now is.
void expect_right_potentials(const TransportTree& tree) {
  const kernels::PotentialsView shifted = tree.potentials();
  for (Index v = 0; v < tree.root(); ++v) {
    ASSERT_EQ(shifted(v) - shifted(tree.root()), climbed(tree, v)) << "node " << v;
  }
}

/// Pivots on an arc of negative reduced cost, drawn at random; false if none was found.
bool random_pivot(TransportTree& tree, SmallTransport& transport) {
  const kernels::PotentialsView potentials = tree.potentials();
  for (int tries = 0; tries < 1000; ++tries) {
    const Index i = static_cast<Index>(transport.random() % at(transport.n));
    const Index j = static_cast<Index>(transport.random() % at(transport.m));
    const double cost = transport.cost(i, j);
    const double reduced = cost - potentials.row(i) + potentials.column(j);
    if (reduced >= 0) continue;
    tree.pivot(i, j, cost, reduced);
    return true;
  }
  return false;
}

double cost_of(const TransportTree& tree) {
  double sum = 0;
  for (Index v = 0; v < tree.root(); ++v)
    sum += static_cast<double>(tree.flow(v)) * tree.arc_cost(v);
  return sum;
}

void expect_zero_reduced_costs(const TransportTree& tree) {
  for (Index v = 0; v < tree.root(); ++v) {
    if (tree.parent(v) == tree.root()) {
      ASSERT_EQ(tree.potential(v), tree.arc_cost(v));
    } else {
      const double u = tree.potential(tree.arc_row(v));
      ASSERT_EQ(tree.arc_cost(v) - u + tree.potential(tree.column(tree.arc_col(v))), 0);
    }
  }
}

TEST(TransportTree, PivotsKeepItStronglyFeasibleAndItsPotentialsRight) {
  for (const auto& [n, m, units] :
       {std::tuple{1, 1, 1}, {1, 7, 9}, {7, 1, 9}, {12, 12, 12}, {9, 14, 14}, {20, 15, 200}}) {
    for (unsigned costs : {2u, 1000u}) {
      SCOPED_TRACE(std::to_string(n) + " x " + std::to_string(m) + ", " + std::to_string(units) +
                   " units, costs below " + std::to_string(costs));
      SmallTransport transport(n, m, units, costs, 3);
      TransportTree tree(n, m);
      transport.start(tree);
      expect_strongly_feasible(tree, transport.a, transport.b);
      double cost = cost_of(tree);
      int pivots = 0;
      for (; pivots < 300 && random_pivot(tree, transport); ++pivots) {
        ASSERT_NO_FATAL_FAILURE(expect_strongly_feasible(tree, transport.a, transport.b));
        ASSERT_NO_FATAL_FAILURE(expect_right_potentials(tree));
        const double now = cost_of(tree);
        ASSERT_LE(now, cost);
        cost = now;
      }
      if (costs > 2 && n > 1 && m > 1) {
        EXPECT_GT(pivots, 5);
      }
      tree.recompute();
      expect_zero_reduced_costs(tree);
    }
  }
}

// In a long chain half the nodes are behind an arc: only a tour shifts them fast enough.
TEST(TransportTree, PotentialsOfLargeSubtreesAreShiftedInATour) {
  SmallTransport transport(600, 700, 5000, 1000, 4);
  TransportTree tree(600, 700);
  transport.start_as_chain(tree);
  for (int pivots = 0; pivots < 1000; ++pivots) {
    ASSERT_TRUE(random_pivot(tree, transport));
    if (pivots % 50 != 0) continue;
    ASSERT_NO_FATAL_FAILURE(expect_right_potentials(tree));
    ASSERT_NO_FATAL_FAILURE(expect_strongly_feasible(tree, transport.a, transport.b));
  }
  EXPECT_GT(tree.counters().switches, 0);
  ASSERT_NE(tree.potentials().shift, nullptr) << "not in a tour";
  const Index some = 17;
  const double before = tree.potentials()(some) - tree.potentials()(tree.root());
  tree.recompute();
  EXPECT_EQ(tree.potentials().shift, nullptr);
  EXPECT_EQ(tree.potential(some), before);
  expect_zero_reduced_costs(tree);
  ASSERT_TRUE(random_pivot(tree, transport));
  expect_right_potentials(tree);
}

TEST(TransportTree, PreorderListsEveryNodeAfterItsParent) {
  SmallTransport transport(30, 40, 60, 10, 6);
  TransportTree tree(30, 40);
  transport.start(tree);
  for (int pivots = 0; pivots < 40; ++pivots) random_pivot(tree, transport);
  std::vector<char> seen(at(tree.root()) + 1, false);
  seen[at(tree.root())] = true;
  const std::vector<Index> order = tree.preorder();
  ASSERT_EQ(order.size(), at(tree.root()));
  for (Index v : order) {
    EXPECT_TRUE(seen[at(tree.parent(v))]);
    EXPECT_FALSE(seen[at(v)]);
    seen[at(v)] = true;
  }
}

// u of row 0 is 1e16 - (1e16 - 2) + 1.25 + 2^-30: one rounding at the end, not one per arc.
TEST(TransportTree, RecomputedPotentialsAreRoundedOnce) {
  TransportTree tree(2, 2);
  tree.attach(0, tree.column(0), 1, 1e16);
  tree.attach(tree.column(0), 1, 1, 1e16 - 2);
  tree.attach(1, tree.column(1), 1, 1.25);
  tree.attach(tree.column(1), tree.root(), 0, 0x1p-30);
  tree.finish_start();
  EXPECT_EQ(tree.potential(0), 3.25 + 0x1p-30);
}

}  // namespace
}  // namespace monge

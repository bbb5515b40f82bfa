#include "solver/spare_nodes.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "monge/problem/validate.hpp"
#include "solver/small_transport.hpp"

namespace monge {
namespace {

/// Points on a line, of which some mass may stay.
struct Partial {
  Partial(std::vector<double> rows, std::vector<double> cols, Slack slack) : a(rows), b(cols) {
    x.resize(a.size());
    y.resize(b.size());
    std::iota(x.begin(), x.end(), 0.0);
    std::iota(y.begin(), y.end(), 0.5);
    problem.geometry =
        PointClouds{row_major(x.data(), static_cast<Index>(x.size()), 1),
                    row_major(y.data(), static_cast<Index>(y.size()), 1), Euclidean{}};
    problem.a = a;
    problem.b = b;
    problem.slack = slack;
    problem = validate(problem);
    masses = integer_masses(problem);
  }
  SpareNodes spare(double dearest = 100) const { return {problem, masses, dearest}; }
  Flow total(const std::vector<Flow>& side) const {
    return std::accumulate(side.begin(), side.end(), Flow{0});
  }

  std::vector<double> a, b, x, y;
  Problem problem;
  IntegerMasses masses;
};

TEST(SpareNodes, WholeAtomsMoveWhereTheMassIsAMultipleOfThem) {
  for (int moved = 0; moved <= 7; ++moved) {
    const Partial partial(std::vector<double>(7, 0.1), std::vector<double>(9, 0.1),
                          MovedMass{moved * 0.1});
    EXPECT_EQ(partial.masses.moved, moved);
    EXPECT_EQ(partial.masses.a, std::vector<Flow>(7, 1));
  }
  const Partial other(std::vector<double>(7, 0.1), std::vector<double>(9, 0.1), MovedMass{0.25});
  EXPECT_NEAR(static_cast<double>(other.masses.moved) / static_cast<double>(other.masses.a[0]), 2.5,
              1e-15);
}

TEST(SpareNodes, BothSidesOfTheTreeHaveTheSameMass) {
  const std::vector<double> a{0.3, 0, 1e-9, 2}, b{1, 0.7, 0.1};
  for (const Slack& slack :
       {Slack{MovedMass{0}}, Slack{MovedMass{1.2}}, Slack{MovedMass{1.8}},
        Slack{UnmatchedCost{1, 2}}, Slack{UnmatchedCost{1e9, 0}}, Slack{UnmatchedCost{0, 0}}}) {
    const Partial partial(a, b, slack);
    const SpareNodes spare = partial.spare();
    EXPECT_EQ(partial.total(spare.rows_of(partial.masses.a)),
              partial.total(spare.cols_of(partial.masses.b)));
    EXPECT_NEAR(spare.row_mass().value() + 2.3 + 1e-9, spare.col_mass().value() + 1.8, 1e-12);
  }
}

TEST(SpareNodes, PricesAboveEveryCostMoveAllThatCan) {
  const Partial partial({1, 1}, {1, 1, 1}, UnmatchedCost{60, 50});
  EXPECT_FALSE(partial.spare(100).joined());
  EXPECT_FALSE(partial.spare(100).has_col());
  EXPECT_TRUE(partial.spare(100).has_row());
  EXPECT_TRUE(partial.spare(120).joined());
  const auto zero = [](Index, Index) { return 0.0; };
  EXPECT_EQ(partial.spare(120).cost(0, 3, 2, 3, zero), 60);
  EXPECT_EQ(partial.spare(120).cost(2, 0, 2, 3, zero), 50);
}

TEST(SpareNodes, AStartThatFillsThemFirstNeedsNoArcBetweenThem) {
  for (double moved : {0.0, 0.5, 1.3, 2.0}) {
    const Partial partial({0.7, 0.3, 1, 0.5}, {1, 0.25, 0.75}, MovedMass{moved});
    const SpareNodes spare = partial.spare();
    const std::vector<Flow> a = spare.rows_of(partial.masses.a),
                            b = spare.cols_of(partial.masses.b);
    const Duals duals{std::vector<double>{3, 1, 2, 5, 0}, std::vector<double>(b.size())};
    const Duals fitting{{duals.u.begin(), duals.u.begin() + static_cast<std::ptrdiff_t>(a.size())},
                        duals.p};
    TransportTree tree(static_cast<Index>(a.size()), static_cast<Index>(b.size()));
    StartingTree start(a, b, tree);
    spare.fill(start, fitting);
    start.finish([](Index, Index) { return 1.0; }, fitting.u, fitting.p);
    expect_strongly_feasible(tree, a, b);
    for (Index v = 0; v < tree.root(); ++v) {
      if (tree.parent(v) == tree.root() || tree.flow(v) == 0) continue;
      EXPECT_FALSE(tree.arc_row(v) == 4 && tree.arc_col(v) == 3);
    }
    if (moved == 1.3) {  // 1.2 stay, of the rows with the highest potentials: 0.5, then 0.7 of 0.7
      EXPECT_EQ(tree.parent(3), tree.column(3));
    }
  }
}

TEST(SpareNodes, PotentialsAreSettledBelowThePrices) {
  const Duals raw{{4, 6, 5}, {1, -2, 3}};
  const Partial joined({1, 1}, {1, 1}, UnmatchedCost{2, 1});
  const Duals low = joined.spare().settled(raw);
  EXPECT_EQ(low.u, (std::vector<double>{1, 3}));
  EXPECT_EQ(low.p, (std::vector<double>{-2, -5}));

  const Partial surplus({2, 1}, {1, 1}, UnmatchedCost{500, 1});
  ASSERT_TRUE(surplus.spare().has_col());
  ASSERT_FALSE(surplus.spare().has_row());
  const Duals high = surplus.spare().settled({{4, 6}, {1, -2, 7}});
  EXPECT_EQ(high.u, (std::vector<double>{497, 499}));  // f <= alpha with the spare one at 0

  const Partial even({1, 1}, {1, 1}, UnmatchedCost{0, 500});
  EXPECT_EQ(even.spare().settled({{4, 6}, {1, -2}}).u, (std::vector<double>{-2, 0}));
  EXPECT_EQ(Partial({1, 1}, {1, 1}, MovedMass{2}).spare().settled({{4, 6}, {1, -2}}).u,
            (std::vector<double>{4, 6}));
}

TEST(SpareNodes, PricingSeesViolatedArcsOfSpareNodes) {
  const Partial partial({1, 1}, {1, 1}, UnmatchedCost{2, 1});
  Pricing pricing{{}, {0, -0.5}};
  partial.spare().price({{4, 1, 0}, {0, -3, 1}}, pricing);
  // (0, spare): 2 - 4 + 1, (1, spare): 2 - 1 + 1, (spare, 1): 1 - 0 - 3, (spare, spare): 1.
  EXPECT_EQ(pricing.row_worst, (std::vector<double>{-1, -0.5, -2}));
}

}  // namespace
}  // namespace monge

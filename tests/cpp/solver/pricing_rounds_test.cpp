#include "solver/pricing_rounds.hpp"

#include <gtest/gtest.h>

#include <map>

#include "solver/small_transport.hpp"

namespace monge {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// A look at all pairs by plain loops, in parts of 7 rows.
Pricing price_all(const SmallTransport& transport, const Duals& duals, const Tolerance& tolerance) {
  Pricing pricing{std::vector<std::vector<Violation>>(at(transport.n + 6) / 7),
                  std::vector<double>(at(transport.n))};
  for (Index i = 0; i < transport.n; ++i) {
    for (Index j = 0; j < transport.m; ++j) {
      const double cost = transport.cost(i, j), u = duals.u[at(i)], p = duals.p[at(j)];
      const double reduced = cost - u + p;
      pricing.row_worst[at(i)] = std::min(pricing.row_worst[at(i)], reduced);
      if (tolerance.violated(reduced, cost, u, p)) {
        pricing.parts[at(i) / 7].push_back({reduced, {i, j, cost}});
      }
    }
  }
  return pricing;
}

/// One solve from very few candidates: the pairs of the diagonal.
struct Rounds {
  Rounds(SmallTransport transport, const RoundOptions& options, Context& context)
      : tree(transport.n, transport.m), arcs(transport.n) {
    for (Index i = 0; i < transport.n; ++i) {
      arcs.add({{i, i % transport.m, transport.cost(i, i % transport.m)}});
    }
    transport.start(tree);
    Team team(1);
    duals = optimise(
        tree, arcs, transport.a,
        [&](const Duals& now, const Tolerance& tolerance) {
          if (before_pricing) before_pricing();
          return price_all(transport, now, tolerance);
        },
        options, team, context, counters);
    for (Index i = 0; i < transport.n; ++i) {
      double least = std::numeric_limits<double>::infinity();
      for (Index j = 0; j < transport.m; ++j) {
        least = std::min(least, transport.cost(i, j) + duals.p[at(j)]);
      }
      bound += static_cast<double>(transport.a[at(i)]) * least;
    }
    for (Index j = 0; j < transport.m; ++j) {
      bound -= static_cast<double>(transport.b[at(j)]) * duals.p[at(j)];
    }
  }
  static inline std::function<void()> before_pricing;

  TransportTree tree;
  CandidateArcs arcs;
  RoundCounters counters;
  Duals duals;
  double bound = 0;  ///< by weak duality, from the column prices alone
};

TEST(PricingRounds, FewCandidatesLeadToTheOptimumOfAllPairs) {
  for (const auto& [n, m, units] :
       {std::tuple{1, 1, 1}, {1, 12, 30}, {20, 20, 20}, {30, 18, 100}, {60, 75, 250}}) {
    for (unsigned costs : {1u, 3u, 1000u}) {
      for (Index kept : {1, 4, 1000}) {
        SCOPED_TRACE(std::to_string(n) + " x " + std::to_string(m) + ", costs below " +
                     std::to_string(costs) + ", kept " + std::to_string(kept));
        const SmallTransport transport(n, m, units, costs, 4);
        Context context;
        const Rounds rounds(transport, {kept, 0}, context);
        expect_strongly_feasible(rounds.tree, transport.a, transport.b);
        EXPECT_EQ(tree_cost(rounds.tree), transport.optimum());
        EXPECT_EQ(rounds.bound, tree_cost(rounds.tree));
        EXPECT_EQ(rounds.counters.arcs, static_cast<std::int64_t>(rounds.arcs.size()));
      }
    }
  }
}

TEST(PricingRounds, NoArcBecomesACandidateTwice) {
  Context context;
  const Rounds rounds(SmallTransport(60, 75, 250, 1000, 5), {4, 0}, context);
  EXPECT_GT(rounds.counters.rounds, 2);
  EXPECT_LT(rounds.arcs.size(), 60U * 75U);
  for (Index i = 0; i < 60; ++i) {
    std::map<Index, int> times;
    for (std::size_t k = rounds.arcs.begin(i); k < rounds.arcs.end(i); ++k) {
      EXPECT_EQ(++times[rounds.arcs.col(k)], 1);
    }
  }
}

TEST(PricingRounds, AToleratedGapIsHeldAndSavesWork) {
  const SmallTransport transport(60, 75, 250, 1000, 6);
  Context exact_context;
  const Rounds exact(transport, {4, 0}, exact_context);
  for (double rtol : {0.5, 0.1, 1e-3}) {
    Context context;
    const Rounds rounds(transport, {4, rtol}, context);
    const double cost = tree_cost(rounds.tree);
    EXPECT_GE(cost, transport.optimum());
    EXPECT_LE(cost - rounds.bound, rtol * cost);
    if (rtol > 0.01) {
      EXPECT_LT(rounds.counters.pivots, exact.counters.pivots);
    }
  }
}

TEST(PricingRounds, AnInterruptedOneHasAFeasibleTreeAndItsPotentials) {
  const SmallTransport transport(60, 75, 250, 1000, 7);
  for (int rounds_before : {0, 1, 3}) {
    Context context;
    bool quit = rounds_before == 0;
    int round = 0;
    context.stop = [&] { return quit; };
    if (quit) context.poll({"test", 0});
    Rounds::before_pricing = [&] {
      if (++round < rounds_before) return;
      quit = true;
      while (context.poll({"test", 0}) == Interruption::none) {
      }
    };
    const Rounds rounds(transport, {4, 0}, context);
    Rounds::before_pricing = nullptr;
    EXPECT_EQ(rounds.counters.rounds, rounds_before);
    expect_strongly_feasible(rounds.tree, transport.a, transport.b);
    ASSERT_EQ(rounds.duals.u.size(), 60U);
    ASSERT_EQ(rounds.duals.p.size(), 75U);
    EXPECT_LE(rounds.bound, transport.optimum());
    EXPECT_GT(tree_cost(rounds.tree), transport.optimum());
  }
}

}  // namespace
}  // namespace monge

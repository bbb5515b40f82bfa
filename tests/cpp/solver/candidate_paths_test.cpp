#include "solver/candidate_paths.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "solver/simplex_checks.hpp"

namespace monge {
namespace {

constexpr std::int64_t many = std::numeric_limits<std::int64_t>::max();

CandidateArcs arcs_of(Index n, const std::vector<Arc>& list) {
  CandidateArcs arcs(n);
  arcs.add(list);
  return arcs;
}

double total(const CandidatePaths& paths, Index n) {
  double sum = 0;
  for (Index i = 0; i < n; ++i) sum += paths.held_cost(i);
  return sum;
}

/// The least total over all permutations; infinite where there is no arc.
double least_total(const CandidateArcs& arcs) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const Index n = arcs.rows();
  std::vector<std::vector<double>> cost(static_cast<std::size_t>(n),
                                        std::vector<double>(static_cast<std::size_t>(n), infinity));
  for (Index i = 0; i < n; ++i) {
    for (std::size_t k = arcs.begin(i); k < arcs.end(i); ++k) {
      cost[static_cast<std::size_t>(i)][static_cast<std::size_t>(arcs.col(k))] = arcs.cost(k);
    }
  }
  std::vector<std::size_t> columns(static_cast<std::size_t>(n));
  std::iota(columns.begin(), columns.end(), 0);
  double least = infinity;
  do {
    double sum = 0;
    for (std::size_t i = 0; i < columns.size(); ++i) sum += cost[i][columns[i]];
    least = std::min(least, sum);
  } while (std::next_permutation(columns.begin(), columns.end()));
  return least;
}

TEST(CandidatePaths, RowsThatHaveBidHoldTheirBest) {
  const Index n = 60;
  for (unsigned seed = 0; seed < 20; ++seed) {
    const std::vector<double> random = uniform_numbers(n * n, seed);
    std::vector<Arc> list;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n; ++j) {
        const double cost = random[static_cast<std::size_t>(i * n + j)];
        if (cost < 0.2) list.push_back({i, j, seed % 3 == 0 ? std::floor(100 * cost) : cost});
      }
    }
    const CandidateArcs arcs = arcs_of(n, list);
    CandidatePaths paths(n, std::vector<double>(n, 0.0));
    const auto holders = [&] {
      Index count = 0;
      for (Index i = 0; i < n; ++i) count += paths.holds(i);
      return count;
    };
    paths.take_best(arcs, {});
    const Index before = holders();
    paths.bid(arcs);
    EXPECT_GE(holders(), before);
    const std::vector<double> prices = paths.prices();
    std::vector<char> taken(n);
    for (Index i = 0; i < n; ++i) {
      if (!paths.holds(i)) continue;
      EXPECT_FALSE(std::exchange(taken[static_cast<std::size_t>(paths.column(i))], true));
      for (std::size_t k = arcs.begin(i); k < arcs.end(i); ++k) {
        EXPECT_LE(paths.value(i),
                  arcs.cost(k) + prices[static_cast<std::size_t>(arcs.col(k))] + 1e-12);
      }
    }
  }
}

TEST(CandidatePaths, FindTheBestPermutationOfSparseGraphs) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    const Index n = 7;
    const std::vector<double> random = uniform_numbers(2 * n * n, seed);
    std::vector<Arc> list;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n; ++j) {
        const std::size_t k = static_cast<std::size_t>(i * n + j);
        // Every third seed has ties.
        const double cost = seed % 3 == 0 ? std::floor(4 * random[k]) : random[k];
        if (j == (i + 1) % n || random[k + n * n] < 0.4) list.push_back({i, j, cost});
      }
    }
    const CandidateArcs arcs = arcs_of(n, list);
    CandidatePaths paths(n, uniform_numbers(n, seed + 100));
    paths.take_best(arcs, {});
    Context context;
    ASSERT_TRUE(paths.augment_all(arcs, many, context));
    ASSERT_TRUE(paths.closed_rows().empty());
    EXPECT_NEAR(total(paths, n), least_total(arcs), 1e-12);
    for (Index i = 0; i < n; ++i) {
      for (std::size_t k = arcs.begin(i); k < arcs.end(i); ++k) {
        const double value = arcs.cost(k) + paths.prices()[static_cast<std::size_t>(arcs.col(k))];
        EXPECT_GE(value, paths.value(i) - 1e-12);
      }
    }
  }
}

TEST(CandidatePaths, RowsThatLeadNowhereAreToldAndGoOnOnNewArcs) {
  // Rows 0 to 2 know columns 0 and 1 alone; row 3 knows column 3.
  CandidateArcs arcs =
      arcs_of(4, {{0, 0, 1}, {0, 1, 2}, {1, 0, 1}, {1, 1, 1}, {2, 1, 1}, {3, 3, 5}});
  CandidatePaths paths(4, {0, 0, 0, 0});
  paths.take_best(arcs, {});
  Context context;
  EXPECT_TRUE(paths.augment_all(arcs, many, context));
  std::vector<Index> closed = paths.closed_rows();
  std::sort(closed.begin(), closed.end());
  EXPECT_EQ(closed, (std::vector<Index>{0, 1, 2}));
  EXPECT_EQ(paths.closed_columns(), (std::vector<char>{1, 1, 0, 0}));
  arcs.add({{0, 2, 9}, {1, 2, 4}});
  paths.reopen();
  EXPECT_TRUE(paths.augment_all(arcs, many, context));
  EXPECT_TRUE(paths.closed_rows().empty());
  EXPECT_EQ(total(paths, 4), 1 + 1 + 4 + 5);
}

// Some rows of these graphs lead nowhere; what the others do must not spoil anyone's prices.
TEST(CandidatePaths, EveryRowHoldsItsBestEvenWhereOthersLeadNowhere) {
  Context context;
  int closed = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    const Index n = 12;
    const std::vector<double> random = uniform_numbers(2 * n * n, seed);
    std::vector<Arc> list;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n; ++j) {
        const std::size_t k = static_cast<std::size_t>(i * n + j);
        if (random[k + n * n] < 0.15) list.push_back({i, j, random[k]});
      }
      list.push_back({i, i / 2, 0.5});
    }
    const CandidateArcs arcs = arcs_of(n, list);
    CandidatePaths paths(n, std::vector<double>(static_cast<std::size_t>(n), 0.0));
    paths.take_best(arcs, {});
    ASSERT_TRUE(paths.augment_all(arcs, many, context));
    closed += !paths.closed_rows().empty();
    for (Index i = 0; i < n; ++i) {
      for (std::size_t k = arcs.begin(i); paths.holds(i) && k < arcs.end(i); ++k) {
        const double value = arcs.cost(k) + paths.prices()[static_cast<std::size_t>(arcs.col(k))];
        EXPECT_GE(value, paths.value(i) - 1e-12);
      }
    }
  }
  EXPECT_GT(closed, 100);
}

TEST(CandidatePaths, ARowThatLearnsOfSomethingBetterSearchesAgain) {
  CandidateArcs arcs = arcs_of(2, {{0, 0, 5}, {1, 1, 5}});
  CandidatePaths paths(2, {0, 0});
  paths.take_best(arcs, {});
  const Arc better{0, 1, 1}, worse{1, 0, 6};
  arcs.add({better, worse});
  paths.know(better);
  paths.know(worse);
  EXPECT_FALSE(paths.holds(0));
  EXPECT_TRUE(paths.holds(1));
  Context context;
  EXPECT_TRUE(paths.augment_all(arcs, many, context));
  EXPECT_EQ(total(paths, 2), 1 + 6);
}

TEST(CandidatePaths, APreferredColumnWinsAmongEqualsOnly) {
  const CandidateArcs arcs = arcs_of(2, {{0, 0, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 2}});
  CandidatePaths paths(2, {0, 0});
  paths.take_best(arcs, {1, 1});
  EXPECT_EQ(paths.column(0), 1);
  EXPECT_EQ(paths.column(1), 0);
}

TEST(CandidatePaths, StopAtTheLimitOfWork) {
  const CandidateArcs arcs = arcs_of(3, {{0, 0, 1}, {1, 0, 1}, {1, 1, 2}, {2, 1, 1}, {2, 2, 3}});
  CandidatePaths paths(3, {0, 0, 0});
  Context context;
  EXPECT_FALSE(paths.augment_all(arcs, 0, context));
  EXPECT_TRUE(paths.augment_all(arcs, many, context));
  EXPECT_EQ(total(paths, 3), 1 + 2 + 3);
}

}  // namespace
}  // namespace monge

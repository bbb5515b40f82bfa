#include "solver/candidate_arcs.hpp"

#include <gtest/gtest.h>

#include <random>

namespace monge {
namespace {

void expect_arcs(const CandidateArcs& arcs,
                 const std::vector<std::vector<std::pair<Index, double>>>& expected) {
  std::size_t k = 0;
  ASSERT_EQ(static_cast<std::size_t>(arcs.rows()), expected.size());
  for (Index i = 0; i < arcs.rows(); ++i) {
    EXPECT_EQ(arcs.begin(i), k);
    for (const auto& [col, cost] : expected[static_cast<std::size_t>(i)]) {
      EXPECT_EQ(arcs.col(k), col);
      EXPECT_EQ(arcs.cost(k), cost);
      ++k;
    }
    ASSERT_EQ(arcs.end(i), k);
  }
  EXPECT_EQ(arcs.size(), k);
  const kernels::ArcsView view = arcs.view();
  for (std::size_t pad = 0; pad < kernels::arc_padding; ++pad) {
    EXPECT_EQ(view.cols[k + pad], 0);
    EXPECT_EQ(view.costs[k + pad], 0);
  }
}

TEST(CandidateArcs, AreSortedByRowAndKeepTheOrderInWhichTheyWereAdded) {
  std::mt19937_64 random(8);
  constexpr std::size_t rows = 9;
  std::vector<std::vector<std::pair<Index, double>>> expected(rows);
  CandidateArcs arcs(rows);
  expect_arcs(arcs, expected);
  for (int batch = 0; batch < 6; ++batch) {
    std::vector<Arc> added;
    for (int k = 0; k < 25 * (batch % 3); ++k) {
      const std::size_t row = random() % (rows - 1);  // the last one stays empty
      const Index col = static_cast<Index>(1 + random() % 1000);
      added.push_back({static_cast<Index>(row), col, static_cast<double>(k + 1)});
      expected[row].push_back({col, static_cast<double>(k + 1)});
    }
    arcs.add(added);
    expect_arcs(arcs, expected);
  }
}

}  // namespace
}  // namespace monge

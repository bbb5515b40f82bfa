#include "monge/solver/sorting_1d.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "expect_certified.hpp"
#include "monge/problem/validate.hpp"

namespace monge {
namespace {

/// Numbers and masses on a line.
struct Line {
  std::vector<double> x{}, y{}, a{}, b{};
  GroundCost cost = Euclidean{};

  Problem problem() const {
    Problem problem;
    problem.geometry =
        PointClouds{row_major(x.data(), static_cast<std::int64_t>(x.size()), 1),
                    row_major(y.data(), static_cast<std::int64_t>(y.size()), 1), cost};
    problem.a = a;
    problem.b = b;
    return validate(problem);
  }
};

Certificate certified(const Problem& problem) {
  Context context;
  const Result result = solve_sorting_1d(problem, {}, context);
  EXPECT_LE(result.plan.size(), static_cast<std::size_t>(problem.rows() + problem.cols() - 1));
  const Certificate certificate = certificate_of(problem, result);
  EXPECT_LE(certificate.relative_gap, 1e-12);
  EXPECT_LE(certificate.marginal_error, 1e-14);
  expect_close(line_cost(problem, context), certificate.cost);
  return certificate;
}

TEST(Sorting1d, MatchesTheSortedOrders) {
  const Line line{.x = {3, 1, 2}, .y = {10, 30, 20}};
  Context context;
  const Result result = solve_sorting_1d(line.problem(), {}, context);
  EXPECT_EQ(result.plan.rows, (std::vector<Index>{1, 2, 0}));
  EXPECT_EQ(result.plan.cols, (std::vector<Index>{0, 2, 1}));
  EXPECT_DOUBLE_EQ(certified(line.problem()).cost, 18);
}

TEST(Sorting1d, SplitsAtomsWhereTheMassesMakeItSo) {
  const Line line{
      .x = {0, 1}, .y = {0, 2}, .a = {0.25, 0.75}, .b = {0.5, 0.5}, .cost = SqEuclidean{}};
  EXPECT_DOUBLE_EQ(certified(line.problem()).cost, 0.25 * 1 + 0.5 * 1);
}

TEST(Sorting1d, MassesThatMeetUpToRoundingLeaveNoSlivers) {
  const double third = 1.0 / 3;
  const Line line{.x = {0, 1, 2, 3}, .y = {0, 3}, .a = {third, third, third, 1}, .b = {1, 1}};
  Context context;
  const Result result = solve_sorting_1d(line.problem(), {}, context);
  EXPECT_EQ(result.plan.size(), 4U);
  for (double mass : result.plan.mass) EXPECT_GE(mass, 0.3);
}

TEST(Sorting1d, AtomsWithoutMassAreNotInThePlan) {
  const Line line{.x = {0, 1, 2}, .y = {5, 6, 7}, .a = {0, 1, 0}, .b = {0, 0, 1}};
  Context context;
  const Result result = solve_sorting_1d(line.problem(), {}, context);
  ASSERT_EQ(result.plan.size(), 1U);
  EXPECT_EQ(result.plan.rows[0], 1);
  EXPECT_EQ(result.plan.cols[0], 2);
  EXPECT_DOUBLE_EQ(certified(line.problem()).cost, 6);
}

TEST(Sorting1d, OnePointOnEitherSide) {
  EXPECT_DOUBLE_EQ(certified(Line{.x = {1}, .y = {4}}.problem()).cost, 3);
  EXPECT_DOUBLE_EQ(certified(Line{.x = {1}, .y = {0, 2, 4, 6}}.problem()).cost,
                   (1 + 1 + 3 + 5) / 4.0);
  EXPECT_DOUBLE_EQ(certified(Line{.x = {0, 2}, .y = {1}}.problem()).cost, 1);
}

TEST(Sorting1d, EveryConvexCostIsCertifiedForRandomMasses) {
  std::mt19937_64 random(8);
  const auto draw = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  for (std::string_view name : ground_cost_names()) {
    for (std::size_t n : {1U, 3U, 50U}) {
      Line line{.cost = make_ground_cost(name, 2.5)};
      for (std::size_t i = 0; i < n; ++i) {
        line.x.push_back(std::floor(5 * draw()));
        line.a.push_back(random() % 4 == 0 ? 0 : draw());
      }
      line.a[0] = 0.5;
      double total_a = 0, total_b = 0;
      for (double mass : line.a) total_a += mass;
      for (std::size_t j = 0; j < 2 * n; ++j) {
        line.y.push_back(5 * draw());
        line.b.push_back(draw());
        total_b += line.b.back();
      }
      for (double& mass : line.b) mass *= total_a / total_b;
      SCOPED_TRACE(std::string(name) + ", n = " + std::to_string(n));
      certified(line.problem());
    }
  }
}

TEST(MonotoneMap, OfEqualUniformMassesIsTheSortedPermutation) {
  Context context;
  const Line line{.x = {3, 1, 2}, .y = {10, 30, 20}};
  EXPECT_EQ(monotone_map(line.problem(), context), (std::vector<double>{30, 10, 20}));
}

TEST(MonotoneMap, OfASplitAtomIsWhereTheLastOfItsMassGoes) {
  Context context;
  const Line line{.x = {0, 1}, .y = {5, 6, 7, 8}};
  EXPECT_EQ(monotone_map(line.problem(), context), (std::vector<double>{6, 8}));
}

TEST(MonotoneMap, IsMonotone) {
  Context context;
  const Line line{.x = {4, 2, 2, 9, 7}, .y = {1, 0, 3}, .a = {0.1, 0.2, 0.3, 0.15, 0.25}};
  const std::vector<double> image = monotone_map(line.problem(), context);
  for (std::size_t i = 0; i < image.size(); ++i) {
    for (std::size_t k = 0; k < image.size(); ++k) {
      EXPECT_TRUE(line.x[i] >= line.x[k] || image[i] <= image[k]);
    }
  }
}

}  // namespace
}  // namespace monge

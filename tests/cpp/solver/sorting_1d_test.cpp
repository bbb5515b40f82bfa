#include "monge/solver/sorting_1d.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <thread>
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

/// Numbers in no order, in masses or not.
Line random_line(std::size_t n, std::size_t m, bool masses) {
  std::mt19937_64 random(3);
  Line line;
  for (std::size_t i = 0; i < n; ++i) line.x.push_back(static_cast<double>(random() % 100'000));
  for (std::size_t j = 0; j < m; ++j) line.y.push_back(static_cast<double>(random() % 100'000));
  if (masses) {
    for (std::size_t i = 0; i < n; ++i) line.a.push_back(i % 7 == 0 ? 0 : 1.0 / 16);
    const double total = static_cast<double>(n - (n + 6) / 7) / 16;
    line.b.assign(m, total / static_cast<double>(m));
  }
  return line;
}

void expect_a_plan_and_a_bound(const Solution& solution, double optimum) {
  EXPECT_LE(solution.certificate.marginal_error, 1e-12);
  EXPECT_GE(solution.certificate.cost, optimum * (1 - 1e-12));
  EXPECT_TRUE(std::isfinite(solution.certificate.lower_bound));
  EXPECT_LE(solution.certificate.lower_bound, optimum * (1 + 1e-12));
}

TEST(Sorting1d, NoTimeLeavesAPlanAndABound) {
  for (bool masses : {false, true}) {
    for (std::size_t n : {1U, 2U, 700U, 70'000U}) {
      const Line line = random_line(n + 1, 1000, masses);
      const Problem problem = line.problem();
      Context free, late;
      late.threads = 2;
      late.deadline = Context::Clock::now();
      const Solution solution = solve(problem, "sorting_1d", {}, late);
      EXPECT_EQ(name_of(solution.status), "time_limit");
      expect_a_plan_and_a_bound(solution, line_cost(problem, free));
    }
  }
}

// A callback that outlasts the pause between two makes every look at the clock call it.
TEST(Sorting1d, CanBeCancelledAtEachStage) {
  constexpr std::size_t n = 40'000;
  constexpr int both_sorted = 4, stages = 8;
  for (bool masses : {false, true}) {
    const Line line = random_line(n, n, masses);
    const Problem problem = line.problem();
    Context free;
    const double optimum = line_cost(problem, free);
    for (int stage = 1; stage <= stages; ++stage) {
      int calls = 0;
      Context context;
      context.progress = [&](const Progress&) {
        ++calls;
        std::this_thread::sleep_for(std::chrono::milliseconds(21));
      };
      context.stop = [&] { return calls == stage; };
      const Solution solution = solve(problem, "sorting_1d", {}, context);
      EXPECT_EQ(name_of(solution.status), "cancelled");
      EXPECT_EQ(calls, stage);
      expect_a_plan_and_a_bound(solution, optimum);
      EXPECT_EQ(solution.certificate.cost <= optimum * (1 + 1e-12), stage >= both_sorted) << stage;
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

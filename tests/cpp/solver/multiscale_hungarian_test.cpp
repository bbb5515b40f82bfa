#include "monge/solver/multiscale_hungarian.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "monge/solver/hungarian.hpp"
#include "solver/simplex_checks.hpp"

namespace monge {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

Result solve_with(const Problem& problem, int threads = 1,
                  const MultiscaleHungarianOptions& options = {}) {
  Context context;
  context.threads = threads;
  return solve_multiscale_hungarian(problem, options, context);
}

double counter(const Result& result, const std::string& name) {
  for (const auto& [key, value] : result.stats) {
    if (key == name) return value;
  }
  return 0;
}

/// Two clouds of n points each, owned.
struct Clouds {
  Clouds(Index points, int dimension, unsigned seed) : n(points), dim(dimension) {
    x = uniform_numbers(at(n) * at(dim), seed);
    y = uniform_numbers(at(n) * at(dim), seed + 1);
  }
  void place(double scale, double offset) {
    for (std::vector<double>* cloud : {&x, &y}) {
      for (double& value : *cloud) value = offset + scale * value;
    }
  }
  Problem problem(const GroundCost& cost) const {
    Problem made;
    made.geometry = PointClouds{row_major(x.data(), n, dim), row_major(y.data(), n, dim), cost};
    return validate(made);
  }
  Index n;
  int dim;
  std::vector<double> x, y;
};

void expect_permutation(const Result& result, Index n) {
  std::vector<Index> cols = result.plan.cols, every(at(n));
  std::iota(every.begin(), every.end(), 0);
  std::sort(cols.begin(), cols.end());
  EXPECT_EQ(cols, every);
}

TEST(MultiscaleHungarian, EverySizeAndDimensionIsOptimalAndTight) {
  for (const auto& [n, dim] :
       {std::tuple{1, 2}, {2, 3}, {64, 2}, {65, 3}, {129, 1}, {300, 2}, {333, 3}, {260, 8}}) {
    SCOPED_TRACE(std::to_string(n) + " points of dimension " + std::to_string(dim));
    const Clouds clouds(n, dim, 1);
    const Problem problem = clouds.problem(SqEuclidean{});
    const Result result = solve_with(problem);
    expect_optimal(problem, result);
    expect_permutation(result, n);
    expect_tight_potentials(problem, result, 1e-12);
  }
}

TEST(MultiscaleHungarian, EveryGroundCostIsSolvedAtEveryScaleAndOffset) {
  for (const auto& [scale, offset] : scales_and_offsets) {
    Clouds clouds(170, 2, 2);
    clouds.place(scale, offset);
    for (const GroundCost& cost : every_ground_cost()) {
      SCOPED_TRACE(std::string(name_of(cost)) + ", scale " + std::to_string(std::log10(scale)) +
                   ", offset " + std::to_string(offset));
      const Problem problem = clouds.problem(cost);
      expect_optimal(problem, solve_with(problem));
    }
  }
}

TEST(MultiscaleHungarian, AgreesWithWholeRows) {
  const Clouds clouds(400, 3, 3);
  const Problem problem = clouds.problem(Euclidean{});
  Context context;
  const Result other = solve_hungarian(problem, {}, context);
  EXPECT_NEAR(expect_optimal(problem, solve_with(problem)), expect_optimal(problem, other), 1e-13);
}

// No path leads from one cluster to the other on the candidates of nearest points alone.
TEST(MultiscaleHungarian, RowsThatCandidatesLeadNowhereFindAWayOut) {
  Clouds clouds(600, 2, 4);
  for (Index i = 0; i < 600; ++i) {
    if (i < 400) clouds.x[at(2 * i)] += 100;
    if (i < 150) clouds.y[at(2 * i)] += 100;
  }
  for (const GroundCost& cost : {GroundCost{SqEuclidean{}}, GroundCost{Euclidean{}}}) {
    const Problem problem = clouds.problem(cost);
    for (const MultiscaleHungarianOptions& options :
         {MultiscaleHungarianOptions{1, 1, 1}, {2, 1, 1}, {3, 2, 1}}) {
      expect_optimal(problem, solve_with(problem, 1, options));
    }
    const Result result = solve_with(problem);
    expect_optimal(problem, result);
    EXPECT_EQ(counter(result, "pivots"), 0);
  }
}

TEST(MultiscaleHungarian, PointsThatCoincideAreSolved) {
  Clouds clouds(300, 2, 5);
  clouds.y = clouds.x;
  const Problem identical = clouds.problem(Euclidean{});
  EXPECT_EQ(expect_optimal(identical, solve_with(identical)), 0);
  for (std::vector<double>* cloud : {&clouds.x, &clouds.y}) {
    for (double& value : *cloud) value = value < 0.5 ? 0 : 1;
  }
  for (Index i = 0; i < 20; ++i) clouds.y[at(i)] = 1 - clouds.y[at(i)];
  const Problem corners = clouds.problem(Euclidean{});
  Context context;
  EXPECT_NEAR(expect_optimal(corners, solve_with(corners)),
              expect_optimal(corners, solve_hungarian(corners, {}, context)), 1e-13);
  for (std::vector<double>* cloud : {&clouds.x, &clouds.y}) cloud->assign(cloud->size(), 5);
  for (double& value : clouds.y) value = 2;
  const Problem points = clouds.problem(SqEuclidean{});
  EXPECT_EQ(expect_optimal(points, solve_with(points)), 18);
}

// Hundreds of points on each of few places: lists of eight hold copies of one place, and the
// simplex, which moves masses, takes over.
TEST(MultiscaleHungarian, WhatPathsCannotDoTheSimplexFinishes) {
  Clouds clouds(1500, 2, 6);
  for (std::vector<double>* cloud : {&clouds.x, &clouds.y}) {
    for (double& value : *cloud) value = std::floor(3 * value);
  }
  const Problem problem = clouds.problem(Euclidean{});
  const Result result = solve_with(problem);
  expect_optimal(problem, result);
  EXPECT_GT(counter(result, "pivots"), 0);
  EXPECT_GT(counter(result, "shortest_paths"), 0);
}

TEST(MultiscaleHungarian, NoOptionChangesTheOptimum) {
  const Clouds clouds(300, 2, 7);
  const Problem problem = clouds.problem(SqEuclidean{});
  const double cost = expect_optimal(problem, solve_with(problem));
  for (std::int64_t count : {1, 2, 64}) {
    for (const MultiscaleHungarianOptions& options :
         {MultiscaleHungarianOptions{count, 6, 4}, {8, count, 4}, {8, 6, count}}) {
      EXPECT_NEAR(expect_optimal(problem, solve_with(problem, 1, options)), cost, 1e-14);
    }
  }
}

TEST(MultiscaleHungarian, TheAnswerDoesNotDependOnTheNumberOfThreads) {
  const Clouds clouds(3000, 3, 8);
  const Problem problem = clouds.problem(SqEuclidean{});
  const Result one = solve_with(problem, 1);
  expect_identical(solve_with(problem, 3), one);
  expect_optimal(problem, one);
}

TEST(MultiscaleHungarian, AWarmStartSavesWorkAndAnyPricesAreRight) {
  const Clouds clouds(1200, 3, 9);
  Problem problem = clouds.problem(SqEuclidean{});
  const Result cold = solve_with(problem);
  const double cost = expect_optimal(problem, cold);
  problem.warm_start.g = cold.g;
  EXPECT_LT(counter(solve_with(problem), "path_scans"), 0.2 * counter(cold, "path_scans"));
  problem.warm_start.rows = cold.plan.rows;
  problem.warm_start.cols = cold.plan.cols;
  const Result again = solve_with(problem);
  EXPECT_LT(counter(again, "path_scans"), 0.1 * counter(cold, "path_scans"));
  EXPECT_NEAR(expect_optimal(problem, again), cost, 1e-14);
  const std::vector<double> random = uniform_numbers(1200, 10);
  problem.warm_start.g = random;
  const Result far = solve_with(problem);
  EXPECT_NEAR(expect_optimal(problem, far), cost, 1e-14);
  EXPECT_LE(counter(far, "path_scans"), counter(cold, "path_scans"));
}

TEST(MultiscaleHungarian, AnInterruptedSolveIsAPermutationWithAValidBound) {
  const Clouds clouds(3000, 2, 11);
  const Problem problem = clouds.problem(SqEuclidean{});
  const double least = expect_optimal(problem, solve_with(problem));
  for (int milliseconds : {-1, 0, 2, 5, 10, 20}) {  // -1: a callback says stop
    Context context;
    if (milliseconds < 0) {
      context.stop = [] { return true; };
    } else {
      context.deadline = Context::Clock::now() + std::chrono::milliseconds(milliseconds);
    }
    const Result result = solve_multiscale_hungarian(problem, {}, context);
    if (milliseconds < 0) {
      EXPECT_EQ(name_of(result.status), "cancelled");
    }
    if (milliseconds == 0) {
      EXPECT_EQ(name_of(result.status), "time_limit");
    }
    expect_permutation(result, 3000);
    const Certificate certificate = certificate_of(problem, result);
    EXPECT_GE(certificate.cost, least * (1 - 1e-12));
    EXPECT_LE(certificate.lower_bound, least * (1 + 1e-12));
  }
}

}  // namespace
}  // namespace monge

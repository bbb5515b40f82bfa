#include "monge/solver/multiscale_simplex.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "monge/solver/network_simplex.hpp"
#include "solver/simplex_checks.hpp"

namespace monge {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

Result solve_with(const Problem& problem, int threads = 1,
                  const MultiscaleSimplexOptions& options = {}) {
  Context context;
  context.threads = threads;
  return solve_multiscale_simplex(problem, options, context);
}

/// Two uniform clouds with masses, owned.
struct Clouds {
  Clouds(Index rows, Index cols, int dimension, const std::string& kind, unsigned seed)
      : n(rows), m(cols), dim(dimension) {
    x = uniform_numbers(at(n) * at(dim), seed);
    y = uniform_numbers(at(m) * at(dim), seed + 1);
    a = masses_of_kind(kind, at(n), seed + 2);
    b = masses_of_kind(kind, at(m), seed + 3);
  }
  void place(double scale, double offset) {
    for (std::vector<double>* cloud : {&x, &y}) {
      for (double& value : *cloud) value = offset + scale * value;
    }
  }
  Problem problem(const GroundCost& cost) const {
    Problem made;
    made.geometry = PointClouds{row_major(x.data(), n, dim), row_major(y.data(), m, dim), cost};
    made.a = a;
    made.b = b;
    return validate(made);
  }
  Index n, m;
  int dim;
  std::vector<double> x, y, a, b;
};

TEST(MultiscaleSimplex, AnyMassesAndSizesAreOptimalAndTight) {
  for (const std::string& kind : mass_kinds) {
    for (const auto& [n, m, dim] :
         {std::tuple{1, 1, 2}, {1, 90, 3}, {90, 1, 1}, {150, 150, 2}, {70, 260, 3}, {260, 70, 8}}) {
      SCOPED_TRACE(kind + ", " + std::to_string(n) + " to " + std::to_string(m));
      const Clouds clouds(n, m, dim, kind, 1);
      const Problem problem = clouds.problem(SqEuclidean{});
      const Result result = solve_with(problem);
      expect_optimal(problem, result);
      expect_tight_potentials(problem, result, 1e-12);
    }
  }
}

TEST(MultiscaleSimplex, EveryGroundCostIsSolvedAtEveryScaleAndOffset) {
  for (const auto& [scale, offset] : scales_and_offsets) {
    Clouds clouds(130, 180, 2, "spread", 2);
    clouds.place(scale, offset);
    for (const GroundCost& cost : every_ground_cost()) {
      SCOPED_TRACE(std::string(name_of(cost)) + ", scale " + std::to_string(std::log10(scale)) +
                   ", offset " + std::to_string(offset));
      const Problem problem = clouds.problem(cost);
      expect_optimal(problem, solve_with(problem));
    }
  }
}

TEST(MultiscaleSimplex, AgreesWithTheSimplexOnTheMatrix) {
  const Clouds clouds(160, 200, 3, "some zero", 3);
  const Problem problem = clouds.problem(Euclidean{});
  Context context;
  const Result other = solve_network_simplex(problem, {}, context);
  expect_close(expect_optimal(problem, solve_with(problem)), expect_optimal(problem, other));
}

TEST(MultiscaleSimplex, IdenticalAndCoincidingPointsAreSolved) {
  Clouds clouds(200, 200, 2, "spread", 4);
  clouds.y = clouds.x;
  clouds.b = clouds.a;
  const Problem identical = clouds.problem(Euclidean{});
  EXPECT_EQ(expect_optimal(identical, solve_with(identical)), 0);
  for (std::vector<double>* cloud : {&clouds.x, &clouds.y}) {
    for (double& value : *cloud) value = value < 0.5 ? 0 : 1;
  }
  const Problem corners = clouds.problem(Euclidean{});
  EXPECT_EQ(expect_optimal(corners, solve_with(corners)), 0);
  for (std::vector<double>* cloud : {&clouds.x, &clouds.y}) cloud->assign(cloud->size(), 5);
  for (double& value : clouds.y) value = 2;
  const Problem points = clouds.problem(SqEuclidean{});
  expect_close(expect_optimal(points, solve_with(points)), 18);
}

TEST(MultiscaleSimplex, Float32AndStridedPointsAreReadAsTheyAre) {
  const Clouds clouds(100, 120, 3, "spread", 5);
  std::vector<float> x(2 * clouds.x.size(), -9), y(clouds.y.size());
  std::vector<double> exact_x, exact_y;
  for (std::size_t k = 0; k < clouds.x.size(); ++k) {
    x[2 * (clouds.x.size() - 1 - k)] = static_cast<float>(clouds.x[k]);  // backwards, every other
    exact_x.push_back(static_cast<float>(clouds.x[k]));
  }
  for (std::size_t i = 0; i < 120; ++i) {
    for (std::size_t a = 0; a < 3; ++a) {
      y[a * 120 + i] = static_cast<float>(clouds.y[3 * i + a]);  // by axis
      exact_y.push_back(y[a * 120 + i]);
    }
  }
  Problem expected = clouds.problem(Euclidean{}), strided = expected;
  expected.geometry = PointClouds{row_major(exact_x.data(), 100, 3),
                                  row_major(exact_y.data(), 120, 3), Euclidean{}};
  strided.geometry = PointClouds{MatrixView<float>{&x[2 * (clouds.x.size() - 1)], 100, 3, -6, -2},
                                 MatrixView<float>{y.data(), 120, 3, 1, 120}, Euclidean{}};
  const Result result = solve_with(strided);
  expect_optimal(strided, result);
  expect_identical(result, solve_with(expected));
}

TEST(MultiscaleSimplex, NoOptionChangesTheOptimum) {
  const Clouds clouds(200, 180, 2, "spread", 6);
  const Problem problem = clouds.problem(SqEuclidean{});
  const double cost = expect_optimal(problem, solve_with(problem));
  for (std::int64_t count : {1, 2, 64}) {
    expect_close(expect_optimal(problem, solve_with(problem, 1, {count, 6, 4})), cost);
    expect_close(expect_optimal(problem, solve_with(problem, 1, {8, count, 4})), cost);
    expect_close(expect_optimal(problem, solve_with(problem, 1, {8, 6, count})), cost);
  }
}

// Large enough for parts of the tree to be solved on all threads, and for shifts of potentials to
// cancel: pivots then must not go in circles.
TEST(MultiscaleSimplex, TheAnswerDoesNotDependOnTheNumberOfThreads) {
  const Clouds clouds(8400, 8300, 2, "uniform", 7);
  const Problem problem = clouds.problem(SqEuclidean{});
  const Result one = solve_with(problem, 1);
  expect_identical(solve_with(problem, 3), one);
  double local = 0;
  for (const auto& [name, value] : one.stats) {
    if (name == "local_pivots") local = value;
  }
  EXPECT_GT(local, 0);
  expect_optimal(problem, one);
}

TEST(MultiscaleSimplex, ADemandedGapIsHeld) {
  const Clouds clouds(300, 260, 2, "spread", 8);
  const Problem problem = clouds.problem(Euclidean{});
  for (double rtol : {0.3, 0.01, 1e-5}) {
    Context context;
    context.rtol = rtol;
    const Result result = solve_multiscale_simplex(problem, {}, context);
    EXPECT_EQ(name_of(result.status), "within_tolerance");
    const Certificate certificate = certificate_of(problem, result);
    EXPECT_LE(certificate.relative_gap, rtol);
    EXPECT_LE(certificate.marginal_error, 1e-12);
  }
}

TEST(MultiscaleSimplex, AnInterruptedSolveHasAFeasiblePlanAndAValidBound) {
  const Clouds clouds(700, 600, 2, "spread", 9);
  const Problem problem = clouds.problem(SqEuclidean{});
  const double least = expect_optimal(problem, solve_with(problem));
  for (int milliseconds : {-1, 0, 2, 5, 10}) {  // -1: a callback says stop
    Context context;
    if (milliseconds < 0) {
      context.stop = [] { return true; };
    } else {
      context.deadline = Context::Clock::now() + std::chrono::milliseconds(milliseconds);
    }
    const Result result = solve_multiscale_simplex(problem, {}, context);
    if (milliseconds < 0) {
      EXPECT_EQ(name_of(result.status), "cancelled");
    }
    if (milliseconds == 0) {
      EXPECT_EQ(name_of(result.status), "time_limit");
    }
    const Certificate certificate = certificate_of(problem, result);
    EXPECT_LE(certificate.marginal_error, 1e-12);
    EXPECT_GE(certificate.cost, least * (1 - 1e-12));
    EXPECT_LE(certificate.lower_bound, least * (1 + 1e-12));
  }
}

}  // namespace
}  // namespace monge

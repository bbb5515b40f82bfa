#include "monge/solver/network_simplex.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <string>
#include <vector>

#include "monge/instances.hpp"
#include "monge/solver/multiscale_simplex.hpp"
#include "solver/simplex_checks.hpp"

namespace monge {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
std::size_t at(Index i) { return static_cast<std::size_t>(i); }

Result solve_with(const Problem& problem, int threads = 1,
                  const NetworkSimplexOptions& options = {}) {
  Context context;
  context.threads = threads;
  return solve_network_simplex(problem, options, context);
}

/// A matrix with masses, owned.
template <class T>
struct Matrix {
  Matrix(Index rows, Index cols, const std::string& kind, unsigned seed) : n(rows), m(cols) {
    for (double value : uniform_numbers(at(n) * at(m), seed)) {
      costs.push_back(static_cast<T>(value));
    }
    a = masses_of_kind(kind, at(n), seed + 1);
    b = masses_of_kind(kind, at(m), seed + 2);
  }
  Problem problem() const { return problem_of(row_major(costs.data(), n, m)); }
  Problem problem_of(const MatrixView<T>& view) const {
    Problem made;
    made.geometry = DenseCost{view};
    made.a = a;
    made.b = b;
    return validate(made);
  }
  Index n, m;
  std::vector<T> costs;
  std::vector<double> a, b;
};

template <class T>
class NetworkSimplexOf : public testing::Test {};
using Precisions = testing::Types<float, double>;
TYPED_TEST_SUITE(NetworkSimplexOf, Precisions);

TYPED_TEST(NetworkSimplexOf, AnyMassesAndSizesAreOptimalAndTight) {
  for (const std::string& kind : mass_kinds) {
    for (const auto& [n, m] : {std::pair{1, 1}, {1, 50}, {50, 1}, {40, 40}, {33, 90}, {90, 20}}) {
      SCOPED_TRACE(kind + ", " + std::to_string(n) + " x " + std::to_string(m));
      const Matrix<TypeParam> matrix(n, m, kind, 1);
      const Problem problem = matrix.problem();
      const Result result = solve_with(problem);
      expect_optimal(problem, result);
      expect_tight_potentials(problem, result, 1e-13);
    }
  }
}

TYPED_TEST(NetworkSimplexOf, StridesDoNotChangeTheAnswer) {
  using T = TypeParam;
  const Matrix<T> matrix(30, 44, "spread", 2);
  const Result expected = solve_with(matrix.problem());
  std::vector<T> by_columns(matrix.costs.size()), backwards(3 * matrix.costs.size(), T(-7));
  for (std::size_t i = 0; i < 30; ++i) {
    for (std::size_t j = 0; j < 44; ++j) {
      by_columns[j * 30 + i] = matrix.costs[i * 44 + j];
      backwards[3 * ((29 - i) * 44 + (43 - j))] = matrix.costs[i * 44 + j];
    }
  }
  const MatrixView<T> columns{by_columns.data(), 30, 44, 1, 30};
  const MatrixView<T> reversed{&backwards[3 * (30 * 44 - 1)], 30, 44, -3 * 44, -3};
  expect_identical(solve_with(matrix.problem_of(columns)), expected);
  expect_identical(solve_with(matrix.problem_of(reversed)), expected);
}

TEST(NetworkSimplex, IdenticalCloudsCostNothing) {
  const std::vector<double> points = uniform_numbers(3 * 80, 3);
  const std::vector<double> masses = masses_of_kind("spread", 80, 4);
  Problem problem;
  problem.geometry =
      PointClouds{row_major(points.data(), 80, 3), row_major(points.data(), 80, 3), Euclidean{}};
  problem.a = masses;
  problem.b = masses;
  problem = validate(problem);
  EXPECT_EQ(expect_optimal(problem, solve_with(problem)), 0);
}

TEST(NetworkSimplex, CloudsGiveTheOptimumOfTheirMatrix) {
  const Instance instance = generate_instance("gaussian_6d", 60, 5);
  const std::vector<double> a = masses_of_kind("spread", at(instance.n), 6);
  Problem clouds = instance.problem();
  clouds.a = a;
  clouds = validate(clouds);
  Context context;
  const Result other = solve_multiscale_simplex(clouds, {}, context);
  expect_close(expect_optimal(clouds, solve_with(clouds)), expect_optimal(clouds, other));
}

/// Pairs are forbidden at random, but for those of a plan that meets the masses.
Matrix<double> with_forbidden_pairs(const std::string& kind, Index n, Index m, unsigned seed) {
  Matrix<double> matrix(n, m, kind, seed);
  const std::vector<double> draw = uniform_numbers(matrix.costs.size(), seed + 9);
  for (std::size_t k = 0; k < draw.size(); ++k) {
    if (draw[k] < 0.85) matrix.costs[k] = infinity;
  }
  double left_a = matrix.a[0], left_b = matrix.b[0];
  for (std::size_t i = 0, j = 0; i < at(n) && j < at(m);) {  // the north-west corner
    matrix.costs[i * at(m) + j] = 2;
    const double moved = std::min(left_a, left_b);
    left_a -= moved;
    left_b -= moved;
    if (left_a <= left_b && i + 1 < at(n)) {
      left_a += matrix.a[++i];
    } else if (++j < at(m)) {
      left_b += matrix.b[j];
    }
  }
  return matrix;
}

TEST(NetworkSimplex, ForbiddenPairsAreNeverUsed) {
  for (const std::string& kind : mass_kinds) {
    for (const auto& [n, m] : {std::pair{2, 2}, {25, 25}, {30, 45}}) {
      SCOPED_TRACE(kind + ", " + std::to_string(n) + " x " + std::to_string(m));
      const Matrix<double> matrix = with_forbidden_pairs(kind, n, m, 7);
      const Problem problem = matrix.problem();
      const Result result = solve_with(problem);
      EXPECT_TRUE(std::isfinite(expect_optimal(problem, result)));
      for (std::size_t k = 0; k < result.plan.size(); ++k) {
        EXPECT_LT(cost_at(problem, result.plan.rows[k], result.plan.cols[k]), infinity);
      }
    }
  }
}

TEST(NetworkSimplex, FindsThatNoPlanExists) {
  Matrix<double> matrix(12, 15, "uniform", 8);
  for (std::size_t j = 0; j < 15; ++j) matrix.costs[4 * 15 + j] = infinity;  // row 4 reaches none
  Matrix<double> narrow(12, 15, "uniform", 8);  // rows 0 to 5, of mass 1/2, reach 7 columns of 15
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 7; j < 15; ++j) narrow.costs[i * 15 + j] = infinity;
  }
  for (const Matrix<double>* forbidden : {&matrix, &narrow}) {
    const Problem problem = forbidden->problem();
    const Result result = solve_with(problem);
    EXPECT_EQ(name_of(result.status), "infeasible");
    EXPECT_EQ(result.plan.size(), 0U);
    EXPECT_EQ(certificate_of(problem, result).cost, infinity);
  }
  // One column more, and there is one.
  for (std::size_t i = 0; i < 6; ++i) narrow.costs[i * 15 + 7] = 1;
  const Problem problem = narrow.problem();
  EXPECT_LT(expect_optimal(problem, solve_with(problem)), infinity);
}

TEST(NetworkSimplex, PairsForbiddenToAtomsOfNoMassDoNotMatter) {
  Matrix<double> matrix(8, 9, "uniform", 9);
  for (std::size_t j = 0; j < 9; ++j) matrix.costs[3 * 9 + j] = infinity;
  for (std::size_t i = 0; i < 8; ++i) matrix.costs[i * 9 + 5] = infinity;
  matrix.a[3] = 0;
  matrix.b[5] = 0;
  for (double& mass : matrix.a) mass /= 7.0 / 8;
  for (double& mass : matrix.b) mass /= 8.0 / 9;
  const Problem problem = matrix.problem();
  EXPECT_LT(expect_optimal(problem, solve_with(problem)), infinity);
}

TEST(NetworkSimplex, HugeCostsNextToOneDoNotHideSmallOnes) {
  for (const char* kind : {"uniform", "spread", "tiny next to one", "some zero", "one of all"}) {
    for (unsigned seed : {0u, 1u, 2u}) {
      SCOPED_TRACE(std::string(kind) + ", seed " + std::to_string(seed));
      Matrix<double> matrix = with_forbidden_pairs(kind, 20, 28, seed);
      for (double& cost : matrix.costs) cost = std::min(cost, 1e32);
      const Problem problem = matrix.problem();
      EXPECT_LT(expect_optimal(problem, solve_with(problem)), 2.5);
    }
  }
}

TEST(NetworkSimplex, HugeCostsThatMustBePaidAreCertified) {
  Matrix<double> matrix(10, 10, "uniform", 3);
  for (std::size_t j = 0; j < 10; ++j) matrix.costs[2 * 10 + j] = 1e32 + 1e31 * matrix.costs[j];
  const Problem problem = matrix.problem();
  EXPECT_GE(expect_optimal(problem, solve_with(problem)), 1e31);
}

TEST(NetworkSimplex, NoOptionAndNoNumberOfThreadsChangesTheOptimum) {
  const Matrix<double> matrix(120, 150, "spread", 10);
  const Problem problem = matrix.problem();
  const Result expected = solve_with(problem);
  const double cost = expect_optimal(problem, expected);
  expect_identical(solve_with(problem, 3), expected);
  for (std::int64_t count : {1, 3, 1000}) {
    expect_close(expect_optimal(problem, solve_with(problem, 1, {count, 4})), cost);
    expect_close(expect_optimal(problem, solve_with(problem, 1, {8, count})), cost);
  }
  const Matrix<double> forbidden = with_forbidden_pairs("spread", 60, 70, 11);
  expect_identical(solve_with(forbidden.problem(), 3), solve_with(forbidden.problem(), 1));
}

TEST(NetworkSimplex, ADemandedGapIsHeld) {
  const Matrix<double> matrix(150, 130, "spread", 12);
  const Problem problem = matrix.problem();
  for (double rtol : {0.3, 0.01, 1e-5}) {
    Context context;
    context.rtol = rtol;
    const Result result = solve_network_simplex(problem, {}, context);
    EXPECT_EQ(name_of(result.status), "within_tolerance");
    const Certificate certificate = certificate_of(problem, result);
    EXPECT_LE(certificate.relative_gap, rtol);
    EXPECT_LE(certificate.marginal_error, 1e-12);
  }
}

TEST(NetworkSimplex, AnInterruptedSolveHasAFeasiblePlanAndAValidBound) {
  const Matrix<double> matrix(200, 220, "spread", 13);
  const Problem problem = matrix.problem();
  const double least = expect_optimal(problem, solve_with(problem));
  for (int milliseconds : {-1, 0, 2, 5}) {  // -1: a callback says stop
    Context context;
    if (milliseconds < 0) {
      context.stop = [] { return true; };
    } else {
      context.deadline = Context::Clock::now() + std::chrono::milliseconds(milliseconds);
    }
    const Result result = solve_network_simplex(problem, {}, context);
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

TEST(NetworkSimplex, InterruptedBeforeItKnowsOfForbiddenPairsItStillMeetsTheMasses) {
  const Matrix<double> matrix = with_forbidden_pairs("spread", 60, 70, 14);
  const Problem problem = matrix.problem();
  Context context;
  context.stop = [] { return true; };
  const Result result = solve_network_simplex(problem, {}, context);
  EXPECT_EQ(name_of(result.status), "cancelled");
  EXPECT_LE(certificate_of(problem, result).marginal_error, 1e-12);
}

}  // namespace
}  // namespace monge

#include "monge/solver/hungarian.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include "expect_certified.hpp"
#include "monge/instances.hpp"
#include "monge/problem/validate.hpp"

namespace monge {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class T>
Problem assignment(const MatrixView<T>& costs) {
  Problem problem;
  problem.geometry = DenseCost{costs};
  problem.kind = Kind::assignment;
  return validate(problem);
}

template <class T>
Problem assignment(const std::vector<T>& costs, std::int64_t rows, std::int64_t cols) {
  return assignment(row_major(costs.data(), rows, cols));
}

Result solve_with(const Problem& problem, const HungarianOptions& options = {}) {
  Context context;
  return solve_hungarian(problem, options, context);
}

/// The column of each row, -1 if free.
std::vector<Index> columns(const Problem& problem, const Result& result) {
  std::vector<Index> col4row(static_cast<std::size_t>(problem.rows()), -1);
  for (std::size_t k = 0; k < result.plan.size(); ++k) {
    col4row[static_cast<std::size_t>(result.plan.rows[k])] = result.plan.cols[k];
  }
  return col4row;
}

double optimum(const Problem& problem, const HungarianOptions& options = {}) {
  const Result result = solve_with(problem, options);
  EXPECT_EQ(name_of(result.status), "optimal");
  const Certificate certificate = certificate_of(problem, result);
  EXPECT_LE(certificate.relative_gap, 1e-9);
  EXPECT_LE(certificate.marginal_error, 1e-12);
  return certificate.cost;
}

std::vector<double> random_matrix(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<double> matrix(size);
  for (double& value : matrix) value = static_cast<double>(random() >> 11) * 0x1p-53;
  return matrix;
}

TEST(Hungarian, SolvesTheTextbookSquare) {
  const std::vector<double> costs{400, 150, 400, 400, 450, 600, 300, 225, 300};
  EXPECT_EQ(optimum(assignment(costs, 3, 3)), 150 + 400 + 300);
}

TEST(Hungarian, SolvesRectanglesOfEitherShape) {
  const std::vector<double> wide{400, 150, 400, 1, 400, 450, 600, 2, 300, 225, 300, 3};
  EXPECT_EQ(optimum(assignment(wide, 3, 4)), 150 + 2 + 300);
  EXPECT_EQ(optimum(assignment(MatrixView<double>{wide.data(), 3, 4, 4, 1}.transposed())),
            150 + 2 + 300);
}

TEST(Hungarian, AConstantMatrixGivesTheIdentity) {
  for (std::int64_t n : {1, 2, 5, 64, 100}) {
    const std::vector<double> costs(static_cast<std::size_t>(n * n), 2);
    const Problem problem = assignment(costs, n, n);
    const std::vector<Index> col4row = columns(problem, solve_with(problem));
    for (std::int64_t i = 0; i < n; ++i) EXPECT_EQ(col4row[static_cast<std::size_t>(i)], i);
  }
}

TEST(Hungarian, ForbiddenPairsAreAvoided) {
  const std::vector<double> costs{1, infinity, infinity, 5, infinity, 7, infinity, 2, 3};
  EXPECT_EQ(optimum(assignment(costs, 3, 3)), 1 + 7 + 2);
}

TEST(Hungarian, NoMatchingIsInfeasibleAndHasNoPlan) {
  const std::vector<std::vector<double>> all{
      {1, infinity, infinity, infinity},         // an empty row and column
      {1, infinity, 2, infinity},                // two rows, one column
      {infinity, infinity, infinity, infinity},  // nothing at all
  };
  for (const std::vector<double>& costs : all) {
    const Result result = solve_with(assignment(costs, 2, 2));
    EXPECT_EQ(name_of(result.status), "infeasible");
    EXPECT_EQ(result.plan.size(), 0U);
  }
  const std::vector<double> wide{1, 2, 3, infinity, infinity, infinity};
  EXPECT_EQ(name_of(solve_with(assignment(wide, 2, 3)).status), "infeasible");
}

TEST(Hungarian, EmptyMatricesHaveEmptyPlans) {
  for (const auto& [rows, cols] : {std::pair{0, 0}, {0, 3}, {3, 0}}) {
    const Result result = solve_with(assignment(row_major<double>(nullptr, rows, cols)));
    EXPECT_EQ(name_of(result.status), "optimal");
    EXPECT_EQ(result.plan.size(), 0U);
    EXPECT_EQ(result.f.size(), static_cast<std::size_t>(rows));
    EXPECT_EQ(result.g.size(), static_cast<std::size_t>(cols));
  }
}

TEST(Hungarian, EveryOrderOfStridesIsTheSameMatrix) {
  constexpr std::int64_t n = 40, m = 55;
  const std::vector<double> costs = random_matrix(n * m, 1);
  std::vector<double> by_column(n * m), spaced(3 * n * m, -1), backward(n * m);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < m; ++j) {
      const double cost = costs[static_cast<std::size_t>(i * m + j)];
      by_column[static_cast<std::size_t>(j * n + i)] = cost;
      spaced[static_cast<std::size_t>(3 * (i * m + j))] = cost;
      backward[static_cast<std::size_t>(n * m - 1 - (i * m + j))] = cost;
    }
  }
  const double expected = optimum(assignment(costs, n, m));
  EXPECT_EQ(optimum(assignment(MatrixView<double>{by_column.data(), n, m, 1, n})), expected);
  EXPECT_EQ(optimum(assignment(MatrixView<double>{spaced.data(), n, m, 3 * m, 3})), expected);
  EXPECT_EQ(optimum(assignment(MatrixView<double>{&backward.back(), n, m, -m, -1})), expected);
}

TEST(Hungarian, ARowRepeatedByAZeroStrideIsTheSameAsItsCopies) {
  const std::vector<double> row{3, 1, 2}, copies{3, 1, 2, 3, 1, 2, 3, 1, 2};
  EXPECT_EQ(optimum(assignment(MatrixView<double>{row.data(), 3, 3, 0, 1})),
            optimum(assignment(copies, 3, 3)));
}

TEST(Hungarian, FloatsGiveTheOptimumOfTheirExactValues) {
  std::vector<float> narrow;
  for (double value : random_matrix(50 * 50, 2)) narrow.push_back(static_cast<float>(value));
  const std::vector<double> wide(narrow.begin(), narrow.end());
  EXPECT_EQ(optimum(assignment(narrow, 50, 50)), optimum(assignment(wide, 50, 50)));
}

TEST(Hungarian, TheBoundOfRowReductionChangesTheWorkNotTheOptimum) {
  for (const char* family :
       {"dense_uniform", "dense_integer", "dense_huge_next_to_one", "duplicates"}) {
    const Instance instance = generate_instance(family, 60, 3);
    const Problem problem = validate(instance.problem());
    const double expected = optimum(problem);
    for (double scans : {0.0, 0.5, 1.0, 1e6}) {
      expect_close(optimum(problem, {.row_reduction_scans = scans}), expected);
    }
  }
}

TEST(Hungarian, RowsThatAllowTheSameColumnAloneDoNotThrowEachOtherOutForEver) {
  const std::vector<double> costs{1, infinity, infinity, 1, infinity, infinity, 1, 2, 3};
  const Result result = solve_with(assignment(costs, 3, 3), {.row_reduction_scans = 1e6});
  EXPECT_EQ(name_of(result.status), "infeasible");
}

TEST(Hungarian, AddingToRowsAndColumnsKeepsTheMatching) {
  constexpr std::size_t n = 30;
  const std::vector<double> costs = random_matrix(n * n, 4);
  std::vector<double> moved = costs;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j)
      moved[i * n + j] += static_cast<double>(i) - 3 * static_cast<double>(j);
  }
  const Problem original = assignment(costs, n, n), other = assignment(moved, n, n);
  EXPECT_EQ(columns(original, solve_with(original)), columns(other, solve_with(other)));
}

TEST(Hungarian, ACancelledSolveHasAFeasiblePlanAndAValidBound) {
  const Instance instance = generate_instance("uniform_cube", 100, 5);
  const Problem problem = validate(instance.problem());
  const double least = optimum(problem);
  Context context;
  context.stop = [] { return true; };
  const Result result = solve_hungarian(problem, {}, context);
  EXPECT_EQ(name_of(result.status), "cancelled");
  const Certificate certificate = certificate_of(problem, result);
  EXPECT_LE(certificate.marginal_error, 1e-12);
  EXPECT_GE(certificate.cost, least);
  EXPECT_LE(certificate.lower_bound, least);
}

TEST(Hungarian, ThePotentialsAreFeasibleAndTightOnThePlan) {
  const std::vector<double> costs = random_matrix(35 * 35, 6);
  const Problem problem = assignment(costs, 35, 35);
  const Result result = solve_with(problem);
  for (Index i = 0; i < 35; ++i) {
    for (Index j = 0; j < 35; ++j) {
      EXPECT_LE(result.f[static_cast<std::size_t>(i)] + result.g[static_cast<std::size_t>(j)],
                cost_at(problem, i, j) + 1e-15);
    }
  }
  for (std::size_t k = 0; k < result.plan.size(); ++k) {
    const Index i = result.plan.rows[k], j = result.plan.cols[k];
    EXPECT_NEAR(result.f[static_cast<std::size_t>(i)] + result.g[static_cast<std::size_t>(j)],
                cost_at(problem, i, j), 1e-15);
  }
}

/// Long rows, solved on lists of their best columns.
constexpr std::int64_t long_rows = 600;

TEST(Hungarian, PotentialsMuchLargerThanReducedCostsDoNotDefeatTheLists) {
  constexpr std::int64_t n = long_rows;
  const std::vector<double> per_column = random_matrix(n, 5);
  std::vector<double> c = random_matrix(n * n, 6);
  for (std::size_t k = 0; k < c.size(); ++k) c[k] = 0.05 * c[k] + per_column[k % n];
  const Problem problem = assignment(c, n, n);
  optimum(problem);
  const Result result = solve_with(problem);
  const auto rows_read = std::find_if(result.stats.begin(), result.stats.end(),
                                      [](const auto& stat) { return stat.first == "rows_read"; });
  EXPECT_NE(rows_read, result.stats.end()) << "gave up the lists";
}

TEST(Hungarian, LongRowsOfFewAllowedColumnsAreListedWhole) {
  constexpr std::int64_t n = long_rows;
  const std::vector<double> values = random_matrix(n * n, 7);
  std::vector<double> c(n * n, infinity);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t k : {0, 1, 5, 77, 300}) {
      const auto at = static_cast<std::size_t>(i * n + (i + k) % n);
      c[at] = values[at];
    }
  }
  optimum(assignment(c, n, n));
}

TEST(Hungarian, ALongRowThatAllowsNothingIsInfeasible) {
  constexpr std::int64_t n = long_rows;
  std::vector<double> c = random_matrix(n * n, 8);
  std::fill(c.begin() + 3 * n, c.begin() + 4 * n, infinity);
  EXPECT_EQ(name_of(solve_with(assignment(c, n, n)).status), "infeasible");
}

TEST(Hungarian, LongRowsOfEqualCostsEnd) {
  constexpr std::int64_t n = long_rows;
  std::vector<double> c = random_matrix(n * n, 9);
  for (double& cost : c) cost = cost < 0.5 ? 1 : 2;
  for (std::size_t k = 0; k < 40 * n; ++k) c[k] = 3;  // these rows do not care
  optimum(assignment(c, n, n));
}

TEST(Hungarian, CloudsWhoseMatrixWouldNotFitAreRefusedBeforeItIsFormed) {
  const Instance instance = generate_instance("uniform_cube", 100, 7);
  Context context;
  context.memory_limit = 8 * 100 * 100 - 1;
  EXPECT_THROW(solve_hungarian(validate(instance.problem()), {}, context), MemoryLimitExceeded);
}

}  // namespace
}  // namespace monge

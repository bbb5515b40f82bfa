#include "solver/tree_plan.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "expect_certified.hpp"
#include "monge/problem/validate.hpp"
#include "solver/integer_masses.hpp"
#include "solver/starting_tree.hpp"
#include "solver/tree_simplex.hpp"

namespace monge {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Points of the plane; some masses are zero, and the tree lacks these rows and columns.
struct Setting {
  explicit Setting(bool dense) {
    std::mt19937_64 random(4);
    const auto draw = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
    for (int k = 0; k < 2 * n; ++k) x.push_back(draw());
    for (int k = 0; k < 2 * m; ++k) y.push_back(draw());
    for (Index i = 0; i < n; ++i) a.push_back(i % 4 == 1 ? 0 : std::pow(10, -12 * draw()));
    for (Index j = 0; j < m; ++j) b.push_back(j % 5 == 2 ? 0 : std::pow(10, -12 * draw()));
    const double ratio =
        std::accumulate(a.begin(), a.end(), 0.0) / std::accumulate(b.begin(), b.end(), 0.0);
    for (double& mass : b) mass *= ratio;
    problem.geometry = PointClouds{row_major(x.data(), n, 2), row_major(y.data(), m, 2), {}};
    if (dense) {
      for (Index i = 0; i < n; ++i) {
        for (Index j = 0; j < m; ++j) matrix.push_back(cost_at(problem, i, j));
      }
      problem.geometry = DenseCost{row_major(matrix.data(), n, m)};
    }
    problem.a = a;
    problem.b = b;
    problem = validate(problem);
  }

  static constexpr Index n = 25, m = 30;
  std::vector<double> x, y, a, b, matrix;
  Problem problem;
};

TEST(TreePlan, HasTheMarginalsOfTheProblemAndPotentialsForEmptyColumns) {
  for (bool dense : {false, true}) {
    SCOPED_TRACE(dense ? "matrix" : "clouds");
    const Setting s(dense);
    const IntegerMasses masses = integer_masses(s.problem);
    std::vector<Index> rows, cols;
    std::vector<Flow> a, b;
    // Backwards: the order of the tree is not the caller's.
    for (Index i = s.n - 1; i >= 0; --i) {
      if (masses.a[at(i)] > 0) rows.push_back(i), a.push_back(masses.a[at(i)]);
    }
    for (Index j = s.m - 1; j >= 0; --j) {
      if (masses.b[at(j)] > 0) cols.push_back(j), b.push_back(masses.b[at(j)]);
    }
    const Index n = static_cast<Index>(rows.size()), m = static_cast<Index>(cols.size());
    std::vector<Arc> pairs;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < m; ++j) {
        pairs.push_back({i, j, cost_at(s.problem, rows[at(i)], cols[at(j)])});
      }
    }
    CandidateArcs arcs(n);
    arcs.add(pairs);
    TransportTree tree(n, m);
    StartingTree start(a, b, tree);
    start.finish([&](Index i, Index j) { return cost_at(s.problem, rows[at(i)], cols[at(j)]); },
                 std::vector<double>(at(n)), std::vector<double>(at(m)));
    Context context;
    ASSERT_TRUE(run_simplex(tree, arcs, {}, context));

    Duals duals;
    for (Index i = 0; i < n; ++i) duals.u.push_back(tree.potential(i));
    for (Index j = 0; j < m; ++j) duals.p.push_back(tree.potential(tree.column(j)));
    Result result;
    result.plan = plan_of(s.problem, tree, rows, cols);
    set_potentials(s.problem, duals, rows, cols, context, result);

    const Certificate certificate = certificate_of(s.problem, result);
    EXPECT_LE(certificate.relative_gap, 1e-12);
    EXPECT_LE(certificate.marginal_error, 1e-14);
    EXPECT_LE(result.plan.size(), at(n + m - 1));
    for (double mass : result.plan.mass) EXPECT_GT(mass, 0);
    for (Index j = 0; j < s.m; ++j) {
      double least = infinity;
      for (Index i : rows) least = std::min(least, cost_at(s.problem, i, j) - result.f[at(i)]);
      EXPECT_NEAR(result.g[at(j)], least, 1e-14) << "column " << j;
    }
    for (Index i = 0; i < s.n; ++i) {
      if (s.a[at(i)] == 0) {
        EXPECT_EQ(result.f[at(i)], 0);
      }
    }
  }
}

// Totals that agree exactly: what is off is the rounding of each flow alone.
TEST(TreePlan, ReachesEveryMarginalToTheLastBits) {
  const double third = static_cast<double>(1.0f / 3);
  const std::vector<double> a{third, 1 - third}, b(64, 1.0 / 64), costs(2 * 64, 1.0);
  Problem problem;
  problem.geometry = DenseCost{row_major(costs.data(), 2, 64)};
  problem.a = a;
  problem.b = b;
  problem = validate(problem);
  const IntegerMasses masses = integer_masses(problem);
  TransportTree tree(2, 64);
  StartingTree start(masses.a, masses.b, tree);
  start.finish([](Index, Index) { return 1.0; }, {0, 0}, std::vector<double>(64));
  std::vector<Index> cols(64);
  std::iota(cols.begin(), cols.end(), 0);
  const Plan plan = plan_of(problem, tree, {0, 1}, cols);
  std::vector<long double> rows(2), columns(64);
  for (std::size_t k = 0; k < plan.size(); ++k) {
    rows[at(plan.rows[k])] += plan.mass[k];
    columns[at(plan.cols[k])] += plan.mass[k];
  }
  for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(static_cast<double>(rows[i]), a[i], 2e-16);
  for (long double sum : columns) EXPECT_NEAR(static_cast<double>(sum), 1.0 / 64, 5e-18);
}

TEST(TreePlan, EmptyColumnsHaveFeasiblePotentialsNoLargerThanTheOthers) {
  const std::vector<double> costs{1, infinity, 4, 0.5, 2, infinity, 8, 1}, a{1, 1}, b{2, 0, 0, 0};
  Problem problem;
  problem.geometry = DenseCost{row_major(costs.data(), 2, 4)};
  problem.a = a;
  problem.b = b;
  problem = validate(problem);
  Context context;
  Result result;
  set_potentials(problem, {{1.5, 2.5}, {0.5}}, {0, 1}, {0}, context, result);
  EXPECT_EQ(result.f, (std::vector<double>{1.5, 2.5}));
  EXPECT_EQ(result.g, (std::vector<double>{-0.5, -0.5, -0.5, -1.5}));
}

}  // namespace
}  // namespace monge

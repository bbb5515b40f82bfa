#include "monge/solver/sinkhorn.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <string_view>
#include <vector>

#include "monge/core/error.hpp"
#include "monge/instances.hpp"
#include "monge/problem/validate.hpp"
#include "monge/result/scaled_plan.hpp"

namespace monge {
namespace {

struct Marginals {
  double error = 0;  ///< L1, over the mass
  double cost = 0;
};

/// Of the plan that the potentials define, entry by entry.
Marginals marginals_of(const Problem& problem, const EntropicResult& result, double epsilon) {
  std::vector<double> rows(static_cast<std::size_t>(problem.rows()), 0),
      cols(static_cast<std::size_t>(problem.cols()), 0);
  Marginals marginals;
  for (Index i = 0; i < problem.rows(); ++i) {
    for (Index j = 0; j < problem.cols(); ++j) {
      const double c = cost_at(problem, i, j);
      const double p = problem.row_mass(i) * problem.col_mass(j) *
                       std::exp((result.f[static_cast<std::size_t>(i)] +
                                 result.g[static_cast<std::size_t>(j)] - c) /
                                epsilon);
      rows[static_cast<std::size_t>(i)] += p;
      cols[static_cast<std::size_t>(j)] += p;
      marginals.cost += p * c;
    }
  }
  for (Index i = 0; i < problem.rows(); ++i)
    marginals.error += std::fabs(rows[static_cast<std::size_t>(i)] - problem.row_mass(i));
  for (Index j = 0; j < problem.cols(); ++j)
    marginals.error += std::fabs(cols[static_cast<std::size_t>(j)] - problem.col_mass(j));
  marginals.error /= problem.total_mass();
  return marginals;
}

EntropicResult solved(const Problem& problem, const SinkhornOptions& options, int threads = 1) {
  Context context;
  context.threads = threads;
  return solve_sinkhorn(problem, options, context);
}

TEST(Sinkhorn, EveryTransportFamilyReachesItsMarginalsByEveryMethod) {
  for (const InstanceFamily& family : instance_families()) {
    const Instance instance = family.generate(70, 0);
    if (instance.kind != Kind::transport) continue;
    const Problem problem = validate(instance.problem());
    double mean = 0;
    for (Index i = 0; i < problem.rows(); ++i) {
      for (Index j = 0; j < problem.cols(); ++j)
        mean += std::fabs(cost_at(problem, i, j)) / problem.rows() / problem.cols();
    }
    if (!std::isfinite(mean) || mean == 0) continue;
    for (std::string_view method : {"sinkhorn", "anderson", "newton"}) {
      SCOPED_TRACE(std::string(family.name) + " " + std::string(method));
      const SinkhornOptions options{.epsilon = 0.1 * mean, .method = std::string(method)};
      const EntropicResult result = solved(problem, options);
      EXPECT_EQ(result.status, Status::within_tolerance);
      const Marginals marginals = marginals_of(problem, result, options.epsilon);
      EXPECT_LE(marginals.error, 1.01e-6);
      Context context;
      const GradedPlan rounded =
          round_to_plan(problem, result.f, result.g, options.epsilon, context);
      EXPECT_NEAR(rounded.cost, marginals.cost, 1e-5 * mean * problem.total_mass());
      EXPECT_LE(dual_bound(problem, result.g, options.penalty, context),
                rounded.cost + 1e-12 * mean);
    }
  }
}

TEST(Sinkhorn, ThreadsAndPrecisionOfThePointsChangeNothing) {
  const Instance instance = generate_instance("sphere_to_torus", 1200, 3);
  const Problem problem = validate(instance.problem());
  const SinkhornOptions options{.epsilon = 0.02};
  const EntropicResult one = solved(problem, options), four = solved(problem, options, 4);
  EXPECT_EQ(one.f, four.f);
  EXPECT_EQ(one.g, four.g);
  EXPECT_EQ(one.value, four.value);
  EXPECT_LE(marginals_of(problem, one, options.epsilon).error, 1.01e-6);
}

double stat(const EntropicResult& result, std::string_view name) {
  for (const auto& [key, value] : result.stats) {
    if (key == name) return value;
  }
  return -1;
}

TEST(Sinkhorn, TheCoarseHessianServesWhereGroupsResolveEpsilon) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> uniform(0, 1);
  for (const GroundCost& cost : {GroundCost{SqEuclidean{}}, GroundCost{Euclidean{}}}) {
    Instance instance = generate_instance("sphere_to_torus", 1500, 1);
    for (double& value : instance.x) value += 1e5;  // far away, masses uneven, some of them 0
    for (double& value : instance.y) value += 1e5;
    instance.a.clear();
    instance.b.clear();
    for (int i = 0; i < 1500; ++i) instance.a.push_back(std::exp(4 * uniform(random)));
    for (int j = 0; j < 1500; ++j) instance.b.push_back(j % 50 == 0 ? 0 : uniform(random));
    const auto total = [](const std::vector<double>& v) {
      return std::accumulate(v.begin(), v.end(), 0.0);
    };
    const double ratio = total(instance.a) / total(instance.b);
    for (double& value : instance.b) value *= ratio;
    instance.cost = cost;
    const Problem problem = validate(instance.problem());
    const SinkhornOptions options{.epsilon = 0.2};
    const EntropicResult result = solved(problem, options), three = solved(problem, options, 3);
    EXPECT_EQ(result.status, Status::within_tolerance);
    EXPECT_GT(stat(result, "coarse_newton_steps"), 0);
    EXPECT_EQ(stat(result, "hessian_products"), 0);
    EXPECT_LE(marginals_of(problem, result, options.epsilon).error, 1.01e-6);
    EXPECT_EQ(result.f, three.f);
    EXPECT_EQ(result.g, three.g);
    const EntropicResult plain = solved(problem, {.epsilon = 0.2, .method = "anderson"});
    EXPECT_NEAR(result.value, plain.value, 1e-9 * plain.value);
  }
}

TEST(Sinkhorn, TheCoarseHessianIsLeftWhereItDoesNotHelp) {
  const Instance instance = generate_instance("sphere_to_torus", 1500, 1);
  const Problem problem = validate(instance.problem());
  for (double epsilon : {0.05, 0.01}) {
    const EntropicResult result = solved(problem, {.epsilon = epsilon});
    EXPECT_EQ(result.status, Status::within_tolerance);
    EXPECT_LE(marginals_of(problem, result, epsilon).error, 1.01e-6);
  }
}

TEST(Sinkhorn, ExtrapolatesOverTheTermsOfAMatrix) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  const Index n = 190, m = 333;
  for (double spread : {0.1, 1.0, 2.5}) {  // of the logarithms: the last has rows far from others
    std::vector<double> costs;
    for (Index k = 0; k < n * m; ++k) costs.push_back(std::exp(spread * normal(random)));
    for (Index i = 0; i < n; i += 3) costs[static_cast<std::size_t>(i * m + i)] = INFINITY;
    for (Index j = 0; j < m; ++j) costs[static_cast<std::size_t>(5 * m + j)] += 30 * spread;
    Problem problem;
    problem.kind = Kind::transport;
    problem.geometry = DenseCost{row_major(costs.data(), n, m)};
    problem = validate(problem);
    const double epsilon = 0.15 * std::exp(0.5 * spread * spread);  // of the mean
    const SinkhornOptions options{.epsilon = epsilon};
    const EntropicResult result = solved(problem, options), three = solved(problem, options, 3);
    EXPECT_EQ(result.status, Status::within_tolerance);
    EXPECT_EQ(stat(result, "newton_steps"), 0);
    EXPECT_LE(marginals_of(problem, result, options.epsilon).error, 1.01e-6);
    EXPECT_EQ(result.f, three.f);
    EXPECT_EQ(result.g, three.g);
    const EntropicResult newton = solved(problem, {.epsilon = epsilon, .method = "newton"});
    EXPECT_NEAR(result.value, newton.value, 1e-9 * newton.value);
  }
}

TEST(Sinkhorn, TheSymmetricIterationSolvesTheSameProblem) {
  const Instance instance = generate_instance("sphere_to_torus", 500, 1);
  Problem problem = instance.problem();
  const PointClouds clouds = *problem.clouds();
  problem.geometry = PointClouds{clouds.x, clouds.x, clouds.cost};
  problem = validate(problem);
  for (double penalty : {std::numeric_limits<double>::infinity(), 0.5}) {
    const SinkhornOptions options{.epsilon = 0.05, .rtol = 1e-9, .penalty = penalty};
    Context context;
    const EntropicResult symmetric = solve_sinkhorn_symmetric(problem, options, context);
    EXPECT_EQ(symmetric.status, Status::within_tolerance);
    EXPECT_EQ(symmetric.f, symmetric.g);
    EXPECT_NEAR(symmetric.value, solved(problem, options).value, 1e-9);
  }
}

TEST(Sinkhorn, AnInterruptedSolveSaysSoAndStillHasAPlan) {
  const Instance instance = generate_instance("sphere_to_torus", 1000, 0);
  const Problem problem = validate(instance.problem());
  for (int step = 0; step < 25; ++step) {  // wherever it is interrupted
    const bool by_deadline = step > 0;
    Context context;
    if (by_deadline) {
      context.deadline = Context::Clock::now() + std::chrono::microseconds(400 * step);
    } else {
      context.stop = [] { return true; };
    }
    const EntropicResult result = solve_sinkhorn(problem, {.epsilon = 1e-5, .rtol = 0}, context);
    EXPECT_EQ(result.status, by_deadline ? Status::time_limit : Status::cancelled);
    ASSERT_EQ(result.f.size(), 1000U);
    ASSERT_EQ(result.g.size(), 1000U);
    Context afterwards;
    const GradedPlan plan = round_to_plan(problem, result.f, result.g, 1e-5, afterwards);
    for (double sum : plan.row_sums) EXPECT_NEAR(sum, 1e-3, 1e-14);
    EXPECT_GE(plan.cost, dual_bound(problem, result.g, INFINITY, afterwards));
  }
}

TEST(Sinkhorn, RefusesWhatItCannotDo) {
  const Instance instance = generate_instance("sphere_to_torus", 10, 0);
  const Problem problem = validate(instance.problem());
  EXPECT_THROW(solved(problem, {.epsilon = 1e-30}), InvalidArgument);
  EXPECT_THROW(solved(problem, {.epsilon = 1, .method = "greenkhorn"}), Unsupported);
  EXPECT_THROW(solved(problem, {.epsilon = 1, .method = "newton", .penalty = 1}), Unsupported);
}

TEST(Greenkhorn, AgreesWithSinkhorn) {
  const Instance instance = generate_instance("dense_uniform", 30, 0);
  Problem problem = instance.problem();
  problem.kind = Kind::transport;
  problem = validate(problem);
  SinkhornOptions options{.epsilon = 0.1, .rtol = 1e-8};
  const double value = solved(problem, options).value;
  options.method = "greenkhorn";
  const EntropicResult greedy = solved(problem, options);
  EXPECT_EQ(greedy.status, Status::within_tolerance);
  EXPECT_NEAR(greedy.value, value, 1e-10);
  EXPECT_LE(marginals_of(problem, greedy, options.epsilon).error, 1.01e-8);
}

}  // namespace
}  // namespace monge

#include "monge/solver/auction.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "expect_certified.hpp"
#include "monge/instances.hpp"
#include "monge/problem/validate.hpp"

namespace monge {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

const std::vector<const char*> families{"uniform_cube",   "lattice",    "duplicates",
                                        "dense_integer",  "dense_wide", "dense_uniform",
                                        "dense_forbidden"};

Result solve_with(const Problem& problem, const AuctionOptions& options, int threads = 1) {
  Context context;
  context.threads = threads;
  return solve_auction(problem, options, context);
}

double optimum(const Problem& problem, const AuctionOptions& options, int threads = 1) {
  const Result result = solve_with(problem, options, threads);
  EXPECT_EQ(name_of(result.status), "optimal");
  const Certificate certificate = certificate_of(problem, result);
  EXPECT_LE(certificate.relative_gap, 1e-9);
  EXPECT_LE(certificate.marginal_error, 1e-12);
  return certificate.cost;
}

Problem assignment(const std::vector<double>& costs, std::int64_t rows) {
  Problem problem;
  problem.geometry =
      DenseCost{row_major(costs.data(), rows, static_cast<std::int64_t>(costs.size()) / rows)};
  problem.kind = Kind::assignment;
  return validate(problem);
}

TEST(Auction, NoOptionChangesTheOptimum) {
  for (const char* family : families) {
    const Instance instance = generate_instance(family, 60, 1);
    const Problem problem = validate(instance.problem());
    const double expected = optimum(problem, {});
    std::vector<AuctionOptions> all(8);
    all[0].order = "jacobi";
    all[1].epsilon_ratio = 1.1;
    all[2].epsilon_ratio = 1e6;
    all[3].handover = 0;
    all[4].handover = 1;
    all[5].list_size = 2;
    all[6].list_size = 1024;
    all[7].bids_per_phase = 1;
    for (std::size_t k = 0; k < all.size(); ++k) {
      SCOPED_TRACE(std::string(family) + ", variant " + std::to_string(k));
      expect_close(optimum(problem, all[k]), expected);
    }
  }
}

TEST(Auction, TheAnswerDoesNotDependOnTheNumberOfThreads) {
  for (const char* family : {"uniform_cube", "sphere_to_torus", "dense_uniform"}) {
    for (const char* order : {"gauss_seidel", "jacobi"}) {
      const Instance instance = generate_instance(family, 250, 2);
      const Problem problem = validate(instance.problem());
      AuctionOptions options;
      options.order = order;
      const Result one = solve_with(problem, options, 1);
      for (int threads : {2, 4}) {
        const Result many = solve_with(problem, options, threads);
        EXPECT_EQ(many.plan.cols, one.plan.cols) << family << " " << order;
        EXPECT_EQ(many.g, one.g) << family << " " << order;
      }
    }
  }
}

TEST(Auction, IntegerCostsAreOptimalWithoutAFinish) {
  const Instance instance = generate_instance("dense_integer", 50, 3);
  const Problem problem = validate(instance.problem());
  AuctionOptions options;
  const double expected = optimum(problem, options);
  options.finish = "none";
  for (const char* order : {"gauss_seidel", "jacobi"}) {
    options.order = order;
    const Result result = solve_with(problem, options);
    EXPECT_EQ(name_of(result.status), "optimal");
    expect_close(certificate_of(problem, result).cost, expected);
  }
}

TEST(Auction, WithoutAFinishRealCostsAreNeverCalledOptimal) {
  const Instance instance = generate_instance("dense_uniform", 50, 4);
  AuctionOptions options;
  options.finish = "none";
  const Result result = solve_with(validate(instance.problem()), options);
  EXPECT_NE(name_of(result.status), "optimal");
}

TEST(Auction, AToleranceIsCertifiedWhenItIsMet) {
  const Instance instance = generate_instance("sphere_to_torus", 300, 5);
  const Problem problem = validate(instance.problem());
  for (double rtol : {0.1, 0.01, 1e-4}) {
    Context context;
    context.rtol = rtol;
    const Result result = solve_auction(problem, {}, context);
    const Certificate certificate = certificate_of(problem, result);
    EXPECT_LE(certificate.relative_gap, rtol);
    EXPECT_LE(certificate.marginal_error, 1e-12);
  }
}

TEST(Auction, FindsThatNoMatchingExists) {
  for (const std::vector<double>& costs : {std::vector<double>{1, infinity, 2, infinity},
                                           {infinity, infinity, infinity, infinity},
                                           {1, 2, infinity, infinity}}) {
    const Result result = solve_with(assignment(costs, 2), {});
    EXPECT_EQ(name_of(result.status), "infeasible");
    EXPECT_EQ(result.plan.size(), 0U);
  }
}

TEST(Auction, EmptyMatricesHaveEmptyPlans) {
  for (const auto& [rows, cols] : {std::pair{0, 0}, {0, 3}, {3, 0}}) {
    Problem problem;
    problem.geometry = DenseCost{row_major<double>(nullptr, rows, cols)};
    problem.kind = Kind::assignment;
    const Result result = solve_with(validate(problem), {});
    EXPECT_EQ(name_of(result.status), "optimal");
    EXPECT_EQ(result.plan.size(), 0U);
  }
}

TEST(Auction, ACancelledSolveHasAFeasiblePlanAndAValidBound) {
  const Instance instance = generate_instance("uniform_cube", 200, 6);
  const Problem problem = validate(instance.problem());
  const double least = optimum(problem, {});
  for (const char* order : {"gauss_seidel", "jacobi"}) {
    AuctionOptions options;
    options.order = order;
    Context context;
    context.stop = [] { return true; };
    const Result result = solve_auction(problem, options, context);
    EXPECT_EQ(name_of(result.status), "cancelled");
    const Certificate certificate = certificate_of(problem, result);
    EXPECT_LE(certificate.marginal_error, 1e-12);
    EXPECT_GE(certificate.cost, least);
    EXPECT_LE(certificate.lower_bound, least);
  }
}

}  // namespace
}  // namespace monge

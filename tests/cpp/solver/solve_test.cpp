#include "monge/solver/solve.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "expect_certified.hpp"
#include "monge/core/error.hpp"
#include "monge/instances.hpp"
#include "parallel.hpp"

namespace monge {
namespace {

void expect_same(const Solution& p, const Solution& q) {
  EXPECT_EQ(p.certificate.cost, q.certificate.cost);
  EXPECT_EQ(p.certificate.lower_bound, q.certificate.lower_bound);
  EXPECT_EQ(p.certificate.f, q.certificate.f);
  EXPECT_EQ(p.certificate.g, q.certificate.g);
  EXPECT_EQ(p.plan.rows, q.plan.rows);
  EXPECT_EQ(p.plan.cols, q.plan.cols);
  EXPECT_EQ(p.plan.mass, q.plan.mass);
}

/// Several instances and the problems that view them.
struct Batch {
  std::vector<Instance> instances;
  std::vector<Problem> problems;

  explicit Batch(int count, Index n = 30) {
    for (int k = 0; k < count; ++k)
      instances.push_back(generate_instance("sphere_to_torus", n + k, k));
    for (const Instance& instance : instances) problems.push_back(instance.problem());
  }
};

TEST(Solve, ValidatesBeforeItSolves) {
  Instance instance = generate_instance("uniform_cube", 10, 1);
  instance.x[3] = std::nan("");
  Context context;
  EXPECT_THROW(solve(instance.problem(), "auto", {}, context), InvalidArgument);
}

TEST(Solve, NamesTheSolverThatRanAndItsCounters) {
  const Instance instance = generate_instance("uniform_cube", 10, 1);
  Context context;
  const Solution solution = solve(instance.problem(), "auto", {}, context);
  EXPECT_EQ(solution.solver, "hungarian");
  EXPECT_FALSE(solution.stats.empty());
}

TEST(Solve, WhatTheCertificateDoesNotProveIsNeitherOptimalNorWithinTolerance) {
  const std::vector<double> costs{0, 1, 1, 0};
  const Problem problem{DenseCost{MatrixView<double>{costs.data(), 2, 2, 2, 1}}, {}, {}};
  Result crossed;
  crossed.f = crossed.g = {0, 0};
  crossed.plan.add(0, 1, 0.5);
  crossed.plan.add(1, 0, 0.5);
  Context context;
  EXPECT_EQ(graded(problem, crossed, "", context).status, Status::iteration_limit);
  crossed.status = Status::within_tolerance;
  EXPECT_EQ(graded(problem, crossed, "", context).status, Status::iteration_limit);
  context.rtol = 1;
  EXPECT_EQ(graded(problem, crossed, "", context).status, Status::within_tolerance);
  crossed.status = Status::optimal;
  EXPECT_EQ(graded(problem, crossed, "", context).status, Status::within_tolerance);
  crossed.plan.cols = {0, 1};
  EXPECT_EQ(graded(problem, crossed, "", context).status, Status::optimal);
}

TEST(Solve, DoesNotDependOnTheNumberOfThreads) {
  // Large enough for costs and certificate to be computed in parallel.
  const Instance instance = generate_instance("sphere_to_torus", 900, 2);
  Context one, four;
  one.threads = 1;
  four.threads = 4;
  const Solution sequential = solve(instance.problem(), "auto", {}, one);
  expect_certified(sequential);
  expect_same(sequential, solve(instance.problem(), "auto", {}, four));
}

TEST(Solve, ADeadlineThatHasPassedIsATimeLimitWithAFeasiblePlan) {
  const Instance instance = generate_instance("uniform_cube", 50, 3);
  Context context;
  context.deadline = Context::Clock::now();
  const Solution solution = solve(instance.problem(), "hungarian", {}, context);
  EXPECT_EQ(name_of(solution.status), "time_limit");
  EXPECT_LE(solution.certificate.marginal_error, 1e-12);
  EXPECT_LE(solution.certificate.lower_bound, solution.certificate.cost);
}

TEST(SolveBatch, OfNothingIsNothing) {
  Context context;
  EXPECT_TRUE(solve_batch({}, "auto", {}, context).empty());
}

TEST(SolveBatch, IsTheSingleSolvesInTheirOrderForAnyNumberOfThreads) {
  const Batch batch(9);
  std::vector<Solution> singles;
  for (const Problem& problem : batch.problems) {
    Context context;
    context.threads = 1;
    singles.push_back(solve(problem, "auto", {}, context));
    expect_certified(singles.back());
  }
  for (int threads : {1, 2, 4}) {
    Context context;
    context.threads = threads;
    const std::vector<Solution> solutions = solve_batch(batch.problems, "auto", {}, context);
    ASSERT_EQ(solutions.size(), singles.size());
    for (std::size_t k = 0; k < singles.size(); ++k) expect_same(solutions[k], singles[k]);
  }
}

TEST(SolveBatch, AnInvalidProblemThrowsOnTheCaller) {
  Batch batch(5);
  batch.instances[3].x[0] = std::nan("");
  Context context;
  context.threads = 4;
  EXPECT_THROW(solve_batch(batch.problems, "auto", {}, context), InvalidArgument);
}

TEST(SolveBatch, ADeadlineIsForAllTogether) {
  const Batch batch(4);
  Context context;
  context.threads = 2;
  context.deadline = Context::Clock::now();
  for (const Solution& solution : solve_batch(batch.problems, "auto", {}, context)) {
    EXPECT_EQ(name_of(solution.status), "time_limit");
  }
}

TEST(SolveBatch, CallbacksAreCalledOnTheCallersThreadAlone) {
  const Batch batch(6, 100);
  const CallingThread caller;
  for (int threads : {1, 3}) {
    Context context;
    context.threads = threads;
    std::atomic<int> calls{0};
    context.progress = [&](const Progress&) {
      ++calls;
      EXPECT_TRUE(caller.is_current());
    };
    context.stop = [&] {
      EXPECT_TRUE(caller.is_current());
      return false;
    };
    for (const Solution& solution : solve_batch(batch.problems, "auto", {}, context)) {
      expect_certified(solution);
    }
    // Others may have solved everything before the caller gets to look.
    EXPECT_GE(calls, threads == 1 ? 1 : 0);
  }
}

TEST(SolveBatch, StopCancelsAllThatIsLeft) {
  const Batch batch(5);
  Context context;
  context.threads = 1;
  context.stop = [] { return true; };
  for (const Solution& solution : solve_batch(batch.problems, "auto", {}, context)) {
    EXPECT_EQ(name_of(solution.status), "cancelled");
  }
}

}  // namespace
}  // namespace monge

// What the auction kernel finds, against the library's solvers and their certificates; and the
// exact finish from its prices.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "expect_certified.hpp"
#include "monge/instances.hpp"
#include "monge/problem/validate.hpp"
#include "monge/solver/finish_assignment.hpp"
#include "simt/contexts.hpp"
#include "simt/kernels/auction.hpp"

namespace monge::simt {
namespace {

/// One problem in float32, as the kernel and the library see it.
struct Single {
  std::vector<float> x, y;
  Problem problem;
  std::int64_t n, m, dim;

  explicit Single(const Instance& instance) : n(instance.n), m(instance.m), dim(instance.dim) {
    const auto round = [](const std::vector<double>& values) {
      return std::vector<float>(values.begin(), values.end());
    };
    x = round(dim > 0 ? instance.x : instance.cost_matrix);
    y = round(instance.y);
    if (dim > 0) {
      problem.geometry =
          PointClouds{row_major(x.data(), n, dim), row_major(y.data(), m, dim), instance.cost};
    } else {
      problem.geometry = DenseCost{row_major(x.data(), n, m)};
    }
    problem.kind = Kind::assignment;
    problem = validate(problem);
  }
};

struct Answer {
  std::vector<std::int32_t> col4row;
  std::vector<double> prices;
  AuctionReport report;
};

template <class Costs>
Answer run(const Single& single, const AuctionSettings& settings) {
  auto col4row = zeros<std::int32_t>(single.n);
  auto price = zeros<float>(single.m);
  auto workspace = zeros<Word>(auction_workspace_bytes(single.n, single.m) / 8 + 1);
  AuctionReport report{};
  AuctionArgs args;
  args.costs = {single.x.data(),     single.y.data(), {nullptr, single.n},
                {nullptr, single.m}, {nullptr, 0},    single.dim};
  args.settings = settings;
  args.capacity = 256;
  args.col4row = col4row.data();
  args.price = price.data();
  args.report = &report;
  set_workspace(args, workspace.data(), single.n, single.m);
  launch_serial(1, [&](auto& k) { auction_body<Costs>(k, args); });
  return {col4row, {price.begin(), price.end()}, report};
}

template <Metric M>
Answer run_metric(const Single& single, const AuctionSettings& settings) {
  switch (single.dim) {
    case 1: return run<PointCosts<M, 1>>(single, settings);
    case 2: return run<PointCosts<M, 2>>(single, settings);
    case 3: return run<PointCosts<M, 3>>(single, settings);
    default: return run<WidePointCosts<M>>(single, settings);
  }
}

Answer run(const Single& single, const AuctionSettings& settings) {
  const PointClouds* clouds = single.problem.clouds();
  if (!clouds) return run<MatrixCosts>(single, settings);
  return std::holds_alternative<Euclidean>(clouds->cost)
             ? run_metric<Metric::euclidean>(single, settings)
             : run_metric<Metric::sqeuclidean>(single, settings);
}

/// Whether the kernel takes a family: its costs, its sizes, and only finite ones.
bool served(const Instance& instance) {
  if (instance.n > instance.m) return false;
  if (instance.dim == 0) {
    return std::all_of(instance.cost_matrix.begin(), instance.cost_matrix.end(),
                       [](double cost) { return std::fabs(cost) < 1e30; });
  }
  return std::holds_alternative<Euclidean>(instance.cost) ||
         std::holds_alternative<SqEuclidean>(instance.cost);
}

double optimum_of(const Problem& problem) {
  Context context;
  context.threads = 1;
  const Solution solution = solve(problem, "hungarian", {}, context);
  expect_certified(solution);
  return solution.certificate.cost;
}

double size_of_costs(const Single& single) {
  double largest = 0;
  for (Index i = 0; i < single.n; ++i) {
    for (Index j = 0; j < single.m; ++j) {
      largest = std::max(largest, std::fabs(cost_at(single.problem, i, j)));
    }
  }
  return largest;
}

TEST(AuctionAgreement, CostAndBoundEncloseTheOptimumOfEveryFamily) {
  int tested = 0;
  for (const InstanceFamily& family : instance_families()) {
    for (Index n : {1, 7, 40}) {
      const Instance instance = family.generate(n, 1);
      if (!served(instance)) continue;
      SCOPED_TRACE(std::string(family.name) + ", n = " + std::to_string(n));
      ++tested;
      const Single single(instance);
      const Answer answer = run(single, {});
      const double optimum = optimum_of(single.problem), rounding = 1e-12 * std::fabs(optimum);
      ASSERT_EQ(answer.report.status, AuctionStatus::complete);
      EXPECT_GE(answer.report.cost, optimum - rounding);
      EXPECT_LE(answer.report.lower_bound, optimum + rounding);
      // rtol, or what float32 resolves where the optimum is small next to the costs.
      const double resolved = 1e-5 * size_of_costs(single) + std::numeric_limits<float>::min();
      EXPECT_LE(answer.report.cost - answer.report.lower_bound,
                1.01e-3 * std::fabs(optimum) + n * resolved);
      double cost = 0;
      for (Index i = 0; i < n; ++i) {
        cost += cost_at(single.problem, i, answer.col4row[static_cast<std::size_t>(i)]);
      }
      expect_close(answer.report.cost, cost);
    }
  }
  EXPECT_GE(tested, 30);
}

TEST(AuctionAgreement, TheHostFinishesExactlyFromItsPrices) {
  int tested = 0;
  for (const InstanceFamily& family : instance_families()) {
    for (float leave : {0.0F, 0.1F}) {
      const Instance instance = family.generate(50, 2);
      if (!served(instance) || instance.n != instance.m) continue;
      SCOPED_TRACE(std::string(family.name) + ", leave " + std::to_string(leave));
      ++tested;
      const Single single(instance);
      AuctionSettings settings;
      settings.leave = leave;
      Context context;
      const Result result =
          finish_assignment(single.problem, run(single, settings).prices, context);
      EXPECT_EQ(name_of(result.status), "optimal");
      const Certificate certificate = certificate_of(single.problem, result);
      EXPECT_LE(certificate.relative_gap, 1e-9);
      EXPECT_LE(certificate.marginal_error, 1e-12);
      expect_close(certificate.cost, optimum_of(single.problem));
    }
  }
  EXPECT_GE(tested, 20);
}

}  // namespace
}  // namespace monge::simt

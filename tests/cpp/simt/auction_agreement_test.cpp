// What the auction kernel finds, against the library's solvers and their certificates; and the
// exact finish from its prices.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "expect_certified.hpp"
#include "monge/solver/finish_assignment.hpp"
#include "simt/contexts.hpp"
#include "simt/float_instance.hpp"
#include "simt/kernels/auction.hpp"

namespace monge::simt {
namespace {

struct Answer {
  std::vector<std::int32_t> col4row;
  std::vector<float> prices;
  AuctionReport report;

  std::vector<double> prices_in_double() const { return {prices.begin(), prices.end()}; }
};

template <class Launch>
Answer run(const FloatInstance& single, const AuctionSettings& settings, const Launch& launch) {
  Answer answer{zeros<std::int32_t>(single.n), zeros<float>(single.m), {}};
  auto workspace = zeros<Word>(auction_workspace_bytes(single.n, single.m) / 8 + 1);
  AuctionArgs args;
  args.costs = single.costs();
  args.settings = settings;
  args.capacity = 256;
  args.col4row = answer.col4row.data();
  args.price = answer.prices.data();
  args.report = &answer.report;
  set_workspace(args, workspace.data(), single.n, single.m);
  single.visit([&](auto tag) {
    launch(1, [&](auto& k) { auction_body<typename decltype(tag)::type>(k, args); });
  });
  return answer;
}

/// Whether the kernel takes a family: its costs and its sizes.
bool served(const Instance& instance) {
  return instance.n <= instance.m && has_kernel_costs(instance);
}

double optimum_of(const Problem& problem) {
  Context context;
  context.threads = 1;
  const Solution solution = solve(problem, "hungarian", {}, context);
  expect_certified(solution);
  return solution.certificate.cost;
}

TEST(AuctionAgreement, CostAndBoundEncloseTheOptimumOfEveryFamily) {
  int tested = 0;
  for (const InstanceFamily& family : instance_families()) {
    for (Index n : {1, 7, 40}) {
      const Instance instance = family.generate(n, 1);
      if (!served(instance)) continue;
      SCOPED_TRACE(std::string(family.name) + ", n = " + std::to_string(n));
      ++tested;
      const FloatInstance single(instance, Kind::assignment);
      const Answer answer = run(single, {}, Serial{});
      const double optimum = optimum_of(single.problem), rounding = 1e-12 * std::fabs(optimum);
      ASSERT_EQ(answer.report.status, AuctionStatus::complete);
      EXPECT_GE(answer.report.cost, optimum - rounding);
      EXPECT_LE(answer.report.lower_bound, optimum + rounding);
      // rtol, or what float32 resolves where the optimum is small next to the costs.
      const double resolved = 1e-5 * single.largest_cost() + std::numeric_limits<float>::min();
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
      const FloatInstance single(instance, Kind::assignment);
      AuctionSettings settings;
      settings.leave = leave;
      Context context;
      const Result result = finish_assignment(
          single.problem, run(single, settings, Serial{}).prices_in_double(), context);
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

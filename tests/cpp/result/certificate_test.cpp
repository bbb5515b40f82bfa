// Wrong results must be graded as wrong, whatever the solver claims.
#include "monge/result/certificate.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "expect_certified.hpp"
#include "monge/problem/validate.hpp"

namespace monge {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// A transport of two unit masses. Least cost 2: the diagonal.
const std::vector<double> matrix{1, 4, 3, 1};

Problem two_by_two(const std::vector<double>& costs = matrix, Kind kind = Kind::transport) {
  static const std::vector<double> ones{1, 1};
  Problem problem;
  problem.geometry =
      DenseCost{row_major(costs.data(), 2, static_cast<std::int64_t>(costs.size()) / 2)};
  if (kind == Kind::transport) problem.a = problem.b = ones;
  problem.kind = kind;
  return validate(problem);
}

Result diagonal(std::vector<double> g) {
  Result result;
  result.plan.add(0, 0, 1);
  result.plan.add(1, 1, 1);
  result.f = {0, 0};
  result.g = std::move(g);
  return result;
}

TEST(Certificate, AnOptimalPlanWithOptimalPotentialsHasNoGap) {
  const Certificate certificate = certificate_of(two_by_two(), diagonal({0, 0}));
  EXPECT_EQ(certificate.cost, 2);
  EXPECT_EQ(certificate.lower_bound, 2);
  EXPECT_EQ(certificate.relative_gap, 0);
  EXPECT_EQ(certificate.marginal_error, 0);
  EXPECT_EQ(certificate.f, (std::vector<double>{1, 1}));
}

TEST(Certificate, ASuboptimalPlanHasAGap) {
  Result crossed = diagonal({0, 0});
  crossed.plan.cols = {1, 0};
  const Certificate certificate = certificate_of(two_by_two(), crossed);
  EXPECT_EQ(certificate.cost, 7);
  EXPECT_EQ(certificate.lower_bound, 2);
  EXPECT_DOUBLE_EQ(certificate.relative_gap, 5.0 / 7);
  EXPECT_EQ(certificate.marginal_error, 0);
}

TEST(Certificate, BadPotentialsWeakenTheBoundButItStaysValid) {
  for (const auto& g : std::vector<std::vector<double>>{{100, -100}, {-5, 5}, {0, 1e6}}) {
    const Certificate certificate = certificate_of(two_by_two(), diagonal(g));
    EXPECT_LT(certificate.lower_bound, 2);
    EXPECT_GT(certificate.relative_gap, 0);
  }
}

TEST(Certificate, TheSolversRowPotentialsAreNotBelieved) {
  Result result = diagonal({0, 0});
  result.f = {1000, 1000};
  EXPECT_EQ(certificate_of(two_by_two(), result).lower_bound, 2);
}

TEST(Certificate, AddingAConstantToThePotentialsChangesNothing) {
  const Certificate certificate = certificate_of(two_by_two(), diagonal({5, 5}));
  EXPECT_EQ(certificate.lower_bound, 2);
  EXPECT_EQ(certificate.g, (std::vector<double>{0, 0}));
}

TEST(Certificate, APlanThatMissesTheMassesHasAMarginalError) {
  Result empty = diagonal({0, 0});
  empty.plan = {};
  EXPECT_EQ(certificate_of(two_by_two(), empty).marginal_error, 2);  // all of a and all of b

  Result twice = diagonal({0, 0});
  twice.plan.cols = {0, 0};
  EXPECT_EQ(certificate_of(two_by_two(), twice).marginal_error, 1);  // one too much, one missing

  Result half = diagonal({0, 0});
  half.plan.mass = {1, 0.5};
  EXPECT_EQ(certificate_of(two_by_two(), half).marginal_error, 0.5);
}

TEST(Certificate, AnInfeasiblePlanThatIsTooCheapHasANegativeGapNotAZeroOne) {
  Result half = diagonal({0, 0});
  half.plan.mass = {1, 0.5};
  const Certificate certificate = certificate_of(two_by_two(), half);
  EXPECT_LT(certificate.gap, 0);
  EXPECT_LT(certificate.relative_gap, -0.1);
}

TEST(Certificate, AnInfeasibleStatusCostsInfinity) {
  Result infeasible = diagonal({0, 0});
  infeasible.plan = {};
  infeasible.status = Status::infeasible;
  const Certificate certificate = certificate_of(two_by_two(), infeasible);
  EXPECT_EQ(certificate.cost, infinity);
  EXPECT_EQ(certificate.gap, infinity);
  EXPECT_EQ(certificate.relative_gap, infinity);
}

TEST(Certificate, APlanThroughAForbiddenPairCostsInfinity) {
  const std::vector<double> forbidden{infinity, 1, 1, 1};
  const Certificate certificate = certificate_of(two_by_two(forbidden), diagonal({0, 0}));
  EXPECT_EQ(certificate.cost, infinity);
  EXPECT_EQ(certificate.relative_gap, infinity);
}

TEST(Certificate, AnAssignmentsFreeColumnsMustNotBePaidFor) {
  const std::vector<double> wide{1, 2, 3, 3, 1, 2};
  const Problem problem = two_by_two(wide, Kind::assignment);
  Result result = diagonal({0, 0, 0});
  EXPECT_EQ(certificate_of(problem, result).lower_bound, 2);
  result.g = {0, 0, 1};  // a positive price of a column that stays free proves nothing
  const Certificate certificate = certificate_of(problem, result);
  EXPECT_LE(certificate.lower_bound, 2);
  EXPECT_EQ(certificate.g, (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(certificate.marginal_error, 0);
}

TEST(Certificate, AnEmptyAssignmentIsCertifiedAtZero) {
  Problem problem;
  problem.geometry = DenseCost{row_major<double>(nullptr, 0, 3)};
  problem.kind = Kind::assignment;
  const Certificate certificate = certificate_of(validate(problem), {});
  EXPECT_EQ(certificate.cost, 0);
  EXPECT_EQ(certificate.lower_bound, 0);
  EXPECT_EQ(certificate.g.size(), 3U);
}

TEST(Certificate, IdenticalCloudsHaveCostZeroAndRelativeGapZero) {
  const std::vector<double> x{0.1, 0.7};
  Problem problem;
  problem.geometry = PointClouds{row_major(x.data(), 2, 1), row_major(x.data(), 2, 1), Euclidean{}};
  Result result = diagonal({0.3, -0.2});
  result.plan.mass = {0.5, 0.5};
  const Certificate certificate = certificate_of(validate(problem), result);
  EXPECT_EQ(certificate.cost, 0);
  EXPECT_EQ(certificate.relative_gap, 0);
}

TEST(Certificate, AnInterruptionLeavesAValidBound) {
  const std::vector<double> x{0, 1, 2, 3}, y{4, 3, 2, 1};
  Problem clouds;
  clouds.geometry = PointClouds{row_major(x.data(), 2, 2), row_major(y.data(), 2, 2), Euclidean{}};
  Result result = diagonal({0.25, -0.25});
  result.plan.mass = {0.5, 0.5};
  for (const Problem& problem : {two_by_two(), validate(clouds)}) {
    Context context;
    context.deadline = Context::Clock::now();
    const Certificate certificate = certify(problem, result, context);
    EXPECT_LE(certificate.lower_bound, certificate_of(problem, result).cost);
    EXPECT_GE(certificate.relative_gap, 0);
  }
}

TEST(Certificate, AnAtomWithoutMassMayHaveAnyPotential) {
  const std::vector<double> costs{1, infinity, 1, infinity}, a{0.5, 0.5}, b{1, 0};
  Problem problem;
  problem.geometry = DenseCost{row_major(costs.data(), 2, 2)};
  problem.a = a;
  problem.b = b;
  Result result;
  result.plan.add(0, 0, 0.5);
  result.plan.add(1, 0, 0.5);
  result.f = {1, 1};
  result.g = {0, infinity};
  const Certificate certificate = certificate_of(validate(problem), result);
  EXPECT_EQ(certificate.cost, 1);
  EXPECT_EQ(certificate.marginal_error, 0);
  EXPECT_LE(certificate.lower_bound, 1);
}

// What may stay: the matrix and unit masses of two_by_two(), pairs (0, 0) and (1, 1) at 1.

Problem partial(Slack slack) {
  Problem problem = two_by_two();
  problem.slack = slack;
  return validate(problem);
}

TEST(CertificateOfPartial, APlanOfTheMassThatMovesIsProved) {
  Result half = diagonal({0, 0});
  half.plan.mass = {1, 0.5};
  const Certificate certificate = certificate_of(partial(MovedMass{1.5}), half);
  EXPECT_EQ(certificate.cost, 1.5);
  EXPECT_EQ(certificate.lower_bound, 1.5);
  EXPECT_EQ(certificate.marginal_error, 0);
  ASSERT_TRUE(certificate.unmatched_cost);
  EXPECT_EQ(certificate.unmatched_cost->of_a, 1);
  EXPECT_EQ(certificate.unmatched_cost->of_b, 0);
  EXPECT_EQ(certificate.unmatched_a, (std::vector<double>{0, 0.5}));
  EXPECT_EQ(certificate.unmatched_b, (std::vector<double>{0, 0.5}));
}

TEST(CertificateOfPartial, TheMassThatMovesMustBeTheOneAskedFor) {
  Result much = diagonal({0, 0});
  EXPECT_DOUBLE_EQ(certificate_of(partial(MovedMass{1.5}), much).marginal_error, 0.5 / 1.5);
  much.plan.mass = {1.25, 0.25};
  EXPECT_DOUBLE_EQ(certificate_of(partial(MovedMass{1.5}), much).marginal_error, 0.5 / 1.5);
}

TEST(CertificateOfPartial, UnmatchedMassIsPaidFor) {
  Result one = diagonal({0, 0});
  one.plan.mass = {1, 0};
  const Certificate cheap = certificate_of(partial(UnmatchedCost{0.25, 0.5}), one);
  EXPECT_EQ(cheap.cost, 1.75);
  EXPECT_EQ(cheap.lower_bound, 0.5);  // g = 0 is not the best; nothing moves in the optimum
  EXPECT_EQ(cheap.marginal_error, 0);
  one.plan = {};
  one.g = {0.5, 0.5};
  const Certificate none = certificate_of(partial(UnmatchedCost{0.25, 0.5}), one);
  EXPECT_EQ(none.cost, 1.5);
  EXPECT_EQ(none.relative_gap, 0);
}

TEST(CertificateOfPartial, NoPotentialsProveMoreThanTheOptimum) {
  Result result = diagonal({0, 0});
  for (const auto& g : std::vector<std::vector<double>>{
           {100, -100}, {-5, 5}, {0, 1e6}, {3, 3}, {-7, -7}, {0.5, infinity}}) {
    result.g = g;
    EXPECT_LE(certificate_of(partial(MovedMass{0.5}), result).lower_bound, 0.5);
    EXPECT_LE(certificate_of(partial(MovedMass{2}), result).lower_bound, 2);
    EXPECT_LE(certificate_of(partial(UnmatchedCost{0.25, 0.25}), result).lower_bound, 1);
    EXPECT_LE(certificate_of(partial(UnmatchedCost{5, 0.25}), result).lower_bound, 2);
  }
}

TEST(CertificateOfPartial, AnInterruptionLeavesAValidBound) {
  for (const Slack& slack : {Slack{MovedMass{1}}, Slack{UnmatchedCost{1, 1}}}) {
    Context context;
    context.deadline = Context::Clock::now();
    EXPECT_LE(certify(partial(slack), diagonal({0.25, -0.25}), context).lower_bound, 2);
  }
}

TEST(CertificateOfPartial, WhatIsLeftByRoundingIsNotPaidFor) {
  Result result = diagonal({0, 0});
  result.plan.mass = {1, 1 - 0x1p-53};
  EXPECT_EQ(certificate_of(partial(UnmatchedCost{1e15, 1e15}), result).cost, 2);
}

}  // namespace
}  // namespace monge

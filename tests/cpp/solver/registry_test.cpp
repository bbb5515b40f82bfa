#include "monge/solver/registry.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "expect_certified.hpp"
#include "monge/core/error.hpp"
#include "monge/problem/validate.hpp"

namespace monge {
namespace {

const std::vector<double> numbers{0, 1, 2, 3, 4, 5, 6, 7, 8};

Problem clouds(std::int64_t n, std::int64_t m, int dim, GroundCost cost = Euclidean{}) {
  Problem problem;
  problem.geometry =
      PointClouds{row_major(numbers.data(), n, dim), row_major(numbers.data(), m, dim), cost};
  return validate(problem);
}

/// Two clouds of n times the same point: a row stride of 0 needs no memory.
Problem repeated_point(std::int64_t n, int dim) {
  const MatrixView<double> points{numbers.data(), n, dim, 0, 1};
  Problem problem;
  problem.geometry = PointClouds{points, points, Euclidean{}};
  return validate(problem);
}

TEST(Registry, NamesAreUniqueAndNeverAuto) {
  std::set<std::string_view> names{"auto"};
  for (const SolverEntry& solver : solvers()) {
    EXPECT_TRUE(names.insert(solver.name).second) << solver.name;
    EXPECT_FALSE(solver.summary.empty());
  }
}

TEST(Registry, EveryOptionHasAMeaningAndADefaultWithinItsBounds) {
  for (const SolverEntry& solver : solvers()) {
    for (const OptionInfo& option : solver.options) {
      EXPECT_FALSE(option.meaning.empty()) << solver.name << " " << option.name;
      EXPECT_EQ(checked_option(option, option.default_value), option.default_value);
    }
  }
}

TEST(Registry, AutoTakesTheFirstThatServesAndHasTheSizeInItsRange) {
  for (const Problem& problem :
       {clouds(3, 3, 1), clouds(3, 3, 2), repeated_point(5000, 2), repeated_point(20000, 9)}) {
    for (const SolverEntry& solver : solvers()) {
      const AutoRange& range = solver.auto_range;
      const double pairs = 1.0 * problem.rows() * problem.cols();
      const bool in_range =
          range.least_pairs <= pairs && pairs <= range.most_pairs && range.least_rtol == 0;
      if (refusal(solver, problem) || !in_range) continue;
      EXPECT_EQ(select_solver("auto", problem).name, solver.name);
      break;
    }
  }
}

TEST(Registry, ASolverThatServesIsFoundByItsName) {
  EXPECT_EQ(select_solver("hungarian", clouds(3, 3, 1)).name, "hungarian");
  EXPECT_EQ(select_solver("sorting_1d", clouds(3, 4, 1)).name, "sorting_1d");
}

TEST(Registry, ASolverThatDoesNotServeIsRefusedWithReasonProblemAndAlternatives) {
  const std::string message =
      message_of<Unsupported>([] { select_solver("sorting_1d", clouds(3, 3, 2)); });
  EXPECT_NE(message.find("dimension 1"), std::string::npos) << message;
  EXPECT_NE(message.find("3 and 3 points in dimension 2"), std::string::npos) << message;
  for (const SolverEntry& solver : solvers()) {
    EXPECT_NE(message.find(solver.summary), std::string::npos) << message;
  }
}

TEST(Registry, ACostThatIsNotConvexOnTheLineIsNotSortedAway) {
  EXPECT_TRUE(
      refusal(select_solver("sorting_1d", clouds(3, 3, 1)), clouds(3, 3, 1, EuclideanPower{0.5})));
}

TEST(Registry, AnUnknownNameIsRefusedWithTheKnownOnes) {
  const std::string message =
      message_of<InvalidArgument>([] { select_solver("magic", clouds(3, 3, 1)); });
  EXPECT_NE(message.find("magic"), std::string::npos) << message;
  for (const SolverEntry& solver : solvers()) {
    EXPECT_NE(message.find(solver.name), std::string::npos) << message;
  }
}

TEST(Registry, EverySolverRefusesUnknownOptions) {
  for (const SolverEntry& solver : solvers()) {
    Context context;
    EXPECT_THROW(solver.solve(clouds(3, 3, 1), {{"no_such_option", 1.0}}, context), InvalidArgument)
        << solver.name;
  }
}

}  // namespace
}  // namespace monge

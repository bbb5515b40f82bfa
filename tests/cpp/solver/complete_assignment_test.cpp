#include "monge/solver/complete_assignment.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "expect_certified.hpp"
#include "monge/core/error.hpp"
#include "monge/instances.hpp"

namespace monge {
namespace {

Solution complete(const Problem& problem, const std::vector<Index>& columns,
                  const std::vector<double>& g, double rtol = 0) {
  Context context;
  context.threads = 1;
  context.rtol = rtol;
  return complete_assignment(problem, {columns, g}, context);
}

Solution exact(const Problem& problem) {
  Context context;
  context.threads = 1;
  return solve(problem, "auto", {}, context);
}

std::vector<Index> columns_of(const Plan& plan) {
  std::vector<Index> columns(plan.size());
  for (std::size_t k = 0; k < plan.size(); ++k) {
    columns[static_cast<std::size_t>(plan.rows[k])] = plan.cols[k];
  }
  return columns;
}

std::vector<double> in_single(const std::vector<double>& values) {
  std::vector<double> rounded;
  for (const double value : values) rounded.push_back(static_cast<float>(value));
  return rounded;
}

TEST(CompleteAssignment, AnyPotentialsLeadToTheOptimum) {
  for (const char* family : {"uniform_cube", "lattice", "duplicates", "sphere_to_torus"}) {
    for (const std::int64_t n : {1, 2, 33, 257}) {
      SCOPED_TRACE(std::string(family) + " " + std::to_string(n));
      const Instance instance = generate_instance(family, static_cast<Index>(n), 3);
      const Problem problem = instance.problem();
      const Solution expected = exact(problem);
      const std::vector<Index> unknown(static_cast<std::size_t>(n), -1);
      std::vector<double> noise;
      for (std::int64_t j = 0; j < n; ++j) noise.push_back(std::sin(7.0 * static_cast<double>(j)));
      const std::vector<double> none(static_cast<std::size_t>(n), 0.0);
      for (const auto& g : {in_single(expected.certificate.g), none, noise}) {
        const Solution solution = complete(problem, unknown, g);
        expect_certified(solution);
        expect_close(solution.certificate.cost, expected.certificate.cost);
      }
    }
  }
}

TEST(CompleteAssignment, ManyPointsAreSolvedAnew) {
  const Instance instance = generate_instance("uniform_cube", 1100, 1);
  const std::vector<Index> unknown(1100, -1);
  const std::vector<double> g(1100, 0.0);
  const Solution solution = complete(instance.problem(), unknown, g);
  expect_certified(solution);
  EXPECT_EQ(solution.solver, exact(instance.problem()).solver);
}

TEST(CompleteAssignment, AMatchingThatIsGoodEnoughIsTheAnswer) {
  const Instance instance = generate_instance("uniform_cube", 64, 1);
  const Problem problem = instance.problem();
  const Solution expected = exact(problem);
  const std::vector<double> g = in_single(expected.certificate.g);
  const Solution kept = complete(problem, columns_of(expected.plan), g, 1e-4);
  EXPECT_EQ(name_of(kept.status), "within_tolerance");
  EXPECT_LE(kept.certificate.relative_gap, 1e-4);
  EXPECT_EQ(kept.plan.cols, columns_of(expected.plan));

  std::vector<Index> partial = columns_of(expected.plan);
  partial[7] = partial[8] = -1;
  const Solution filled = complete(problem, partial, g, 0.2);
  EXPECT_EQ(name_of(filled.status), "within_tolerance");
  EXPECT_LE(filled.certificate.relative_gap, 0.2);
  EXPECT_LE(filled.certificate.marginal_error, 1e-12);

  std::vector<Index> reversed(64);
  for (Index i = 0; i < 64; ++i) reversed[static_cast<std::size_t>(i)] = 63 - i;
  expect_certified(complete(problem, reversed, g, 1e-4));
  std::vector<Index> twice = columns_of(expected.plan);
  twice[0] = twice[1];
  expect_certified(complete(problem, twice, g, 1e-4));
}

TEST(CompleteAssignment, RefusesWhatIsNoNearSolution) {
  const std::vector<double> points{0, 1, 2, 3}, more{0, 1, 2, 3, 4}, masses{0.1, 0.2, 0.3, 0.4};
  const auto clouds = [&](const std::vector<double>& y) {
    Problem problem;
    problem.geometry = PointClouds{row_major(points.data(), 4, 1),
                                   row_major(y.data(), static_cast<std::int64_t>(y.size()), 1),
                                   make_ground_cost("euclidean", 1)};
    return problem;
  };
  const std::vector<Index> columns{0, 1, 2, 3};
  const std::vector<double> g{0, 0, 0, 0};
  const auto message = [&](const Problem& problem, const std::vector<Index>& known,
                           const std::vector<double>& potentials) {
    return message_of<InvalidArgument>([&] { complete(problem, known, potentials); });
  };
  Problem weighted = clouds(points);
  weighted.a = masses;
  for (const Problem& problem : {clouds(more), weighted}) {
    EXPECT_NE(message(problem, columns, g).find("as many rows as columns and equal masses"),
              std::string::npos);
  }
  EXPECT_NE(message(clouds(points), {0, 1}, g).find("columns must have one entry per row, 4"),
            std::string::npos);
  EXPECT_NE(
      message(clouds(points), columns, {0}).find("prices must have one element per column (4)"),
      std::string::npos);
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_NE(message(clouds(points), columns, {0, 0, 0, infinity}).find("prices must be finite"),
            std::string::npos);
}

}  // namespace
}  // namespace monge

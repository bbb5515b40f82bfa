#include "solver/equal_points.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "monge/solver/multiscale_simplex.hpp"
#include "monge/solver/network_simplex.hpp"
#include "solver/simplex_checks.hpp"

namespace monge {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

TEST(EqualPoints, BecomeAtomsOfTheirMasses) {
  const LevelCloud cloud{{1, 2, 0.0, 5, 1, 2, -0.0, 5, 1, 3, 1, 2}, {1, 2, 3, 4, 5, 6}, 2};
  const MergedCloud atoms = merged(cloud);
  ASSERT_EQ(atoms.cloud.n(), 3);
  EXPECT_FALSE(atoms.all_differ());
  std::vector<Index> members = atoms.members;
  std::sort(members.begin(), members.end());
  EXPECT_EQ(members, (std::vector<Index>{0, 1, 2, 3, 4, 5}));
  for (Index k = 0; k < 3; ++k) {
    Flow mass = 0;
    for (Index member = atoms.begin[at(k)]; member < atoms.begin[at(k) + 1]; ++member) {
      const Index i = atoms.members[at(member)];
      EXPECT_EQ(atoms.atom[at(i)], k);
      EXPECT_TRUE(std::equal(cloud.point(i), cloud.point(i) + 2, atoms.cloud.point(k)));
      mass += cloud.mass[at(i)];
    }
    EXPECT_EQ(atoms.cloud.mass[at(k)], mass);
  }
  std::vector<Flow> masses = atoms.cloud.mass;
  std::sort(masses.begin(), masses.end());
  EXPECT_EQ(masses, (std::vector<Flow>{5, 6, 10}));
}

TEST(EqualPoints, ACloudWithoutAnyStaysAsItIs) {
  const LevelCloud cloud{{3, 1, 2, 0}, {1, 1, 7, 1}, 1};
  const MergedCloud atoms = merged(cloud);
  EXPECT_TRUE(atoms.all_differ());
  EXPECT_EQ(atoms.cloud.points, cloud.points);
  EXPECT_EQ(atoms.cloud.mass, cloud.mass);
  EXPECT_EQ(atoms.members, (std::vector<Index>{0, 1, 2, 3}));
  EXPECT_EQ(atoms.begin, (std::vector<Index>{0, 1, 2, 3, 4}));
}

/// Points of few places, and a tenth of them anywhere.
struct Crowded {
  Crowded(Index rows, Index cols, const std::string& kind)
      : x(uniform_numbers(2 * at(rows), 1)), y(uniform_numbers(2 * at(cols), 2)) {
    for (std::vector<double>* cloud : {&x, &y}) {
      for (std::size_t k = 0; k + cloud->size() / 10 < cloud->size(); ++k) {
        (*cloud)[k] = std::floor(4 * (*cloud)[k]) / 4;
      }
    }
    problem.geometry =
        PointClouds{row_major(x.data(), rows, 2), row_major(y.data(), cols, 2), SqEuclidean{}};
    if (kind == "equal") return;
    a = masses_of_kind(kind, at(rows), 3);
    b = masses_of_kind(kind, at(cols), 4);
    problem.a = a;
    problem.b = b;
  }
  std::vector<double> x, y, a, b;
  Problem problem;
};

double cost_on_the_matrix(const Problem& problem) {
  Context context;
  return expect_optimal(problem, solve_network_simplex(problem, {}, context));
}

TEST(EqualPoints, TheirTransportIsOptimalWithATreesWorthOfPairs) {
  for (const char* kind : {"equal", "spread", "some zero"}) {
    for (const auto& [n, m] : {std::pair<Index, Index>{300, 300}, {150, 400}, {1, 200}}) {
      SCOPED_TRACE(std::string(kind) + ", " + std::to_string(n) + " to " + std::to_string(m));
      const Crowded crowded(n, m, kind);
      const Problem problem = validate(crowded.problem);
      Context context;
      const Result result = solve_multiscale_simplex(problem, {}, context);
      const double cost = expect_optimal(problem, result);
      EXPECT_NEAR(cost, cost_on_the_matrix(problem), 1e-12);
      expect_tight_potentials(problem, result, 1e-12);
      EXPECT_LE(result.plan.rows.size(), at(n + m - 1));
    }
  }
}

TEST(EqualPoints, OfEqualMassesArePermuted) {
  const Crowded crowded(400, 400, "equal");
  const Problem problem = validate(crowded.problem);
  Context context;
  const Result result = solve_multiscale_simplex(problem, {}, context);
  expect_optimal(problem, result);
  EXPECT_EQ(result.plan.rows.size(), 400U);
  for (double mass : result.plan.mass) EXPECT_EQ(mass, problem.row_mass(0));
}

TEST(EqualPoints, SomeOfTheMassMayStay) {
  const Crowded crowded(200, 260, "spread");
  for (const Slack& slack : {Slack{MovedMass{0.4}}, Slack{UnmatchedCost{0.01, 0.02}}}) {
    Problem partial = crowded.problem;
    partial.slack = slack;
    const Problem problem = validate(partial);
    Context context;
    const Result result = solve_multiscale_simplex(problem, {}, context);
    EXPECT_NEAR(expect_optimal(problem, result), cost_on_the_matrix(problem), 1e-12);
  }
}

TEST(EqualPoints, AWarmStartFindsItsAtoms) {
  const Crowded crowded(300, 350, "spread");
  Problem problem = validate(crowded.problem);
  Context context;
  const Result first = solve_multiscale_simplex(problem, {}, context);
  problem.warm_start.f = first.f;
  problem.warm_start.g = first.g;
  problem.warm_start.rows = first.plan.rows;
  problem.warm_start.cols = first.plan.cols;
  const Result again = solve_multiscale_simplex(problem, {}, context);
  EXPECT_NEAR(expect_optimal(problem, again), expect_optimal(problem, first), 1e-13);
}

// 2000 of 20,000 points a side lie anywhere: the rest is 16 atoms, whose pairs need no candidates.
TEST(EqualPoints, ManyOnFewPlacesAreLookedAtOnce) {
  const Crowded crowded(20000, 20000, "spread");
  const Problem problem = validate(crowded.problem);
  Context context;
  const Result result = solve_multiscale_simplex(problem, {}, context);
  expect_optimal(problem, result);
  for (const auto& [name, count] : result.stats) {
    if (name == "arcs") {
      EXPECT_LT(count, 50000);
    }
  }
}

}  // namespace
}  // namespace monge

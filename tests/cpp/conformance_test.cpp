// Every solver on every family of instances that it serves: optimal, certified, and right.
//
// A solver and a family are tested by being listed in their registries.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "expect_certified.hpp"
#include "monge/instances.hpp"
#include "monge/problem/validate.hpp"

namespace monge {
namespace {

/// The least cost of all matchings of the smaller side, each tried.
double brute_force(const Problem& problem) {
  const Index n = problem.rows(), m = problem.cols(), pairs = std::min(n, m);
  std::vector<Index> order(static_cast<std::size_t>(std::max(n, m)));
  std::iota(order.begin(), order.end(), 0);
  double least = std::numeric_limits<double>::infinity();
  do {
    double cost = 0;
    for (Index k = 0; k < pairs; ++k) {
      const Index other = order[static_cast<std::size_t>(k)];
      const Index i = n <= m ? k : other, j = n <= m ? other : k;
      cost += problem.row_mass(i) * cost_at(problem, i, j);
    }
    least = std::min(least, cost);
  } while (std::next_permutation(order.begin(), order.end()));
  return least;
}

struct Case {
  const SolverEntry* solver;
  const InstanceFamily* family;
};

std::vector<Case> served_cases() {
  std::vector<Case> cases;
  for (const SolverEntry& solver : solvers()) {
    for (const InstanceFamily& family : instance_families()) {
      const Instance instance = family.generate(5, 0);
      if (!refusal(solver, validate(instance.problem()))) cases.push_back({&solver, &family});
    }
  }
  return cases;
}

class Conformance : public testing::TestWithParam<Case> {
 protected:
  /// Whether the solver serves this size as well.
  bool serves(const Instance& instance) const {
    return !refusal(*GetParam().solver, validate(instance.problem()));
  }

  /// Solves the family's instance and checks the certificate.
  Solution solve_instance(const Instance& instance) const {
    Context context;
    context.threads = 1;
    const Solution solution = solve(instance.problem(), GetParam().solver->name, {}, context);
    expect_certified(solution);
    if (instance.optimum) expect_close(solution.certificate.cost, *instance.optimum);
    return solution;
  }
};

INSTANTIATE_TEST_SUITE_P(Registry, Conformance, testing::ValuesIn(served_cases()),
                         [](const auto& tested) {
                           return std::string(tested.param.solver->name) + "_on_" +
                                  std::string(tested.param.family->name);
                         });

TEST_P(Conformance, IsOptimalAndCertifiedAtEverySize) {
  for (Index n : {1, 2, 3, 8, 30, 65, 130}) {
    for (std::uint64_t seed : {0, 1}) {
      SCOPED_TRACE("n = " + std::to_string(n) + ", seed " + std::to_string(seed));
      const Instance instance = GetParam().family->generate(n, seed);
      if (serves(instance)) solve_instance(instance);
    }
  }
}

TEST_P(Conformance, AgreesWithBruteForceOnSmallMatchings) {
  for (Index n = 1; n <= 7; ++n) {
    for (std::uint64_t seed : {0, 1, 2}) {
      const Instance instance = GetParam().family->generate(n, seed);
      const Problem problem = validate(instance.problem());
      const bool matching = problem.kind == Kind::assignment || problem.permutation;
      if (!matching || std::max(problem.rows(), problem.cols()) > 7 || !serves(instance)) continue;
      SCOPED_TRACE("n = " + std::to_string(n) + ", seed " + std::to_string(seed));
      expect_close(solve_instance(instance).certificate.cost, brute_force(problem));
    }
  }
}

TEST(InstanceFamilies, AreAllServedByASolver) {
  for (const InstanceFamily& family : instance_families()) {
    const Instance instance = family.generate(5, 0);
    EXPECT_NO_THROW(select_solver("auto", validate(instance.problem()))) << family.name;
  }
}

TEST(InstanceFamilies, GiveTheSameNumbersForTheSameSeed) {
  for (const InstanceFamily& family : instance_families()) {
    const Instance p = generate_instance(family.name, 9, 4),
                   q = generate_instance(family.name, 9, 4);
    EXPECT_EQ(p.x, q.x);
    EXPECT_EQ(p.y, q.y);
    EXPECT_EQ(p.cost_matrix, q.cost_matrix);
    EXPECT_EQ(p.a, q.a);
  }
}

TEST(InstanceFamilies, AreRefusedByUnknownNameAndSizeBelowOne) {
  EXPECT_THROW(generate_instance("no_such_family", 3, 0), InvalidArgument);
  EXPECT_THROW(generate_instance("uniform_cube", 0, 0), InvalidArgument);
}

}  // namespace
}  // namespace monge

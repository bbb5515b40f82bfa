#include "solver/block_auction.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "monge/solver/solve.hpp"

namespace monge {
namespace {

struct Case {
  std::string name;
  std::vector<double> x, y;
  Index n;
  int dim;
  bool in_blocks = true;  ///< points differ, and floats can prove the gap
};

/// Clouds of n points: spread evenly, on a sphere and in a ball, far apart, nearly the same, tied.
std::vector<Case> cases(Index n, int dim) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  const std::size_t count = static_cast<std::size_t>(n) * static_cast<std::size_t>(dim);
  const auto draw = [&](const auto& one) {
    std::vector<double> values(count);
    for (double& value : values) value = one();
    return values;
  };
  const auto evenly = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  const auto tied = [&] { return static_cast<double>(random() % 6); };
  std::vector<double> sphere = draw([&] { return normal(random); });
  for (std::size_t k = 0; k < count; k += static_cast<std::size_t>(dim)) {
    double square = 0;
    for (int a = 0; a < dim; ++a)
      square += sphere[k + static_cast<std::size_t>(a)] * sphere[k + static_cast<std::size_t>(a)];
    for (int a = 0; a < dim; ++a) sphere[k + static_cast<std::size_t>(a)] /= std::sqrt(square);
  }
  const std::vector<double> x = draw(evenly);
  std::vector<double> far = draw([&] { return 1e8 + evenly(); });
  std::vector<double> nearly = x, tiny_x = x, tiny_y = draw(evenly);
  for (double& value : nearly) value += 1e-9 * normal(random);
  for (std::vector<double>* tiny : {&tiny_x, &tiny_y}) {
    for (double& value : *tiny) value *= 1e-12;
  }
  return {{"even", x, draw(evenly), n, dim},
          {"sphere to ball", sphere, draw([&] { return 0.1 * normal(random); }), n, dim},
          {"far apart", x, far, n, dim},
          {"nearly the same", x, nearly, n, dim, false},
          {"the same", x, x, n, dim, false},
          {"tied", draw(tied), draw(tied), n, dim, false},
          {"tiny", tiny_x, tiny_y, n, dim}};
}

Solution solved(const Case& c, const GroundCost& cost, double rtol, std::string_view solver,
                int threads = 1) {
  Problem problem;
  problem.geometry =
      PointClouds{row_major(c.x.data(), c.n, c.dim), row_major(c.y.data(), c.n, c.dim), cost};
  Context context;
  context.threads = threads;
  context.rtol = rtol;
  return solve(problem, solver, {}, context);
}

double counter(const Solution& solution, std::string_view name) {
  for (const auto& [counted, count] : solution.stats) {
    if (counted == name) return count;
  }
  return -1;
}

/// Whether it was the auction in blocks that answered: other methods have no phases, or scans, too.
bool in_blocks(const Solution& solution) {
  return counter(solution, "phases") > 0 && counter(solution, "scans") < 0;
}

TEST(BlockAuction, ReturnsAPermutationWithinTheGapOrLeavesItToAnother) {
  for (const int dim : {2, 3, 5}) {
    for (const Case& c : cases(dim == 3 ? 1100 : 520, dim)) {
      for (const GroundCost& cost :
           {GroundCost{Euclidean{}}, GroundCost{SqEuclidean{}}, GroundCost{Cityblock{}}}) {
        for (const double rtol : {1e-2, 0.3}) {
          const Solution solution = solved(c, cost, rtol, "auto");
          const std::string what = c.name + " " + std::to_string(dim);
          EXPECT_EQ(solution.solver, "spatial_auction") << what;
          EXPECT_LE(solution.certificate.relative_gap, rtol) << what;
          EXPECT_LE(solution.certificate.marginal_error, 1e-12) << what;
          EXPECT_TRUE(in_blocks(solution) || !c.in_blocks) << what;
          std::vector<Index> columns = solution.plan.cols;
          std::sort(columns.begin(), columns.end());
          for (Index j = 0; j < c.n; ++j) ASSERT_EQ(columns[static_cast<std::size_t>(j)], j);
        }
      }
    }
  }
}

TEST(BlockAuction, IsWithinTheGapOfTheOptimum) {
  for (const Case& c : cases(600, 3)) {
    const double optimum = solved(c, SqEuclidean{}, 0, "auto").certificate.cost;
    const Solution solution = solved(c, SqEuclidean{}, 1e-2, "auto");
    EXPECT_GE(solution.certificate.cost, optimum * (1 - 1e-12)) << c.name;
    EXPECT_LE(solution.certificate.cost, optimum * (1 + 1.02e-2)) << c.name;
    EXPECT_LE(solution.certificate.lower_bound, optimum * (1 + 1e-12)) << c.name;
  }
}

TEST(BlockAuction, IsLeftAloneWhereItsGapIsOutOfReach) {
  for (const Case& c : cases(1100, 3)) {
    if (c.in_blocks) continue;
    const Solution solution = solved(c, SqEuclidean{}, 1e-2, "auto");
    EXPECT_EQ(solution.status, Status::optimal) << c.name;
    EXPECT_GE(counter(solution, "rounds"), 1) << c.name;
  }
}

TEST(BlockAuction, AGapOfTheTrueCostIsSoonReachedFarAway) {
  for (const Case& c : cases(1100, 3)) {
    if (c.name != "far apart") continue;
    EXPECT_LE(counter(solved(c, SqEuclidean{}, 1e-2, "auto"), "bids"), 2 * c.n);
  }
}

TEST(BlockAuction, ThreadsChangeNothing) {
  const Case c = cases(1500, 3).front();
  const Solution one = solved(c, Euclidean{}, 1e-2, "auto", 1),
                 two = solved(c, Euclidean{}, 1e-2, "auto", 2);
  EXPECT_EQ(one.plan.cols, two.plan.cols);
  EXPECT_EQ(one.certificate.g, two.certificate.g);
}

TEST(BlockAuction, IsForLargeGapsAlone) {
  const Case c = cases(600, 3).front();
  EXPECT_EQ(solved(c, Euclidean{}, 1e-6, "auto").solver, "multiscale_hungarian");
  EXPECT_EQ(solved(c, Euclidean{}, 0, "auto").solver, "multiscale_hungarian");
  EXPECT_FALSE(in_blocks(solved(c, Euclidean{}, 0, "spatial_auction")));
}

TEST(BlockAuction, ServesFewPointsThatAskForIt) {
  for (const Index n : {1, 2, 3, 33}) {
    for (const Case& c : cases(n, 2)) {
      const double optimum = solved(c, Euclidean{}, 0, "auto").certificate.cost;
      const Solution solution = solved(c, Euclidean{}, 0.1, "spatial_auction");
      EXPECT_LE(solution.certificate.relative_gap, 0.1) << c.name << n;
      EXPECT_LE(solution.certificate.cost, optimum * 1.12 + 1e-300) << c.name << n;
    }
  }
}

TEST(BlockAuction, StopsWhenItIsAsked) {
  const Case c = cases(2000, 3).front();
  Problem problem;
  problem.geometry = PointClouds{row_major(c.x.data(), c.n, c.dim),
                                 row_major(c.y.data(), c.n, c.dim), Euclidean{}};
  Context context;
  context.threads = 1;
  context.rtol = 1e-2;
  context.stop = [] { return true; };
  const Solution solution = solve(problem, "spatial_auction", {}, context);
  EXPECT_EQ(solution.status, Status::cancelled);
  EXPECT_LE(solution.certificate.marginal_error, 1e-12);
}

}  // namespace
}  // namespace monge

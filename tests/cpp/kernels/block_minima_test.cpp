#include "kernels/block_minima.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/bid_kernels.hpp"
#include "kernels/blocked_points.hpp"
#include "kernels/least_columns.hpp"
#include "monge/instances.hpp"
#include "solver/simplex_checks.hpp"

namespace monge {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// min_j c(x_i, y_j) - g_j by definition.
std::vector<double> minima(const Instance& instance, const std::vector<double>& g) {
  std::vector<double> least;
  for (Index i = 0; i < instance.n; ++i) {
    double value = std::numeric_limits<double>::infinity();
    for (Index j = 0; j < instance.m; ++j) {
      const double* x = instance.x.data() + at(i) * at(instance.dim);
      const double* y = instance.y.data() + at(j) * at(instance.dim);
      value = std::min(value, evaluate(instance.cost, x, y, instance.dim) - g[at(j)]);
    }
    least.push_back(value);
  }
  return least;
}

TEST(BlockMinima, AreThoseOfAllPairsToTheLastBitWhateverIsNamed) {
  const std::vector<GroundCost> costs{GroundCost{Euclidean{}}, GroundCost{SqEuclidean{}},
                                      GroundCost{Cityblock{}}, GroundCost{Chebyshev{}},
                                      GroundCost{EuclideanPower{1.5}}};
  for (const char* family : {"sphere_to_torus", "lattice", "duplicates", "gaussian_6d",
                             "large_offset", "tiny_scale", "anisotropic", "outliers"}) {
    for (const GroundCost& cost : costs) {
      Instance instance = generate_instance(family, 330, 0);
      instance.cost = cost;
      const std::vector<double> g = uniform_numbers(at(instance.m), 1);
      const std::vector<double> expected = minima(instance, g);
      const Problem problem = instance.problem();
      for (Index step : {-1, 0, 1, 13}) {
        std::vector<Index> likely;
        for (Index i = 0; i < instance.n; ++i) {
          likely.push_back(step < 0 || i % 5 == 0 ? -1 : (i * step) % instance.m);
        }
        Context context;
        context.threads = step == 13 ? 2 : 1;
        EXPECT_EQ(kernels::block_minima(*problem.clouds(), g, likely, context), expected)
            << family << step;
      }
    }
  }
}

TEST(BlockMinima, RowsThatWereNotReachedHaveTheLeastBound) {
  const Instance instance = generate_instance("uniform_cube", 400, 0);
  const Problem problem = instance.problem();
  const std::vector<double> g = uniform_numbers(400, 1);
  Context context;
  context.threads = 1;
  context.stop = [] { return true; };
  const std::vector<double> least =
      kernels::block_minima(*problem.clouds(), g, std::vector<Index>(400, 0), context);
  EXPECT_EQ(least, std::vector<double>(400, -*std::max_element(g.begin(), g.end())));
}

TEST(BlockMinima, EveryTableGivesTheSameBits) {
  const Instance instance = generate_instance("gaussian_6d", 700, 0);
  const std::vector<double> price = uniform_numbers(700, 2);
  const kernels::BlockedPoints<double> columns(
      700, 6, [&](Index j, int a) { return instance.y[at(j) * 6 + at(a)]; },
      [&](Index j) { return price[at(j)]; });
  for (const GroundCost& cost : {GroundCost{Euclidean{}}, GroundCost{EuclideanPower{3}}}) {
    for (Index i = 0; i < 700; ++i) {
      const double* x = instance.x.data() + at(i) * 6;
      std::vector<double> found;
      for (const kernels::BidKernels* table : kernels::all_bid_kernels()) {
        if (!table->supported()) continue;
        found.push_back(table->least(cost, x, columns.priced_boxes(), columns.blocks(),
                                     std::numeric_limits<double>::infinity()));
      }
      for (double value : found) ASSERT_EQ(value, found.front());
    }
  }
}

}  // namespace
}  // namespace monge

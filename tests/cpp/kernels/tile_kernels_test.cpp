// Every instruction set's tile kernels against sums of std::exp2.
#include "kernels/tile_kernels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "kernels/gibbs_kernel.hpp"

namespace monge::kernels {
namespace {

struct Draw {
  std::mt19937_64 random{7};
  double operator()() { return static_cast<double>(random() >> 11) * 0x1p-53; }
};

KdCloud cloud_of(Index n, int dim, Draw& draw) {
  std::vector<double> points;
  for (Index k = 0; k < n * dim; ++k) points.push_back(draw());
  return make_kd_cloud(row_major(points.data(), n, dim), 8);
}

/// Clouds with potentials at which rows sum to about 1.
struct Setting {
  Draw draw;
  KdCloud x, y;
  GroundCost cost;
  std::vector<double> f, g;
  double scale = 30;

  Setting(const GroundCost& ground_cost, int dim) : cost(ground_cost) {
    x = cloud_of(45, dim, draw);
    y = cloud_of(83, dim, draw);
    for (Index i = 0; i < x.n; ++i) f.push_back(draw());
    for (Index j = 0; j < y.n; ++j) g.push_back(j == 5 ? -1.0 / 0.0 : draw() - 6);
  }
  double exponent(Index i, Index j) const {
    std::vector<double> p, q;
    for (int k = 0; k < x.dim; ++k) {
      p.push_back(x.values[static_cast<std::size_t>(k * x.n + i)]);
      q.push_back(y.values[static_cast<std::size_t>(k * y.n + j)]);
    }
    return f[static_cast<std::size_t>(i)] + g[static_cast<std::size_t>(j)] -
           scale * evaluate(cost, p.data(), q.data(), x.dim);
  }
};

std::vector<Index> all_tiles(const GibbsKernel& kernel) {
  std::vector<Index> tiles;
  for (Index t = 0; t < kernel.col_blocks(); ++t) tiles.push_back(t);
  return tiles;
}

template <class T>
void compare_sums(const Setting& s, const TilePairs& pairs, const std::vector<Index>& tiles,
                  const TileSums<T>& kernels, double tolerance) {
  const Index count = static_cast<Index>(tiles.size());
  Lines<T> v(static_cast<std::size_t>(count) * tile_cols, 1);
  Lines<T> terms(static_cast<std::size_t>(count) * tile_size);
  for (Index block = 0; block * tile_rows < s.x.n; ++block) {
    double sums[tile_rows], again[tile_rows];
    kernels.fill(pairs, block, tiles.data(), count, v.data(), terms.data(), sums, nullptr);
    kernels.multiply(terms.data(), tiles.data(), count, v.data(), again);
    for (Index i = 0; i < tile_rows && block * tile_rows + i < s.x.n; ++i) {
      double expected = 0;
      for (Index j = 0; j < s.y.n; ++j) expected += std::exp2(s.exponent(block * tile_rows + i, j));
      EXPECT_NEAR(sums[i] / expected, 1, tolerance);
      EXPECT_NEAR(again[i] / sums[i], 1, tolerance);
    }
    std::vector<double> q(static_cast<std::size_t>(count) * tile_cols, 0);
    T weight[tile_rows] = {2};
    kernels.gather(terms.data(), tiles.data(), count, weight, q.data());
    for (Index j = 0; j < s.y.n; ++j) {
      const double expected = 2 * std::exp2(s.exponent(block * tile_rows, j));
      EXPECT_NEAR(q[static_cast<std::size_t>(j)], expected, tolerance * expected + 1e-20);
    }
  }
}

TEST(TileKernels, SumTheKernelOfEveryCostAndDimension) {
  Context context;
  Team team(1);
  for (const TileKernels* table : all_tile_kernels()) {
    if (!table->supported()) continue;
    for (std::string_view name : ground_cost_names()) {
      for (int dim : {1, 2, 3, 7}) {
        SCOPED_TRACE(std::string(table->instruction_set) + " " + std::string(name) + " " +
                     std::to_string(dim));
        const double power = name == EuclideanPower::name ? 1.5 : 1;
        Setting s(make_ground_cost(name, power), dim);
        GibbsKernel kernel(s.x, s.y, s.cost, team, context);
        kernel.set(s.scale, s.f, s.g);
        const std::vector<Index> tiles = all_tiles(kernel);
        compare_sums(s, kernel.pairs(), tiles, table->single, 2e-5);
        compare_sums(s, kernel.pairs(), tiles, table->fast, 1e-10);
        compare_sums(s, kernel.pairs(), tiles, table->precise, 1e-12);
      }
    }
  }
}

TEST(TileKernels, NoBoundIsBelowATermOfItsTile) {
  Context context;
  Team team(1);
  for (const TileKernels* table : all_tile_kernels()) {
    if (!table->supported()) continue;
    for (std::string_view name : ground_cost_names()) {
      for (int dim : {1, 2, 3, 7}) {
        const double power = name == EuclideanPower::name ? 1.5 : 1;
        Setting s(make_ground_cost(name, power), dim);
        GibbsKernel kernel(s.x, s.y, s.cost, team, context);
        kernel.set(s.scale, s.f, s.g);
        std::vector<Index> tiles(64);
        std::vector<double> bounds(64);
        for (Index block = 0; block < kernel.row_blocks(); ++block) {
          const Index count =
              table->select(kernel.pairs(), block, -1e300, tiles.data(), bounds.data());
          ASSERT_EQ(count, kernel.col_blocks());
          for (Index i = block * tile_rows; i < std::min(s.x.n, (block + 1) * tile_rows); ++i) {
            for (Index j = 0; j < s.y.n; ++j) {
              const std::size_t tile = static_cast<std::size_t>(j / tile_cols);
              EXPECT_LE(s.exponent(i, j), bounds[tile] + 1e-9);
            }
          }
        }
      }
    }
  }
}

TEST(TileKernels, LogSumsHoldWhereTermsOverflow) {
  Context context;
  Team team(1);
  for (double shift : {-5000.0, 0.0, 5000.0}) {
    Setting s(SqEuclidean{}, 3);
    s.scale = 4000;
    for (double& value : s.f) value = 0;
    for (double& value : s.g) value += shift;
    GibbsKernel kernel(s.x, s.y, s.cost, team, context);
    const std::vector<double> logs = kernel.log_sums(s.scale, s.g);
    for (Index i = 0; i < s.x.n; ++i) {
      double top = -1e300, sum = 0;
      for (Index j = 0; j < s.y.n; ++j) top = std::max(top, s.exponent(i, j));
      for (Index j = 0; j < s.y.n; ++j) sum += std::exp2(s.exponent(i, j) - top);
      EXPECT_NEAR(logs[static_cast<std::size_t>(i)], top + std::log2(sum), 1e-8);
    }
  }
}

}  // namespace
}  // namespace monge::kernels

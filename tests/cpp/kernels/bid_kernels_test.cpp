#include "kernels/bid_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace monge::kernels {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

std::size_t at(Index i) { return static_cast<std::size_t>(i); }
Index rounded_up(Index n, Index unit) { return (n + unit - 1) / unit * unit; }

/// Columns with prices, and a row whose bounds know nothing.
struct Setting {
  Setting(Index size, int dimension, bool ties) : n(size), dim(dimension), lattice(ties) {
    stride = at(rounded_up(n, bid_block));
    points.resize(stride * at(dim));
    price.assign(stride, infinity);
    for (int a = 0; a < dim; ++a) {
      for (Index j = 0; j < n; ++j) points[at(a) * stride + at(j)] = draw();
      x.push_back(draw());
    }
    for (Index j = 0; j < n; ++j) price[at(j)] = draw();
  }
  float draw() {
    if (lattice) return static_cast<float>(random() % 3);
    return static_cast<float>(random() >> 40) * 0x1p-24F;
  }
  Index blocks() const { return static_cast<Index>(stride) / bid_block; }
  PricedBlocks<float> view() const { return {points.data(), stride, price.data(), dim, blocks()}; }
  std::vector<float> no_bounds() const {
    std::vector<float> bounds(at(rounded_up(blocks(), bid_bounds)), infinity);
    std::fill_n(bounds.begin(), blocks(), -infinity);
    return bounds;
  }
  /// cost + price of all columns, in float from the nearest double.
  std::vector<float> values(const GroundCost& cost) const {
    std::vector<float> all;
    for (Index j = 0; j < n; ++j) {
      std::vector<float> y;
      for (int a = 0; a < dim; ++a) y.push_back(points[at(a) * stride + at(j)]);
      all.push_back(static_cast<float>(evaluate(cost, x.data(), y.data(), dim)) + price[at(j)]);
    }
    return all;
  }

  std::mt19937_64 random{5};
  Index n;
  int dim;
  bool lattice;
  std::size_t stride = 0;
  std::vector<float> points, price, x;
};

TEST(BidKernels, FindTheBestTwoWhilePricesRiseWhateverIsGuessed) {
  for (const GroundCost& cost : {GroundCost{Euclidean{}}, GroundCost{SqEuclidean{}},
                                 GroundCost{Cityblock{}}, GroundCost{EuclideanPower{1.5}}}) {
    for (const Index n : {2, 31, 32, 33, 500, 1030}) {
      for (const bool ties : {false, true}) {
        Setting setting(n, n == 500 ? 2 : 3, ties);
        std::vector<float> bounds = setting.no_bounds();
        const float guesses[] = {infinity, -infinity, 0.6F};
        for (int step = 0; step < 30; ++step) {
          const float most = guesses[step % 3];
          const BestBid best =
              bid_kernels().best(cost, setting.x.data(), setting.view(), most, bounds.data());
          std::vector<float> values = setting.values(cost);
          const float tolerance = 1e-6F * (1 + std::abs(best.first));
          ASSERT_LT(best.column, n);
          EXPECT_NEAR(best.first, values[at(best.column)], tolerance);
          ASSERT_LT(best.other, n);
          EXPECT_NE(best.other, best.column);
          EXPECT_NEAR(best.other_value, values[at(best.other)], tolerance);
          EXPECT_GE(best.other_value, best.second);
          std::nth_element(values.begin(), values.begin() + 1, values.end());
          EXPECT_NEAR(best.first, values[0], tolerance);
          EXPECT_NEAR(best.second, values[1], tolerance);
          setting.price[at(best.column)] += best.second - best.first + 0.05F;
        }
      }
    }
  }
}

TEST(BidKernels, EveryTableGivesTheSameBits) {
  for (const BidKernels* table : all_bid_kernels()) {
    if (!table->supported()) continue;
    for (const GroundCost& cost : {GroundCost{Euclidean{}}, GroundCost{SqEuclidean{}},
                                   GroundCost{Chebyshev{}}, GroundCost{EuclideanPower{3}}}) {
      Setting setting(777, 3, false);
      std::vector<float> bounds = setting.no_bounds(), expected = bounds;
      for (int step = 0; step < 50; ++step) {
        const float most = 0.3F + 0.01F * static_cast<float>(step);
        const BestBid best =
            table->best(cost, setting.x.data(), setting.view(), most, bounds.data());
        const BestBid same = all_bid_kernels().front()->best(cost, setting.x.data(), setting.view(),
                                                             most, expected.data());
        EXPECT_EQ(best.first, same.first);
        EXPECT_EQ(best.second, same.second);
        EXPECT_EQ(best.column, same.column);
        EXPECT_EQ(best.other, same.other);
        EXPECT_EQ(best.other_value, same.other_value);
        EXPECT_EQ(bounds, expected);
        setting.price[at(best.column)] += 0.1F;
      }
    }
  }
}

TEST(BidKernels, BoxesBoundEveryColumnTheyHoldInEveryTable) {
  for (const BidKernels* table : all_bid_kernels()) {
    if (!table->supported()) continue;
    for (const GroundCost& cost : {GroundCost{Euclidean{}}, GroundCost{SqEuclidean{}},
                                   GroundCost{Cityblock{}}, GroundCost{EuclideanPower{1.5}}}) {
      const Setting setting(300, 3, false);
      const Index count = rounded_up(setting.blocks(), bid_bounds);
      std::vector<float> low(at(3 * count), infinity), high = low, price(at(count), infinity);
      for (Index j = 0; j < setting.n; ++j) {
        const Index block = j / bid_block;
        price[at(block)] = std::min(price[at(block)], setting.price[at(j)]);
        for (Index a = 0; a < 3; ++a) {
          const float value = setting.points[at(a) * setting.stride + at(j)];
          float &least = low[at(a * count + block)], &most = high[at(a * count + block)];
          most = j % bid_block == 0 ? value : std::max(most, value);
          least = std::min(least, value);
        }
      }
      std::vector<float> bounds(at(count)), exact = setting.no_bounds();
      table->bound(cost, setting.x.data(), {low.data(), high.data(), price.data(), 3, count},
                   bounds.data());
      table->best(cost, setting.x.data(), setting.view(), infinity, exact.data());
      for (Index k = 0; k < count; ++k) EXPECT_LE(bounds[at(k)], exact[at(k)]);
      EXPECT_EQ(bounds.back(), infinity);
    }
  }
}

TEST(BidKernels, OfOneColumnTheSecondValueIsInfinite) {
  Setting setting(1, 3, false);
  std::vector<float> bounds = setting.no_bounds();
  const BestBid best = bid_kernels().best(GroundCost{SqEuclidean{}}, setting.x.data(),
                                          setting.view(), infinity, bounds.data());
  EXPECT_EQ(best.column, 0);
  EXPECT_EQ(best.second, infinity);
}

}  // namespace
}  // namespace monge::kernels

#include "kernels/sorting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace monge::kernels {
namespace {

/// Families that are hard for quicksorts, for cells of equal width, or for words.
template <class T>
std::vector<std::vector<T>> families(std::size_t n) {
  constexpr int exponents = std::numeric_limits<T>::max_exponent / 2;
  std::mt19937_64 random(n);
  std::vector<T> normal(n), tied(n), rising(n), falling(n), crowded(n), wide(n), zeros(n);
  std::normal_distribution<double> draw;
  for (std::size_t i = 0; i < n; ++i) {
    normal[i] = static_cast<T>(draw(random));
    tied[i] = static_cast<T>(random() % 3);
    rising[i] = static_cast<T>(i);
    falling[i] = -static_cast<T>(i);
    crowded[i] = static_cast<T>(i == 0 ? 1e15 : 1e-9 * draw(random));
    wide[i] = static_cast<T>(
        std::ldexp(draw(random), static_cast<int>(random() % (2 * exponents)) - exponents));
    zeros[i] = i % 2 == 0 ? T{0} : -T{0};
  }
  return {normal, tied, rising, falling, crowded, wide, zeros};
}

constexpr std::size_t sizes[] = {0,  1,   2,   7,   8,   9,   15,  16,  17,  63,  64,  65,
                                 97, 127, 128, 129, 191, 192, 255, 256, 257, 300, 5000};

template <class T>
class Sorting : public testing::Test {};
using Numbers = testing::Types<float, double>;
TYPED_TEST_SUITE(Sorting, Numbers);

TYPED_TEST(Sorting, SortsValuesByEveryMeans) {
  for (std::size_t n : sizes) {
    for (const std::vector<TypeParam>& given : families<TypeParam>(n)) {
      std::vector<TypeParam> expected = given;
      std::sort(expected.begin(), expected.end());
      SortScratch scratch;
      std::vector<TypeParam> values = given;
      sort_values(values.data(), static_cast<std::int64_t>(n), scratch);
      EXPECT_EQ(values, expected) << n;
      values = given;
      radix_sort_values(values.data(), static_cast<std::int64_t>(n), scratch);
      EXPECT_EQ(values, expected) << n;
    }
  }
}

TYPED_TEST(Sorting, SortsPositionsWithTiesByPosition) {
  for (std::size_t n : sizes) {
    for (const std::vector<TypeParam>& values : families<TypeParam>(n)) {
      std::vector<Index> expected(n), order(n);
      std::iota(expected.begin(), expected.end(), 0);
      std::stable_sort(expected.begin(), expected.end(), [&](Index i, Index j) {
        return values[static_cast<std::size_t>(i)] < values[static_cast<std::size_t>(j)];
      });
      SortScratch scratch;
      sort_positions(values.data(), static_cast<std::int64_t>(n), order.data(), scratch);
      EXPECT_EQ(order, expected) << n;
    }
  }
}

TEST(SortLine, AscendsAndBreaksTiesByIndex) {
  const std::vector<double> points{3, 1, 2, 1, 3};
  const SortedLine line = sort_line(row_major(points.data(), 5, 1));
  EXPECT_EQ(line.values, (std::vector<double>{1, 1, 2, 3, 3}));
  EXPECT_EQ(line.order, (std::vector<Index>{1, 3, 2, 0, 4}));
  const Lines<double> sorted = sorted_values(row_major(points.data(), 5, 1));
  EXPECT_EQ(std::vector<double>(sorted.begin(), sorted.end()), line.values);
}

TEST(SortLine, FromAnotherArrayAsInPlace) {
  for (std::size_t n : sizes) {
    for (const std::vector<double>& given : families<double>(n)) {
      std::vector<double> expected = given;
      std::sort(expected.begin(), expected.end());
      const Lines<double> sorted =
          sorted_values(row_major(given.data(), static_cast<std::int64_t>(n), 1));
      EXPECT_EQ(std::vector<double>(sorted.begin(), sorted.end()), expected) << n;
    }
  }
}

TEST(SortLine, ReadsFloatsAndStrides) {
  const std::vector<float> points{2, 9, 1, 9};
  const SortedLine line = sort_line(MatrixView<float>{points.data(), 2, 1, 2, 1});
  EXPECT_EQ(line.values, (std::vector<double>{1, 2}));
}

}  // namespace
}  // namespace monge::kernels

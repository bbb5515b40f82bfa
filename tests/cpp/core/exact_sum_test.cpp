#include "monge/core/exact_sum.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace monge {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(ExactSum, OfNothingIsZero) { EXPECT_EQ(ExactSum{}.value(), 0); }

TEST(ExactSum, KeepsWhatAPlainSumLoses) {
  ExactSum sum;
  for (double value : {1e16, 1.0, -1e16}) sum.add(value);
  EXPECT_EQ(sum.value(), 1);
}

TEST(ExactSum, KeepsTermsFarBelowTheLastPlaceOfTheTotal) {
  ExactSum sum;
  sum.add(1);
  for (int k = 0; k < 1024; ++k) sum.add(0x1p-60);
  sum.add(-1);
  EXPECT_EQ(sum.value(), 0x1p-50);
}

TEST(ExactSum, ProductsAreNotRoundedBeforeTheyAreAdded) {
  const double x = 1 + 0x1p-30;  // x^2 = 1 + 2^-29 + 2^-60 needs 61 bits
  ExactSum sum;
  sum.add_product(x, x);
  sum.add(-1);
  sum.add(-0x1p-29);
  EXPECT_EQ(sum.value(), 0x1p-60);
}

TEST(ExactSum, AnInfiniteTermMakesAnInfiniteSum) {
  ExactSum sum;
  sum.add(1);
  sum.add_product(1, infinity);
  sum.add(2);
  EXPECT_EQ(sum.value(), infinity);
}

TEST(ExactSum, InfinitiesOfBothSignsMakeNaN) {
  ExactSum sum;
  sum.add(infinity);
  sum.add(-infinity);
  EXPECT_TRUE(std::isnan(sum.value()));
}

}  // namespace
}  // namespace monge

// Row minima (nearest neighbours, c-transforms) in all CPU contexts, against a plain double loop.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "simt/contexts.hpp"
#include "simt/kernels/row_minima.hpp"

namespace monge::simt {
namespace {

struct Minima {
  std::vector<float> value;
  std::vector<std::int32_t> column;
};

struct Case {
  BatchCosts costs;
  std::int64_t rows, batch, most_rows;
  const float* g = nullptr;
};

template <class Costs, class Launch>
Minima minima(const Case& c, std::int64_t slice_rows, int capacity, const Launch& launch) {
  Minima found{zeros<float>(c.rows), zeros<std::int32_t>(c.rows)};
  RowMinimaArgs args{c.costs,
                     c.g,
                     Slices::of(c.most_rows, slice_rows),
                     capacity,
                     found.value.data(),
                     found.column.data()};
  launch(c.batch * args.slices.slices, [&](auto& k) { row_minima_body<Costs>(k, args); });
  return found;
}

/// All contexts agree to the last bit, whatever the slices; returns their answer.
template <class Costs>
Minima minima_everywhere(const Case& c) {
  const Minima one = minima<Costs>(c, 1000, 64, Serial{});
  for (const auto& [slice, capacity] : {std::pair{16, 1000}, {16, 5}, {5, 1000}, {1, 7}}) {
    const Minima many = minima<Costs>(c, slice, capacity, Threads<4>{16});
    EXPECT_EQ(one.value, many.value);
    EXPECT_EQ(one.column, many.column);
  }
  return one;
}

/// Against all pairs in double: the value, and that the column has it.
template <class Costs>
void expect_right(const Case& c, const Minima& found) {
  for (std::int64_t b = 0; b < c.batch; ++b) {
    const Costs costs = CostsOf<Costs>::problem(c.costs, b);
    for (std::int64_t i = 0; i < costs.rows; ++i) {
      const std::size_t at = static_cast<std::size_t>(c.costs.rows.begin(b) + i);
      const auto value = [&](std::int64_t j) {
        return costs.exact(i, j) - (c.g ? c.g[c.costs.cols.begin(b) + j] : 0);
      };
      double least = std::numeric_limits<double>::infinity();
      for (std::int64_t j = 0; j < costs.cols; ++j) least = std::min(least, value(j));
      EXPECT_NEAR(found.value[at], least, 1e-6 * std::fabs(least) + 1e-6);
      EXPECT_NEAR(value(found.column[at]), least, 1e-6 * std::fabs(least) + 1e-6);
    }
  }
}

template <class Costs>
void test(std::int64_t dim, std::int64_t n, std::int64_t m, bool with_g) {
  SCOPED_TRACE(testing::Message() << dim << "-d, " << n << " x " << m);
  const std::int64_t batch = 2;
  const auto x = numbers(1, batch * n * (dim > 0 ? dim : m), -1, 5),
             y = numbers(2, batch * m * dim, -1, 5), g = numbers(3, batch * m, -3, 3);
  const Case c{{x.data(), y.data(), {nullptr, n}, {nullptr, m}, {nullptr, n * m}, dim},
               batch * n,
               batch,
               n,
               with_g ? g.data() : nullptr};
  expect_right<Costs>(c, minima_everywhere<Costs>(c));
}

TEST(RowMinimaKernel, NearestNeighboursAndTransformsOfAnyDimension) {
  test<PointCosts<Metric::sqeuclidean, 1>>(1, 37, 11, false);
  test<PointCosts<Metric::euclidean, 2>>(2, 37, 50, true);
  test<PointCosts<Metric::sqeuclidean, 3>>(3, 37, 50, true);
  test<PointCosts<Metric::sqeuclidean, 3>>(3, 1, 1, false);
  test<PointCosts<Metric::euclidean, 3>>(3, 2, 70, false);
  test<WidePointCosts<Metric::sqeuclidean>>(5, 20, 33, true);
  test<WidePointCosts<Metric::euclidean>>(3, 20, 33, false);
  test<MatrixCosts>(0, 20, 33, true);
}

TEST(RowMinimaKernel, TheLowestOfEqualColumns) {
  const auto x = numbers(1, 60, 0, 2, 2), y = numbers(2, 90, 0, 2, 2);
  const Case c{{x.data(), y.data(), {nullptr, 20}, {nullptr, 30}, {}, 3}, 20, 1, 20};
  using Costs = PointCosts<Metric::sqeuclidean, 3>;
  const Minima found = minima_everywhere<Costs>(c);
  const Costs costs = CostsOf<Costs>::problem(c.costs, 0);
  for (std::int64_t i = 0; i < 20; ++i) {
    for (std::int32_t j = 0; j < found.column[static_cast<std::size_t>(i)]; ++j) {
      EXPECT_GT(costs.exact(i, j), found.value[static_cast<std::size_t>(i)]);
    }
  }
}

TEST(RowMinimaKernel, RaggedBatchesEmptySidesAndNan) {
  const std::vector<std::int64_t> rows{0, 0, 3, 20, 22}, cols{0, 4, 5, 30, 30};
  auto x = numbers(1, 66, 0, 1);
  const auto y = numbers(2, 90, 0, 1);
  x[9] = std::nanf("");  // of row 3
  const Case c{{x.data(), y.data(), {rows.data(), 0}, {cols.data(), 0}, {}, 3}, 22, 4, 17};
  const Minima found = minima_everywhere<PointCosts<Metric::sqeuclidean, 3>>(c);
  for (std::size_t i : {3, 20, 21}) {
    EXPECT_EQ(found.column[i], -1);
    EXPECT_TRUE(std::isinf(found.value[i]));
  }
  EXPECT_EQ(found.column[1], 0);
}

TEST(RowMinimaKernel, SaysHowMuchSharedMemoryABlockTakes) {
  const auto x = numbers(1, 60, 0, 1);
  auto value = zeros<float>(20);
  auto column = zeros<std::int32_t>(20);
  using Costs = PointCosts<Metric::sqeuclidean, 3>;
  const RowMinimaArgs args{{x.data(), x.data(), {nullptr, 20}, {nullptr, 20}, {}, 3},
                           nullptr,
                           Slices::of(20, 20),
                           50,
                           value.data(),
                           column.data()};
  EXPECT_EQ(launch_serial(1, [&](auto& k) { row_minima_body<Costs>(k, args); }),
            row_minima_shared_bytes<Costs>(50));
}

TEST(Slices, CoverRowsOfEveryProblem) {
  const Slices slices = Slices::of(100, 32);
  EXPECT_EQ(slices.slices, 4);
  EXPECT_EQ(slices.problem(9), 2);
  EXPECT_EQ(slices.first(9), 32);
  EXPECT_EQ(slices.count(9, 100), 32);
  EXPECT_EQ(slices.count(11, 100), 4);
  EXPECT_LE(slices.count(11, 90), 0);
  const Slices huge = Slices::of(std::int64_t{1} << 40, 256);
  EXPECT_EQ(huge.first(huge.slices - 1) + 256, std::int64_t{1} << 40);
}

}  // namespace
}  // namespace monge::simt

// Products against plain sums, on every table that this CPU runs; bounds on hard clouds.
#include "kernels/cloud_products.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/cost_bounds.hpp"

namespace monge::kernels {
namespace {

bool same_bits(double p, double q) { return std::memcmp(&p, &q, sizeof(p)) == 0; }

class ProductKernelsTest : public testing::TestWithParam<const ProductKernels*> {
 protected:
  void SetUp() override {
    if (!GetParam()->supported()) GTEST_SKIP() << "not on this CPU";
  }

  template <class T>
  void check(std::int64_t dim, double roundoff) {
    std::mt19937_64 random(5);
    const auto draw = [&] { return static_cast<T>(static_cast<double>(random() >> 11) * 0x1p-53); };
    std::vector<T> x(static_cast<std::size_t>(product_rows * dim)),
        y(static_cast<std::size_t>(product_cols * dim));
    for (T& value : x) value = draw();
    for (T& value : y) value = draw();
    const auto square = [&](const std::vector<T>& points, Index size, Index i) {
      long double sum = 0;
      for (std::int64_t k = 0; k < dim; ++k) {
        const long double value = points[static_cast<std::size_t>(k * size + i)];
        sum += value * value;
      }
      return static_cast<double>(sum);
    };
    std::vector<T> x_square, y_square;
    for (Index i = 0; i < product_rows; ++i)
      x_square.push_back(static_cast<T>(square(x, product_rows, i)));
    for (Index j = 0; j < product_cols; ++j)
      y_square.push_back(static_cast<T>(square(y, product_cols, j)));
    constexpr std::size_t stride = product_cols + 3;
    std::vector<T> out(product_rows * stride, T{-1});
    for (std::int64_t begin = 0; begin < dim; begin += product_run) {
      GetParam()->of<T>().squares(x.data(), x_square.data(), y.data(), y_square.data(), y.data(),
                                  begin, dim, out.data(), stride);
    }
    for (Index i = 0; i < product_rows; ++i) {
      for (Index j = 0; j < product_cols; ++j) {
        long double sum = 0;
        for (std::int64_t k = 0; k < dim; ++k) {
          const long double away =
              static_cast<long double>(x[static_cast<std::size_t>(k * product_rows + i)]) -
              y[static_cast<std::size_t>(k * product_cols + j)];
          sum += away * away;
        }
        const double size = square(x, product_rows, i) + square(y, product_cols, j);
        EXPECT_NEAR(static_cast<double>(
                        out[static_cast<std::size_t>(i) * stride + static_cast<std::size_t>(j)]),
                    static_cast<double>(sum), product_error(dim, roundoff) * size);
      }
      for (std::size_t j = product_cols; j < stride; ++j)
        EXPECT_EQ(out[static_cast<std::size_t>(i) * stride + j], T{-1});
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Tables, ProductKernelsTest,
                         testing::ValuesIn(all_product_kernels().begin(),
                                           all_product_kernels().end()),
                         [](const auto& tested) {
                           return std::string(tested.param->instruction_set);
                         });

TEST_P(ProductKernelsTest, SquaresKeepTheirError) {
  for (std::int64_t dim : {1, 24, 127, 128, 129, 784}) {
    SCOPED_TRACE(dim);
    check<float>(dim, 0x1p-24);
    check<double>(dim, 0x1p-53);
  }
}

TEST_P(ProductKernelsTest, SquareRootsAreRounded) {
  std::vector<float> values;
  for (int k = 0; k < 37; ++k) values.push_back(0.1F * static_cast<float>(k));
  std::vector<float> roots = values;
  GetParam()->square_roots(roots.data(), roots.size());
  for (std::size_t k = 0; k < values.size(); ++k) EXPECT_EQ(roots[k], std::sqrt(values[k]));
}

/// Two clouds, and the hardships that bounds must survive.
struct Clouds {
  std::vector<double> x, y;
  Index n = 70, m = 90;
  int dim = 40;

  Clouds(double offset, double apart, double scale, int levels, unsigned seed) {
    std::mt19937_64 random(seed);
    const auto draw = [&] {
      const double value = static_cast<double>(random() >> 11) * 0x1p-53;
      return offset + scale * (levels > 0 ? std::floor(levels * value) : value);
    };
    for (Index k = 0; k < n * dim; ++k) x.push_back(draw());
    for (Index k = 0; k < m * dim; ++k) y.push_back(draw() + apart);
    std::copy_n(x.begin(), dim, y.begin() + 5 * dim);  // a point of both
  }
  PointClouds view(const GroundCost& cost) const {
    return {row_major(x.data(), n, dim), row_major(y.data(), m, dim), cost};
  }
};

std::vector<Clouds> hard_clouds() {
  return {Clouds(0, 0, 1, 0, 1),       Clouds(1e8, 0, 1, 0, 2), Clouds(0, 0, 1e-12, 0, 3),
          Clouds(0, 1e3, 1, 0, 4),     Clouds(0, 0, 1, 2, 5),   Clouds(-3, 0, 1e10, 256, 6),
          Clouds(0, 0, 0x1p-35, 3, 7), Clouds(0, 1, 0, 1, 8)};
}

const std::vector<GroundCost>& powers() {
  static const std::vector<GroundCost> costs{SqEuclidean{}, Euclidean{}, EuclideanPower{0.5},
                                             EuclideanPower{3}, EuclideanPower{1.7}};
  return costs;
}

double exact(const PointClouds& clouds, Index i, Index j) {
  return cost_at(Problem{clouds, {}, {}}, i, j);
}

TEST(CostBoundsTest, AreNeverAboveTheCost) {
  for (const Clouds& hard : hard_clouds()) {
    for (const GroundCost& cost : powers()) {
      const PointClouds clouds = hard.view(cost);
      const auto bounds = CostBounds::make(clouds);
      ASSERT_TRUE(bounds);
      Context context;
      const auto all = [](Index, Index) { return true; };
      bounds->for_each_block(
          context, all, [&](Index first, Index end, const float* row, std::size_t stride) {
            for (Index i = first; i < end; ++i, row += stride) {
              for (Index j = 0; j < hard.m; ++j)
                ASSERT_LE(static_cast<double>(row[j]), exact(clouds, i, j)) << i << ' ' << j;
            }
          });
    }
  }
}

TEST(CostBoundsTest, AreNearTheCost) {
  const Clouds plain(1e8, 0, 1, 0, 9);
  const PointClouds clouds = plain.view(SqEuclidean{});
  const auto bounds = CostBounds::make(clouds);
  Context context;
  ASSERT_TRUE(bounds->keep(context));
  for (Index i = 0; i < plain.n; ++i) {
    for (Index j = 0; j < plain.m; ++j) {
      if (i == 0 && j == 5) continue;  // the same point: the bound is 0 or less
      EXPECT_NEAR(static_cast<double>(bounds->row(i)[j]), exact(clouds, i, j),
                  3e-5 * bounds->extent());
    }
  }
}

TEST(CostBoundsTest, AreLeftToWhereTheyPay) {
  const Clouds plain(0, 0, 1, 0, 1);
  EXPECT_FALSE(CostBounds::make(plain.view(Cityblock{})));
  EXPECT_FALSE(CostBounds::make(plain.view(Chebyshev{})));
  EXPECT_FALSE(CostBounds::make(Clouds(0, 0, 1e-30, 0, 1).view(Euclidean{})));
  EXPECT_FALSE(CostBounds::make(Clouds(0, 0, 1e30, 0, 1).view(Euclidean{})));
  PointClouds flat = plain.view(Euclidean{});
  flat.x = row_major(plain.x.data(), 70, 8);
  flat.y = row_major(plain.y.data(), 90, 8);
  EXPECT_FALSE(CostBounds::make(flat));
}

TEST(CostBoundsTest, LeadToTheLeastColumnToTheLastBit) {
  std::mt19937_64 random(1);
  for (const Clouds& hard : hard_clouds()) {
    for (const GroundCost& cost : powers()) {
      const PointClouds clouds = hard.view(cost);
      const auto bounds = CostBounds::make(clouds);
      std::vector<double> g(static_cast<std::size_t>(hard.m), 0);
      for (int priced = 0; priced < 2; ++priced) {
        std::vector<double> values(static_cast<std::size_t>(hard.n));
        std::vector<Index> columns(values.size());
        Context context;
        context.threads = 1 + priced;
        bounded_minima(*bounds, g, context, values, columns);
        for (Index i = 0; i < hard.n; ++i) {
          double least = INFINITY;
          Index where = -1;
          for (Index j = 0; j < hard.m; ++j) {
            const double value = exact(clouds, i, j) - g[static_cast<std::size_t>(j)];
            if (value < least) where = j;
            least = std::min(value, least);
          }
          EXPECT_TRUE(same_bits(values[static_cast<std::size_t>(i)], least));
          EXPECT_EQ(columns[static_cast<std::size_t>(i)], where);
        }
        const double size = exact(clouds, 0, 1);
        for (double& value : g) value = size * static_cast<double>(random() % 16) / 64;
      }
    }
  }
}

TEST(SquaredDistancesTest, AreThoseOfTheRow) {
  const Clouds drawn(3, 0, 1, 0, 1);  // numbers that serve for points of any dimension
  const std::vector<float> single(drawn.y.begin(), drawn.y.end());
  for (Index dim : {1, 3, 63, 64, 130}) {
    const Index n = drawn.n * drawn.dim / dim, m = drawn.m * drawn.dim / dim;
    std::vector<Index> rows, cols;
    for (Index k = 0; k < 37; ++k) {
      rows.push_back(5 * (k / 3) % n);
      cols.push_back(7 * k % m);
    }
    // As given, in single precision, and by axis: column j of a transposed array.
    const auto x = row_major(drawn.x.data(), n, dim);
    const std::vector<PointClouds> ways{
        {x, row_major(drawn.y.data(), m, dim), SqEuclidean{}},
        {x, row_major(single.data(), m, dim), SqEuclidean{}},
        {x, row_major(drawn.y.data(), dim, m).transposed(), SqEuclidean{}}};
    std::vector<double> out(rows.size());
    for (const RowKernels* kernels : all_row_kernels()) {
      if (!kernels->supported()) continue;
      for (const PointClouds& clouds : ways) {
        for (std::size_t count = 0; count <= rows.size(); ++count) {
          kernels->squared_distances(clouds.x, clouds.y, rows.data(), cols.data(),
                                     static_cast<Index>(count), out.data());
          for (std::size_t k = 0; k < count; ++k)
            ASSERT_TRUE(same_bits(out[k], exact(clouds, rows[k], cols[k])));
        }
      }
    }
  }
}

TEST(CostMatrixWithinTest, KeepsItsError) {
  for (const Clouds& hard : hard_clouds()) {
    for (const GroundCost& cost : powers()) {
      const PointClouds clouds = hard.view(cost);
      const double scale = exact(clouds, 0, 1);
      for (double part : {1e-3, 1e-9, 1e-13, 0.0}) {
        Context context;
        const Lines<double> matrix = cost_matrix_within(part * scale, clouds, context);
        for (Index i = 0; i < hard.n; ++i) {
          for (Index j = 0; j < hard.m; ++j) {
            const double c = exact(clouds, i, j);
            ASSERT_NEAR(matrix[static_cast<std::size_t>(i * hard.m + j)], c,
                        part * scale + 1e-15 * c);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace monge::kernels

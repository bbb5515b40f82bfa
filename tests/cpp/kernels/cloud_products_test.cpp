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

TEST_P(ProductKernelsTest, SparseRowsGiveTheSameSquares) {
  std::mt19937_64 random(6);
  const auto draw = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  constexpr Index rows = 7;
  for (std::int64_t dim : {1, 24, 128, 129, 300}) {
    const std::int64_t runs = (dim + product_run - 1) / product_run;
    std::vector<double> x(static_cast<std::size_t>(rows * dim)), values, x_square(rows, 0);
    std::vector<double> y(static_cast<std::size_t>(product_cols * dim)), y_square(product_cols, 0);
    std::vector<std::uint8_t> axes;
    std::vector<std::int64_t> starts;
    for (Index i = 0; i < rows; ++i) {
      for (std::int64_t k = 0; k < dim; ++k) {
        if (k % product_run == 0) {
          if (values.size() % 2 != 0) {
            values.push_back(0);
            axes.push_back(0);
          }
          starts.push_back(static_cast<std::int64_t>(values.size()));
        }
        if (static_cast<Index>(random() % rows) >= i) continue;  // the first row has no entry
        const double value = draw();
        x[static_cast<std::size_t>(i * dim + k)] = value;
        x_square[static_cast<std::size_t>(i)] += value * value;
        values.push_back(value);
        axes.push_back(static_cast<std::uint8_t>(k % product_run));
      }
    }
    if (values.size() % 2 != 0) {
      values.push_back(0);
      axes.push_back(0);
    }
    starts.push_back(static_cast<std::int64_t>(values.size()));
    for (std::size_t k = 0; k < y.size(); ++k) {
      y[k] = draw();
      y_square[k % product_cols] += y[k] * y[k];
    }
    constexpr std::size_t stride = product_cols + 5;
    std::vector<double> out(rows * stride, -1);
    for (std::int64_t run = 0; run < runs; ++run) {
      GetParam()->sparse_squares({values.data(), axes.data(), starts.data() + run, runs}, rows,
                                 x_square.data(), y.data() + run * product_run * product_cols,
                                 y_square.data(), y.data(), run * product_run, dim, out.data(),
                                 stride);
    }
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < product_cols; ++j) {
        long double sum = 0;
        for (std::size_t k = 0; k < static_cast<std::size_t>(dim); ++k) {
          const long double away =
              static_cast<long double>(x[i * static_cast<std::size_t>(dim) + k]) -
              y[k * product_cols + j];
          sum += away * away;
        }
        EXPECT_NEAR(out[i * stride + j], static_cast<double>(sum),
                    product_error(dim, 0x1p-53) * (x_square[i] + y_square[j]));
      }
      for (std::size_t j = product_cols; j < stride; ++j) EXPECT_EQ(out[i * stride + j], -1);
    }
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

/// Points most of whose coordinates are those of a background, which differs from axis to axis.
template <class T>
std::vector<T> images(Index n, Index dim, double background, double part, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<T> points;
  for (Index i = 0; i < n * dim; ++i) {
    const double drawn = static_cast<double>(random() >> 11) * 0x1p-53, ground = i % dim % 3;
    points.push_back(static_cast<T>(background + (drawn < part ? drawn / part : ground)));
  }
  return points;
}

template <class T>
void expect_costs_of_images() {
  constexpr Index n = 260, m = 40, dim = 300;
  for (double background : {0.0, -0.42, 1e7}) {
    for (double part : {0.0, 0.2, 1.0}) {  // of y
      std::vector<T> x = images<T>(n, dim, background, 0.2, 1);
      const std::vector<T> y = images<T>(m, dim, background, part, 2);
      std::copy_n(y.begin(), dim, x.begin() + 5 * dim);       // a point of both
      const auto flat = images<T>(1, dim, background, 1, 3);  // and one unlike the others
      std::copy(flat.begin(), flat.end(), x.begin() + 7 * dim);
      for (const GroundCost& cost : powers()) {
        const PointClouds clouds{row_major(x.data(), n, dim), row_major(y.data(), m, dim), cost};
        EXPECT_TRUE(CloudProducts<double>(clouds.x, clouds.y, 1, 0).sparse());
        const double error = 1e-9 * exact(clouds, 0, 1);
        Context one, three;
        one.threads = 1;
        three.threads = 3;
        const Lines<double> matrix = cost_matrix_within(error, clouds, one);
        EXPECT_EQ(matrix, cost_matrix_within(error, clouds, three));
        for (Index i = 0; i < n; ++i) {
          for (Index j = 0; j < m; ++j) {
            const double c = exact(clouds, i, j);
            ASSERT_NEAR(matrix[static_cast<std::size_t>(i * m + j)], c, error + 1e-15 * c);
          }
        }
      }
    }
  }
}

TEST(CostMatrixWithinTest, KeepsItsErrorOfImages) {
  expect_costs_of_images<float>();
  expect_costs_of_images<double>();
}

TEST(CloudProductsTest, AreDenseWithoutACommonBackground) {
  const std::vector<double> half = images<double>(260, 300, 0, 0.5, 1),
                            image = images<double>(260, 300, 0, 0.1, 1);
  const AnyMatrixView x = row_major(half.data(), 260, 300), y = row_major(image.data(), 260, 300),
                      few = row_major(image.data(), 100, 300);
  EXPECT_TRUE(CloudProducts<double>(y, x, 1, 0).sparse());
  EXPECT_FALSE(CloudProducts<double>(x, y, 1, 0).sparse());
  EXPECT_FALSE(CloudProducts<double>(few, y, 1, 0).sparse());
}

}  // namespace
}  // namespace monge::kernels

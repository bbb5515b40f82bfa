// Every table that this CPU runs, bit for bit against plain loops.
#include "kernels/row_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "monge/core/exact_sum.hpp"

namespace monge::kernels {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Index longest = 200;  // three blocks and tails of every width
constexpr double guard = -12345;

bool same_bits(double p, double q) { return std::memcmp(&p, &q, sizeof(p)) == 0; }

/// Rows of costs and prices. Few distinct values: ties everywhere; some entries infinite.
template <class T>
class Row {
 public:
  Row(Index n, int kind, std::mt19937_64& random) : c(size(n)), v(size(n)) {
    for (std::size_t j = 0; j < c.size(); ++j) {
      const double u = static_cast<double>(random() >> 11) * 0x1p-53;
      const double w = static_cast<double>(random() >> 11) * 0x1p-53;
      c[j] = static_cast<T>(kind == 0 ? u : std::floor(4 * u));
      v[j] = kind == 0 ? w - 0.5 : std::floor(3 * w);
      if (kind == 2 && random() % 3 == 0) c[j] = std::numeric_limits<T>::infinity();
      if (kind == 3) c[j] = std::numeric_limits<T>::infinity();
    }
  }
  static constexpr int kinds = 4;

  // One element in, so that no vector load is aligned.
  const T* costs() const { return c.data() + 1; }
  double* prices() { return v.data() + 1; }

 private:
  static std::size_t size(Index n) { return static_cast<std::size_t>(n) + 1; }
  std::vector<T> c;
  std::vector<double> v;
};

class RowKernelsTest : public testing::TestWithParam<const RowKernels*> {
 protected:
  void SetUp() override {
    if (!GetParam()->supported()) GTEST_SKIP() << "not on this CPU";
  }

  /// Calls check(kernels, row, n) for both precisions, all lengths, and all kinds of rows.
  template <class Check>
  void for_each_row(const Check& check) {
    std::mt19937_64 random(3);
    for (Index n = 0; n <= longest; ++n) {
      for (int kind = 0; kind < Row<float>::kinds; ++kind) {
        SCOPED_TRACE("n = " + std::to_string(n) + ", kind " + std::to_string(kind));
        Row<float> f32(n, kind, random);
        check(GetParam()->f32, f32, n);
        Row<double> f64(n, kind, random);
        check(GetParam()->f64, f64, n);
      }
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Tables, RowKernelsTest,
                         testing::ValuesIn(all_row_kernels().begin(), all_row_kernels().end()),
                         [](const auto& tested) {
                           return std::string(tested.param->instruction_set);
                         });

TEST_P(RowKernelsTest, MinReducedIsTheLeastDifference) {
  for_each_row([](const auto& kernels, auto& row, Index n) {
    double least = infinity;
    for (Index j = 0; j < n; ++j) least = std::min(least, row.costs()[j] - row.prices()[j]);
    EXPECT_TRUE(same_bits(kernels.min_reduced(row.costs(), row.prices(), n), least));
  });
}

TEST_P(RowKernelsTest, TwoSmallestCountsMultiplicityAndTakesTheLowestIndex) {
  for_each_row([](const auto& kernels, auto& row, Index n) {
    TwoSmallest expected{infinity, infinity, -1};
    for (Index j = 0; j < n; ++j) {
      const double value = row.costs()[j] - row.prices()[j];
      if (value < expected.first) {
        expected.second = expected.first;
        expected.first = value;
        expected.argmin = j;
      } else if (value < expected.second) {
        expected.second = value;
      }
    }
    const TwoSmallest two = kernels.two_smallest(row.costs(), row.prices(), n);
    EXPECT_TRUE(same_bits(two.first, expected.first));
    EXPECT_TRUE(same_bits(two.second, expected.second));
    EXPECT_EQ(two.argmin, expected.argmin);
  });
}

TEST_P(RowKernelsTest, ColumnMinimaChangeOnlyWhereTheRowIsBelow) {
  for_each_row([](const auto& kernels, auto& row, Index n) {
    const std::size_t size = static_cast<std::size_t>(n);
    std::vector<double> best(row.prices(), row.prices() + n), expected_best = best;
    std::vector<Index> arg(size, 7), expected_arg = arg;
    best.push_back(guard);
    arg.push_back(-7);
    for (std::size_t j = 0; j < size; ++j) {
      if (row.costs()[j] < expected_best[j]) {
        expected_best[j] = row.costs()[j];
        expected_arg[j] = 9;
      }
    }
    kernels.column_minima(row.costs(), 9, best.data(), arg.data(), n);
    EXPECT_EQ(best.back(), guard);
    EXPECT_EQ(arg.back(), -7);
    best.pop_back();
    arg.pop_back();
    EXPECT_EQ(best, expected_best);
    EXPECT_EQ(arg, expected_arg);
  });
}

TEST_P(RowKernelsTest, RelaxUpdatesKeysPredecessorsAndBlockMinima) {
  for_each_row([](const auto& kernels, auto& row, Index n) {
    const std::size_t size = static_cast<std::size_t>(n);
    const std::size_t blocks = (size + block - 1) / block;
    const double shift = 0.375;
    std::vector<double> key(size, infinity), block_min(blocks, guard),
        expected_min(blocks, infinity);
    std::vector<Index> pred(size, -1);
    for (std::size_t j = 0; j < size; ++j) {
      if (j % 3 == 1) key[j] = static_cast<double>(j % 5) - 1;
      if (j % 7 == 2) {  // a finished column
        key[j] = infinity;
        row.prices()[j] = -infinity;
      }
    }
    std::vector<double> expected_key = key;
    std::vector<Index> expected_pred = pred;
    for (std::size_t j = 0; j < size; ++j) {
      const double value = (row.costs()[j] - row.prices()[j]) + shift;
      if (value < expected_key[j]) {
        expected_key[j] = value;
        expected_pred[j] = 9;
      }
      expected_min[j / block] = std::min(expected_min[j / block], expected_key[j]);
    }
    key.push_back(guard);
    pred.push_back(-7);
    block_min.push_back(guard);
    kernels.relax(row.costs(), row.prices(), shift, 9, key.data(), pred.data(), block_min.data(),
                  n);
    EXPECT_EQ(key.back(), guard);
    EXPECT_EQ(pred.back(), -7);
    EXPECT_EQ(block_min.back(), guard);
    key.pop_back();
    pred.pop_back();
    block_min.pop_back();
    EXPECT_EQ(key, expected_key);
    EXPECT_EQ(pred, expected_pred);
    EXPECT_EQ(block_min, expected_min);
  });
}

TEST_P(RowKernelsTest, GroupMinimaAreTheLeastSumsOfEachGroup) {
  for_each_row([](const auto& kernels, auto& row, Index n) {
    const std::size_t groups = (static_cast<std::size_t>(n) + group - 1) / group;
    std::vector<double> minima(groups + 1, guard), expected(groups, infinity);
    for (Index j = 0; j < n; ++j) {
      double& least = expected[static_cast<std::size_t>(j / group)];
      least = std::min(least, row.costs()[j] + row.prices()[j]);
    }
    kernels.group_minima(row.costs(), row.prices(), n, minima.data());
    EXPECT_EQ(minima.back(), guard);
    minima.pop_back();
    EXPECT_EQ(minima, expected);
  });
}

TEST_P(RowKernelsTest, CollectFindsAllUpToTheLimitInTheirOrder) {
  for_each_row([](const auto& kernels, auto& row, Index n) {
    const std::size_t size = static_cast<std::size_t>(n);
    std::vector<double> minima(size / group + 1);
    kernels.group_minima(row.costs(), row.prices(), n, minima.data());
    for (double limit : {-infinity, 0.0, 0.25, 2.0, infinity}) {
      std::vector<Index> columns(size + 1, -7), expected_columns;
      std::vector<double> values(size + 1, guard), expected_values;
      for (Index j = 0; j < n; ++j) {
        const double value = row.costs()[j] + row.prices()[j];
        if (!(value <= limit)) continue;
        expected_columns.push_back(j);
        expected_values.push_back(value);
      }
      const Index found = kernels.collect(row.costs(), row.prices(), minima.data(), limit, n,
                                          columns.data(), values.data());
      EXPECT_EQ(columns.back(), -7);
      EXPECT_EQ(values.back(), guard);
      columns.resize(static_cast<std::size_t>(found));
      values.resize(static_cast<std::size_t>(found));
      EXPECT_EQ(columns, expected_columns);
      EXPECT_EQ(values, expected_values);
    }
  });
}

TEST_P(RowKernelsTest, CostsAreThoseOfTheGroundCostInEveryDimension) {
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal;
  for (std::string_view name : ground_cost_names()) {
    const GroundCost cost = make_ground_cost(name, 1.7);
    for (int dim = 1; dim <= 6; ++dim) {
      std::vector<double> x(static_cast<std::size_t>(dim));
      for (double& value : x) value = normal(random);
      const std::size_t stride = longest + 3;  // a strip of a longer row of points
      std::vector<double> y(stride * x.size());
      for (double& value : y) value = normal(random);
      std::vector<double> expected;
      for (std::size_t j = 0; j < longest; ++j) {
        std::vector<double> point;
        for (std::size_t k = 0; k < x.size(); ++k) point.push_back(y[k * stride + j]);
        expected.push_back(evaluate(cost, x.data(), point.data(), dim));
      }
      for (Index n = 0; n <= longest; ++n) {
        std::vector<double> out(static_cast<std::size_t>(n) + 1, guard);
        GetParam()->costs(cost, x.data(), y.data(), stride, dim, out.data(), n);
        ASSERT_EQ(out.back(), guard);
        for (std::size_t j = 0; j + 1 < out.size(); ++j) {
          ASSERT_TRUE(same_bits(out[j], expected[j]))
              << name << ", dimension " << dim << ", n = " << n << ", j = " << j;
        }
      }
    }
  }
}

TEST_P(RowKernelsTest, PairMinimaAreThoseOfSquaresAddedAxisByAxis) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  for (std::size_t dim : {1, 2, 3, 4}) {
    const std::size_t n = 13, m = 61, stride = 64;  // tails of rows and of columns
    std::vector<double> x(dim * stride), y(dim * stride), least_x(n), least_y(m, infinity);
    for (double& value : x) value = normal(random);
    for (double& value : y) value = normal(random);
    std::vector<double> expected_x(n, infinity), expected_y(m, infinity);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < m; ++j) {
        double sum = 0;
        for (std::size_t a = 0; a < dim; ++a) {
          const double apart = x[a * stride + i] - y[a * stride + j];
          sum += apart * apart;
        }
        expected_x[i] = std::min(expected_x[i], sum);
        expected_y[j] = std::min(expected_y[j], sum);
      }
    }
    GetParam()->pair_minima(x.data(), stride, n, y.data(), stride, m, static_cast<int>(dim),
                            least_x.data(), least_y.data());
    EXPECT_EQ(least_x, expected_x) << dim;
    EXPECT_EQ(least_y, expected_y) << dim;
  }
}

template <class T>
void expect_paired_costs_in_compensated_sums(const LineKernels<T>& kernels) {
  constexpr std::size_t lanes = paired_lanes;
  std::mt19937_64 random(6);
  std::normal_distribution<double> normal;
  for (std::string_view name : ground_cost_names()) {
    const GroundCost cost = make_ground_cost(name, 1.7);
    for (std::size_t n : {std::size_t{0}, lanes, 25 * lanes}) {
      std::vector<T> u(n + 1), v(n + 1);
      std::vector<double> hi(lanes, 1e9), lo(lanes, 1e-9);
      std::vector<ExactSum> expected(lanes, ExactSum{1e9, 1e-9});
      for (std::size_t k = 0; k < n; ++k) {
        u[k + 1] = static_cast<T>(normal(random));
        v[k + 1] = static_cast<T>(normal(random));
        const double x = u[k + 1], y = v[k + 1];
        expected[k % lanes].add(evaluate(cost, &x, &y, 1));
      }
      kernels.add_paired_costs(cost, u.data() + 1, v.data() + 1, static_cast<std::int64_t>(n),
                               hi.data(), lo.data());
      for (std::size_t l = 0; l < lanes; ++l) {
        EXPECT_TRUE(same_bits(hi[l], expected[l].hi)) << name << ", " << n;
        EXPECT_TRUE(same_bits(lo[l], expected[l].lo)) << name << ", " << n;
      }
    }
  }
}

TEST_P(RowKernelsTest, PairedCostsAreAddedToCompensatedSums) {
  expect_paired_costs_in_compensated_sums(GetParam()->lines_f32);
  expect_paired_costs_in_compensated_sums(GetParam()->lines_f64);
}

template <class T>
void expect_projections(const LineKernels<T>& kernels) {
  constexpr std::size_t tile = tile_points<T>, padding = 3;
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  for (std::size_t dim : {1, 3, 40}) {
    for (std::size_t count : {1, 3, 4, 8, 15}) {
      std::vector<T> points(tile * dim), directions(count * dim), out(count * (tile + padding), 7);
      for (T& value : points) value = static_cast<T>(normal(random));
      for (T& value : directions) value = static_cast<T>(normal(random));
      kernels.project_tile(points.data(), points.data(), static_cast<int>(dim), directions.data(),
                           static_cast<Index>(count), out.data(), tile + padding);
      for (std::size_t k = 0; k < count; ++k) {
        for (std::size_t i = 0; i < tile; ++i) {
          double sum = 0, size = 0;
          for (std::size_t a = 0; a < dim; ++a) {
            const double term = double{directions[k * dim + a]} * double{points[a * tile + i]};
            sum += term;
            size += std::fabs(term);
          }
          const double rounding = static_cast<double>(dim) * std::numeric_limits<T>::epsilon();
          EXPECT_NEAR(out[k * (tile + padding) + i], sum, rounding * size);
        }
        for (std::size_t i = tile; i < tile + padding; ++i)
          EXPECT_EQ(out[k * (tile + padding) + i], 7);
      }
    }
  }
}

TEST_P(RowKernelsTest, TilesAreProjected) {
  expect_projections(GetParam()->lines_f32);
  expect_projections(GetParam()->lines_f64);
}

template <class T>
void expect_a_sort(const LineKernels<T>& kernels) {
  if (!kernels.sort_values) return;
  std::mt19937_64 random(8);
  // Few values, which no pivot halves, and many.
  for (std::uint64_t values : {std::uint64_t{3}, ~std::uint64_t{0}}) {
    for (std::size_t n = 0; n < 1200; n += 1 + n / 40) {
      std::vector<T> given(n), sorted(n + 2, -1);
      for (T& value : given) value = static_cast<T>(random() % values);
      std::vector<T> expected = given;
      std::sort(expected.begin(), expected.end());
      const SortFallback<T> fallback = [](T* p, std::int64_t m) { std::sort(p, p + m); };
      kernels.sort_values(given.data(), sorted.data() + 1, static_cast<std::int64_t>(n), fallback);
      EXPECT_TRUE(std::equal(expected.begin(), expected.end(), sorted.begin() + 1)) << n;
      EXPECT_EQ(sorted.front(), -1);
      EXPECT_EQ(sorted.back(), -1);
      kernels.sort_values(given.data(), given.data(), static_cast<std::int64_t>(n), fallback);
      EXPECT_EQ(given, expected) << n;
    }
  }
}

TEST_P(RowKernelsTest, NumbersAreSorted) {
  expect_a_sort(GetParam()->lines_f32);
  expect_a_sort(GetParam()->lines_f64);
}

TEST(RowKernels, TheChosenTableIsTheWidestThatIsSupported) {
  const RowKernels* widest = nullptr;
  for (const RowKernels* table : all_row_kernels()) {
    if (table->supported()) widest = table;
  }
  EXPECT_EQ(&row_kernels(), widest);
}

TEST(RowKernels, TheNarrowestTableRunsEverywhere) {
  EXPECT_EQ(all_row_kernels().front()->instruction_set, "baseline");
  EXPECT_TRUE(all_row_kernels().front()->supported());
}

}  // namespace
}  // namespace monge::kernels

#include "solver/cloud_filter.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "geometry/kd_order.hpp"

namespace monge {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Two clouds of `scale` far from the origin, with prices that follow a potential up to noise, in
/// the size of costs.
struct Setting {
  Setting(Index rows, Index cols, int dimension, double size, double far, bool ties)
      : random(3), dim(dimension), scale(size), offset(far), on_lattice(ties) {
    x = cloud(rows);
    y = cloud(cols);
  }

  std::vector<double> prices(const GroundCost& cost) {
    std::vector<double> price;
    const double unit = evaluate(cost, &scale, std::vector<double>{0}.data(), 1);
    for (Index j = 0; j < y.n(); ++j) {
      price.push_back(unit * ((y.point(j)[0] - offset) / scale + 0.1 * draw() + 3));
    }
    return price;
  }

  std::mt19937_64 random;
  int dim;
  double scale, offset;
  bool on_lattice;
  LevelCloud x, y;

 private:
  double draw() {
    if (on_lattice) return static_cast<double>(random() % 4) / 4;
    return static_cast<double>(random() >> 11) * 0x1p-53;
  }
  LevelCloud cloud(Index n) {
    std::vector<double> by_axis(at(n) * at(dim));
    for (double& value : by_axis) value = offset + scale * draw();
    LevelCloud made{{}, std::vector<Flow>(at(n), 1), dim};
    for (Index i : kd_order(by_axis.data(), at(n), dim, n, 2)) {
      for (int a = 0; a < dim; ++a) made.points.push_back(by_axis[at(a) * at(n) + at(i)]);
    }
    return made;
  }
};

template <class T>
class CloudFilterTest : public testing::Test {};
using Precisions = testing::Types<float, double>;
TYPED_TEST_SUITE(CloudFilterTest, Precisions);

/// Calls check(setting, cost, exact, filter of y with prices, filter of x, slack).
template <class T, class Check>
void for_each_setting(const Check& check) {
  for (const auto& [n, m, dim, scale, offset, ties] : {std::tuple{1, 1, 2, 1.0, 0.0, false},
                                                       {9, 400, 3, 1.0, 0.0, false},
                                                       {9, 400, 2, 1.0, 0.0, true},
                                                       {9, 400, 2, 1.0, 1e8, false},
                                                       {9, 300, 8, 1.0, 0.0, false},
                                                       {9, 300, 1, 1e-12, 0.0, false},
                                                       {9, 300, 3, 1e-12, 1e-5, false},
                                                       {9, 300, 3, 1e9, -1e9, false}}) {
    Setting s(n, m, dim, scale, offset, ties);
    const CommonBox box = common_box(s.x, s.y);
    std::vector<GroundCost> costs;
    for (std::string_view name : ground_cost_names()) costs.push_back(make_ground_cost(name, 1.7));
    costs.push_back(EuclideanPower{0.5});
    costs.push_back(EuclideanPower{3});
    for (const GroundCost& cost : costs) {
      SCOPED_TRACE(std::string(name_of(cost)) + ", dimension " + std::to_string(dim) + ", scale " +
                   std::to_string(std::log10(scale)) + ", offset " + std::to_string(offset));
      const std::vector<double> price = s.prices(cost);
      CloudFilter<T> columns(s.y, box), rows(s.x, box);
      columns.set_prices(price);
      const auto exact = [&](Index i, Index j) {
        return evaluate(cost, s.x.point(i), s.y.point(j), s.dim) + price[at(j)];
      };
      check(s, cost, exact, columns, rows, columns.slack(cost, box));
    }
  }
}

TYPED_TEST(CloudFilterTest, NothingAtOrBelowALimitIsLost) {
  using T = TypeParam;
  for_each_setting<T>([](const Setting& s, const GroundCost& cost, const auto& exact,
                         const CloudFilter<T>& columns, const CloudFilter<T>& rows, double slack) {
    std::vector<double> limits;
    std::int64_t expected = 0, passed = 0;
    for (Index i = 0; i < s.x.n(); ++i) {
      std::vector<double> values;
      for (Index j = 0; j < s.y.n(); ++j) values.push_back(exact(i, j));
      std::sort(values.begin(), values.end());
      limits.push_back(values[values.size() / 10]);  // one that a column has
    }
    Index next = 0;
    columns.below(
        cost, rows, 0, s.x.n(), slack, [&](Index i) { return limits[at(i)]; },
        [&](Index i, const kernels::Hit<T>* hits, Index count) {
          ASSERT_EQ(i, next++);
          std::vector<char> listed(at(s.y.n()));
          for (Index k = 0; k < count; ++k) {
            const double value = static_cast<double>(hits[k].value) + columns.reference();
            EXPECT_LE(std::fabs(value - exact(i, hits[k].column)), slack);
            EXPECT_FALSE(std::exchange(listed[at(hits[k].column)], true));
          }
          for (Index j = 0; j < s.y.n(); ++j) {
            if (exact(i, j) > limits[at(i)]) continue;
            ++expected;
            EXPECT_TRUE(listed[at(j)]) << i << ", " << j;
          }
          passed += count;
        });
    EXPECT_EQ(next, s.x.n());
    EXPECT_GE(expected, s.x.n());
    if (s.y.n() > 1) {
      EXPECT_LT(passed, s.x.n() * s.y.n() / 2) << "it filters nothing";
    }
  });
}

// Prices that differ over short distances make steep affine bounds, which multiply what rounding
// does to coordinates of rows far away.
TYPED_TEST(CloudFilterTest, SteepPricesOfTinyClustersLoseNothing) {
  using T = TypeParam;
  std::mt19937_64 random(5);
  const auto draw = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  const Index clusters = 40, each = 32;
  LevelCloud x, y;
  x.dim = y.dim = 3;
  std::vector<double> price;
  for (Index k = 0; k < clusters; ++k) {
    const double centre[3] = {draw(), draw(), draw()};
    for (Index j = 0; j < each; ++j) {
      const double along = 1e-5 * draw();
      for (double c : centre) y.points.push_back(c + along + 1e-7 * draw());
      y.mass.push_back(1);
      price.push_back((k % 2 == 0 ? 3e4 : -3e4) * along + 1e-3 * draw());
    }
  }
  for (Index i = 0; i < 300; ++i) {
    for (int a = 0; a < 3; ++a) x.points.push_back(1 + draw());
    x.mass.push_back(1);
  }
  const CommonBox box = common_box(x, y);
  for (const GroundCost& cost : {GroundCost{SqEuclidean{}}, {Euclidean{}}, {Cityblock{}}}) {
    CloudFilter<T> columns(y, box), rows(x, box);
    columns.set_prices(price);
    const auto least = [&](Index i) {
      double value = std::numeric_limits<double>::infinity();
      for (Index j = 0; j < y.n(); ++j) {
        value = std::min(value, evaluate(cost, x.point(i), y.point(j), 3) + price[at(j)]);
      }
      return value;
    };
    Index lost = 0;
    columns.below(cost, rows, 0, x.n(), columns.slack(cost, box), least,
                  [&](Index, const kernels::Hit<T>*, Index count) { lost += count == 0; });
    EXPECT_EQ(lost, 0) << name_of(cost);
  }
}

TYPED_TEST(CloudFilterTest, TheLeastAreTheLeastUpToItsSlack) {
  using T = TypeParam;
  for_each_setting<T>([](const Setting& s, const GroundCost& cost, const auto& exact,
                         const CloudFilter<T>& columns, const CloudFilter<T>& rows, double slack) {
    for (Index wanted : {1, 6}) {
      if (wanted > s.y.n()) continue;
      Index next = 0;
      columns.least(cost, rows, 0, s.x.n(), wanted, slack, exact,
                    [&](Index i, const kernels::Hit<T>* hits, Index count) {
                      ASSERT_EQ(i, next++);
                      ASSERT_EQ(count, wanted);
                      std::vector<double> values;
                      for (Index j = 0; j < s.y.n(); ++j) values.push_back(exact(i, j));
                      std::sort(values.begin(), values.end());
                      for (Index k = 0; k < count; ++k) {
                        EXPECT_LE(exact(i, hits[k].column), values[at(k)] + 2 * slack);
                      }
                    });
      EXPECT_EQ(next, s.x.n());
    }
  });
}

}  // namespace
}  // namespace monge

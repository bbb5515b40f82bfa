#include "kernels/scan_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "kernels/tree_view.hpp"

namespace monge::kernels {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

template <class T>
const ScansOf<T>& of(const ScanKernels& table) {
  if constexpr (sizeof(T) == 4) {
    return table.f32;
  } else {
    return table.f64;
  }
}

/// Points, prices that nearly follow a potential, and rows to search for.
template <class T>
struct Setting {
  Setting(Index size, int dimension, bool ties) : n(size), dim(dimension) {
    std::mt19937_64 random(12);
    std::normal_distribution<double> normal;
    const auto draw = [&] {
      return static_cast<T>(ties ? static_cast<double>(random() % 3) : normal(random));
    };
    points.resize(at(n) * at(dim));
    for (T& value : points) value = draw();
    for (Index j = 0; j < n; ++j) price.push_back(3 * points[at(j)] + draw() / 8);
    for (int k = 0; k < 4 * dim; ++k) rows.push_back(2 * draw());
  }
  /// cost + price in T, in the kernels' order of operations but for the power's.
  std::vector<double> values(const GroundCost& cost, const T* x) const {
    std::vector<double> all;
    for (Index j = 0; j < n; ++j) {
      std::vector<T> y;
      for (int a = 0; a < dim; ++a) y.push_back(points[at(a) * at(n) + at(j)]);
      all.push_back(evaluate(cost, x, y.data(), dim) + static_cast<double>(price[at(j)]));
    }
    return all;
  }
  Index n;
  int dim;
  std::vector<T> points, price, rows;
};

template <class T>
class ScanKernelsTest : public testing::Test {};
using Precisions = testing::Types<float, double>;
TYPED_TEST_SUITE(ScanKernelsTest, Precisions);

/// Calls check(setting, cost, x, tree, kernels of a table, those of the narrowest one).
template <class T, class Check>
void for_each_search(const Check& check) {
  for (const auto& [n, dim, ties] : {std::tuple{1, 3, false},
                                     {33, 2, false},
                                     {700, 1, false},
                                     {700, 3, true},
                                     {3000, 3, false},
                                     {700, 5, false}}) {
    const Setting<T> s(n, dim, ties);
    PricedTreeOf<T> tree(s.points, dim, n);
    tree.refit(s.price.data());
    const TreeView<T> view = view_of(tree, s.price.data());
    for (std::string_view name : ground_cost_names()) {
      const GroundCost cost = make_ground_cost(name, 1.7);
      for (std::size_t k = 0; k < all_scan_kernels().size(); ++k) {
        if (!all_scan_kernels()[k]->supported()) continue;
        SCOPED_TRACE(std::string(name) + ", n = " + std::to_string(n) + ", dimension " +
                     std::to_string(dim));
        for (int row = 0; row < 4; ++row) {
          check(s, cost, s.rows.data() + row * dim, view, of<T>(*all_scan_kernels()[k]),
                of<T>(*all_scan_kernels().front()));
        }
      }
    }
  }
}

template <class T>
constexpr double rounding = sizeof(T) == 4 ? 2e-5 : 1e-13;

TYPED_TEST(ScanKernelsTest, BelowFindsAllThatAreBelowAndTheSameInEveryTable) {
  using T = TypeParam;
  for_each_search<T>([](const Setting<T>& s, const GroundCost& cost, const T* x,
                        const TreeView<T>& view, const ScansOf<T>& kernels,
                        const ScansOf<T>& narrowest) {
    const std::vector<double> values = s.values(cost, x);
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    const T limit = static_cast<T>(sorted[sorted.size() / 5]);
    std::vector<Hit<T>> hits(at(s.n)), expected(at(s.n));
    hits.resize(at(kernels.below(cost, x, view, limit, hits.data())));
    expected.resize(at(narrowest.below(cost, x, view, limit, expected.data())));
    ASSERT_EQ(hits.size(), expected.size());
    std::vector<bool> listed(at(s.n));
    for (std::size_t k = 0; k < hits.size(); ++k) {
      EXPECT_EQ(hits[k].column, expected[k].column);
      EXPECT_EQ(hits[k].value, expected[k].value);
      EXPECT_NEAR(hits[k].value, values[at(hits[k].column)], rounding<T>);
      EXPECT_FALSE(listed[at(hits[k].column)]);
      listed[at(hits[k].column)] = true;
    }
    for (std::size_t j = 0; j < values.size(); ++j) {
      EXPECT_TRUE(listed[j] || values[j] > limit - rounding<T>);
    }
  });
}

TYPED_TEST(ScanKernelsTest, LeastFindsTheLeastInAscendingOrder) {
  using T = TypeParam;
  for_each_search<T>([](const Setting<T>& s, const GroundCost& cost, const T* x,
                        const TreeView<T>& view, const ScansOf<T>& kernels,
                        const ScansOf<T>& narrowest) {
    const std::vector<double> values = s.values(cost, x);
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    constexpr T infinity = std::numeric_limits<T>::infinity();
    for (Index wanted : {1, 2, 9, 17, most_wanted}) {
      for (T limit : {infinity, static_cast<T>(sorted[at(std::min(wanted, s.n) - 1)])}) {
        std::vector<Hit<T>> hits(at(wanted)), expected(at(wanted));
        const Index found = kernels.least(cost, x, view, limit, wanted, hits.data());
        ASSERT_EQ(found, narrowest.least(cost, x, view, limit, wanted, expected.data()));
        if (limit == infinity) {
          ASSERT_EQ(found, std::min(wanted, s.n));
        }
        for (Index k = 0; k < found; ++k) {
          EXPECT_EQ(hits[at(k)].value, expected[at(k)].value);
          EXPECT_EQ(hits[at(k)].column, expected[at(k)].column);
          EXPECT_NEAR(hits[at(k)].value, sorted[at(k)], rounding<T>);
          EXPECT_NEAR(values[at(hits[at(k)].column)], sorted[at(k)], 2 * rounding<T>);
        }
      }
    }
  });
}

}  // namespace
}  // namespace monge::kernels

#include "kernels/tree_search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace monge::kernels {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Searched {
  Searched(Index size, int dimension, bool ties) : n(size), dim(dimension), price(at(n)) {
    std::mt19937_64 random(11);
    std::normal_distribution<double> normal;
    const auto draw = [&] { return ties ? static_cast<double>(random() % 3) : normal(random); };
    points.resize(at(n) * at(dim));
    for (double& value : points) value = draw();
    for (double& value : price) value = std::fabs(draw());
    for (int a = 0; a < dim; ++a) x.push_back(draw());
  }
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

  /// cost + price of a column, and its cost.
  double cost_of(const GroundCost& cost, Index j) const {
    std::vector<double> y;
    for (int a = 0; a < dim; ++a) y.push_back(points[at(a) * at(n) + at(j)]);
    return evaluate(cost, x.data(), y.data(), dim);
  }
  std::vector<double> values(const GroundCost& cost) const {
    std::vector<double> all;
    for (Index j = 0; j < n; ++j) all.push_back(cost_of(cost, j) + price[at(j)]);
    return all;
  }

  Index n;
  int dim;
  std::vector<double> points, price, x;
};

TEST(TreeSearch, FindsTheWantedColumnsAndAThresholdForTheRest) {
  for (const auto& [n, dim, ties] : {std::tuple{1, 3, false},
                                     {40, 2, false},
                                     {700, 3, false},
                                     {700, 3, true},
                                     {5000, 1, false}}) {
    const Searched s(n, dim, ties);
    PricedTree tree(s.points, dim, n);
    tree.refit(s.price.data());
    for (std::string_view name : ground_cost_names()) {
      const GroundCost cost = make_ground_cost(name, 1.5);
      const TreeSearch search(tree, cost);
      const std::vector<double> values = s.values(cost);
      std::vector<double> sorted = values;
      std::sort(sorted.begin(), sorted.end());
      for (int wanted : {1, 2, 16}) {
        if (wanted > n) continue;
        const double enough = sorted[static_cast<std::size_t>(wanted - 1)];
        for (double limit : {infinity, enough}) {
          SCOPED_TRACE(std::string(name) + ", n = " + std::to_string(n) + ", wanted " +
                       std::to_string(wanted));
          TreeSearch::Scratch scratch;
          Scan scan;
          search.find(s.x.data(), s.price.data(), limit, wanted, scratch, scan);
          std::vector<double> found;
          std::vector<bool> listed(values.size());
          for (const Candidate& c : scan.found) {
            EXPECT_EQ(c.cost, s.cost_of(cost, c.column));
            listed[static_cast<std::size_t>(c.column)] = true;
            found.push_back(values[static_cast<std::size_t>(c.column)]);
          }
          std::sort(found.begin(), found.end());
          ASSERT_GE(found.size(), static_cast<std::size_t>(wanted));
          for (std::size_t k = 0; k < static_cast<std::size_t>(wanted); ++k)
            EXPECT_EQ(found[k], sorted[k]);
          for (std::size_t j = 0; j < values.size(); ++j) {
            EXPECT_TRUE(listed[j] || values[j] >= scan.threshold);
          }
        }
      }
    }
  }
}

TEST(TreeSearch, StaysRightWhenPricesHaveRisenSinceTheFit) {
  Searched s(900, 3, false);
  PricedTree tree(s.points, 3, s.n);
  tree.refit(s.price.data());
  for (std::size_t j = 0; j < s.price.size(); j += 3) s.price[j] += 5;
  const std::vector<double> values = s.values(Euclidean{});
  const TreeSearch search(tree, Euclidean{});
  TreeSearch::Scratch scratch;
  Scan scan;
  search.find(s.x.data(), s.price.data(), infinity, 1, scratch, scan);
  double least = infinity;
  for (const Candidate& c : scan.found)
    least = std::min(least, values[static_cast<std::size_t>(c.column)]);
  EXPECT_EQ(least, *std::min_element(values.begin(), values.end()));
}

}  // namespace
}  // namespace monge::kernels

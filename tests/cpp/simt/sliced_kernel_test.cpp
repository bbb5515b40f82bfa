// Sorting, transport on a line and sliced costs in all CPU contexts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "simt/contexts.hpp"
#include "simt/kernels/sliced.hpp"

namespace monge::simt {
namespace {

TEST(BlockSort, SortsAnyNumberOfKeysStably) {
  for (std::int64_t n : {0, 1, 2, 3, 16, 33, 100}) {
    const auto values = numbers(5, n, -2, 2, 9);
    std::vector<Word> expected;
    for (std::size_t i = 0; i < values.size(); ++i) {
      expected.push_back(sort_key(values[i], static_cast<std::uint32_t>(i)));
    }
    const auto keys = expected;
    std::sort(expected.begin(), expected.end());
    const auto check = [&](const auto& launch) {
      auto sorted = keys;
      launch(1, [&](auto& k) { block_sort(k, sorted.data(), n); });
      EXPECT_EQ(sorted, expected) << n;
    };
    check(Serial{});
    check(Threads<4>{8});
    for (std::size_t i = 1; i < expected.size(); ++i) {
      EXPECT_LE(value_in(expected[i - 1]), value_in(expected[i]));
      EXPECT_EQ(value_in(expected[i]), values[index_in(expected[i])]);
    }
  }
}

TEST(BlockSort, KeysKeepEveryFloat) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> ascending{-infinity, -1e30F, -1, -1e-45F, 0, 1e-45F, 1, infinity};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    EXPECT_EQ(value_in(sort_key(ascending[i], 7)), ascending[i]);
    EXPECT_EQ(index_in(sort_key(ascending[i], 7)), 7U);
    if (i == 0) continue;
    EXPECT_LT(sort_key(ascending[i - 1], 9), sort_key(ascending[i], 0));
  }
}

struct Sliced {
  std::vector<double> cost;
  std::vector<float> x_slope, y_slope;
};

/// A batch of clouds with masses or without.
struct Clouds {
  std::vector<float> x, y, x_mass, y_mass, directions;
  std::vector<std::int64_t> rows, cols;
  std::int64_t dim, n_directions;
  double p;

  SlicedArgs args() const {
    SlicedArgs args;
    args.x = x.data();
    args.y = y.data();
    args.rows = {rows.data(), 0};
    args.cols = {cols.data(), 0};
    args.dim = dim;
    args.directions = directions.data();
    args.problems = static_cast<std::int64_t>(rows.size()) - 1;
    args.n_directions = n_directions;
    args.x_mass = x_mass.empty() ? nullptr : x_mass.data();
    args.y_mass = y_mass.empty() ? nullptr : y_mass.data();
    args.p = p;
    return args;
  }
};

std::vector<float> masses(unsigned seed, const std::vector<std::int64_t>& offsets) {
  auto drawn = numbers(seed, offsets.back(), 0.01F, 1);
  for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
    const auto begin = drawn.begin() + offsets[b], end = drawn.begin() + offsets[b + 1];
    float total = 0;
    for (auto mass = begin; mass != end; ++mass) total += *mass;
    for (auto mass = begin; mass != end; ++mass) *mass /= total;
  }
  return drawn;
}

Clouds clouds(std::vector<std::int64_t> rows, std::vector<std::int64_t> cols, std::int64_t dim,
              double p, bool x_masses, bool y_masses, unsigned steps = 0) {
  Clouds made;
  made.dim = dim;
  made.p = p;
  made.n_directions = 3;
  made.x = numbers(1, rows.back() * dim, 10, 11, steps);
  made.y = numbers(2, cols.back() * dim, 10, 12, steps);
  if (x_masses) made.x_mass = masses(3, rows);
  if (y_masses) made.y_mass = masses(4, cols);
  made.directions = numbers(5, 3 * dim, -1, 1);
  made.rows = std::move(rows);
  made.cols = std::move(cols);
  return made;
}

template <class Launch>
Sliced run(const Clouds& given, int capacity, std::int64_t blocks, const Launch& launch) {
  SlicedArgs args = given.args();
  Sliced answer{zeros<double>(args.problems * args.n_directions),
                zeros<float>(given.rows.back() * args.n_directions),
                zeros<float>(given.cols.back() * args.n_directions)};
  args.capacity = capacity;
  for (std::int64_t b = 0; b < args.problems; ++b) {
    args.scratch_words =
        std::max(args.scratch_words, sliced_words(args, args.rows.size(b), args.cols.size(b)));
  }
  auto scratch = zeros<Word>(blocks * args.scratch_words);
  args.scratch = scratch.data();
  args.cost = answer.cost.data();
  args.x_slope = answer.x_slope.data();
  args.y_slope = answer.y_slope.data();
  launch(blocks, [&](auto& k) { sliced_body(k, args); });
  return answer;
}

/// W_p^p on a line by the plainest walk along both sorted lists.
double plain_cost(std::vector<std::pair<double, double>> u,
                  std::vector<std::pair<double, double>> v, double p) {
  std::sort(u.begin(), u.end());
  std::sort(v.begin(), v.end());
  double cost = 0;
  for (std::size_t i = 0, j = 0; i < u.size() && j < v.size();) {
    const double mass = std::min(u[i].second, v[j].second);
    cost += mass * std::pow(std::fabs(u[i].first - v[j].first), p);
    u[i].second -= mass;
    v[j].second -= mass;
    if (u[i].second <= 1e-12) ++i;
    if (j < v.size() && v[j].second <= 1e-12) ++j;
  }
  return cost;
}

std::vector<std::pair<double, double>> projected(const Clouds& given, bool of_x, std::size_t b,
                                                 std::size_t l) {
  const auto& offsets = of_x ? given.rows : given.cols;
  const auto& points = of_x ? given.x : given.y;
  const auto& mass = of_x ? given.x_mass : given.y_mass;
  std::vector<std::pair<double, double>> list;
  for (auto i = static_cast<std::size_t>(offsets[b]); i < static_cast<std::size_t>(offsets[b + 1]);
       ++i) {
    double at = 0;
    for (std::size_t a = 0; a < static_cast<std::size_t>(given.dim); ++a) {
      at += static_cast<double>(points[i * static_cast<std::size_t>(given.dim) + a]) *
            given.directions[l * static_cast<std::size_t>(given.dim) + a];
    }
    list.emplace_back(
        at, mass.empty() ? 1.0 / static_cast<double>(offsets[b + 1] - offsets[b]) : mass[i]);
  }
  return list;
}

void test(const Clouds& given) {
  const Sliced one = run(given, 1000, 2, Serial{});
  for (const auto& [capacity, blocks] : {std::pair{1000, 2}, {1, 3}, {40, 1}}) {
    const Sliced many = run(given, capacity, blocks, Threads<4>{8});
    EXPECT_EQ(one.cost, many.cost);
    EXPECT_EQ(one.x_slope, many.x_slope);
    EXPECT_EQ(one.y_slope, many.y_slope);
  }
  for (std::size_t task = 0; task < one.cost.size(); ++task) {
    const std::size_t b = task / 3, l = task % 3;
    const double expected =
        plain_cost(projected(given, true, b, l), projected(given, false, b, l), given.p);
    EXPECT_NEAR(one.cost[task], expected, 3e-6 * (1 + expected));
  }
}

TEST(SlicedKernel, AgreesWithAPlainWalkForAnySizesAndMasses) {
  test(clouds({0, 20, 40}, {0, 20, 40}, 3, 2, false, false));
  test(clouds({0, 1, 18}, {0, 33, 40}, 2, 1, false, false));
  test(clouds({0, 5, 35}, {0, 9, 27}, 3, 1.5, true, true));
  test(clouds({0, 5, 25}, {0, 9, 29}, 1, 2, true, false));
  test(clouds({0, 24}, {0, 36}, 3, 3, false, true));
}

TEST(SlicedKernel, TiesAreSortedByIndex) { test(clouds({0, 30}, {0, 20}, 2, 2, false, false, 3)); }

TEST(SlicedKernel, EmptySidesCostNothing) {
  const Sliced answer = run(clouds({0, 0, 3}, {0, 4, 4}, 2, 2, false, false), 100, 1, Serial{});
  EXPECT_EQ(answer.cost, std::vector<double>(6, 0.0));
}

double mean_of(const std::vector<double>& costs) {
  double sum = 0;
  for (double cost : costs) sum += cost;
  return sum / static_cast<double>(costs.size());
}

TEST(SlicedKernel, GradientsAreThoseOfDifferences) {
  for (bool with_masses : {false, true}) {
    Clouds given = clouds({0, 12}, {0, 17}, 3, 2, with_masses, with_masses);
    const Sliced at = run(given, 1000, 1, Serial{});
    const auto gradient = [&](const auto& launch) {
      auto found = zeros<float>(36);
      const SlicedGradientArgs args{at.x_slope.data(),
                                    {given.rows.data(), 0},
                                    3,
                                    given.directions.data(),
                                    3,
                                    Slices::of(12, 5),
                                    nullptr,
                                    found.data()};
      launch(args.slices.slices, [&](auto& k) { sliced_gradient_body(k, args); });
      return found;
    };
    const auto found = gradient(Serial{});
    EXPECT_EQ(found, gradient(Threads<4>{8}));
    for (std::size_t k = 0; k < 36; k += 5) {
      const float before = given.x[k], step = 0x1p-9F;
      given.x[k] = before + step;
      const double above = mean_of(run(given, 1000, 1, Serial{}).cost);
      given.x[k] = before - step;
      const double below = mean_of(run(given, 1000, 1, Serial{}).cost);
      given.x[k] = before;
      EXPECT_NEAR(found[k], (above - below) / (2 * step), 2e-3);
    }
  }
}

TEST(SlicedKernel, SaysHowMuchSharedMemoryABlockTakes) {
  SlicedArgs args;
  args.capacity = 77;
  EXPECT_EQ(launch_serial(1, [&](auto& k) { sliced_body(k, args); }), sliced_shared_bytes(77));
}

}  // namespace
}  // namespace monge::simt

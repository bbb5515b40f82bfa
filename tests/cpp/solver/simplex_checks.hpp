// What the results of both simplex solvers must show, beyond the certificate.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "expect_certified.hpp"
#include "monge/problem/validate.hpp"

namespace monge {

/// The certified cost.
inline double expect_optimal(const Problem& problem, const Result& result) {
  EXPECT_EQ(name_of(result.status), "optimal");
  const Certificate certificate = certificate_of(problem, result);
  EXPECT_LE(std::fabs(certificate.relative_gap), 1e-9);
  EXPECT_LE(certificate.marginal_error, 1e-12);
  for (double mass : result.plan.mass) EXPECT_GT(mass, 0);
  return certificate.cost;
}

/// f_i + g_j <= C_ij between all atoms of positive mass, and each of them has a pair where both
/// sides are equal, however little it weighs: up to `rounding` of the costs in use.
inline void expect_tight_potentials(const Problem& problem, const Result& result, double rounding) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> of_row(result.f.size(), infinity), of_col(result.g.size(), infinity);
  for (Index i = 0; i < problem.rows(); ++i) {
    for (Index j = 0; j < problem.cols(); ++j) {
      const std::size_t row = static_cast<std::size_t>(i), col = static_cast<std::size_t>(j);
      if (problem.row_mass(i) == 0 || problem.col_mass(j) == 0) continue;
      const double reduced = cost_at(problem, i, j) - result.f[row] - result.g[col];
      of_row[row] = std::min(of_row[row], reduced);
      of_col[col] = std::min(of_col[col], reduced);
    }
  }
  for (const std::vector<double>* least : {&of_row, &of_col}) {
    for (double reduced : *least) {
      if (reduced < infinity) {
        EXPECT_NEAR(reduced, 0, rounding);
      }
    }
  }
}

inline void expect_identical(const Result& one, const Result& other) {
  EXPECT_EQ(one.f, other.f);
  EXPECT_EQ(one.g, other.g);
  EXPECT_EQ(one.plan.rows, other.plan.rows);
  EXPECT_EQ(one.plan.cols, other.plan.cols);
  EXPECT_EQ(one.plan.mass, other.plan.mass);
}

/// All costs by name, and powers below 1 and above 2.
inline std::vector<GroundCost> every_ground_cost() {
  std::vector<GroundCost> costs;
  for (std::string_view name : ground_cost_names()) costs.push_back(make_ground_cost(name, 1.7));
  costs.push_back(EuclideanPower{0.5});
  costs.push_back(EuclideanPower{3.5});
  return costs;
}

/// Scales and offsets of coordinates. Squares of 1e-22 and 1e21 are beyond what a filter in float
/// can hold.
inline const std::vector<std::pair<double, double>> scales_and_offsets{
    {1, 0},     {1, 1e8},   {1e-12, 0}, {1e9, 0}, {1e-18, 0},
    {1e-22, 0}, {1e-80, 0}, {1e21, 0},  {1e80, 0}};

/// Numbers of [0, 1).
inline std::vector<double> uniform_numbers(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<double> values(count);
  for (double& value : values) value = static_cast<double>(random() >> 11) * 0x1p-53;
  return values;
}

/// The kinds of masses that are hard to keep apart, each of total 1.
inline const std::vector<std::string> mass_kinds{"uniform", "spread", "tiny next to one",
                                                 "one of all", "some zero"};

inline std::vector<double> masses_of_kind(const std::string& kind, std::size_t count,
                                          unsigned seed) {
  std::vector<double> masses = uniform_numbers(count, seed);
  for (std::size_t k = 0; k < count; ++k) {
    double& mass = masses[k];
    if (kind == "uniform") mass = 1;
    if (kind == "spread") mass = std::pow(10, -15 * mass);
    if (kind == "tiny next to one") mass = k % 2 == 0 ? 1e-15 : 1;
    if (kind == "one of all") mass = k == count / 2;
    if (kind == "some zero") mass = k % 3 == 0 && count > 1 ? 0 : mass;
  }
  double total = 0;
  for (double mass : masses) total += mass;
  for (double& mass : masses) mass /= total;
  return masses;
}

}  // namespace monge

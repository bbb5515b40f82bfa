#include "solver/integer_masses.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "monge/problem/validate.hpp"

namespace monge {
namespace {

/// A transport of these masses; costs do not matter.
struct Transport {
  Transport(std::vector<double> rows, std::vector<double> cols) : a(rows), b(cols) {
    costs.resize(a.size() * b.size());
    problem.geometry = DenseCost{
        row_major(costs.data(), static_cast<Index>(a.size()), static_cast<std::int64_t>(b.size()))};
    problem.a = a;
    problem.b = b;
    problem = validate(problem);
  }
  std::vector<double> a, b, costs;
  Problem problem;
};

Flow total(const std::vector<Flow>& masses) {
  return std::accumulate(masses.begin(), masses.end(), Flow{0});
}

std::vector<double> spread_masses(std::size_t count, double decades, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<double> masses(count);
  double sum = 0;
  for (double& mass : masses) {
    mass = std::pow(10.0, -decades * static_cast<double>(random() >> 11) * 0x1p-53);
    sum += mass;
  }
  for (double& mass : masses) mass /= sum;
  return masses;
}

TEST(IntegerMasses, OfEqualMassesAreSmallAndExact) {
  for (const auto& [n, m, a, b] :
       {std::tuple{6u, 4u, 2, 3}, {5u, 5u, 1, 1}, {1u, 9u, 9, 1}, {7u, 3u, 3, 7}}) {
    const IntegerMasses masses = integer_masses(
        Transport(std::vector<double>(n, 1.0 / n), std::vector<double>(m, 1.0 / m)).problem);
    EXPECT_EQ(masses.a, std::vector<Flow>(n, a));
    EXPECT_EQ(masses.b, std::vector<Flow>(m, b));
  }
}

TEST(IntegerMasses, HaveEqualSumsAndAUnitForEveryAtom) {
  for (double decades : {0.5, 15.0, 30.0, 300.0}) {
    for (unsigned seed = 0; seed < 10; ++seed) {
      SCOPED_TRACE(std::to_string(decades) + " decades, seed " + std::to_string(seed));
      const Transport transport(spread_masses(30, decades, seed),
                                spread_masses(50, decades, seed + 100));
      const IntegerMasses masses = integer_masses(transport.problem);
      EXPECT_EQ(total(masses.a), total(masses.b));
      EXPECT_GE(*std::min_element(masses.a.begin(), masses.a.end()), 1);
      EXPECT_GE(*std::min_element(masses.b.begin(), masses.b.end()), 1);
      int balanced = 0;  // the atom that took the balance
      for (std::size_t i = 0; i < masses.a.size(); ++i) {
        const double exact = std::ldexp(transport.a[i], 60);
        const double off = std::fabs(static_cast<double>(masses.a[i]) - exact);
        if (off > 1 + 1e-15 * exact) ++balanced;
        EXPECT_LE(off, 100 + 1e-14 * exact);
      }
      EXPECT_LE(balanced, 1);
    }
  }
}

TEST(IntegerMasses, AreZeroForAtomsOfNoMassAlone) {
  const IntegerMasses masses =
      integer_masses(Transport({0, 1, 0, 5e-324}, {0.25, 0, 0.75}).problem);
  EXPECT_EQ(masses.a[0], 0);
  EXPECT_EQ(masses.a[2], 0);
  EXPECT_EQ(masses.a[3], 1);
  EXPECT_EQ(masses.b[1], 0);
  EXPECT_EQ(masses.b[0], Flow{1} << 58);
  EXPECT_EQ(total(masses.a), total(masses.b));
}

TEST(IntegerMasses, DoNotDependOnTheUnitOfMass) {
  const std::vector<double> a{0.5, 0.125, 0.375}, b{0.25, 0.75};
  const IntegerMasses expected = integer_masses(Transport(a, b).problem);
  for (double unit : {0x1p-900, 0x1p900}) {
    std::vector<double> c = a, d = b;
    for (double& mass : c) mass *= unit;
    for (double& mass : d) mass *= unit;
    const IntegerMasses masses = integer_masses(Transport(c, d).problem);
    EXPECT_EQ(masses.a, expected.a);
    EXPECT_EQ(masses.b, expected.b);
  }
}

}  // namespace
}  // namespace monge

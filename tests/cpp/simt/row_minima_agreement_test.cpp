// c-transforms by the kernel of row minima, against the library's, for every family of clouds.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "expect_certified.hpp"
#include "monge/discrepancy/c_transform.hpp"
#include "simt/contexts.hpp"
#include "simt/float_instance.hpp"
#include "simt/kernels/row_minima.hpp"

namespace monge::simt {
namespace {

struct Minima {
  std::vector<float> f;
  std::vector<std::int32_t> column;
};

template <class Launch>
Minima run(const FloatInstance& single, const std::vector<float>& g, const Launch& launch) {
  Minima found{zeros<float>(single.n), zeros<std::int32_t>(single.n)};
  RowMinimaArgs args;
  args.costs = single.costs();
  args.g = g.data();
  args.slices = Slices::of(single.n, 16);
  args.capacity = 64;
  args.f = found.f.data();
  args.column = found.column.data();
  single.visit([&](auto tag) {
    using Costs = typename decltype(tag)::type;
    launch(args.slices.slices, [&](auto& k) { row_minima_body<Costs>(k, args); });
  });
  return found;
}

/// Optimal potentials, none of them positive.
std::vector<float> potentials_of(const FloatInstance& single) {
  Context context;
  const Solution solution = solve(single.problem, "auto", {}, context);
  expect_certified(solution);
  double largest = -INFINITY;
  for (double g : solution.certificate.g) largest = std::max(largest, g);
  std::vector<float> rounded;
  for (double g : solution.certificate.g) rounded.push_back(static_cast<float>(g - largest));
  return rounded;
}

TEST(RowMinimaAgreement, TransformsOfOptimalPotentialsAreTheLibrarysForEveryFamilyOfClouds) {
  int tested = 0;
  for (const InstanceFamily& family : instance_families()) {
    for (Index n : {1, 7, 60}) {
      const Instance instance = family.generate(n, 1);
      if (instance.dim == 0 || !has_kernel_costs(instance)) continue;
      SCOPED_TRACE(std::string(family.name) + ", n = " + std::to_string(n));
      ++tested;
      const FloatInstance single(instance, Kind::transport);
      const std::vector<float> g = potentials_of(single);
      Context context;
      const CTransform expected = c_transform(single.problem, {g.begin(), g.end()}, context);
      const Minima found = run(single, g, Serial{});
      const double error = static_cast<double>(single.dim + 4) * 0x1p-24;
      for (std::size_t i = 0; i < found.f.size(); ++i) {
        const std::int32_t j = found.column[i];
        const double exact = cost_at(single.problem, static_cast<Index>(i), j) -
                             static_cast<double>(g[static_cast<std::size_t>(j)]);
        EXPECT_NEAR(found.f[i], expected.f[i], error * expected.f[i]);
        EXPECT_LE(exact, expected.f[i] * (1 + 2.1 * error));
      }
      if (n != 7) continue;
      const Minima many = run(single, g, Threads<1>{2});
      EXPECT_EQ(found.f, many.f);
      EXPECT_EQ(found.column, many.column);
    }
  }
  EXPECT_GE(tested, 40);
}

}  // namespace
}  // namespace monge::simt

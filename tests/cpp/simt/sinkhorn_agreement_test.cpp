// What Sinkhorn's kernels converge to, against the library's entropic transport, for every family.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>

#include "monge/solver/sinkhorn.hpp"
#include "simt/contexts.hpp"
#include "simt/float_instance.hpp"
#include "simt/kernels/sinkhorn.hpp"

namespace monge::simt {
namespace {

/// Runs the launches of sinkhorn.hpp in a context.
template <class Costs, class Launch>
struct Launches {
  Launch launch;

  void half_step(const HalfStepArgs& args) const {
    launch(args.slices.slices * args.parts.count, [&](auto& k) { half_step_body<Costs>(k, args); });
  }
  void merge_parts(const MergePartsArgs& args) const {
    launch(args.slices.slices, [&](auto& k) { merge_parts_body(k, args); });
  }
};

/// One side: its arrays, and the masses that the sums are weighted by.
struct Side {
  std::vector<float> potential, error, least, sum, mass, log_mass;
  SinkhornSide side;

  Side(const BatchCosts& costs, std::int64_t rows, const std::vector<float>& given)
      : potential(zeros<float>(rows)),
        error(zeros<float>(rows)),
        least(zeros<float>(2 * rows)),
        sum(zeros<float>(2 * rows)),
        mass(given) {
    for (float one : mass) log_mass.push_back(std::log(one));
    side = {costs,
            Slices::of(rows, 16),
            {2, least.data(), sum.data(), rows},
            potential.data(),
            mass.empty() ? nullptr : log_mass.data(),
            error.data()};
  }
  /// The sum of mass times value; where there is no mass, a potential is infinite.
  double weighted(const std::vector<float>& values) const {
    if (mass.empty()) {
      return std::accumulate(values.begin(), values.end(), 0.0) /
             static_cast<double>(values.size());
    }
    double total = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (mass[i] > 0) total += static_cast<double>(mass[i]) * values[i];
    }
    return total;
  }
};

struct Entropic {
  double value, error;
};

BatchCosts transposed(const BatchCosts& costs) {
  BatchCosts other = costs;
  std::swap(other.x, other.y);
  std::swap(other.rows, other.cols);
  return other;
}

/// The matrix of an instance by columns, for the other side; points need none.
std::vector<float> by_columns(const FloatInstance& single) {
  std::vector<float> columns;
  for (std::int64_t j = 0; single.dim == 0 && j < single.m; ++j) {
    for (std::int64_t i = 0; i < single.n; ++i) {
      columns.push_back(single.x[static_cast<std::size_t>(i * single.m + j)]);
    }
  }
  return columns;
}

template <class Launch>
Entropic entropic(const FloatInstance& single, float epsilon, int count, const Launch& launch) {
  const std::vector<float> columns = by_columns(single);
  BatchCosts back = transposed(single.costs());
  if (single.dim == 0) back.x = columns.data();
  Side f(single.costs(), single.n, single.a), g(back, single.m, single.b);
  single.visit([&](auto tag) {
    const Launches<typename decltype(tag)::type, Launch> run{launch};
    sinkhorn_iterations(f.side, g.side, &epsilon, 64, count, run);
  });
  return {f.weighted(f.potential) + g.weighted(g.potential), g.weighted(g.error)};
}

/// Of the first cloud with itself.
template <class Launch>
Entropic symmetric(const FloatInstance& single, float epsilon, int count, const Launch& launch) {
  BatchCosts costs = single.costs();
  costs.y = costs.x;
  costs.cols = costs.rows;
  Side f(costs, single.n, single.a);
  single.visit([&](auto tag) {
    const Launches<typename decltype(tag)::type, Launch> run{launch};
    symmetric_iterations(f.side, &epsilon, 64, count, run);
  });
  return {2 * f.weighted(f.potential), f.weighted(f.error)};
}

/// Float's resolution of the costs, and what an error of the marginals may hide.
double room(double largest, float epsilon, double error) {
  return 2e-6 * largest + 2 * static_cast<double>(epsilon) * error;
}

TEST(SinkhornAgreement, ValuesAreTheLibrarysForEveryFamily) {
  int tested = 0;
  for (const InstanceFamily& family : instance_families()) {
    for (Index n : {1, 7, 40}) {
      const Instance instance = family.generate(n, 1);
      if (instance.kind != Kind::transport || !has_kernel_costs(instance)) continue;
      const FloatInstance single(instance, Kind::transport);
      const auto epsilon = static_cast<float>(0.1 * single.mean_cost());
      if (!(epsilon > 0)) continue;
      SCOPED_TRACE(std::string(family.name) + ", n = " + std::to_string(n));
      ++tested;
      Context context;
      const EntropicResult exact =
          solve_sinkhorn(single.problem, {.epsilon = epsilon, .rtol = 1e-8}, context);
      const Entropic found = entropic(single, epsilon, 200, Serial{});
      EXPECT_LT(found.error, 1e-3);
      EXPECT_NEAR(found.value, exact.value, room(single.largest_cost(), epsilon, found.error));
      if (n != 7) continue;
      const Entropic few = entropic(single, epsilon, 3, Serial{}),
                     many = entropic(single, epsilon, 3, Threads<1>{2});
      EXPECT_NEAR(many.value, few.value, room(single.largest_cost(), epsilon, 0));
    }
  }
  EXPECT_GE(tested, 45);
}

TEST(SinkhornAgreement, CloudsWithThemselvesAreTheLibrarysForEveryFamilyOfClouds) {
  int tested = 0;
  for (const InstanceFamily& family : instance_families()) {
    Instance instance = family.generate(30, 2);
    if (instance.dim == 0 || !has_kernel_costs(instance)) continue;
    instance.y = instance.x;
    instance.b = instance.a;
    instance.m = instance.n;
    const FloatInstance single(instance, Kind::transport);
    const auto epsilon = static_cast<float>(0.1 * single.mean_cost());
    if (!(epsilon > 0)) continue;
    SCOPED_TRACE(std::string(family.name));
    ++tested;
    Context context;
    const EntropicResult exact =
        solve_sinkhorn_symmetric(single.problem, {.epsilon = epsilon, .rtol = 1e-8}, context);
    const Entropic found = symmetric(single, epsilon, 60, Serial{});
    EXPECT_LT(found.error, 1e-3);
    EXPECT_NEAR(found.value, exact.value, room(single.largest_cost(), epsilon, found.error));
  }
  EXPECT_GE(tested, 12);
}

}  // namespace
}  // namespace monge::simt

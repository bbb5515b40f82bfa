// Sinkhorn's half steps in all CPU contexts, against a plain sum in double, and what is built of
// them.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "simt/contexts.hpp"
#include "simt/kernels/sinkhorn.hpp"

namespace monge::simt {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// Runs the launches of sinkhorn.hpp in a context.
template <class Costs, class Launch>
struct Launches {
  Launch launch;
  std::int64_t batch;

  void half_step(const HalfStepArgs& args) const {
    launch(batch * args.slices.slices * args.parts.count,
           [&](auto& k) { half_step_body<Costs>(k, args); });
  }
  void merge_parts(const MergePartsArgs& args) const {
    launch(batch * args.slices.slices, [&](auto& k) { merge_parts_body(k, args); });
  }
};

/// One side with everything it needs.
struct Side {
  std::vector<float> potential, error, least, sum;
  SinkhornSide side;

  Side(const BatchCosts& costs, std::int64_t rows, std::int64_t most, int parts,
       const float* log_mass = nullptr)
      : potential(zeros<float>(rows)),
        error(zeros<float>(rows)),
        least(zeros<float>(rows * parts)),
        sum(zeros<float>(rows * parts)) {
    side = {
        costs,    Slices::of(most, 16), {parts, least.data(), sum.data(), rows}, potential.data(),
        log_mass, error.data()};
  }
};

template <class Costs>
double soft_minimum(const Costs& costs, std::int64_t i, const float* g, const float* log_mass,
                    double epsilon) {
  double least = std::numeric_limits<double>::infinity(), sum = 0;
  const auto value = [&](std::int64_t j) {
    const double mass = log_mass ? log_mass[j] : -std::log(static_cast<double>(costs.cols));
    return (costs.exact(i, j) - g[j]) / epsilon - mass;
  };
  for (std::int64_t j = 0; j < costs.cols; ++j) least = std::min(least, value(j));
  for (std::int64_t j = 0; j < costs.cols; ++j) sum += std::exp(least - value(j));
  return epsilon * (least - std::log(sum));
}

template <class Costs>
void test_half_step(std::int64_t dim, std::int64_t n, std::int64_t m, float epsilon) {
  SCOPED_TRACE(testing::Message() << dim << "-d, " << n << " x " << m << ", epsilon " << epsilon);
  const std::int64_t batch = 2;
  const auto x = numbers(1, batch * n * (dim > 0 ? dim : m), 2, 3),
             y = numbers(2, batch * m * dim, 2, 3), g = numbers(3, batch * m, -1, 1);
  auto log_mass = numbers(4, batch * m, -8, 0);
  log_mass.back() = -infinity;
  const BatchCosts costs{x.data(), y.data(), {nullptr, n}, {nullptr, m}, {nullptr, n * m}, dim};
  const std::vector<float> epsilons{epsilon, 2 * epsilon};
  const auto run = [&](int parts, int capacity, const float* mass, const auto& launch) {
    Side to(costs, batch * n, n, parts), from(costs, batch * m, m, 1, mass);
    from.potential = g;
    from.side.potential = from.potential.data();
    Launches<Costs, std::decay_t<decltype(launch)>> context{launch, batch};
    half_step(to.side, from.side, epsilons.data(), capacity, 0, false, context);
    return to.potential;
  };
  for (const float* mass : {static_cast<const float*>(nullptr), std::as_const(log_mass).data()}) {
    const auto check = [&](const std::vector<float>& f) {
      for (std::int64_t b = 0; b < batch; ++b) {
        const Costs problem = CostsOf<Costs>::problem(costs, b);
        for (std::int64_t i = 0; i < n; ++i) {
          const double expected =
              soft_minimum(problem, i, g.data() + b * m, mass ? mass + b * m : nullptr,
                           epsilons[static_cast<std::size_t>(b)]);
          EXPECT_NEAR(f[static_cast<std::size_t>(b * n + i)], expected, 2e-6 + 4e-6 * epsilon);
        }
      }
    };
    check(run(1, 1000, mass, Serial{}));
    check(run(3, 5, mass, Serial{}));
    check(run(1, 1000, mass, Threads<4>{16}));
    check(run(4, 7, mass, Threads<4>{8}));
  }
}

TEST(HalfStepKernel, IsTheSoftMinimumOfAnyProblem) {
  test_half_step<PointCosts<Metric::sqeuclidean, 1>>(1, 5, 30, 0.5F);
  test_half_step<PointCosts<Metric::euclidean, 2>>(2, 37, 23, 0.05F);
  test_half_step<PointCosts<Metric::sqeuclidean, 3>>(3, 37, 50, 1e-3F);
  test_half_step<PointCosts<Metric::sqeuclidean, 3>>(3, 1, 2, 100.0F);
  test_half_step<WidePointCosts<Metric::sqeuclidean>>(5, 20, 33, 0.1F);
  test_half_step<MatrixCosts>(0, 20, 33, 0.1F);
}

TEST(HalfStepKernel, NoMassIsInfinitelyFar) {
  const auto x = numbers(1, 6, 0, 1);
  const BatchCosts costs{x.data(), x.data(), {nullptr, 2}, {nullptr, 2}, {}, 3};
  const std::vector<float> nothing(2, -infinity), epsilon{0.1F};
  Side to(costs, 2, 2, 1), from(costs, 2, 2, 1, nothing.data());
  Launches<PointCosts<Metric::sqeuclidean, 3>, Serial> run{{}, 1};
  half_step(to.side, from.side, epsilon.data(), 64, 0, false, run);
  EXPECT_EQ(to.potential, std::vector<float>(2, infinity));
}

/// Two clouds, and the entropic transport between them after so many iterations.
struct Entropic {
  double value, error;
};

double mean(const std::vector<float>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

template <class Launch>
Entropic entropic(const std::vector<float>& x, const std::vector<float>& y, float epsilon,
                  int count, int parts, const Launch& launch) {
  const auto n = static_cast<std::int64_t>(x.size() / 3),
             m = static_cast<std::int64_t>(y.size() / 3);
  const BatchCosts forth{x.data(), y.data(), {nullptr, n}, {nullptr, m}, {}, 3};
  const BatchCosts back{y.data(), x.data(), {nullptr, m}, {nullptr, n}, {}, 3};
  Side f(forth, n, n, parts), g(back, m, m, parts);
  const Launches<PointCosts<Metric::sqeuclidean, 3>, Launch> run{launch, 1};
  sinkhorn_iterations(f.side, g.side, &epsilon, 64, count, run);
  return {mean(f.potential) + mean(g.potential), mean(g.error)};
}

template <class Launch>
Entropic symmetric(const std::vector<float>& x, float epsilon, int count, const Launch& launch) {
  const auto n = static_cast<std::int64_t>(x.size() / 3);
  const BatchCosts costs{x.data(), x.data(), {nullptr, n}, {nullptr, n}, {}, 3};
  Side f(costs, n, n, 2);
  const Launches<PointCosts<Metric::sqeuclidean, 3>, Launch> run{launch, 1};
  symmetric_iterations(f.side, &epsilon, 64, count, run);
  return {2 * mean(f.potential), mean(f.error)};
}

TEST(SinkhornKernels, ConvergeInEveryContext) {
  const auto x = numbers(1, 90, 0, 1), y = numbers(2, 120, 0, 1);
  const Entropic one = entropic(x, y, 0.1F, 60, 1, Serial{});
  EXPECT_LT(one.error, 1e-5);
  EXPECT_LT(one.error, entropic(x, y, 0.1F, 5, 1, Serial{}).error / 10);
  const Entropic many = entropic(x, y, 0.1F, 60, 3, Threads<4>{8});
  EXPECT_NEAR(many.value, one.value, 1e-6);
  EXPECT_LT(many.error, 1e-5);
}

TEST(SinkhornKernels, ACloudWithItselfIsTheSymmetricProblem) {
  const auto x = numbers(1, 90, 0, 1);
  const Entropic two_sided = entropic(x, x, 0.1F, 300, 2, Serial{});
  const Entropic one_sided = symmetric(x, 0.1F, 20, Serial{});
  EXPECT_NEAR(one_sided.value, two_sided.value, 1e-5);
  EXPECT_LT(one_sided.error, 1e-4);
  EXPECT_NEAR(symmetric(x, 0.1F, 20, Threads<4>{8}).value, one_sided.value, 1e-6);
}

}  // namespace
}  // namespace monge::simt

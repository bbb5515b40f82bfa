// What the kernel of sliced transport finds, against the library: its sliced costs and gradients,
// and on a line its certified solvers.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "expect_certified.hpp"
#include "monge/discrepancy/sliced.hpp"
#include "simt/contexts.hpp"
#include "simt/float_instance.hpp"
#include "simt/kernels/sliced.hpp"

namespace monge::simt {
namespace {

struct Sliced {
  std::vector<double> costs;
  std::vector<float> x_slope, y_slope;
};

/// Along directions (count, dim). Masses are given to the kernel with total 1.
template <class Launch>
Sliced run(const FloatInstance& single, const std::vector<float>& directions, double p,
           const Launch& launch) {
  const auto count = static_cast<std::int64_t>(directions.size()) / single.dim;
  Sliced found{zeros<double>(count), zeros<float>(count * single.n),
               zeros<float>(count * single.m)};
  SlicedArgs args;
  args.x = single.x.data();
  args.y = single.y.data();
  args.rows = {nullptr, single.n};
  args.cols = {nullptr, single.m};
  args.dim = single.dim;
  args.directions = directions.data();
  args.problems = 1;
  args.n_directions = count;
  args.x_mass = single.a.empty() ? nullptr : single.a.data();
  args.y_mass = single.b.empty() ? nullptr : single.b.data();
  args.p = p;
  args.capacity = 4096;
  args.cost = found.costs.data();
  args.x_slope = found.x_slope.data();
  args.y_slope = found.y_slope.data();
  launch(2, [&](auto& k) { sliced_body(k, args); });
  return found;
}

std::vector<float> unit_rows(std::int64_t count, std::int64_t dim) {
  std::vector<float> rows = numbers(7, count * dim, -1, 1);
  for (auto row = rows.begin(); row != rows.end(); row += dim) {
    double squares = 0;
    for (std::int64_t k = 0; k < dim; ++k) squares += row[k] * row[k];
    for (std::int64_t k = 0; k < dim; ++k) row[k] /= static_cast<float>(std::sqrt(squares));
  }
  return rows;
}

/// The largest distance of a point from the first of x, along any axis: what floats round.
double extent(const FloatInstance& single) {
  double most = 0;
  for (const auto* points : {&single.x, &single.y}) {
    for (std::size_t k = 0; k < points->size(); ++k) {
      const auto axis = k % static_cast<std::size_t>(single.dim);
      most = std::max(most, std::fabs(static_cast<double>((*points)[k]) - single.x[axis]));
    }
  }
  return most * std::sqrt(static_cast<double>(single.dim));
}

/// What rounding of projections and masses may change of W_p^p.
double room(const FloatInstance& single, double p) {
  return 4e-6 * p * std::pow(extent(single), p);
}

bool is_transport_of_clouds(const Instance& instance) {
  return instance.dim > 0 && instance.kind == Kind::transport;
}

/// As the library takes them.
class DoubleRows {
 public:
  DoubleRows(const std::vector<float>& rows, std::int64_t dim)
      : rows_(rows.begin(), rows.end()), dim_(dim) {}
  Directions view() const {
    return row_major(rows_.data(), static_cast<std::int64_t>(rows_.size()) / dim_, dim_);
  }

 private:
  std::vector<double> rows_;
  std::int64_t dim_;
};

TEST(SlicedAgreement, CostsAreTheLibrarysForEveryFamilyOfClouds) {
  int tested = 0;
  for (const InstanceFamily& family : instance_families()) {
    for (Index n : {1, 7, 40}) {
      const Instance instance = family.generate(n, 1);
      if (!is_transport_of_clouds(instance)) continue;
      SCOPED_TRACE(std::string(family.name) + ", n = " + std::to_string(n));
      const FloatInstance single(instance, Kind::transport);
      const std::vector<float> rows = unit_rows(4, single.dim);
      const DoubleRows directions(rows, single.dim);
      for (double p : {1.0, 2.0}) {
        ++tested;
        Context context;
        const auto expected = sliced_costs(single.problem, directions.view(), p, context);
        const Sliced found = run(single, rows, p, Serial{});
        for (std::size_t k = 0; k < 4; ++k) {
          EXPECT_NEAR(found.costs[k], expected[k], room(single, p));
        }
        if (n != 7) continue;
        const Sliced many = run(single, rows, p, Threads<1>{2});
        EXPECT_EQ(found.costs, many.costs);
        EXPECT_EQ(found.x_slope, many.x_slope);
        EXPECT_EQ(found.y_slope, many.y_slope);
      }
    }
  }
  EXPECT_GE(tested, 90);
}

/// Of the mean over directions, from the slopes of one side.
std::vector<float> gradient_of(const std::vector<float>& slopes, const std::vector<float>& rows,
                               std::int64_t n, std::int64_t dim) {
  auto gradient = zeros<float>(n * dim);
  SlicedGradientArgs args;
  args.slope = slopes.data();
  args.points = {nullptr, n};
  args.dim = dim;
  args.directions = rows.data();
  args.n_directions = static_cast<std::int64_t>(rows.size()) / dim;
  args.slices = Slices::of(n, 16);
  args.gradient = gradient.data();
  launch_serial(args.slices.slices, [&](auto& k) { sliced_gradient_body(k, args); });
  return gradient;
}

// A gradient may be that of another order where floats cannot tell projections apart, so it is
// compared in families whose points float tells apart.
TEST(SlicedAgreement, GradientsAreTheLibrarys) {
  for (const char* family : {"uniform_cube", "sphere_to_torus", "gaussian_6d", "translated",
                             "outliers", "tiny_scale", "line", "line_masses"}) {
    SCOPED_TRACE(family);
    const FloatInstance single(generate_instance(family, 40, 1), Kind::transport);
    const std::vector<float> rows = unit_rows(4, single.dim);
    Context context;
    const SlicedGradient expected =
        sliced_gradient(single.problem, DoubleRows(rows, single.dim).view(), 2, context);
    const Sliced found = run(single, rows, 2, Serial{});
    const auto compare = [&](const std::vector<float>& slopes, const std::vector<double>& exact,
                             std::int64_t points) {
      const auto gradient = gradient_of(slopes, rows, points, single.dim);
      const double rounding = 4e-6 * extent(single);
      for (std::size_t k = 0; k < exact.size(); ++k) {
        EXPECT_NEAR(
            gradient[k], exact[k],
            rounding * (1e-3 + std::fabs(exact[k])) + rounding / static_cast<double>(points));
      }
    };
    compare(found.x_slope, expected.x, single.n);
    compare(found.y_slope, expected.y, single.m);
  }
}

/// The first coordinates of an instance of clouds.
Instance on_a_line(const Instance& instance, GroundCost cost) {
  Instance line = instance;
  line.dim = 1;
  line.cost = cost;
  const auto first = [&](std::vector<double>& points) {
    std::vector<double> kept;
    for (std::size_t k = 0; k < points.size(); k += static_cast<std::size_t>(instance.dim)) {
      kept.push_back(points[k]);
    }
    points = kept;
  };
  first(line.x);
  first(line.y);
  return line;
}

TEST(LineAgreement, CostsAreThoseOfCertifiedSolversForEveryFamilyOfClouds) {
  int tested = 0;
  for (const InstanceFamily& family : instance_families()) {
    for (Index n : {1, 7, 40}) {
      const Instance instance = family.generate(n, 2);
      if (!is_transport_of_clouds(instance)) continue;
      for (double p : {1.0, 2.0}) {
        SCOPED_TRACE(std::string(family.name) + ", n = " + std::to_string(n));
        ++tested;
        const GroundCost cost = p == 1 ? GroundCost(Euclidean{}) : GroundCost(SqEuclidean{});
        const FloatInstance single(on_a_line(instance, cost), Kind::transport);
        const Sliced found = run(single, {1}, p, Serial{});
        for (const char* solver : {"sorting_1d", "network_simplex"}) {
          Context context;
          const Solution solution = solve(single.problem, solver, {}, context);
          expect_certified(solution);
          EXPECT_NEAR(found.costs[0], solution.certificate.cost, room(single, p)) << solver;
        }
      }
    }
  }
  EXPECT_GE(tested, 90);
}

}  // namespace
}  // namespace monge::simt

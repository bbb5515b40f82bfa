// The ground costs c(x, y), each a functor that folds coordinate differences.
//
// To add one: write a functor with `name`, `step`, `finish`, `convex_on_line`, and put it into the
// variant GroundCost. That variant is the only list; std::visit turns the run-time choice into
// compile-time code, so inner loops see one concrete type.
//
// A functor computes finish(step(...step(0, x_1 - y_1)..., x_d - y_d)) in double, whatever the
// precision of the points: coordinates are exact numbers as given.
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace monge {

/// |x - y|_2
struct Euclidean {
  static constexpr std::string_view name = "euclidean";
  static double step(double sum, double difference) { return sum + difference * difference; }
  double finish(double sum) const { return std::sqrt(sum); }
  bool convex_on_line() const { return true; }
};

/// |x - y|_2^2
struct SqEuclidean {
  static constexpr std::string_view name = "sqeuclidean";
  static double step(double sum, double difference) { return sum + difference * difference; }
  double finish(double sum) const { return sum; }
  bool convex_on_line() const { return true; }
};

/// |x - y|_1
struct Cityblock {
  static constexpr std::string_view name = "cityblock";
  static double step(double sum, double difference) { return sum + std::fabs(difference); }
  double finish(double sum) const { return sum; }
  bool convex_on_line() const { return true; }
};

/// |x - y|_inf
struct Chebyshev {
  static constexpr std::string_view name = "chebyshev";
  static double step(double sum, double difference) {
    const double size = std::fabs(difference);
    return size > sum ? size : sum;
  }
  double finish(double sum) const { return sum; }
  bool convex_on_line() const { return true; }
};

/// |x - y|_2^power, power > 0
struct EuclideanPower {
  static constexpr std::string_view name = "euclidean_power";
  double power = 1;
  static double step(double sum, double difference) { return sum + difference * difference; }
  double finish(double sum) const {
    if (power == 1) return std::sqrt(sum);
    if (power == 2) return sum;
    if (power == 3) return sum * std::sqrt(sum);
    if (power == 4) return sum * sum;
    return std::pow(sum, 0.5 * power);
  }
  bool convex_on_line() const { return power >= 1; }
};

using GroundCost = std::variant<Euclidean, SqEuclidean, Cityblock, Chebyshev, EuclideanPower>;

/// The names of all ground costs, in the order of the variant.
std::vector<std::string_view> ground_cost_names();

/// The ground cost of that name. `power` belongs to "euclidean_power" alone and must then be
/// finite and positive; throws InvalidArgument otherwise.
GroundCost make_ground_cost(std::string_view name, double power = 1);

std::string_view name_of(const GroundCost& cost);

/// The cost of two points of `dim` coordinates; for tests and single entries, not inner loops.
template <class T, class U>
double evaluate(const GroundCost& cost, const T* x, const U* y, int dim) {
  return std::visit(
      [&](const auto& c) {
        double sum = 0;
        for (int k = 0; k < dim; ++k) {
          sum = c.step(sum, static_cast<double>(x[k]) - static_cast<double>(y[k]));
        }
        return c.finish(sum);
      },
      cost);
}

}  // namespace monge

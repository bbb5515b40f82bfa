#include "monge/discrepancy/chamfer.hpp"

#include <type_traits>
#include <utility>

#include "kernels/least_columns.hpp"
#include "monge/core/error.hpp"
#include "monge/core/exact_sum.hpp"
#include "monge/core/text.hpp"

namespace monge {
namespace {

/// The mean ground cost of squared distances.
double mean_cost(const GroundCost& cost, const std::vector<double>& squared) {
  return std::visit(
      [&](const auto& c) -> double {
        using Cost = std::decay_t<decltype(c)>;
        if constexpr (std::is_same_v<Cost, Cityblock> || std::is_same_v<Cost, Chebyshev>) {
          throw Unsupported(
              "the chamfer discrepancy needs a power of the Euclidean distance; got " +
              quoted(Cost::name));
        } else {
          ExactSum sum;
          for (double value : squared) sum.add(c.finish(value));
          return sum.value() / static_cast<double>(squared.size());
        }
      },
      cost);
}

}  // namespace

Chamfer chamfer(const Problem& problem, bool with_indices, Context& context) {
  const PointClouds& clouds = *problem.clouds();
  kernels::NearestPoints nearest =
      kernels::nearest_points(clouds.x, clouds.y, with_indices, context);
  const double value =
      mean_cost(clouds.cost, nearest.of_x.values) + mean_cost(clouds.cost, nearest.of_y.values);
  return {value, std::move(nearest.of_x.columns), std::move(nearest.of_y.columns)};
}

}  // namespace monge

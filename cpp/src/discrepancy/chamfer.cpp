#include "monge/discrepancy/chamfer.hpp"

#include <utility>

#include "kernels/least_columns.hpp"
#include "monge/core/exact_sum.hpp"

namespace monge {
namespace {

double mean(const std::vector<double>& values) {
  ExactSum sum;
  for (double value : values) sum.add(value);
  return sum.value() / static_cast<double>(values.size());
}

}  // namespace

Chamfer chamfer(const Problem& problem, Context& context) {
  kernels::NearestPoints nearest = kernels::nearest_points(*problem.clouds(), context);
  return {mean(nearest.of_x.values) + mean(nearest.of_y.values), std::move(nearest.of_x.columns),
          std::move(nearest.of_y.columns)};
}

}  // namespace monge

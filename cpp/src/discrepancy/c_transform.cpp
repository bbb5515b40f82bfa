#include "monge/discrepancy/c_transform.hpp"

#include <cmath>
#include <utility>

#include "kernels/least_columns.hpp"
#include "monge/core/error.hpp"
#include "monge/core/text.hpp"

namespace monge {

CTransform c_transform(const Problem& problem, const std::vector<double>& g, Context& context) {
  if (g.size() != static_cast<std::size_t>(problem.cols())) {
    throw InvalidArgument("g", "have one number per point of y, " + std::to_string(problem.cols()),
                          std::to_string(g.size()));
  }
  for (std::size_t j = 0; j < g.size(); ++j) {
    if (std::isfinite(g[j])) continue;
    throw InvalidArgument("g", "have finite numbers",
                          to_text(g[j]) + " at g[" + std::to_string(j) + "]");
  }
  kernels::LeastColumns least = kernels::least_columns(*problem.clouds(), g, context);
  return {std::move(least.values), std::move(least.columns)};
}

}  // namespace monge

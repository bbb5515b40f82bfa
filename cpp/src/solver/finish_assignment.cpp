#include "monge/solver/finish_assignment.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "monge/core/error.hpp"
#include "monge/solver/auction.hpp"
#include "monge/solver/spatial_auction.hpp"

namespace monge {
namespace {

void check(const Problem& problem, const std::vector<double>& prices) {
  const Index n = problem.rows(), m = problem.cols();
  const bool permutation = problem.kind == Kind::assignment || problem.permutation;
  if (n != m || !permutation) {
    throw InvalidArgument("the problem", "have as many rows as columns and equal masses",
                          problem.describe());
  }
  if (prices.size() != static_cast<std::size_t>(m)) {
    throw InvalidArgument("prices", "have one element per column (" + std::to_string(m) + ")",
                          std::to_string(prices.size()) + " elements");
  }
  const auto bad =
      std::find_if(prices.begin(), prices.end(), [](double p) { return !std::isfinite(p); });
  if (bad != prices.end()) {
    throw InvalidArgument("prices", "be finite",
                          std::to_string(*bad) + " at " + std::to_string(bad - prices.begin()));
  }
}

}  // namespace

Result finish_assignment(const Problem& problem, const std::vector<double>& prices,
                         Context& context) {
  check(problem, prices);
  const bool tree = problem.clouds() && problem.rows() > 0 && problem.dim() >= 1 &&
                    problem.dim() <= spatial_max_dim;
  return tree ? finish_spatial_auction(problem, {}, prices, context)
              : finish_auction(problem, {}, prices, context);
}

}  // namespace monge

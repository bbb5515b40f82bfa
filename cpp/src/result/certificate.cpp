#include "monge/result/certificate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cost_rows.hpp"
#include "monge/core/exact_sum.hpp"

namespace monge {
namespace {

constexpr double unit_roundoff = 0x1p-53;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// A sum and the sum of its terms' sizes: what it is worth, and what its rounding can be.
struct GradedSum {
  ExactSum sum;
  double size = 0;
  void add_product(double mass, double value) {
    if (mass == 0) return;  // an atom without mass may have an infinite potential or cost
    sum.add_product(mass, value);
    size += mass * std::fabs(value);
  }
};

double weighted_mean(const Problem& problem, const std::vector<double>& g) {
  ExactSum sum;
  for (Index j = 0; j < problem.cols(); ++j) {
    if (problem.col_mass(j) > 0)
      sum.add_product(problem.col_mass(j), g[static_cast<std::size_t>(j)]);
  }
  return sum.value() / problem.total_mass();
}

/// The solver's g made admissible: centred, or of the right sign where columns may stay free.
std::vector<double> admissible(const Problem& problem, std::vector<double> g) {
  if (problem.kind == Kind::transport) {
    const double mean = weighted_mean(problem, g);
    for (double& value : g) value -= mean;
  } else if (problem.rows() < problem.cols()) {
    for (double& value : g) value = std::min(value, 0.0);
  }
  return g;
}

std::vector<double> best_response(const Problem& problem, const std::vector<double>& g,
                                  Context& context) {
  std::vector<double> f = kernels::row_minima(problem, g, context);
  if (problem.kind == Kind::assignment && problem.rows() > problem.cols()) {
    for (double& value : f) value = std::min(value, 0.0);
  }
  return f;
}

double excess(double sum, double wanted, bool may_stay_free) {
  return may_stay_free ? std::max(0.0, sum - wanted) : std::fabs(sum - wanted);
}

double marginal_error(const Problem& problem, const Plan& plan) {
  const Index n = problem.rows(), m = problem.cols();
  std::vector<ExactSum> row_sums(static_cast<std::size_t>(n)),
      col_sums(static_cast<std::size_t>(m));
  for (std::size_t k = 0; k < plan.size(); ++k) {
    row_sums[static_cast<std::size_t>(plan.rows[k])].add(plan.mass[k]);
    col_sums[static_cast<std::size_t>(plan.cols[k])].add(plan.mass[k]);
  }
  const bool assignment = problem.kind == Kind::assignment;
  double error = 0;
  for (Index i = 0; i < n; ++i) {
    error += excess(row_sums[static_cast<std::size_t>(i)].value(), problem.row_mass(i),
                    assignment && n > m);
  }
  for (Index j = 0; j < m; ++j) {
    error += excess(col_sums[static_cast<std::size_t>(j)].value(), problem.col_mass(j),
                    assignment && n < m);
  }
  return error / problem.total_mass();
}

}  // namespace

Certificate certify(const Problem& problem, const Result& result, Context& context) {
  Certificate certificate;
  const Index n = problem.rows(), m = problem.cols();
  if (n == 0 || m == 0) {
    certificate.f.assign(static_cast<std::size_t>(n), 0);
    certificate.g.assign(static_cast<std::size_t>(m), 0);
    return certificate;
  }

  GradedSum primal;
  for (std::size_t k = 0; k < result.plan.size(); ++k) {
    primal.add_product(result.plan.mass[k],
                       cost_at(problem, result.plan.rows[k], result.plan.cols[k]));
  }
  certificate.g = admissible(problem, result.g);
  certificate.f = best_response(problem, certificate.g, context);
  GradedSum dual;
  for (Index i = 0; i < n; ++i)
    dual.add_product(problem.row_mass(i), certificate.f[static_cast<std::size_t>(i)]);
  for (Index j = 0; j < m; ++j)
    dual.add_product(problem.col_mass(j), certificate.g[static_cast<std::size_t>(j)]);

  certificate.cost = result.status == Status::infeasible ? infinity : primal.sum.value();
  certificate.lower_bound = dual.sum.value();
  certificate.marginal_error = marginal_error(problem, result.plan);

  const double rounding = 8 * unit_roundoff * (primal.size + dual.size);
  if (certificate.lower_bound > certificate.cost &&
      certificate.lower_bound - certificate.cost <= rounding) {
    certificate.lower_bound = certificate.cost;
  }
  certificate.gap = certificate.cost - certificate.lower_bound;
  const double size = std::max(std::fabs(certificate.cost), std::fabs(certificate.lower_bound));
  if (!std::isfinite(certificate.cost)) {
    certificate.gap = certificate.relative_gap = infinity;
  } else {
    certificate.relative_gap = std::fabs(certificate.gap) <= rounding ? 0 : certificate.gap / size;
  }
  return certificate;
}

}  // namespace monge

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

/// A column of each row in the plan, -1 without one: if the plan is optimal, it is the row's best.
std::vector<Index> columns_of(const Plan& plan, Index rows) {
  std::vector<Index> columns(static_cast<std::size_t>(rows), -1);
  for (std::size_t k = 0; k < plan.size(); ++k) {
    columns[static_cast<std::size_t>(plan.rows[k])] = plan.cols[k];
  }
  return columns;
}

std::vector<double> best_response(const Problem& problem, const std::vector<double>& g,
                                  const std::vector<Index>& likely, Context& context) {
  std::vector<double> f = kernels::row_minima(problem, g, context, likely);
  if (problem.kind == Kind::assignment && problem.rows() > problem.cols()) {
    for (double& value : f) value = std::min(value, 0.0);
  }
  return f;
}

/// The row and column sums of a plan, and its mass.
struct Marginals {
  std::vector<ExactSum> rows, cols;
  ExactSum total;

  Marginals(const Problem& problem, const Plan& plan)
      : rows(static_cast<std::size_t>(problem.rows())),
        cols(static_cast<std::size_t>(problem.cols())) {
    for (std::size_t k = 0; k < plan.size(); ++k) {
      rows[static_cast<std::size_t>(plan.rows[k])].add(plan.mass[k]);
      cols[static_cast<std::size_t>(plan.cols[k])].add(plan.mass[k]);
      total.add(plan.mass[k]);
    }
  }
};

double excess(double sum, double wanted, bool may_stay_free) {
  return may_stay_free ? std::max(0.0, sum - wanted) : std::fabs(sum - wanted);
}

double marginal_error(const Problem& problem, const Marginals& marginals) {
  const Index n = problem.rows(), m = problem.cols();
  const bool assignment = problem.kind == Kind::assignment, partial = problem.partial();
  double error = 0, mass = problem.total_mass();
  for (Index i = 0; i < n; ++i) {
    error += excess(marginals.rows[static_cast<std::size_t>(i)].value(), problem.row_mass(i),
                    partial || (assignment && n > m));
  }
  for (Index j = 0; j < m; ++j) {
    error += excess(marginals.cols[static_cast<std::size_t>(j)].value(), problem.col_mass(j),
                    partial || (assignment && n < m));
  }
  if (partial) mass = std::min(mass, problem.total_col_mass());
  if (const MovedMass* moved = problem.moved_mass()) {
    error += std::fabs(marginals.total.value() - moved->mass);
    if (moved->mass > 0) mass = moved->mass;
  }
  return error / mass;
}

/// mass - moved, or 0 where that is the rounding of a sum of `total`.
double left_of(double mass, const ExactSum& moved, double total) {
  ExactSum left = moved;
  left.add(-mass);
  const double value = -left.value();
  return value <= 4 * unit_roundoff * total ? 0 : value;
}

template <class MassOf>
std::vector<double> left_of_each(const std::vector<ExactSum>& moved, const MassOf& mass_of,
                                 double total) {
  std::vector<double> left;
  left.reserve(moved.size());
  for (std::size_t k = 0; k < moved.size(); ++k) {
    const double mass = mass_of(static_cast<Index>(k));
    left.push_back(moved[k].hi == 0 ? mass : left_of(mass, moved[k], total));
  }
  return left;
}

/// What unmatched mass costs, and where it is.
void grade_unmatched(const Problem& problem, const Marginals& marginals, GradedSum& primal,
                     Certificate& certificate) {
  const double total_a = problem.total_mass(), total_b = problem.total_col_mass();
  if (const UnmatchedCost* price = problem.unmatched_cost()) {
    primal.add_product(left_of(total_a, marginals.total, std::max(total_a, total_b)), price->of_a);
    primal.add_product(left_of(total_b, marginals.total, std::max(total_a, total_b)), price->of_b);
  }
  certificate.unmatched_a =
      left_of_each(marginals.rows, [&](Index i) { return problem.row_mass(i); }, total_a);
  certificate.unmatched_b =
      left_of_each(marginals.cols, [&](Index j) { return problem.col_mass(j); }, total_b);
}

/// The price that maximises sum_k mass_k min(value_k, price) - price * left: the value above which
/// there is no more than `left` of the mass.
template <class MassOf>
double price_of_left(const std::vector<double>& values, const MassOf& mass_of, double left) {
  std::vector<Index> order;
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (mass_of(static_cast<Index>(k)) > 0) order.push_back(static_cast<Index>(k));
  }
  const auto value = [&](Index k) { return values[static_cast<std::size_t>(k)]; };
  std::sort(order.begin(), order.end(), [&](Index s, Index t) { return value(s) > value(t); });
  ExactSum above;
  for (Index k : order) {
    above.add(mass_of(k));
    if (above.value() > left) return value(k);
  }
  return value(order.back());
}

/// Potentials that prove a bound, and the bound.
struct Dual {
  std::vector<double> f, g;
  UnmatchedCost price;
  GradedSum sum;
};

/// f = min(c-transform of g, alpha), for g made at most beta.
Dual priced_dual(const Problem& problem, std::vector<double> g, const std::vector<Index>& likely,
                 Context& context) {
  Dual dual{{}, std::move(g), *problem.unmatched_cost(), {}};
  for (double& value : dual.g) value = std::min(value, dual.price.of_b);
  dual.f = kernels::row_minima(problem, dual.g, context, likely);
  for (double& value : dual.f) value = std::min(value, dual.price.of_a);
  return dual;
}

/// Where a given mass moves: g <= 0 and f <= alpha.
Dual moved_dual(const Problem& problem, std::vector<double> g, const std::vector<Index>& likely,
                Context& context) {
  const double moved = problem.moved_mass()->mass;
  const double most = price_of_left(
      g, [&](Index j) { return problem.col_mass(j); }, problem.total_col_mass() - moved);
  for (double& value : g) value = std::min(value, most) - most;
  Dual dual{{}, std::move(g), {0, 0}, {}};
  dual.f = kernels::row_minima(problem, dual.g, context, likely);
  dual.price.of_a = price_of_left(
      dual.f, [&](Index i) { return problem.row_mass(i); }, problem.total_mass() - moved);
  for (double& value : dual.f) value = std::min(value, dual.price.of_a);
  return dual;
}

/// sum a f + sum b g - alpha (sum a - s), as alpha s + sum a (f - alpha) + sum b g: where little of
/// much moves, most of these terms are 0, and nothing cancels.
void add_moved(const Problem& problem, Dual& dual) {
  const double moved = problem.moved_mass()->mass;
  dual.sum.add_product(moved, dual.price.of_a);
  if (!std::isfinite(dual.price.of_a)) return;  // no plan moves that much, or nothing is known
  for (Index i = 0; i < problem.rows(); ++i) {
    dual.sum.add_product(problem.row_mass(i),
                         dual.f[static_cast<std::size_t>(i)] - dual.price.of_a);
  }
  for (Index j = 0; j < problem.cols(); ++j) {
    dual.sum.add_product(problem.col_mass(j), dual.g[static_cast<std::size_t>(j)]);
  }
}

Dual best_dual(const Problem& problem, const std::vector<double>& g,
               const std::vector<Index>& likely, Context& context) {
  if (problem.moved_mass()) {
    Dual dual = moved_dual(problem, g, likely, context);
    add_moved(problem, dual);
    return dual;
  }
  Dual dual;
  if (problem.unmatched_cost()) {
    dual = priced_dual(problem, g, likely, context);
  } else {
    dual.g = admissible(problem, g);
    dual.f = best_response(problem, dual.g, likely, context);
  }
  for (Index i = 0; i < problem.rows(); ++i)
    dual.sum.add_product(problem.row_mass(i), dual.f[static_cast<std::size_t>(i)]);
  for (Index j = 0; j < problem.cols(); ++j)
    dual.sum.add_product(problem.col_mass(j), dual.g[static_cast<std::size_t>(j)]);
  return dual;
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
  const Marginals marginals(problem, result.plan);
  if (problem.partial()) grade_unmatched(problem, marginals, primal, certificate);
  Dual dual = best_dual(problem, result.g, columns_of(result.plan, n), context);
  certificate.f = std::move(dual.f);
  certificate.g = std::move(dual.g);
  if (problem.partial()) certificate.unmatched_cost = dual.price;

  certificate.cost = result.status == Status::infeasible ? infinity : primal.sum.value();
  certificate.lower_bound = dual.sum.sum.value();
  certificate.marginal_error = marginal_error(problem, marginals);

  const double rounding = 8 * unit_roundoff * (primal.size + dual.sum.size);
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

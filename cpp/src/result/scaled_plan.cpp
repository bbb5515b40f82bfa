#include "monge/result/scaled_plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numbers>

#include "kernels/cost_bounds.hpp"
#include "kernels/cost_rows.hpp"
#include "kernels/gibbs_kernel.hpp"
#include "kernels/oriented.hpp"
#include "monge/core/exact_sum.hpp"
#include "monge/result/certificate.hpp"

namespace monge {
namespace {

using kernels::BlockOfTerms;
using kernels::Digits;
using kernels::GibbsKernel;
using kernels::tile_rows;

constexpr double infinity = std::numeric_limits<double>::infinity();
/// log2 of the terms, per unit of their column's mass, that are below rounding.
constexpr double nothing = -60;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// A problem or its transpose in the order in which its kernel has it. Masses are weights of the
/// columns, not part of the exponents: these are then small numbers, and the cost that is read off
/// them, C = (F + G - u) / scale, keeps its digits.
class PlanKernel {
 public:
  PlanKernel(const Problem& problem, bool transposed, double epsilon, Context& context)
      : context_(context),
        team_(static_cast<double>(problem.rows()) * problem.cols() < 1e5 ? 1
                                                                         : context.thread_count()) {
    for (Index i = 0; i < problem.rows(); ++i) a_.push_back(problem.row_mass(i));
    for (Index j = 0; j < problem.cols(); ++j) b_.push_back(problem.col_mass(j));
    if (transposed) a_.swap(b_);
    if (const DenseCost* dense = problem.dense()) {
      any_sign_ = true;
      set_matrix(dense->values, transposed);
    } else {
      set_clouds(*problem.clouds(), transposed, epsilon);
    }
  }

  /// Potentials and scalings in the caller's order. Scalings are applied to the terms, not to the
  /// potentials: whatever they are, a term comes out the same to the last bit.
  void set(double epsilon, const std::vector<double>& f, const std::vector<double>& g) {
    scale_ = std::numbers::log2e / epsilon;
    F_.resize(f.size());
    G_.resize(g.size());
    for (std::size_t i = 0; i < f.size(); ++i) F_[i] = scale_ * f[row(i)];
    for (std::size_t j = 0; j < g.size(); ++j) {
      const bool present = b_[column(j)] > 0 && std::isfinite(g[column(j)]);
      G_[j] = present ? scale_ * g[column(j)] : -infinity;
    }
    kernel_->set(scale_, F_, G_);
    weights_.assign(kernel_->padded_cols(), 0);
  }
  void scale(const std::vector<double>& rows, const std::vector<double>& cols) {
    row_weights_.resize(F_.size());
    for (std::size_t i = 0; i < F_.size(); ++i) row_weights_[i] = a_[row(i)] * rows[row(i)];
    for (std::size_t j = 0; j < G_.size(); ++j) weights_[j] = b_[column(j)] * cols[column(j)];
  }

  /// f such that all rows are right, whatever g is: its soft c-transform.
  std::vector<double> fitting_rows() {
    std::vector<double> logs(G_);
    for (std::size_t j = 0; j < logs.size(); ++j) {
      const double mass = b_[column(j)];
      logs[j] = mass > 0 ? G_[j] + std::log2(mass) : -infinity;
    }
    logs = kernel_->log_sums(scale_, logs);
    std::vector<double> f(logs.size());
    for (std::size_t i = 0; i < f.size(); ++i)
      f[row(i)] = std::isfinite(logs[i]) ? -logs[i] / scale_ : 0;
    return f;
  }

  struct Sums {
    std::vector<double> rows, cols;
    double cost = 0;
  };

  /// Rows are scaled by min(1, a_i / sum) before columns are summed, if so wished; `rows` is the
  /// sums before that.
  Sums sums(bool cap_rows) {
    const std::size_t n = F_.size();
    std::vector<double> rows(n), moments(n), cols;
    const auto& kernel_sums = kernels::tile_kernels().precise;
    kernel_->pass<double>(
        Digits::precise, nothing, weights_.data(), true,
        [&](BlockOfTerms<double>& work) {
          double weight[tile_rows] = {};
          for (Index i = 0; i < tile_rows; ++i) {
            const std::size_t k = at(work.block * tile_rows + i);
            if (k >= n) continue;
            const double mass = row_weights_[k];
            rows[k] = mass > 0 ? mass * work.sums[i] : 0;
            moments[k] = mass > 0 ? mass * work.moments[i] : 0;
            weight[i] = cap_rows && work.sums[i] > 1 ? mass / work.sums[i] : mass;
          }
          kernel_sums.gather(work.terms.data(), work.tiles.data(), work.count, weight,
                             work.columns);
        },
        &cols);
    Sums out;
    out.rows.resize(n);
    out.cols.resize(G_.size());
    ExactSum cost;
    for (std::size_t k = 0; k < n; ++k) {
      out.rows[row(k)] = rows[k];
      if (rows[k] > 0) cost.add(rows[k] * F_[k] - moments[k]);
    }
    for (std::size_t k = 0; k < G_.size(); ++k) {
      const double sum = weights_[k] > 0 ? weights_[k] * cols[k] : 0;
      out.cols[column(k)] = sum;
      if (sum > 0) cost.add(sum * G_[k]);
    }
    out.cost = cost.value() / scale_;
    if (!any_sign_) out.cost = std::max(out.cost, 0.0);  // ground costs are not negative
    return out;
  }

  /// sum_j P_ij V_jc of the kernel alone, V and the result in the caller's order.
  std::vector<double> apply(const std::vector<double>& values, Index k) {
    const std::size_t n = F_.size(), m = G_.size(), width = at(k);
    std::vector<kernels::Lines<double>> columns(width);
    for (std::size_t c = 0; c < width; ++c) {
      columns[c].assign(kernel_->padded_cols(), 0);
      for (std::size_t j = 0; j < m; ++j)
        columns[c][j] = weights_[j] * values[column(j) * width + c];
    }
    std::vector<double> out(n * width, 0);
    kernel_->pass<double>(
        Digits::precise, nothing, kernel_->ones<double>().data(), false,
        [&](BlockOfTerms<double>& work) {
          double sums[tile_rows];
          for (std::size_t c = 0; c < width; ++c) {
            kernels::tile_kernels().precise.multiply(work.terms.data(), work.tiles.data(),
                                                     work.count, columns[c].data(), sums);
            for (Index i = 0; i < tile_rows; ++i) {
              const std::size_t r = at(work.block * tile_rows + i);
              if (r < n) out[row(r) * width + c] = row_weights_[r] * sums[i];
            }
          }
        },
        nullptr);
    return out;
  }

  std::vector<double> dense() {
    const std::size_t n = F_.size(), m = G_.size();
    std::vector<double> out(n * m, 0);
    kernel_->pass<double>(
        Digits::precise, nothing, kernel_->ones<double>().data(), false,
        [&](BlockOfTerms<double>& work) {
          const double* terms = work.terms.data();
          for (Index t = 0; t < work.count; ++t) {
            for (Index i = 0; i < tile_rows; ++i, terms += kernels::tile_cols) {
              const std::size_t r = at(work.block * tile_rows + i);
              const std::size_t first = at(work.tiles[at(t)] * kernels::tile_cols);
              for (std::size_t j = 0; r < n && j < kernels::tile_cols && first + j < m; ++j) {
                if (terms[j] > kernels::no_term)
                  out[row(r) * m + column(first + j)] =
                      row_weights_[r] * weights_[first + j] * terms[j];
              }
            }
          }
        },
        nullptr);
    return out;
  }

 private:
  void set_matrix(AnyMatrixView values, bool transposed) {
    if (transposed) std::visit([](auto& view) { view = view.transposed(); }, values);
    const AnyMatrixView rows = rows_.of(values, context_);
    kernel_ = std::make_unique<GibbsKernel>(rows, team_, context_);
  }

  void set_clouds(const PointClouds& clouds, bool transposed, double epsilon) {
    if (kernels::matrix_pays(clouds, context_)) {
      costs_ = kernels::gibbs_matrix(clouds, epsilon, context_);
      return set_matrix(row_major(costs_.data(), rows_of(clouds.x), rows_of(clouds.y)), transposed);
    }
    KdCloud x = make_kd_cloud(clouds.x, 8), y = make_kd_cloud(clouds.y, 8);
    if (transposed) std::swap(x, y);
    kernel_ = std::make_unique<GibbsKernel>(x, y, clouds.cost, team_, context_);
    row_order_ = std::move(x.order);
    col_order_ = std::move(y.order);
  }

  std::size_t row(std::size_t k) const { return row_order_.empty() ? k : at(row_order_[k]); }
  std::size_t column(std::size_t k) const { return col_order_.empty() ? k : at(col_order_[k]); }

  Context& context_;
  Team team_;
  bool any_sign_ = false;  ///< costs may be negative
  std::unique_ptr<GibbsKernel> kernel_;
  kernels::Lines<double> costs_;  ///< of clouds, where reading them is faster
  kernels::AdjacentRows rows_;
  std::vector<Index> row_order_, col_order_;
  std::vector<double> a_, b_;
  std::vector<double> F_, G_, row_weights_;
  kernels::Lines<double> weights_;
  double scale_ = 1;
};

double dot_product(const std::vector<double>& u, const std::vector<double>& v) {
  ExactSum sum;
  for (std::size_t k = 0; k < u.size(); ++k) {
    if (u[k] != 0) sum.add_product(u[k], v[k]);
  }
  return sum.value();
}

double total(const std::vector<double>& values) {
  ExactSum sum;
  for (double value : values) sum.add(value);
  return sum.value();
}

/// What is missing from sums to masses.
template <class Mass>
std::vector<double> deficits(const std::vector<double>& sums, const Mass& mass) {
  std::vector<double> rest(sums.size());
  for (std::size_t k = 0; k < sums.size(); ++k)
    rest[k] = std::max(0.0, mass(static_cast<Index>(k)) - sums[k]);
  return rest;
}

void add_rest(const ScaledPlan& plan, const std::vector<double>& values, Index k, bool transposed,
              std::vector<double>& out) {
  const std::vector<double>& mine = transposed ? plan.col_rest : plan.row_rest;
  const std::vector<double>& other = transposed ? plan.row_rest : plan.col_rest;
  const std::size_t width = at(k);
  for (std::size_t c = 0; c < width && !mine.empty(); ++c) {
    ExactSum sum;
    for (std::size_t j = 0; j < other.size(); ++j) sum.add_product(other[j], values[j * width + c]);
    for (std::size_t i = 0; i < mine.size(); ++i) out[i * width + c] += mine[i] * sum.value();
  }
}

}  // namespace

GradedPlan graded(const Problem& problem, std::vector<double> f, std::vector<double> g,
                  double epsilon, Context& context) {
  PlanKernel kernel(problem, false, epsilon, context);
  std::vector<double> row_scale(f.size(), 1), col_scale(g.size(), 1);
  kernel.set(epsilon, f, g);
  kernel.scale(row_scale, col_scale);
  PlanKernel::Sums sums = kernel.sums(false);
  return {{epsilon, std::move(f), std::move(g), std::move(row_scale), std::move(col_scale), {}, {}},
          std::move(sums.rows),
          std::move(sums.cols),
          sums.cost};
}

GradedPlan round_to_plan(const Problem& problem, std::vector<double> f, std::vector<double> g,
                         double epsilon, Context& context) {
  PlanKernel kernel(problem, false, epsilon, context);
  const auto mass_a = [&](Index i) { return problem.row_mass(i); };
  const auto mass_b = [&](Index j) { return problem.col_mass(j); };
  std::vector<double> row_scale(f.size(), 1), col_scale(g.size(), 1);
  kernel.set(epsilon, f, g);
  kernel.scale(row_scale, col_scale);
  PlanKernel::Sums first = kernel.sums(true);
  const auto overfull = [&](Index i) {
    return !(first.rows[at(i)] <= 2 * mass_a(i)) && mass_a(i) > 0;
  };
  bool far_off = false;  // as after an early end: the sums may have overflowed
  for (Index i = 0; i < problem.rows(); ++i) far_off = far_off || overfull(i);
  if (far_off) {
    f = kernel.fitting_rows();
    kernel.set(epsilon, f, g);
    kernel.scale(row_scale, col_scale);
    first = kernel.sums(true);
  }
  for (std::size_t i = 0; i < f.size(); ++i) {
    const double mass = mass_a(static_cast<Index>(i));
    if (first.rows[i] > mass) row_scale[i] = mass / first.rows[i];
  }
  for (std::size_t j = 0; j < g.size(); ++j) {
    const double mass = mass_b(static_cast<Index>(j));
    if (first.cols[j] > mass) col_scale[j] = mass / first.cols[j];
  }
  kernel.scale(row_scale, col_scale);
  PlanKernel::Sums sums = kernel.sums(false);
  GradedPlan out;
  out.plan = {epsilon,
              std::move(f),
              std::move(g),
              std::move(row_scale),
              std::move(col_scale),
              deficits(sums.rows, mass_a),
              deficits(sums.cols, mass_b)};
  out.row_sums = std::move(sums.rows);
  out.col_sums = std::move(sums.cols);
  out.cost = sums.cost;
  const double row_rest = total(out.plan.row_rest), col_rest = total(out.plan.col_rest);
  const double rest = std::max(row_rest, col_rest);
  if (!(rest > 0)) {
    out.plan.row_rest.clear();
    out.plan.col_rest.clear();
    return out;
  }
  for (double& value : out.plan.row_rest) value /= rest;
  for (std::size_t i = 0; i < out.row_sums.size(); ++i)
    out.row_sums[i] += out.plan.row_rest[i] * col_rest;
  for (std::size_t j = 0; j < out.col_sums.size(); ++j)
    out.col_sums[j] += out.plan.col_rest[j] * (row_rest / rest);
  out.cost +=
      dot_product(out.plan.row_rest, kernels::weighted_costs(problem, out.plan.col_rest, context));
  return out;
}

std::vector<double> apply(const Problem& problem, const ScaledPlan& plan,
                          const std::vector<double>& values, Index k, Context& context) {
  PlanKernel kernel(problem, false, plan.epsilon, context);
  kernel.set(plan.epsilon, plan.f, plan.g);
  kernel.scale(plan.row_scale, plan.col_scale);
  std::vector<double> out = kernel.apply(values, k);
  add_rest(plan, values, k, false, out);
  return out;
}

std::vector<double> apply_transposed(const Problem& problem, const ScaledPlan& plan,
                                     const std::vector<double>& values, Index k, Context& context) {
  PlanKernel kernel(problem, true, plan.epsilon, context);
  kernel.set(plan.epsilon, plan.g, plan.f);
  kernel.scale(plan.col_scale, plan.row_scale);
  std::vector<double> out = kernel.apply(values, k);
  add_rest(plan, values, k, true, out);
  return out;
}

std::vector<double> to_dense(const Problem& problem, const ScaledPlan& plan, Context& context) {
  const std::size_t n = at(problem.rows()), m = at(problem.cols());
  context.require_memory(8.0 * static_cast<double>(n) * static_cast<double>(m), "the dense plan");
  PlanKernel kernel(problem, false, plan.epsilon, context);
  kernel.set(plan.epsilon, plan.f, plan.g);
  kernel.scale(plan.row_scale, plan.col_scale);
  std::vector<double> out = kernel.dense();
  for (std::size_t i = 0; i < plan.row_rest.size(); ++i) {
    if (plan.row_rest[i] == 0) continue;
    for (std::size_t j = 0; j < m; ++j) out[i * m + j] += plan.row_rest[i] * plan.col_rest[j];
  }
  return out;
}

double dual_bound(const Problem& given, const std::vector<double>& g, double penalty,
                  Context& context) {
  Problem problem = given, transposed = given;
  if (auto* clouds = std::get_if<PointClouds>(&problem.geometry)) {
    clouds->bounds = kernels::CostBounds::make(*clouds);
    if (clouds->bounds) clouds->bounds->keep(context);  // they are read twice
    transposed.geometry = PointClouds{clouds->y, clouds->x, clouds->cost, clouds->line};
  } else {
    std::visit([&](const auto& c) { transposed.geometry = DenseCost{c.transposed()}; },
               problem.dense()->values);
  }
  const std::vector<double> f = kernels::row_minima(problem, g, context);
  Result potentials;
  potentials.g = kernels::row_minima(transposed, f, context);
  if (std::isinf(penalty)) return certify(problem, potentials, context).lower_bound;
  ExactSum sum;
  const auto add = [&](double mass, double potential) {
    if (mass > 0) sum.add_product(-penalty * mass, std::expm1(-potential / penalty));
  };
  const std::vector<double> fitting = kernels::row_minima(problem, potentials.g, context);
  for (Index i = 0; i < problem.rows(); ++i) add(problem.row_mass(i), fitting[at(i)]);
  for (Index j = 0; j < problem.cols(); ++j) add(problem.col_mass(j), potentials.g[at(j)]);
  return sum.value();
}

}  // namespace monge

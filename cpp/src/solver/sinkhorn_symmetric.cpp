#include <cmath>
#include <numbers>
#include <numeric>

#include "kernels/gibbs_kernel.hpp"
#include "kernels/oriented.hpp"
#include "monge/core/error.hpp"
#include "monge/solver/sinkhorn.hpp"

namespace monge {
namespace {

using kernels::BlockOfTerms;
using kernels::Digits;
using kernels::GibbsKernel;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double negligible = 1e-9;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// The averaged iteration on one potential.
class Symmetric {
 public:
  Symmetric(GibbsKernel& kernel, std::vector<double> mass, const SinkhornOptions& options)
      : kernel_(kernel),
        mass_(std::move(mass)),
        options_(options),
        scale_(std::numbers::log2e / options.epsilon),
        damping_(std::isinf(options.penalty)
                     ? 1
                     : options.penalty / (options.penalty + options.epsilon)),
        total_(std::accumulate(mass_.begin(), mass_.end(), 0.0)) {}

  EntropicResult run();

 private:
  bool row_sums(std::vector<double>& sums);

  GibbsKernel& kernel_;
  std::vector<double> mass_;
  const SinkhornOptions& options_;
  double scale_, damping_, total_;
  std::vector<double> F_;
};

bool Symmetric::row_sums(std::vector<double>& sums) {
  std::vector<double> G(F_.size(), -infinity);
  for (std::size_t i = 0; i < F_.size(); ++i) {
    if (mass_[i] > 0) G[i] = F_[i] + std::log2(mass_[i]);
  }
  kernel_.set(scale_, F_, G);
  sums.resize(F_.size());
  const bool exact = options_.rtol < 1e-8 || damping_ != 1;
  const double limit = exact ? -infinity : std::log2(negligible / static_cast<double>(F_.size()));
  return kernel_.pass<double>(
      exact ? Digits::precise : Digits::fast, limit, kernel_.ones<double>().data(), false,
      [&](BlockOfTerms<double>& work) {
        const Index first = work.block * kernels::tile_rows;
        for (Index i = 0; i < kernels::tile_rows && first + i < kernel_.rows(); ++i)
          sums[at(first + i)] = work.sums[i];
      },
      nullptr);
}

EntropicResult Symmetric::run() {
  // At this start an atom's own term alone is 1, as it is in the limit of small epsilon: no row's
  // sum is smaller, and what is negligible beside 1 is negligible.
  const double least_mass = total_ / static_cast<double>(mass_.size());
  for (double mass : mass_) F_.push_back(-0.5 * damping_ * std::log2(mass > 0 ? mass : least_mass));
  EntropicResult result;
  std::vector<double> sums;
  std::int64_t passes = 0;
  bool reached = false;
  result.error = infinity;
  while (!reached && passes < options_.max_iterations && row_sums(sums)) {
    ++passes;
    double error = 0, moved = 0, value = 0;
    for (std::size_t i = 0; i < F_.size(); ++i) {
      if (mass_[i] > 0) {
        const double f = F_[i] / scale_;
        const double p = mass_[i] * sums[i];
        error += std::fabs(p - mass_[i] * std::exp(-f / options_.penalty));
        moved += p;
        value += 2 * mass_[i] *
                 (damping_ == 1 ? f : -options_.penalty * std::expm1(-f / options_.penalty));
      }
    }
    result.error = error / total_;
    result.value = value - options_.epsilon * (moved - total_ * total_);
    reached = result.error <= options_.rtol;
    for (std::size_t i = 0; i < F_.size(); ++i) {
      const double next = damping_ * (F_[i] - std::log2(sums[i]));
      // Atoms without mass follow the others, and need no average.
      if (!(mass_[i] > 0)) F_[i] = next;
      if (mass_[i] > 0 && !reached) F_[i] = 0.5 * (F_[i] + next);
    }
  }
  for (double value : F_) result.f.push_back(value / scale_);
  result.g = result.f;
  const Interruption interruption = kernel_.context().interruption();
  result.status = reached                              ? Status::within_tolerance
                  : interruption != Interruption::none ? status_of(interruption)
                                                       : Status::iteration_limit;
  result.stats = {{"passes", static_cast<double>(passes)}};
  return result;
}

}  // namespace

EntropicResult solve_sinkhorn_symmetric(const Problem& problem, const SinkhornOptions& options,
                                        Context& context) {
  const double pairs = static_cast<double>(problem.rows()) * problem.cols();
  Team team(pairs < 1e5 ? 1 : context.thread_count());
  std::vector<double> mass;
  if (const DenseCost* dense = problem.dense()) {
    for (Index i = 0; i < problem.rows(); ++i) mass.push_back(problem.row_mass(i));
    AnyMatrixView values = dense->values;
    // By symmetry the transposed view is as good.
    std::visit(
        [](auto& view) {
          if (view.row_stride == 1) view = view.transposed();
        },
        values);
    GibbsKernel kernel(values, team, context);
    return Symmetric(kernel, std::move(mass), options).run();
  }
  const PointClouds& clouds = *problem.clouds();
  if (kernels::matrix_pays(clouds, context)) {
    for (Index i = 0; i < problem.rows(); ++i) mass.push_back(problem.row_mass(i));
    const kernels::Lines<double> matrix = kernels::gibbs_matrix(clouds, options.epsilon, context);
    GibbsKernel kernel(row_major(matrix.data(), problem.rows(), problem.cols()), team, context);
    return Symmetric(kernel, std::move(mass), options).run();
  }
  const KdCloud cloud = make_kd_cloud(clouds.x, 8);
  for (Index k : cloud.order) mass.push_back(problem.row_mass(k));
  GibbsKernel kernel(cloud, cloud, clouds.cost, team, context);
  EntropicResult result = Symmetric(kernel, std::move(mass), options).run();
  std::vector<double> f(result.f.size());
  for (std::size_t k = 0; k < f.size(); ++k) f[at(cloud.order[k])] = result.f[k];
  result.f = result.g = std::move(f);
  return result;
}

}  // namespace monge

#include "solver/entropic_level.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

namespace monge {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Single precision tells enough while the error is this many times that of its sums ...
constexpr double coarse_margin = 5;
/// ... and as an answer, this many times.
constexpr double fine_margin = 100;
/// A row whose sum falls below this had tiles left out that count now ...
constexpr double stale_row = 0.05;
/// ... and below this, hardly any term was left.
constexpr double lost_row = 1e-12;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

}  // namespace

EntropicLevel::EntropicLevel(kernels::GibbsKernel& kernel, std::vector<double> a,
                             std::vector<double> b, double penalty)
    : kernel_(kernel), a_(std::move(a)), b_(std::move(b)), penalty_(penalty) {
  total_ = std::accumulate(a_.begin(), a_.end(), 0.0);
  for (double mass : b_) log_b_.push_back(mass > 0 ? std::log2(mass) : -infinity);
}

void EntropicLevel::start(double epsilon, const std::vector<double>& f,
                          const std::vector<double>& g) {
  scale_ = std::numbers::log2e / epsilon;
  damping_ = std::isfinite(penalty_) ? penalty_ / (penalty_ + epsilon) : 1;
  F.resize(f.size());
  G.resize(g.size());
  for (std::size_t i = 0; i < f.size(); ++i) F[i] = scale_ * f[i];
  for (std::size_t j = 0; j < g.size(); ++j)
    G[j] = b_[j] > 0 ? scale_ * g[j] + log_b_[j] : -infinity;
  least_row_ = std::isfinite(penalty_) ? 0 : 1;
  columns.assign(g.size(), 0);  // not measured yet
  error = infinity;
}

void EntropicLevel::start(double epsilon, const std::vector<double>& g) {
  start(epsilon, std::vector<double>(a_.size(), 0), g);
  F = kernel_.log_sums(scale_, G);
  for (double& value : F) value *= -damping_;
}

std::vector<double> EntropicLevel::f() const {
  std::vector<double> f(F);
  for (double& value : f) value /= scale_;
  return f;
}

std::vector<double> EntropicLevel::g() const {
  std::vector<double> g(G.size(), 0);
  for (std::size_t j = 0; j < g.size(); ++j) {
    if (b_[j] > 0) g[j] = (G[j] - log_b_[j]) / scale_;
  }
  return g;
}

double EntropicLevel::limit(double part) const {
  return std::log2(part * least_row_ / static_cast<double>(b_.size()));
}

double EntropicLevel::updated_row(Index i, double sum) const {
  const double value = F[at(i)];
  return damping_ * (value - std::log2(sum));
}

template <class T>
bool EntropicLevel::pass_in(kernels::Digits digits, std::vector<double>& sums,
                            std::vector<double>& cols) {
  const auto& kernel_sums = kernels::GibbsKernel::sums_of(T{}, digits);
  const double part = digits == kernels::Digits::precise ? 0x1p-60 : negligible_mass;
  return kernel_.pass<T>(
      digits, limit(part), kernel_.ones<T>().data(), false,
      [&](kernels::BlockOfTerms<T>& work) {
        T weight[kernels::tile_rows] = {};
        const Index first = work.block * kernels::tile_rows;
        for (Index i = 0; i < kernels::tile_rows && first + i < kernel_.rows(); ++i) {
          const Index row = first + i;
          sums[at(row)] = work.sums[i];
          if (a_[at(row)] > 0) {
            const double factor = damping_ == 1
                                      ? 1 / work.sums[i]
                                      : std::exp2(updated_row(row, work.sums[i]) - F[at(row)]);
            weight[i] = static_cast<T>(a_[at(row)] * factor);
          }
        }
        kernel_sums.gather(work.terms.data(), work.tiles.data(), work.count, weight, work.columns);
      },
      &cols);
}

bool EntropicLevel::pass(kernels::Digits digits, std::vector<double>& sums,
                         std::vector<double>& cols) {
  ++passes;
  kernel_.set(scale_, F, G);
  return digits == kernels::Digits::single ? pass_in<float>(digits, sums, cols)
                                           : pass_in<double>(digits, sums, cols);
}

bool EntropicLevel::update_rows(double expected) {
  std::vector<double> sums(F.size()), cols;
  const double single_error = kernel_.single_error(scale_);
  bool single = expected > coarse_margin * single_error;
  for (int attempt = 0;; ++attempt) {
    const kernels::Digits digits = single    ? kernels::Digits::single
                                   : precise ? kernels::Digits::precise
                                             : kernels::Digits::fast;
    if (!pass(digits, sums, cols)) return false;
    double least = infinity, most = 0;
    for (std::size_t i = 0; i < F.size(); ++i) {
      least = sums[i] < least ? sums[i] : least;
      most = sums[i] > most ? sums[i] : most;
    }
    const bool lost = !(least > lost_row && most < 1 / lost_row);
    if (lost && attempt == 0) {
      std::vector<double> logs = kernel_.log_sums(scale_, G);
      if (interrupted()) return false;
      for (std::size_t i = 0; i < F.size(); ++i)
        F[i] = std::isfinite(logs[i]) ? -damping_ * logs[i] : 0;
      continue;
    }
    for (std::size_t i = 0; i < F.size(); ++i) F[i] = updated_row(static_cast<Index>(i), sums[i]);
    if (damping_ != 1) least_row_ = std::min(1.0, least);
    columns.swap(cols);
    error = 0;
    for (std::size_t j = 0; j < b_.size(); ++j) {
      if (damping_ == 1) {
        error += std::fabs(columns[j] - b_[j]);
      } else {
        error += columns[j] * std::fabs(std::exp2(column_step(static_cast<Index>(j))) - 1);
      }
    }
    error /= total_;
    const bool stale = kernel_.bounded() && damping_ == 1 && least < stale_row;
    if (attempt < 3 && stale) continue;
    const double margin = error <= tolerance ? fine_margin : coarse_margin;
    if (attempt < 3 && single && !(error > margin * single_error)) {
      single = false;
      continue;
    }
    return true;
  }
}

double EntropicLevel::column_step(Index j) const {
  if (!(b_[at(j)] > 0 && columns[at(j)] > 0)) return 0;
  const double log_sum = std::log2(columns[at(j)]);
  return damping_ * (G[at(j)] - log_sum) + log_b_[at(j)] - G[at(j)];
}

double EntropicLevel::value() const {
  const double epsilon = std::numbers::log2e / scale_;
  const auto transported = [&](double potential) {  // -rho (exp(-f / rho) - 1), or f itself
    return std::isinf(penalty_) ? potential : -penalty_ * std::expm1(-potential / penalty_);
  };
  double sum = 0, mass_b = 0, moved = 0;
  for (std::size_t i = 0; i < a_.size(); ++i) {
    if (a_[i] > 0) sum += a_[i] * transported(F[i] / scale_);
  }
  for (std::size_t j = 0; j < b_.size(); ++j) {
    if (!(b_[j] > 0)) continue;
    sum += b_[j] * transported((G[j] - log_b_[j]) / scale_);
    mass_b += b_[j];
    moved += columns[j];
  }
  return sum - epsilon * (moved - total_ * mass_b);
}

}  // namespace monge

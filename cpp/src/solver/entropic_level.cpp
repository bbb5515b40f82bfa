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
constexpr double coarse_margin = 2;
/// ... and as an answer, this many times.
constexpr double fine_margin = 100;
/// A row whose sum falls below this had tiles left out that count now ...
constexpr double stale_row = 0.05;
/// ... and below this, hardly any term was left.
constexpr double lost_row = 1e-12;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// log2 of a sum. One of which nothing is left is below the least term of single precision: what
/// takes it for that steps too short, but in the right direction.
double log_of(double sum) { return sum > 0 ? std::log2(sum) : -120; }

}  // namespace

EntropicLevel::EntropicLevel(kernels::GibbsKernel& kernel, std::vector<double> a,
                             std::vector<double> b, double penalty, std::size_t cache_bytes)
    : kernel_(kernel), a_(std::move(a)), b_(std::move(b)), penalty_(penalty) {
  const double terms =
      static_cast<double>(kernel_.padded_rows()) * static_cast<double>(kernel_.padded_cols());
  kept_.fits = !kernel_.bounded() && sizeof(float) * terms <= static_cast<double>(cache_bytes);
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
  kept_.filled = false;
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
  return damping_ * (value - log_of(sum));
}

/// What a block's sums, each times its row's factor, make of the rows: their sums, and what the
/// terms weigh in the columns' sums.
template <class T>
void EntropicLevel::weigh_rows(Index block, const double* block_sums, const double* factors,
                               std::vector<double>& sums, T* weight) const {
  const Index first = block * kernels::tile_rows;
  for (Index i = 0; i < kernels::tile_rows && first + i < kernel_.rows(); ++i) {
    const Index row = first + i;
    const double factor = factors ? factors[row] : 1, sum = block_sums[i] * factor;
    sums[at(row)] = sum;
    if (a_[at(row)] > 0) {
      const double update = damping_ == 1 ? 1 / sum : std::exp2(updated_row(row, sum) - F[at(row)]);
      weight[i] = static_cast<T>(a_[at(row)] * factor * update);
    }
  }
}

template <class T>
bool EntropicLevel::pass_in(kernels::Digits digits, double part, std::vector<double>& sums,
                            std::vector<double>& cols) {
  const auto& kernel_sums = kernels::GibbsKernel::sums_of(T{}, digits);
  return kernel_.pass<T>(
      digits, limit(part), kernel_.ones<T>().data(), false,
      [&](kernels::BlockOfTerms<T>& work) {
        T weight[kernels::tile_rows] = {};
        weigh_rows(work.block, work.sums, nullptr, sums, weight);
        kernel_sums.gather(work.terms.data(), work.tiles.data(), work.count, weight, work.columns);
      },
      &cols);
}

/// A pass in single precision over the terms kept, which are taken anew where the potentials have
/// gone too far from where they were.
bool EntropicLevel::cached_pass(std::vector<double>& sums, std::vector<double>& cols) {
  constexpr double farthest = 20;  // terms are at least 2^-80 and mostly at most 1
  const std::size_t block_size = kernel_.padded_cols() * at(kernels::tile_rows);
  std::vector<double> by_row(F.size(), 1), by_col(G.size(), 1);
  bool near = kept_.filled;
  const auto change = [&](std::vector<double>& factors, const std::vector<double>& now,
                          const std::vector<double>& then) {
    for (std::size_t k = 0; k < now.size() && near; ++k) {
      const double moved = now[k] == then[k] ? 0 : now[k] - then[k];
      near = std::fabs(moved) <= farthest;
      factors[k] = std::exp2(moved);
    }
  };
  if (near) change(by_row, F, kept_.F);
  if (near) change(by_col, G, kept_.G);
  if (!near) {
    kernel_.set(scale_, F, G);
    kept_.F = F;
    kept_.G = G;
    kept_.terms.resize(block_size * at(kernel_.row_blocks()));
    by_row.assign(F.size(), 1);
    by_col.assign(G.size(), 1);
  }
  kernels::Lines<float> v(kernel_.padded_cols(), 0);
  for (std::size_t j = 0; j < by_col.size(); ++j) v[j] = static_cast<float>(by_col[j]);
  std::vector<Index> tiles(at(kernel_.col_blocks()));
  std::iota(tiles.begin(), tiles.end(), 0);
  const Index count = kernel_.col_blocks();
  const auto& kernel_sums = kernels::tile_kernels().single;
  kept_.filled = kernel_.visit_blocks<float>(
      [&](kernels::BlockOfTerms<float>& work) {
        float* terms = kept_.terms.data() + block_size * at(work.block);
        if (near) {
          kernel_sums.multiply(terms, tiles.data(), count, v.data(), work.sums);
        } else {
          kernel_sums.fill(kernel_.pairs(), work.block, tiles.data(), count, v.data(), terms,
                           work.sums, nullptr);
        }
        float weight[kernels::tile_rows] = {};
        weigh_rows(work.block, work.sums, by_row.data(), sums, weight);
        kernel_sums.gather(terms, tiles.data(), count, weight, work.columns);
      },
      &cols);
  for (std::size_t j = 0; j < by_col.size(); ++j) cols[j] *= by_col[j];
  return kept_.filled;
}

bool EntropicLevel::pass(kernels::Digits digits, double part, std::vector<double>& sums,
                         std::vector<double>& cols) {
  ++passes;
  if (digits == kernels::Digits::single && kept_.fits) return cached_pass(sums, cols);
  kernel_.set(scale_, F, G);
  return digits == kernels::Digits::single ? pass_in<float>(digits, part, sums, cols)
                                           : pass_in<double>(digits, part, sums, cols);
}

bool EntropicLevel::update_rows(double expected) {
  std::vector<double> sums(F.size()), cols;
  const double single_error = kernel_.single_error(scale_);
  bool single = expected > coarse_margin * single_error;
  for (int attempt = 0;; ++attempt) {
    const kernels::Digits digits = single    ? kernels::Digits::single
                                   : precise ? kernels::Digits::precise
                                             : kernels::Digits::fast;
    // What is left out must be little beside the error that single precision is good for.
    const double part = single ? 0.1 * single_error : precise ? 0x1p-60 : negligible_mass;
    if (!pass(digits, part, sums, cols)) return false;
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
    for (std::size_t j = 0; j < b_.size(); ++j)
      error += std::fabs(columns[j] - column_target(static_cast<Index>(j)));
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

double EntropicLevel::column_target(Index j) const {
  if (damping_ == 1 || !(b_[at(j)] > 0)) return b_[at(j)];
  return b_[at(j)] * std::exp((log_b_[at(j)] - G[at(j)]) / (scale_ * penalty_));
}

double EntropicLevel::column_step(Index j) const {
  if (!(b_[at(j)] > 0)) return 0;
  return damping_ * (G[at(j)] - log_of(columns[at(j)])) + log_b_[at(j)] - G[at(j)];
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

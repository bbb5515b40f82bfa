#include "solver/semi_dual_newton.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace monge {
namespace {

using kernels::BlockOfTerms;
using kernels::Digits;
using kernels::GibbsKernel;
using kernels::tile_cols;
using kernels::tile_rows;
using kernels::tile_size;

/// A tile of the Hessian counts if one of its terms is above this part of a row's mean term.
constexpr double hessian_part = 1e-3;
/// Columns from which the second level of the preconditioner pays.
constexpr Index two_levels_from = 2000;
constexpr int most_products_per_step = 400;
/// In units of log2: no step changes a potential by more.
constexpr double longest_step = 8;
constexpr double tiny = 1e-30;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

double dot(const std::vector<double>& u, const std::vector<double>& v) {
  double sum = 0;
  for (std::size_t k = 0; k < u.size(); ++k) sum += u[k] * v[k];
  return sum;
}

}  // namespace

SemiDualNewton::SemiDualNewton(EntropicLevel& level, std::size_t cache_bytes)
    : level_(level),
      cache_terms_(cache_bytes / sizeof(float)),
      two_levels_(level.kernel().bounded() && level.kernel().cols() >= two_levels_from) {
  kept_.resize(at(level.kernel().row_chunks()));
  first_.resize(at(level.kernel().row_blocks()));
  count_.resize(at(level.kernel().row_blocks()));
}

void SemiDualNewton::keep(BlockOfTerms<float>& work, const float* weight) {
  Kept& kept = kept_[static_cast<std::size_t>(work.chunk)];
  first_[at(work.block)] = kept.tiles.size();
  const float cut = static_cast<float>(hessian_part / level_.kernel().cols());
  const std::size_t budget = cache_terms_ / kept_.size();
  const float* terms = work.terms.data();
  for (Index t = 0; t < work.count; ++t, terms += tile_size) {
    const auto [largest, total] = kernels::tile_kernels().summarise(terms, weight);
    if (largest < cut) continue;
    const std::size_t k = kept.tiles.size() - first_[at(work.block)];
    kept.tiles.push_back(work.tiles[at(t)]);
    if (two_levels_) kept.totals.push_back(total);
    // The terms move up in the buffer, so that what gather() reads is what the Hessian has.
    if (k != at(t)) std::copy_n(terms, tile_size, work.terms.data() + k * tile_size);
  }
  const std::size_t count = kept.tiles.size() - first_[at(work.block)];
  count_[at(work.block)] = static_cast<Index>(count);
  if (kept.cached && kept.tiles.size() * tile_size > budget) {
    kept.cached = false;
    kernels::Lines<float>().swap(kept.terms);
  }
  if (kept.cached) {
    const std::size_t old = kept.terms.size();
    kept.terms.resize(old + count * tile_size);
    std::copy_n(work.terms.data(), count * tile_size, kept.terms.data() + old);
  }
}

bool SemiDualNewton::set_up() {
  GibbsKernel& kernel = level_.kernel();
  kernel.set(level_.scale(), level_.F, level_.G);
  for (Kept& kept : kept_) {
    kept.tiles.clear();
    kept.totals.clear();
    kept.terms.clear();
    kept.cached = true;
  }
  inverse_row_.assign(kernel.padded_rows(), 0);
  ++products;
  const std::vector<double>& a = level_.a();
  const bool done = kernel.pass<float>(
      Digits::single, level_.limit(hessian_part), kernel.ones<float>().data(), false,
      [&](BlockOfTerms<float>& work) {
        float weight[tile_rows] = {};
        const Index first = work.block * tile_rows;
        for (Index i = 0; i < tile_rows && first + i < kernel.rows(); ++i)
          weight[i] = static_cast<float>(a[at(first + i)]);
        keep(work, weight);
        const Kept& kept = kept_[static_cast<std::size_t>(work.chunk)];
        const Index* tiles = kept.tiles.data() + first_[at(work.block)];
        const Index count = count_[at(work.block)];
        const auto& sums = kernels::tile_kernels().single;
        double row_sums[tile_rows];
        sums.multiply(work.terms.data(), tiles, count, kernel.ones<float>().data(), row_sums);
        for (Index i = 0; i < tile_rows; ++i)
          inverse_row_[at(first + i)] = row_sums[i] > tiny ? 1 / row_sums[i] : 0;
        sums.gather(work.terms.data(), tiles, count, weight, work.columns);
      },
      &diagonal_);
  for (double& value : diagonal_) value = std::max(value, tiny);
  if (done && two_levels_) sum_tiles();
  return done;
}

void SemiDualNewton::sum_tiles() {
  const GibbsKernel& kernel = level_.kernel();
  tile_rows_.assign(at(kernel.row_blocks()), 0);
  tile_cols_.assign(at(kernel.col_blocks()), 0);
  const Index blocks = kernel.row_blocks(), chunks = kernel.row_chunks();
  for (Index chunk = 0; chunk < chunks; ++chunk) {
    const Kept& kept = kept_[at(chunk)];
    const Index end = static_cast<Index>((std::int64_t{chunk} + 1) * blocks / chunks);
    for (Index I = static_cast<Index>(std::int64_t{chunk} * blocks / chunks); I < end; ++I) {
      for (std::size_t t = first_[at(I)]; t < first_[at(I)] + at(count_[at(I)]); ++t) {
        tile_rows_[at(I)] += static_cast<double>(kept.totals[t]);
        tile_cols_[at(kept.tiles[t])] += static_cast<double>(kept.totals[t]);
      }
    }
  }
}

/// product_ = P' A^-1 P p, row_product_ = A^-1 P p.
bool SemiDualNewton::multiply(const std::vector<double>& p) {
  GibbsKernel& kernel = level_.kernel();
  v_.assign(kernel.padded_cols(), 0);
  for (std::size_t j = 0; j < p.size(); ++j) v_[j] = static_cast<float>(p[j]);
  row_product_.resize(kernel.padded_rows());
  ++products;
  const std::vector<double>& a = level_.a();
  const auto& sums = kernels::tile_kernels().single;
  return kernel.visit_blocks<float>(
      [&](BlockOfTerms<float>& work) {
        const Kept& kept = kept_[static_cast<std::size_t>(work.chunk)];
        const Index* tiles = kept.tiles.data() + first_[at(work.block)];
        const Index count = count_[at(work.block)];
        const float* terms = nullptr;
        if (kept.cached) {
          terms = kept.terms.data() + first_[at(work.block)] * tile_size;
          sums.multiply(terms, tiles, count, v_.data(), work.sums);
        } else {
          if (work.terms.size() < at(count) * tile_size) {
            work.terms.clear();
            work.terms.resize(at(count) * tile_size);
          }
          terms = work.terms.data();
          sums.fill(kernel.pairs(), work.block, tiles, count, v_.data(), work.terms.data(),
                    work.sums, nullptr);
        }
        float weight[tile_rows] = {};
        const Index first = work.block * tile_rows;
        for (Index i = 0; i < tile_rows && first + i < kernel.rows(); ++i) {
          const double mean = work.sums[i] * inverse_row_[at(first + i)];
          row_product_[at(first + i)] = mean;
          weight[i] = static_cast<float>(a[at(first + i)] * mean);
        }
        sums.gather(terms, tiles, count, weight, work.columns);
      },
      &product_);
}

/// direction_ += the solution of the same system with P and D summed over tiles, to 5 %.
void SemiDualNewton::coarse_correction() {
  const GibbsKernel& kernel = level_.kernel();
  const std::size_t blocks = at(kernel.col_blocks());
  std::vector<double> rest(blocks, 0), sum(blocks, 0), p(blocks), h(blocks);
  for (std::size_t j = 0; j < residual_.size(); ++j) rest[j / tile_cols] += residual_[j];
  const auto scaled = [&](std::size_t J) { return rest[J] / std::max(tile_cols_[J], tiny); };
  double size = 0;
  for (std::size_t J = 0; J < blocks; ++J) {
    p[J] = scaled(J);
    size += p[J] * rest[J];
  }
  const double enough = 0.0025 * size;
  const Index row_blocks = kernel.row_blocks(), chunks = kernel.row_chunks();
  for (int round = 0; round < 100 && size > enough; ++round) {
    std::fill(h.begin(), h.end(), 0.0);
    for (Index chunk = 0; chunk < chunks; ++chunk) {
      const Kept& kept = kept_[at(chunk)];
      const Index end = static_cast<Index>((std::int64_t{chunk} + 1) * row_blocks / chunks);
      for (Index I = static_cast<Index>(std::int64_t{chunk} * row_blocks / chunks); I < end; ++I) {
        const Index* tiles = kept.tiles.data() + first_[at(I)];
        const float* totals = kept.totals.data() + first_[at(I)];
        double mean = 0;
        for (Index t = 0; t < count_[at(I)]; ++t)
          mean += static_cast<double>(totals[t]) * p[at(tiles[t])];
        mean = tile_rows_[at(I)] > 0 ? mean / tile_rows_[at(I)] : 0;
        for (Index t = 0; t < count_[at(I)]; ++t)
          h[at(tiles[t])] += static_cast<double>(totals[t]) * mean;
      }
    }
    double curvature = 0, next = 0;
    for (std::size_t J = 0; J < blocks; ++J) {
      h[J] = tile_cols_[J] * p[J] - h[J];
      curvature += p[J] * h[J];
    }
    if (!(curvature > 0)) break;
    const double length = size / curvature;
    for (std::size_t J = 0; J < blocks; ++J) {
      sum[J] += length * p[J];
      rest[J] -= length * h[J];
      next += scaled(J) * rest[J];
    }
    for (std::size_t J = 0; J < blocks; ++J) p[J] = scaled(J) + next / size * p[J];
    size = next;
  }
  for (std::size_t j = 0; j < direction_.size(); ++j) direction_[j] += sum[j / tile_cols];
}

void SemiDualNewton::precondition() {
  for (std::size_t j = 0; j < residual_.size(); ++j) direction_[j] = residual_[j] / diagonal_[j];
  if (two_levels_) coarse_correction();
}

double SemiDualNewton::solve(std::vector<double> right, double enough) {
  const std::size_t m = level_.b().size();
  const std::vector<double>& b = level_.b();
  residual_ = std::move(right);
  direction_.assign(m, 0);
  d_.assign(m, 0);
  y_.assign(level_.a().size(), 0);
  double sum = 0, mass = 0, left = 0;
  for (std::size_t j = 0; j < m; ++j) {
    sum += residual_[j];
    if (b[j] > 0) mass += diagonal_[j];
  }
  // The constants are the Hessian's kernel: the right-hand side must sum to zero.
  for (std::size_t j = 0; j < m; ++j) {
    residual_[j] = b[j] > 0 ? residual_[j] - diagonal_[j] * sum / mass : 0;
    left += std::fabs(residual_[j]);
  }
  precondition();
  search_ = direction_;
  double size = dot(residual_, direction_);
  for (int round = 0; round < most_products_per_step; ++round) {
    if (!multiply(search_)) return -1;
    double curvature = 0;
    for (std::size_t j = 0; j < m; ++j) {
      product_[j] = diagonal_[j] * search_[j] - product_[j];
      curvature += search_[j] * product_[j];
    }
    if (!(curvature > 0)) break;
    const double length = size / curvature;
    left = 0;
    for (std::size_t j = 0; j < m; ++j) {
      d_[j] += length * search_[j];
      residual_[j] -= length * product_[j];
      left += std::fabs(residual_[j]);
    }
    for (std::size_t i = 0; i < y_.size(); ++i) y_[i] += length * row_product_[i];
    if (left < enough) break;
    precondition();
    // The inner iteration makes the preconditioner vary: Polak and Ribiere's formula.
    double change = 0;
    for (std::size_t j = 0; j < m; ++j) change -= length * product_[j] * direction_[j];
    const double factor = change / size;
    size = dot(residual_, direction_);
    if (!(size > 0)) break;
    for (std::size_t j = 0; j < m; ++j) search_[j] = direction_[j] + factor * search_[j];
  }
  return left;
}

/// One Newton step, shortened until the error falls. False if interrupted or if it would not.
bool SemiDualNewton::step(double target) {
  const double old_error = level_.error;
  const std::vector<double> F = level_.F, G = level_.G, columns = level_.columns;
  if (!set_up()) return false;
  // More products than the curvature of the dual allows are lost.
  const double allowed = std::min(0.2 * old_error, 0.5 * curvature_ * old_error * old_error);
  std::vector<double> right(G.size());
  for (std::size_t j = 0; j < right.size(); ++j)
    right[j] = columns[j] * level_.column_step(static_cast<Index>(j));
  const double unit = level_.total() / std::numbers::ln2;  // of an error
  const double left = solve(std::move(right), std::max(target, allowed) * unit);
  if (left < 0) return false;
  const double predicted = left / unit;
  double largest = 0;
  for (double value : d_) largest = std::max(largest, std::fabs(value));
  double length = largest > longest_step ? longest_step / largest : 1;
  double expected = 2 * predicted + old_error * old_error;
  for (int attempt = 0; attempt < 4; ++attempt, length *= 0.25, expected = old_error) {
    for (std::size_t j = 0; j < G.size(); ++j) level_.G[j] = G[j] + length * d_[j];
    for (std::size_t i = 0; i < F.size(); ++i) level_.F[i] = F[i] - length * y_[i];
    if (!level_.update_rows(expected)) break;
    if (level_.error < old_error) {
      if (attempt == 0) {
        curvature_ = std::clamp((level_.error - predicted) / (old_error * old_error), 0.05, 10.0);
      }
      return true;
    }
  }
  level_.F = F;
  level_.G = G;
  level_.columns = columns;
  level_.error = old_error;
  return false;
}

bool SemiDualNewton::run(double tolerance, std::int64_t most_passes) {
  constexpr int sinkhorn_passes = 10;  // where Newton's step does not help, these may
  constexpr int most_stalls = 5;
  for (int stalls = 0; !(level_.error <= tolerance);) {
    if (level_.interrupted() || level_.passes + products >= most_passes || stalls == most_stalls)
      return false;
    ++steps;
    const double before = level_.error;
    const bool stepped = step(0.3 * tolerance);
    if (stepped && level_.error <= 0.9 * before) continue;
    ++stalls;
    if (stepped) continue;
    for (int k = 0; k < sinkhorn_passes && level_.error > tolerance; ++k) {
      for (Index j = 0; j < level_.kernel().cols(); ++j) level_.G[at(j)] += level_.column_step(j);
      if (!level_.update_rows(0)) return false;
    }
  }
  return true;
}

}  // namespace monge

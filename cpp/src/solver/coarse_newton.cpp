#include "solver/coarse_newton.hpp"

#include <cmath>
#include <utility>

#include "solver/anderson.hpp"

namespace monge {
namespace {

using kernels::BlockOfTerms;
using kernels::Digits;
using kernels::tile_rows;

constexpr std::size_t window = 4;
/// The coarse system is solved until this part of its right-hand side is left.
constexpr double coarse_part = 0.004;
/// A step must bring the error below this part of it.
constexpr double least_gain = 0.3;
/// Terms of means below this part of their row's mean term are left out.
constexpr double negligible_part = 1e-3;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

}  // namespace

CoarseNewton::CoarseNewton(std::unique_ptr<EntropicLevel> coarse,
                           std::unique_ptr<kernels::GibbsKernel> to_columns, Index group,
                           std::size_t cache_bytes)
    : coarse_(std::move(coarse)),
      to_columns_(std::move(to_columns)),
      group_(group),
      newton_(*coarse_, cache_bytes) {}

/// step_j += the mean of y under the plan's column j.
bool CoarseNewton::carry_to_columns(const std::vector<double>& y, std::vector<double>& step) {
  kernels::GibbsKernel& kernel = *to_columns_;
  kernels::Lines<float> v(kernel.padded_cols(), 0);
  for (std::size_t i = 0; i < y.size(); ++i) v[i] = static_cast<float>(y[i]);
  const auto& sums = kernels::tile_kernels().single;
  return kernel.pass<float>(
      Digits::single, std::log2(negligible_part / kernel.cols()), v.data(), false,
      [&](BlockOfTerms<float>& work) {
        double whole[tile_rows];
        sums.multiply(work.terms.data(), work.tiles.data(), work.count, kernel.ones<float>().data(),
                      whole);
        const Index first = work.block * tile_rows;
        for (Index j = 0; j < tile_rows && first + j < kernel.rows(); ++j) {
          if (whole[j] > 0) step[at(first + j)] += work.sums[j] / whole[j];
        }
      },
      nullptr);
}

bool CoarseNewton::correction(const EntropicLevel& fine, std::vector<double>& step) {
  if (!ready_ && !newton_.set_up()) return false;
  ready_ = true;
  std::vector<double> right(coarse_->b().size(), 0);
  double size = 0;
  for (std::size_t j = 0; j < step.size(); ++j) {
    step[j] = fine.column_step(static_cast<Index>(j));
    right[j / at(group_)] += fine.columns[j] * step[j];
  }
  for (std::size_t J = 0; J < right.size(); ++J) {
    if (!(coarse_->b()[J] > 0)) right[J] = 0;
    size += std::fabs(right[J]);
  }
  return newton_.solve(std::move(right), coarse_part * size) >= 0 &&
         carry_to_columns(newton_.of_rows(), step);
}

bool CoarseNewton::run(EntropicLevel& fine, double tolerance, std::int64_t most_passes) {
  Anderson anderson(window, fine.b());
  double gain = least_gain;
  while (!(fine.error <= tolerance)) {
    if (fine.interrupted() || fine.passes >= most_passes || !(gain <= least_gain)) return false;
    ++steps;
    const double before = fine.error;
    const std::vector<double> F = fine.F, G = fine.G, columns = fine.columns;
    std::vector<double> step(G.size());
    if (!correction(fine, step)) return false;
    fine.G = anderson.next(G, std::move(step));
    const bool measured = fine.update_rows(std::min(gain, 0.1) * before);
    gain = fine.error / before;
    if (measured && gain < 1) continue;
    fine.F = F;
    fine.G = G;
    fine.columns = columns;
    fine.error = before;
    return false;
  }
  return true;
}

}  // namespace monge

// Problem. Half a Sinkhorn iteration for a batch of problems, in the log domain and without a
// matrix: from the columns' potentials g and masses b the rows' potentials
//
//   f_i = -epsilon log sum_j b_j exp((g_j - C_ij) / epsilon).
//
// The other half is the same with x and y exchanged; from halves come Sinkhorn's algorithm, the
// symmetric problem of a cloud with itself (mix = 1/2), and the Sinkhorn divergence (sinkhorn.hpp).
//
// Algorithm. Two kernels. half_step: each block takes a slice of rows and a part of the columns,
// and keeps per row the least scaled value and the sum of powers of two relative to it, in one pass
// (Milakov and Gimelshein 2018): one exponential per pair. merge_parts: joins a row's parts.
// Parts let few rows use all of a device.
//
// Complexity and memory. O(n m dim) time, 2 floats per row and part of scratch.
//
// Numerics. Float32, base 2: (C - g) / epsilon - log b, times log2(e). The exponential is that of
// the hardware on the device (two units in the last place). Columns of mass 0 (log mass -infinity)
// drop out. Errors are of the size of float32's resolution of the costs, over epsilon.
//
// Determinism. The same bits for the same number of threads, parts and slices on one device. Sums
// of floats are added as threads share columns, so contexts agree to rounding.
//
// References. M. Cuturi, Sinkhorn distances (NIPS 2013). J. Feydy et al., Interpolating between
// optimal transport and MMD using Sinkhorn divergences (AISTATS 2019). M. Milakov and N.
// Gimelshein, Online normalizer calculation for softmax, arXiv:1805.02867 (2018).
#pragma once

#include <cmath>
#include <cstdint>

#include "simt/block.hpp"
#include "simt/kernels/costs.hpp"
#include "simt/kernels/row_scan.hpp"
#include "simt/kernels/slices.hpp"

namespace monge::simt {

/// 2^x for x <= 0.
MONGE_SIMT float power_of_two(float x) {
#if defined(__CUDA_ARCH__)
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
#else
  return std::exp2(x);
#endif
}

/// log2 of a sum of 2^-value: the least value, and the sum relative to it.
struct LogSum {
  float least = 0x1.fffffeP+127F;  ///< finite: a difference of two infinities is no number
  float sum = 0;

  LogSum() = default;
  MONGE_SIMT explicit LogSum(std::int64_t) {}

  MONGE_SIMT void push(float value, std::int64_t) { add(value, 1.0F); }
  MONGE_SIMT void merge(const LogSum& other) { add(other.least, other.sum); }
  template <class B>
  MONGE_SIMT LogSum shuffled(B& k, int mask) const {
    LogSum other;
    other.least = k.shuffle_xor(least, mask);
    other.sum = k.shuffle_xor(sum, mask);
    return other;
  }
  /// -log2 of the sum of 2^-value; infinity for an empty one.
  MONGE_SIMT float value() const { return sum > 0 ? least - log2f(sum) : INFINITY; }

 private:
  MONGE_SIMT void add(float value, float times) {
    const float above = value - least;
    const float power = power_of_two(-fabsf(above));
    if (above >= 0) {
      sum = fmaf(times, power, sum);
    } else {
      sum = fmaf(sum, power, times);
      least = value;
    }
  }
};

/// cost * scale + seed.
template <class Costs>
struct ScaledCosts : Costs {
  float scale;

  MONGE_SIMT ScaledCosts(const Costs& unscaled, float scale_) : Costs(unscaled), scale(scale_) {}

  template <class Object>
  MONGE_SIMT float plus(const typename Costs::Row& row, Object object) const {
    const float seed = object.seed;
    object.seed = 0;
    return fmaf(Costs::plus(row, object), scale, seed);
  }
  MONGE_SIMT float plus(const typename Costs::Row& row, std::int64_t j, float seed) const {
    return fmaf(Costs::plus(row, j, 0.0F), scale, seed);
  }
};

/// -(g_j / epsilon + log b_j) in base 2.
struct PotentialSeeds {
  const float* potential;
  const float* log_mass;  ///< null: `uniform`
  float scale, uniform;

  MONGE_SIMT float operator()(std::int64_t j) const {
    constexpr float log2_e = 1.44269504F;
    const float mass = log_mass ? log_mass[j] : uniform;
    return -fmaf(potential[j], scale, mass * log2_e);
  }
};

/// Parts of the columns; `least` and `sum` have one element per row of the batch and part.
struct HalfStepParts {
  int count = 1;
  float* least = nullptr;
  float* sum = nullptr;
  std::int64_t rows = 0;  ///< of the whole batch

  MONGE_SIMT_HOST std::int64_t at(std::int64_t part, std::int64_t row) const {
    return part * rows + row;
  }
};

struct HalfStepArgs {
  BatchCosts costs;                  ///< rows: the side whose potentials are wanted
  const float* epsilon = nullptr;    ///< per problem, > 0
  const float* potential = nullptr;  ///< g, per column
  const float* log_mass = nullptr;   ///< log b, per column; null: uniform
  Slices slices;
  int capacity = 1;  ///< columns to stage in shared memory, at least 1
  HalfStepParts parts;
};

template <class Costs>
constexpr std::int64_t half_step_shared_bytes(int capacity) {
  return row_scan_shared_bytes<Costs, LogSum>(capacity);
}

/// slices.slices * parts.count blocks per problem.
template <class Costs, Block B>
MONGE_SIMT void half_step_body(B& k, const HalfStepArgs& args) {
  constexpr float log2_e = 1.44269504F;
  const std::int64_t block = k.block() / args.parts.count, part = k.block() % args.parts.count;
  const std::int64_t problem = args.slices.problem(block);
  const auto all = CostsOf<Costs>::problem(args.costs, problem);
  const std::int64_t first = args.slices.first(block), count = args.slices.count(block, all.rows);
  const std::int64_t width = (all.cols + args.parts.count - 1) / args.parts.count;
  const std::int64_t from = part * width < all.cols ? part * width : all.cols;
  const std::int64_t left = all.cols - from;

  const float scale = log2_e / args.epsilon[problem];
  const ScaledCosts<Costs> costs(all.part(from, left < width ? left : width), scale);
  const std::int64_t column = args.costs.cols.begin(problem) + from;
  const PotentialSeeds seeds{args.potential + column,
                             args.log_mass ? args.log_mass + column : nullptr, scale,
                             -logf(static_cast<float>(all.cols))};
  const std::int64_t row = args.costs.rows.begin(problem);

  RowScan<ScaledCosts<Costs>, LogSum, B, PotentialSeeds> scan(k, costs, seeds, args.capacity);
  scan.load();
  k.sync();
  scan.run(
      count, [&](std::int64_t u) { return first + u; },
      [&](std::int64_t, std::int64_t i, const LogSum& sum) {
        args.parts.least[args.parts.at(part, row + i)] = sum.least;
        args.parts.sum[args.parts.at(part, row + i)] = sum.sum;
      });
}

struct MergePartsArgs {
  Ranges rows;
  const float* epsilon = nullptr;  ///< per problem
  Slices slices;
  HalfStepParts parts;
  float mix = 0;               ///< the share of the old potential in the new one
  float* potential = nullptr;  ///< f, per row; read if mix > 0 or error is asked for, then written
  /// Per row |exp((f_old - f) / epsilon) - 1|: weighted by a, its sum is the L1 error that the old
  /// potentials' plan had in the rows' marginal. Null: not wanted.
  float* error = nullptr;
};

/// slices.slices blocks per problem.
template <Block B>
MONGE_SIMT void merge_parts_body(B& k, const MergePartsArgs& args) {
  constexpr float ln_2 = 0.693147181F;
  const std::int64_t problem = args.slices.problem(k.block());
  const std::int64_t row = args.rows.begin(problem) + args.slices.first(k.block());
  const std::int64_t count = args.slices.count(k.block(), args.rows.size(problem));
  const float epsilon = args.epsilon[problem];
  for (std::int64_t i = k.rank(); i < count; i += k.size()) {
    LogSum sum;
    for (int part = 0; part < args.parts.count; ++part) {
      LogSum other;
      other.least = args.parts.least[args.parts.at(part, row + i)];
      other.sum = args.parts.sum[args.parts.at(part, row + i)];
      sum.merge(other);
    }
    float potential = sum.value() * (epsilon * ln_2);
    if (args.error)
      args.error[row + i] = fabsf(expm1f((args.potential[row + i] - potential) / epsilon));
    if (args.mix > 0) potential = fmaf(args.mix, args.potential[row + i] - potential, potential);
    args.potential[row + i] = potential;
  }
}

}  // namespace monge::simt

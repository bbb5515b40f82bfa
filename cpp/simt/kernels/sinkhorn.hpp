// Sinkhorn's algorithm and the symmetric problem from half steps: what is launched, in which order.
// The launching side is a Run with half_step(HalfStepArgs) and merge_parts(MergePartsArgs); CUDA
// queues them on a stream, tests run them at once.
//
// After sinkhorn_iterations() the rows' marginals are exact (up to rounding), and the error says
// how far the columns' were before the last step. The regularised optimum, <C, P> + epsilon KL(P |
// a b'), is then sum a f + sum b g, and the Sinkhorn divergence that of x and y minus half of those
// of x with itself and of y with itself.
#pragma once

#include "simt/kernels/half_step.hpp"

namespace monge::simt {

/// One side of the problem: what a half step for it needs and writes.
struct SinkhornSide {
  BatchCosts costs;  ///< rows: this side
  Slices slices;
  HalfStepParts parts;
  float* potential = nullptr;       ///< per row; where iterations begin
  const float* log_mass = nullptr;  ///< per row; null: uniform
  float* error = nullptr;           ///< per row; null: not wanted
};

template <class Run>
void half_step(const SinkhornSide& to, const SinkhornSide& from, const float* epsilon, int capacity,
               float mix, bool with_error, Run& run) {
  run.half_step(HalfStepArgs{to.costs, epsilon, from.potential, from.log_mass, to.slices, capacity,
                             to.parts});
  run.merge_parts(MergePartsArgs{to.costs.rows, epsilon, to.slices, to.parts, mix, to.potential,
                                 with_error ? to.error : nullptr});
}

/// `count` iterations from y's potentials, each y after x, and x once more at the end. Writes y's
/// error in the last iteration.
template <class Run>
void sinkhorn_iterations(const SinkhornSide& x, const SinkhornSide& y, const float* epsilon,
                         int capacity, int count, Run&& run) {
  for (int iteration = 0; iteration < count; ++iteration) {
    half_step(x, y, epsilon, capacity, 0, false, run);
    half_step(y, x, epsilon, capacity, 0, iteration + 1 == count, run);
  }
  half_step(x, y, epsilon, capacity, 0, false, run);
}

/// `count` averaged iterations (Feydy et al. 2019) of a cloud with itself; its potential is both
/// sides'. Writes its error before the last one.
template <class Run>
void symmetric_iterations(const SinkhornSide& x, const float* epsilon, int capacity, int count,
                          Run&& run) {
  for (int iteration = 0; iteration < count; ++iteration) {
    half_step(x, x, epsilon, capacity, 0.5F, iteration + 1 == count, run);
  }
}

}  // namespace monge::simt

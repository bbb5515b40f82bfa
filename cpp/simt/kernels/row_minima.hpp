// Problem. The c-transform of a batch of problems, f_i = min_j (c(x_i, y_j) - g_j), and the column
// that attains it; with g = 0, the nearest neighbours that the chamfer discrepancy takes, in either
// direction.
//
// Algorithm. Brute force, in slices of rows (slices.hpp), each scanned by a block (row_scan.hpp).
// Complexity: O(n m dim) time, no scratch.
//
// Guarantee. The least of the computed values, among equal ones the lowest column; computed in
// float32 from exact differences of coordinates. Where no g is positive, f is within the costs'
// relative_error (costs.hpp) of the least exact value. Determinism: the same bits in any context,
// for any number of threads and slices. Columns whose value is NaN or infinite are never taken; a
// row without any other has column -1 and value infinity.
//
// Reference. Villani, Topics in Optimal Transportation (2003), section 2.4.
#pragma once

#include <cmath>
#include <cstdint>

#include "simt/block.hpp"
#include "simt/kernels/costs.hpp"
#include "simt/kernels/row_scan.hpp"
#include "simt/kernels/slices.hpp"

namespace monge::simt {

/// A row's least value; among equal columns the lowest.
struct Least {
  float value = INFINITY;
  std::int32_t column = -1;

  Least() = default;
  MONGE_SIMT explicit Least(std::int64_t) {}

  MONGE_SIMT void push(float other, std::int64_t j) { take(other, static_cast<std::int32_t>(j)); }
  MONGE_SIMT void merge(const Least& other) { take(other.value, other.column); }
  template <class B>
  MONGE_SIMT Least shuffled(B& k, int mask) const {
    Least other;
    other.value = k.shuffle_xor(value, mask);
    other.column = k.shuffle_xor(column, mask);
    return other;
  }

 private:
  MONGE_SIMT void take(float other, std::int32_t j) {
    if (other < value || (other == value && value < INFINITY && j < column)) {
      value = other;
      column = j;
    }
  }
};

/// A column's seed is its potential with the other sign; null: 0.
struct NegativeSeeds {
  const float* g;
  MONGE_SIMT float operator()(std::int64_t j) const { return g ? -g[j] : 0.0F; }
};

struct RowMinimaArgs {
  BatchCosts costs;
  const float* g = nullptr;  ///< per column of the batch; null: 0
  Slices slices;
  int capacity = 1;                ///< columns to stage in shared memory, at least 1
  float* f = nullptr;              ///< per row
  std::int32_t* column = nullptr;  ///< per row, within its problem
};

template <class Costs>
constexpr std::int64_t row_minima_shared_bytes(int capacity) {
  return row_scan_shared_bytes<Costs, Least>(capacity);
}

/// slices.slices blocks per problem.
template <class Costs, Block B>
MONGE_SIMT void row_minima_body(B& k, const RowMinimaArgs& args) {
  const std::int64_t problem = args.slices.problem(k.block());
  const auto costs = CostsOf<Costs>::problem(args.costs, problem);
  const std::int64_t first = args.slices.first(k.block());
  const std::int64_t count = args.slices.count(k.block(), costs.rows);
  const float* g = args.g ? args.g + args.costs.cols.begin(problem) : nullptr;
  const std::int64_t rows = args.costs.rows.begin(problem);

  RowScan<Costs, Least, B, NegativeSeeds> scan(k, costs, {g}, args.capacity);
  scan.load();
  k.sync();
  scan.run(
      count, [&](std::int64_t u) { return first + u; },
      [&](std::int64_t, std::int64_t i, const Least& least) {
        args.f[rows + i] = least.value;
        args.column[rows + i] = least.column;
      });
}

}  // namespace monge::simt

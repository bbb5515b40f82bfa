// Sums of a value per row over each problem of a batch: mean nearest distances, dual values,
// marginal errors. In double, in an order that is fixed: the same bits in any context.
#pragma once

#include <cmath>
#include <cstdint>

#include "simt/block.hpp"
#include "simt/kernels/block_sums.hpp"
#include "simt/kernels/ranges.hpp"

namespace monge::simt {

struct WeightedSumArgs {
  const float* value = nullptr;   ///< per row of the batch
  const float* weight = nullptr;  ///< per row; null: 1 / (rows of the problem)
  Ranges rows;
  double exponent = 1;
  double* sum =
      nullptr;  ///< per problem: of weight * value^exponent; rows of weight 0 do not count
};

constexpr std::int64_t weighted_sum_shared_bytes() {
  return shared_bytes(sizeof(double) * sum_parts);
}

/// One block per problem.
template <Block B>
MONGE_SIMT void weighted_sum_body(B& k, const WeightedSumArgs& args) {
  const std::int64_t n = args.rows.size(k.block()), first = args.rows.begin(k.block());
  const double sum = ordered_sum(
      k, n,
      [&](std::int64_t i) {
        const double weight = args.weight ? args.weight[first + i] : 1.0;
        if (weight == 0) return 0.0;
        const double value = args.value[first + i];
        return weight * (args.exponent == 1 ? value : pow(value, args.exponent));
      },
      k.template shared<double>(sum_parts));
  if (k.rank() == 0)
    args.sum[k.block()] = args.weight || n == 0 ? sum : sum / static_cast<double>(n);
}

}  // namespace monge::simt

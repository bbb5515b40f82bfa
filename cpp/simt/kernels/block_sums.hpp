// Sums and maxima over a block that do not depend on how many threads it has.
#pragma once

#include <cstdint>

#include "simt/block.hpp"
#include "simt/kernels/bits.hpp"

namespace monge::simt {

/// Summands k, k + sum_parts, ... are added first, for each k, then the parts, in ascending order.
inline constexpr int sum_parts = 128;

/// The sum of term(0 .. count - 1) in double, for all threads. `parts`: shared, sum_parts of them.
template <class Term, Block B>
MONGE_SIMT double ordered_sum(B& k, std::int64_t count, const Term& term, double* parts) {
  for (int part = k.rank(); part < sum_parts; part += k.size()) {
    double sum = 0;
    for (std::int64_t i = part; i < count; i += sum_parts) sum += term(i);
    parts[part] = sum;
  }
  k.sync();
  if (k.rank() == 0) {
    double sum = 0;
    for (int part = 0; part < sum_parts; ++part) sum += parts[part];
    parts[0] = sum;
  }
  k.sync();
  const double sum = parts[0];
  k.sync();  // all have read, before the next sum
  return sum;
}

/// The largest of the threads' values, which are not negative, for all threads. `word`: shared.
template <Block B>
MONGE_SIMT float block_max(B& k, float value, Word* word) {
  if (k.rank() == 0) *word = 0;
  k.sync();
  k.atomic_max(word, bits_of(value));
  k.sync();
  const float most = float_of(static_cast<std::uint32_t>(*word));
  k.sync();  // all have read, before the next maximum
  return most;
}

}  // namespace monge::simt

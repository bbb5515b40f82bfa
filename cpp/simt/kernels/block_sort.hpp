// Sorting inside a block: Batcher's bitonic network, in the form whose comparators all put the
// smaller key first (each merge begins with a mirrored pass). Keys that would pad the length to a
// power of two are then larger than all, never move, and need not exist.
//
// O(n log^2 n) comparisons, one barrier per pass. Keys are words, a float's order above the index
// it came from: equal floats keep their order, and all contexts give the same permutation.
//
// Reference. K. E. Batcher, Sorting networks and their applications, AFIPS (1968).
#pragma once

#include <cstdint>

#include "simt/block.hpp"
#include "simt/kernels/bits.hpp"

namespace monge::simt {

/// Ordered as (value, index); NaN comes last or first, by its sign.
MONGE_SIMT Word sort_key(float value, std::uint32_t index) {
  const std::uint32_t bits = bits_of(value);
  const std::uint32_t ordered = bits >> 31 ? ~bits : bits | 0x80000000U;
  return static_cast<Word>(ordered) << 32 | index;
}
MONGE_SIMT float value_in(Word key) {
  const auto ordered = static_cast<std::uint32_t>(key >> 32);
  return float_of(ordered >> 31 ? ordered & 0x7fffffffU : ~ordered);
}
MONGE_SIMT std::uint32_t index_in(Word key) { return static_cast<std::uint32_t>(key); }

MONGE_SIMT void order_pair(Word* keys, std::int64_t low, std::int64_t high) {
  const Word a = keys[low], b = keys[high];
  if (b < a) {
    keys[low] = b;
    keys[high] = a;
  }
}

/// Sorts keys that the block's threads have written before a barrier; a barrier has followed when
/// it returns.
template <Block B>
MONGE_SIMT void block_sort(B& k, Word* keys, std::int64_t count) {
  for (int level = 0; std::int64_t{1} << level < count; ++level) {
    // Pairs of sorted runs of 2^level keys: the mirrored pass, then halves of halves.
    for (std::int64_t t = k.rank();; t += k.size()) {
      const std::int64_t begin = t >> level << (level + 1), run = std::int64_t{1} << level;
      if (begin + run >= count) break;
      const std::int64_t place = t & (run - 1), high = begin + 2 * run - 1 - place;
      if (high < count) order_pair(keys, begin + place, high);
    }
    k.sync();
    for (int half = level - 1; half >= 0; --half) {
      for (std::int64_t t = k.rank();; t += k.size()) {
        const std::int64_t begin = t >> half << (half + 1), stride = std::int64_t{1} << half;
        if (begin + stride >= count) break;
        const std::int64_t low = begin + (t & (stride - 1));
        if (low + stride < count) order_pair(keys, low, low + stride);
      }
      k.sync();
    }
  }
}

}  // namespace monge::simt

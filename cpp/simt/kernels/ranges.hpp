// Where the problems of a batch lie in arrays of the whole batch.
//
// All offsets are 64 bits wide: a batch of 64 matrices of 8192 x 8192 has 2^32 entries.
#pragma once

#include <cstdint>

#include "simt/block.hpp"

namespace monge::simt {

/// Problem b owns the elements begin(b) to begin(b) + size(b).
struct Ranges {
  const std::int64_t* offsets = nullptr;  ///< batch + 1 of them; null: all have `length` elements
  std::int64_t length = 0;

  MONGE_SIMT_HOST std::int64_t begin(std::int64_t b) const {
    return offsets ? offsets[b] : b * length;
  }
  MONGE_SIMT_HOST std::int64_t size(std::int64_t b) const {
    return offsets ? offsets[b + 1] - offsets[b] : length;
  }
};

}  // namespace monge::simt

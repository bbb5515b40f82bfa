// A row's least value with its column, and the second least value.
#pragma once

#include <cmath>
#include <cstdint>

#include "simt/block.hpp"

namespace monge::simt {

/// Among equal columns the first from column i on, cyclically: rows with many ties (duplicates,
/// lattices) then prefer different columns, and do not all bid for the same one.
struct BestTwo {
  float first = INFINITY;
  float second = INFINITY;
  std::uint32_t place = 0xffffffffU;  ///< columns after column i, modulo 2^32
  std::uint32_t turn = 0;

  BestTwo() = default;
  MONGE_SIMT explicit BestTwo(std::int64_t i) : turn(static_cast<std::uint32_t>(i)) {}

  /// The column of `first`; column i, which exists where rows <= columns, if no value was finite.
  MONGE_SIMT std::int64_t column() const { return first < INFINITY ? place + turn : turn; }

  MONGE_SIMT void push(float value, std::int64_t j) {
    const std::uint32_t at = static_cast<std::uint32_t>(j) - turn;
    if (value < first || (value == first && at < place)) {
      second = first;
      first = value;
      place = at;
    } else {
      second = fminf(second, value);
    }
  }
  MONGE_SIMT void merge(const BestTwo& other) {
    second = fminf(fmaxf(first, other.first), fminf(second, other.second));
    if (other.first < first || (other.first == first && other.place < place)) {
      first = other.first;
      place = other.place;
    }
  }
  template <class B>
  MONGE_SIMT BestTwo shuffled(B& k, int mask) const {
    BestTwo other;
    other.first = k.shuffle_xor(first, mask);
    other.second = k.shuffle_xor(second, mask);
    other.place = k.shuffle_xor(place, mask);
    return other;
  }
};

}  // namespace monge::simt

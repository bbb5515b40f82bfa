// Floats as bits: for non-negative ones, bits are ordered as the numbers are.
#pragma once

#include <cstdint>
#include <cstring>

#include "simt/block.hpp"

namespace monge::simt {

MONGE_SIMT std::uint32_t bits_of(float value) {
#if defined(__CUDA_ARCH__)
  return __float_as_uint(value);
#else
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
#endif
}

MONGE_SIMT float float_of(std::uint32_t bits) {
#if defined(__CUDA_ARCH__)
  return __uint_as_float(bits);
#else
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
#endif
}

}  // namespace monge::simt

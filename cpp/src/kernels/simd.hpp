// A vector of doubles as wide as the instruction set that this translation unit is compiled for.
//
// GCC and Clang take their own vector extensions; elsewhere a "vector" is one double, and the same
// kernels are plain scalar loops. Included by kernel sources alone, inside whose anonymous
// namespace everything must stay: the same source is compiled once per instruction set.
#pragma once

#include <cstdint>
#include <cstring>

namespace monge::kernels {
namespace {

#if defined(__GNUC__) && !defined(MONGE_SCALAR)
#if defined(__AVX512F__)
constexpr int width = 8;
#elif defined(__AVX__)
constexpr int width = 4;
#else
constexpr int width = 2;
#endif
typedef double Vec __attribute__((vector_size(width * sizeof(double))));
typedef float FloatVec __attribute__((vector_size(width * sizeof(float))));
typedef std::int64_t Mask __attribute__((vector_size(width * sizeof(double))));
typedef std::int32_t IndexVec __attribute__((vector_size(width * sizeof(std::int32_t))));

inline Vec broadcast(double value) { return value - Vec{}; }
inline IndexVec broadcast_index(std::int32_t value) { return value - IndexVec{}; }
inline Vec to_double(FloatVec v) { return __builtin_convertvector(v, Vec); }
inline IndexVec narrow(Mask mask) { return __builtin_convertvector(mask, IndexVec); }
inline double lane(Vec v, int k) { return v[k]; }
#else
constexpr int width = 1;
using Vec = double;
using FloatVec = float;
using Mask = bool;
using IndexVec = std::int32_t;

inline Vec broadcast(double value) { return value; }
inline IndexVec broadcast_index(std::int32_t value) { return value; }
inline Vec to_double(FloatVec v) { return v; }
inline bool narrow(Mask mask) { return mask; }
inline double lane(Vec v, int) { return v; }
#endif

template <class V, class T>
inline V load_as(const T* p) {
  V v;
  std::memcpy(&v, p, sizeof(V));
  return v;
}
inline Vec load(const double* p) { return load_as<Vec>(p); }
inline Vec load(const float* p) { return to_double(load_as<FloatVec>(p)); }

template <class V, class T>
inline void store(T* p, V v) {
  std::memcpy(p, &v, sizeof(V));
}

inline Vec smaller(Vec a, Vec b) { return a < b ? a : b; }

inline double smallest_lane(Vec v) {
  double least = lane(v, 0);
  for (int k = 1; k < width; ++k) least = lane(v, k) < least ? lane(v, k) : least;
  return least;
}

}  // namespace
}  // namespace monge::kernels

// Vectors as wide as the instruction set that this translation unit is compiled for: Vec of
// doubles, WideFloats of twice as many floats.
//
// GCC and Clang take their own vector extensions; elsewhere a "vector" is one double, and the same
// kernels are plain scalar loops. Included by kernel sources alone, inside whose anonymous
// namespace everything must stay: the same source is compiled once per instruction set.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__SSE2__) && defined(__GNUC__)
#include <immintrin.h>
#endif

namespace monge::kernels {
namespace {

#if defined(__GNUC__)
#define MONGE_VECTORS
#if defined(__AVX512F__)
constexpr int width = 8;
#elif defined(__AVX__)
constexpr int width = 4;
#else
constexpr int width = 2;
#endif
typedef double Vec __attribute__((vector_size(width * sizeof(double))));
typedef float FloatVec __attribute__((vector_size(width * sizeof(float))));
typedef float WideFloats __attribute__((vector_size(width * sizeof(double))));
// What comparisons give: compilers differ in which of the integers of 64 bits its lanes are.
using Mask = decltype(Vec{} < Vec{});
using WideMask = decltype(WideFloats{} < WideFloats{});
// Integers in the lanes of Vec and of WideFloats.
using Integers = Mask;
using WideIntegers = WideMask;
typedef std::int32_t IndexVec __attribute__((vector_size(width * sizeof(std::int32_t))));

inline Vec broadcast(double value) { return value - Vec{}; }
inline WideFloats broadcast(float value) { return value - WideFloats{}; }
inline IndexVec broadcast_index(std::int32_t value) { return value - IndexVec{}; }
inline Vec to_double(FloatVec v) { return __builtin_convertvector(v, Vec); }
inline IndexVec narrow(Mask mask) { return __builtin_convertvector(mask, IndexVec); }
inline double lane(Vec v, int k) { return v[k]; }
inline float lane(WideFloats v, int k) { return v[k]; }
#if !defined(__AVX512F__)
/// Bit k is set where lane k is true.
inline unsigned bits(Mask mask) {
#if defined(__AVX__)
  return static_cast<unsigned>(_mm256_movemask_pd(reinterpret_cast<__m256d>(mask)));
#elif defined(__SSE2__)
  return static_cast<unsigned>(_mm_movemask_pd(reinterpret_cast<__m128d>(mask)));
#else
  unsigned set = 0;
  for (int k = 0; k < width; ++k) set |= static_cast<unsigned>(mask[k] & 1) << k;
  return set;
#endif
}
inline unsigned bits(WideMask mask) {
#if defined(__AVX__)
  return static_cast<unsigned>(_mm256_movemask_ps(reinterpret_cast<__m256>(mask)));
#elif defined(__SSE2__)
  return static_cast<unsigned>(_mm_movemask_ps(reinterpret_cast<__m128>(mask)));
#else
  unsigned set = 0;
  for (int k = 0; k < 2 * width; ++k) set |= static_cast<unsigned>(mask[k] & 1) << k;
  return set;
#endif
}
#endif
#else
constexpr int width = 1;
using Vec = double;
using FloatVec = float;
using WideFloats = float;
using Mask = bool;
using Integers = std::int64_t;
using WideIntegers = std::int32_t;
using IndexVec = std::int32_t;

inline Vec broadcast(double value) { return value; }
inline WideFloats broadcast(float value) { return value; }
inline IndexVec broadcast_index(std::int32_t value) { return value; }
inline Vec to_double(FloatVec v) { return v; }
inline bool narrow(Mask mask) { return mask; }
inline double lane(Vec v, int) { return v; }
inline float lane(WideFloats v, int) { return v; }
inline unsigned bits(Mask mask) { return mask; }
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

/// Asks for the cache line at p, to be in the second-level cache when it is needed.
inline void fetch([[maybe_unused]] const void* p) {
#if defined(__GNUC__)
  __builtin_prefetch(p, 0, 2);
#endif
}

// Bit k is set where the comparison is true in lane k. AVX-512 compares to bits; by way of a mask
// in lanes the compiler would make them twice.
#if defined(MONGE_VECTORS) && defined(__AVX512F__)
template <int predicate>
unsigned compared(Vec a, Vec b) {
  return _mm512_cmp_pd_mask(reinterpret_cast<__m512d>(a), reinterpret_cast<__m512d>(b), predicate);
}
template <int predicate>
unsigned compared(WideFloats a, WideFloats b) {
  return _mm512_cmp_ps_mask(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), predicate);
}
template <class V>
unsigned bits_below(V a, V b) {
  return compared<_CMP_LT_OQ>(a, b);
}
template <class V>
unsigned bits_at_most(V a, V b) {
  return compared<_CMP_LE_OQ>(a, b);
}
template <class V>
unsigned bits_equal(V a, V b) {
  return compared<_CMP_EQ_OQ>(a, b);
}
#else
template <class V>
unsigned bits_below(V a, V b) {
  return bits(a < b);
}
template <class V>
unsigned bits_at_most(V a, V b) {
  return bits(a <= b);
}
template <class V>
unsigned bits_equal(V a, V b) {
  return bits(a == b);
}
#endif

inline Vec smaller(Vec a, Vec b) { return a < b ? a : b; }
inline Vec larger(Vec a, Vec b) { return a > b ? a : b; }
inline Vec absolute(Vec a) { return larger(a, -a); }
inline WideFloats smaller(WideFloats a, WideFloats b) { return a < b ? a : b; }
inline WideFloats larger(WideFloats a, WideFloats b) { return a > b ? a : b; }
inline WideFloats absolute(WideFloats a) { return larger(a, -a); }

/// The vector of T's, of as many bytes as the instruction set has.
template <class T>
struct Lanes;
template <>
struct Lanes<double> {
  using Vector = Vec;
  using Integers = kernels::Integers;
  using Integer = std::int64_t;
  static constexpr int count = width;
};
template <>
struct Lanes<float> {
  using Vector = WideFloats;
  using Integers = WideIntegers;
  using Integer = std::int32_t;
  static constexpr int count = sizeof(WideFloats) / sizeof(float);
};

#if defined(MONGE_VECTORS) && (defined(__clang__) || __GNUC__ >= 12)
template <class V, int... k>
V moved_up(V v, V before, std::integer_sequence<int, k...>) {
  return __builtin_shufflevector(before, v, (static_cast<int>(sizeof...(k)) - 1 + k)...);
}
#else
template <class V, int... k>
V moved_up(V v, V before, std::integer_sequence<int, k...>) {
  const V both[2] = {before, v};
  V moved;
  std::memcpy(&moved, reinterpret_cast<const char*>(both + 1) - sizeof(V) / sizeof...(k),
              sizeof(V));
  return moved;
}
#endif

/// Every lane of v one lane up, of `lanes` lanes; into the first comes the last one of `before`.
template <int lanes, class V>
V moved_up(V v, V before) {
  return moved_up(v, before, std::make_integer_sequence<int, lanes>{});
}

/// f of every lane; for what has no vector instruction.
template <class V, class F>
inline V by_lane(V v, const F& f) {
  using T = std::conditional_t<std::is_same_v<V, Vec>, double, float>;
  T lanes[sizeof(V) / sizeof(T)];
  std::memcpy(lanes, &v, sizeof(v));
  for (T& value : lanes) value = static_cast<T>(f(value));
  return load_as<V>(lanes);
}

inline Vec square_root(Vec v) {
#if defined(MONGE_VECTORS) && defined(__AVX512F__)
  return reinterpret_cast<Vec>(_mm512_sqrt_pd(reinterpret_cast<__m512d>(v)));
#elif defined(MONGE_VECTORS) && defined(__AVX__)
  return reinterpret_cast<Vec>(_mm256_sqrt_pd(reinterpret_cast<__m256d>(v)));
#elif defined(MONGE_VECTORS) && defined(__SSE2__)
  return reinterpret_cast<Vec>(_mm_sqrt_pd(reinterpret_cast<__m128d>(v)));
#else
  return by_lane(v, [](double value) { return std::sqrt(value); });
#endif
}
inline WideFloats square_root(WideFloats v) {
#if defined(MONGE_VECTORS) && defined(__AVX512F__)
  return reinterpret_cast<WideFloats>(_mm512_sqrt_ps(reinterpret_cast<__m512>(v)));
#elif defined(MONGE_VECTORS) && defined(__AVX__)
  return reinterpret_cast<WideFloats>(_mm256_sqrt_ps(reinterpret_cast<__m256>(v)));
#elif defined(MONGE_VECTORS) && defined(__SSE2__)
  return reinterpret_cast<WideFloats>(_mm_sqrt_ps(reinterpret_cast<__m128>(v)));
#else
  return by_lane(v, [](float value) { return std::sqrt(value); });
#endif
}

/// a b + c, rounded once where that is as fast as a multiplication: for sums whose last bits may
/// depend on the instruction set.
inline Vec multiply_add(Vec a, Vec b, Vec c) {
#if defined(MONGE_VECTORS) && defined(__AVX512F__)
  return reinterpret_cast<Vec>(_mm512_fmadd_pd(
      reinterpret_cast<__m512d>(a), reinterpret_cast<__m512d>(b), reinterpret_cast<__m512d>(c)));
#else
  return a * b + c;
#endif
}
inline WideFloats multiply_add(WideFloats a, WideFloats b, WideFloats c) {
#if defined(MONGE_VECTORS) && defined(__AVX512F__)
  return reinterpret_cast<WideFloats>(_mm512_fmadd_ps(
      reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), reinterpret_cast<__m512>(c)));
#else
  return a * b + c;
#endif
}

inline double smallest_lane(Vec v) {
#if defined(MONGE_VECTORS) && defined(__AVX512F__)
  return _mm512_reduce_min_pd(reinterpret_cast<__m512d>(v));
#else
  double least = lane(v, 0);
  for (int k = 1; k < width; ++k) least = lane(v, k) < least ? lane(v, k) : least;
  return least;
#endif
}

inline float smallest_lane(WideFloats v) {
#if defined(MONGE_VECTORS) && defined(__AVX512F__)
  return _mm512_reduce_min_ps(reinterpret_cast<__m512>(v));
#else
  float lanes[sizeof(WideFloats) / sizeof(float)];
  std::memcpy(lanes, &v, sizeof(v));
#if defined(MONGE_VECTORS) && defined(__AVX__)
  const __m128 few = _mm_min_ps(_mm_loadu_ps(lanes), _mm_loadu_ps(lanes + 4));
  const __m128 two = _mm_min_ps(few, _mm_movehl_ps(few, few));
  return _mm_cvtss_f32(_mm_min_ss(two, _mm_shuffle_ps(two, two, 1)));
#else
  float least = lanes[0];
  for (float value : lanes) least = value < least ? value : least;
  return least;
#endif
#endif
}

struct LeastTwo {
  float least, next;
};

#if defined(MONGE_VECTORS) && defined(__AVX__)
struct LeastTwoLanes {
  __m128 least, next;
};
inline LeastTwoLanes least_two(LeastTwoLanes a, LeastTwoLanes b) {
  return {_mm_min_ps(a.least, b.least),
          _mm_min_ps(_mm_max_ps(a.least, b.least), _mm_min_ps(a.next, b.next))};
}
#endif

/// The two least of all lanes of both vectors, where least <= next in each lane.
inline LeastTwo least_two(WideFloats least, WideFloats next) {
#if defined(MONGE_VECTORS) && defined(__AVX__)
  constexpr int quarters = sizeof(WideFloats) / sizeof(__m128);
  __m128 l[quarters], n[quarters];
  std::memcpy(l, &least, sizeof(l));
  std::memcpy(n, &next, sizeof(n));
  LeastTwoLanes two = least_two({l[0], n[0]}, {l[1], n[1]});
  if constexpr (quarters == 4) two = least_two(two, least_two({l[2], n[2]}, {l[3], n[3]}));
  two = least_two(two, {_mm_movehl_ps(two.least, two.least), _mm_movehl_ps(two.next, two.next)});
  two = least_two(two, {_mm_movehdup_ps(two.least), _mm_movehdup_ps(two.next)});
  return {_mm_cvtss_f32(two.least), _mm_cvtss_f32(two.next)};
#else
  constexpr int count = sizeof(WideFloats) / sizeof(float);
  float l[count], n[count];
  std::memcpy(l, &least, sizeof(l));
  std::memcpy(n, &next, sizeof(n));
  LeastTwo two{l[0], n[0]};
  for (int k = 1; k < count; ++k) {
    const float larger = two.least < l[k] ? l[k] : two.least;
    const float hidden = two.next < n[k] ? two.next : n[k];
    two = {two.least < l[k] ? two.least : l[k], larger < hidden ? larger : hidden};
  }
  return two;
#endif
}

/// values[indices[k]] in lane k.
inline Vec gather(const double* values, const std::int32_t* indices) {
#if defined(MONGE_VECTORS) && defined(__AVX512F__)
  const __m256i where = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(indices));
  return reinterpret_cast<Vec>(_mm512_i32gather_pd(where, values, 8));
#elif defined(MONGE_VECTORS) && defined(__AVX2__)
  const __m128i where = _mm_loadu_si128(reinterpret_cast<const __m128i*>(indices));
  return reinterpret_cast<Vec>(_mm256_i32gather_pd(values, where, 8));
#else
  double lanes[width];
  for (int k = 0; k < width; ++k) lanes[k] = values[indices[k]];
  return load(lanes);
#endif
}

/// values[table[indices[k]]] in lane k.
inline Vec gather(const double* values, const std::int32_t* table, const std::int32_t* indices) {
  std::int32_t where[width];
  for (int k = 0; k < width; ++k) where[k] = table[indices[k]];
  return gather(values, where);
}

/// Whether the CPU has the instruction set that this translation unit is compiled for.
inline bool compiled_for_this_cpu() {
#if defined(MONGE_CPU_FEATURE)
  return __builtin_cpu_supports(MONGE_CPU_FEATURE) != 0;
#else
  return true;
#endif
}

}  // namespace
}  // namespace monge::kernels

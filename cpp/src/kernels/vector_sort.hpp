// Sorting numbers with vectors: eight doubles or sixteen floats. Included by row_kernels.cpp alone,
// inside whose anonymous namespace everything must stay.
//
// Algorithm. Quicksort in place. A partition takes a vector at a time, permutes what is below the
// pivot to the front, and stores it at either end, with one branch per eight vectors; floats that
// fit into the first-level cache twice are parted into two arrays, front to back, which needs no
// branch. What fits in sixteen vectors is sorted in registers: columns of 8 or 16 by networks of 19
// or 60 comparators, a transposition, then bitonic merges. The pivot is the median of 64 numbers
// (of 8 in short runs). Numbers equal to a pivot that is the least are done with, so ties cost
// nothing; a run that was parted too often without getting short goes to `fallback`.
//
// Source: B. Bramas, A novel hybrid quicksort algorithm vectorized using AVX-512 on Intel Skylake,
// IJACSA 8 (2017). Deviations: strips of eight vectors; no compressing stores, which are slow on
// some CPUs, but a table of permutations (doubles) or compression in a register (floats).
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/row_kernels.hpp"

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__GNUC__)
#include <immintrin.h>
#define MONGE_VECTOR_SORT

namespace monge::kernels {
namespace {

/// For each set of lanes: the permutation that puts them first, a byte per lane.
struct LanesFirst {
  std::uint64_t bytes[256];
  constexpr LanesFirst() : bytes{} {
    for (unsigned set = 0; set < 256; ++set) {
      int place = 0;
      for (unsigned wanted = 2; wanted-- > 0;) {
        for (unsigned lane = 0; lane < 8; ++lane) {
          if ((set >> lane & 1) == wanted) {
            bytes[set] |= static_cast<std::uint64_t>(lane) << (8 * place++);
          }
        }
      }
    }
  }
};
constexpr LanesFirst lanes_first;

inline void put_in_order(__m512d& a, __m512d& b) {
  const __m512d least = _mm512_min_pd(a, b);
  b = _mm512_max_pd(a, b);
  a = least;
}

inline void put_in_order(__m512& a, __m512& b) {
  const __m512 least = _mm512_min_ps(a, b);
  b = _mm512_max_ps(a, b);
  a = least;
}

template <class T>
inline void put_in_order(T& a, T& b) {
  const T least = a < b ? a : b;
  b = a < b ? b : a;
  a = least;
}

/// Numbers that are sorted in registers: sixteen vectors.
template <class T>
constexpr std::int64_t in_registers = 1024 / sizeof(T);

/// What the sort asks of vectors of T.
template <class T>
struct SortLanes;

template <>
struct SortLanes<double> {
  using Vector = __m512d;
  using Set = __mmask8;
  static constexpr std::int64_t count = 8;
  /// Numbers that are partitioned into scratch memory: none, compression would cost too much.
  static constexpr std::int64_t near = in_registers<double>;

  static Vector all(double value) { return _mm512_set1_pd(value); }
  static Vector load(const double* p) { return _mm512_loadu_pd(p); }
  static Vector load(const double* p, Set lanes, Vector otherwise) {
    return _mm512_mask_loadu_pd(otherwise, lanes, p);
  }
  static void store(double* p, Vector v) { _mm512_storeu_pd(p, v); }
  static void store(double* p, Set lanes, Vector v) { _mm512_mask_storeu_pd(p, lanes, v); }
  static Vector smaller(Vector a, Vector b) { return _mm512_min_pd(a, b); }
  static Vector larger(Vector a, Vector b) { return _mm512_max_pd(a, b); }
  template <bool or_equal>
  static Set below(Vector v, Vector pivots) {
    return _mm512_cmp_pd_mask(v, pivots, or_equal ? _CMP_LE_OQ : _CMP_LT_OQ);
  }

  static Vector reversed(Vector v) {
    return _mm512_permutexvar_pd(_mm512_set_epi64(0, 1, 2, 3, 4, 5, 6, 7), v);
  }

  /// Sorts two vectors whose numbers are bitonic: at each step those that are compared come to lie
  /// in the same lane of two vectors.
  static void sort_bitonic(Vector& a, Vector& b) {
    Vector low = _mm512_shuffle_f64x2(a, b, 0x44), high = _mm512_shuffle_f64x2(a, b, 0xee);
    put_in_order(low, high);
    a = _mm512_shuffle_f64x2(low, high, 0x88);
    b = _mm512_shuffle_f64x2(low, high, 0xdd);
    put_in_order(a, b);
    low = _mm512_unpacklo_pd(a, b);
    high = _mm512_unpackhi_pd(a, b);
    put_in_order(low, high);
    a = _mm512_permutex2var_pd(low, _mm512_set_epi64(13, 5, 12, 4, 9, 1, 8, 0), high);
    b = _mm512_permutex2var_pd(low, _mm512_set_epi64(15, 7, 14, 6, 11, 3, 10, 2), high);
  }

  static Vector compressed(Set lanes, Vector v) { return _mm512_maskz_compress_pd(lanes, v); }

  /// Stores the lanes of `set` from `left` on and the others up to `right`; whole vectors are
  /// written at both.
  static void part(Vector v, Set set, int /*to_left*/, double* left, double* right) {
    const Vector parted = _mm512_permutexvar_pd(
        _mm512_cvtepu8_epi64(
            _mm_loadl_epi64(reinterpret_cast<const __m128i*>(lanes_first.bytes + set))),
        v);
    store(left, parted);
    store(right - count, parted);
  }

  /// Columns become rows; the order of the rows does not matter here.
  static void transpose(Vector* v) {
    Vector pairs[2][4];
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) {
      pairs[0][k] = _mm512_unpacklo_pd(v[2 * k], v[2 * k + 1]);
      pairs[1][k] = _mm512_unpackhi_pd(v[2 * k], v[2 * k + 1]);
    }
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const Vector* p = pairs[half];
      const Vector a = _mm512_shuffle_f64x2(p[0], p[1], 0x44);
      const Vector b = _mm512_shuffle_f64x2(p[0], p[1], 0xee);
      const Vector c = _mm512_shuffle_f64x2(p[2], p[3], 0x44);
      const Vector d = _mm512_shuffle_f64x2(p[2], p[3], 0xee);
      v[4 * half] = _mm512_shuffle_f64x2(a, c, 0x88);
      v[4 * half + 1] = _mm512_shuffle_f64x2(a, c, 0xdd);
      v[4 * half + 2] = _mm512_shuffle_f64x2(b, d, 0x88);
      v[4 * half + 3] = _mm512_shuffle_f64x2(b, d, 0xdd);
    }
  }

  /// N vectors whose columns ascend become runs that ascend, each of `run<N>` vectors.
  template <int N>
  static constexpr int run = N / 8;
  template <int N>
  static void columns_to_runs(Vector* v) {
    transpose(v);
    if constexpr (N == 16) {
      transpose(v + 8);
      Vector runs[16];
#pragma GCC unroll 8
      for (int k = 0; k < 8; ++k) {
        runs[2 * k] = v[k];
        runs[2 * k + 1] = v[8 + k];
      }
#pragma GCC unroll 16
      for (int k = 0; k < 16; ++k) v[k] = runs[k];
    }
  }
};

template <>
struct SortLanes<float> {
  using Vector = __m512;
  using Set = __mmask16;
  static constexpr std::int64_t count = 16;
  static constexpr std::int64_t near = 4096;

  static Vector all(float value) { return _mm512_set1_ps(value); }
  static Vector load(const float* p) { return _mm512_loadu_ps(p); }
  static Vector load(const float* p, Set lanes, Vector otherwise) {
    return _mm512_mask_loadu_ps(otherwise, lanes, p);
  }
  static void store(float* p, Vector v) { _mm512_storeu_ps(p, v); }
  static void store(float* p, Set lanes, Vector v) { _mm512_mask_storeu_ps(p, lanes, v); }
  static Vector smaller(Vector a, Vector b) { return _mm512_min_ps(a, b); }
  static Vector larger(Vector a, Vector b) { return _mm512_max_ps(a, b); }
  template <bool or_equal>
  static Set below(Vector v, Vector pivots) {
    return _mm512_cmp_ps_mask(v, pivots, or_equal ? _CMP_LE_OQ : _CMP_LT_OQ);
  }

  static Vector reversed(Vector v) {
    return _mm512_permutexvar_ps(
        _mm512_set_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), v);
  }

  static void sort_bitonic(Vector& a, Vector& b) {
    Vector low = _mm512_shuffle_f32x4(a, b, 0x44), high = _mm512_shuffle_f32x4(a, b, 0xee);
    put_in_order(low, high);
    a = _mm512_shuffle_f32x4(low, high, 0x88);
    b = _mm512_shuffle_f32x4(low, high, 0xdd);
    put_in_order(a, b);
    low = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
    high = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
    put_in_order(low, high);
    a = _mm512_shuffle_ps(low, high, 0x88);
    b = _mm512_shuffle_ps(low, high, 0xdd);
    put_in_order(a, b);
    const __m512i where =
        _mm512_set_epi32(27, 11, 25, 9, 26, 10, 24, 8, 19, 3, 17, 1, 18, 2, 16, 0);
    low = _mm512_permutex2var_ps(a, where, b);
    b = _mm512_permutex2var_ps(a, _mm512_add_epi32(where, _mm512_set1_epi32(4)), b);
    a = low;
  }

  static Vector compressed(Set lanes, Vector v) { return _mm512_maskz_compress_ps(lanes, v); }

  static void part(Vector v, Set set, int to_left, float* left, float* right) {
    const Set others = static_cast<Set>(~set);
    store(left, compressed(set, v));
    store(right - count,
          _mm512_maskz_expand_ps(static_cast<Set>(0xffffU << to_left), compressed(others, v)));
  }

  /// Columns of four vectors, become 128 bits each: those of columns k, 4 + k, 8 + k and 12 + k in
  /// vector k.
  static void transpose_four(Vector* v) {
    const __m512d a = _mm512_castps_pd(_mm512_unpacklo_ps(v[0], v[1])),
                  b = _mm512_castps_pd(_mm512_unpackhi_ps(v[0], v[1])),
                  c = _mm512_castps_pd(_mm512_unpacklo_ps(v[2], v[3])),
                  d = _mm512_castps_pd(_mm512_unpackhi_ps(v[2], v[3]));
    v[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
    v[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
    v[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
    v[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
  }

  template <int N>
  static constexpr int run = 1;
  template <int N>
  static void columns_to_runs(Vector* v) {
#pragma GCC unroll 4
    for (int k = 0; k < N; k += 4) transpose_four(v + k);
    Vector runs[N];
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) {
      if constexpr (N == 16) {
        const Vector a = _mm512_shuffle_f32x4(v[k], v[4 + k], 0x44);
        const Vector b = _mm512_shuffle_f32x4(v[k], v[4 + k], 0xee);
        const Vector c = _mm512_shuffle_f32x4(v[8 + k], v[12 + k], 0x44);
        const Vector d = _mm512_shuffle_f32x4(v[8 + k], v[12 + k], 0xee);
        runs[4 * k] = _mm512_shuffle_f32x4(a, c, 0x88);
        runs[4 * k + 1] = _mm512_shuffle_f32x4(a, c, 0xdd);
        runs[4 * k + 2] = _mm512_shuffle_f32x4(b, d, 0x88);
        runs[4 * k + 3] = _mm512_shuffle_f32x4(b, d, 0xdd);
      } else {  // two columns of 8 in a vector, which are merged
        runs[2 * k] = one_falling(_mm512_shuffle_f32x4(v[k], v[4 + k], 0x44));
        runs[2 * k + 1] = one_falling(_mm512_shuffle_f32x4(v[k], v[4 + k], 0xee));
        sort_bitonic(runs[2 * k], runs[2 * k + 1]);
      }
    }
#pragma GCC unroll 16
    for (int k = 0; k < N; ++k) v[k] = runs[k];
  }

  /// Two columns, one in the even and one in the odd quarters, one after the other, the second
  /// falling.
  static Vector one_falling(Vector v) {
    return _mm512_permutexvar_ps(
        _mm512_set_epi32(4, 5, 6, 7, 12, 13, 14, 15, 11, 10, 9, 8, 3, 2, 1, 0), v);
  }
};

template <class T>
inline typename SortLanes<T>::Set first_lanes(std::int64_t count) {
  return static_cast<typename SortLanes<T>::Set>((1U << count) - 1);
}

/// Eight things in ascending order, by the shortest network.
template <class T>
inline void sort_eight(T* v) {
  constexpr int pairs[19][2] = {{0, 2}, {1, 3}, {4, 6}, {5, 7}, {0, 4}, {1, 5}, {2, 6},
                                {3, 7}, {0, 1}, {2, 3}, {4, 5}, {6, 7}, {2, 4}, {3, 5},
                                {1, 4}, {3, 6}, {1, 2}, {3, 4}, {5, 6}};
#pragma GCC unroll 19
  for (const auto& pair : pairs) put_in_order(v[pair[0]], v[pair[1]]);
}

/// Sixteen things in ascending order, by the shortest network known.
template <class T>
inline void sort_sixteen(T* v) {
  constexpr int pairs[60][2] = {
      {0, 1},  {2, 3},   {4, 5},  {6, 7},   {8, 9},   {10, 11}, {12, 13}, {14, 15}, {0, 2},
      {1, 3},  {4, 6},   {5, 7},  {8, 10},  {9, 11},  {12, 14}, {13, 15}, {0, 4},   {1, 5},
      {2, 6},  {3, 7},   {8, 12}, {9, 13},  {10, 14}, {11, 15}, {0, 8},   {1, 9},   {2, 10},
      {3, 11}, {4, 12},  {5, 13}, {6, 14},  {7, 15},  {5, 10},  {6, 9},   {3, 12},  {13, 14},
      {4, 8},  {7, 11},  {1, 2},  {1, 4},   {7, 13},  {2, 8},   {11, 14}, {2, 4},   {5, 6},
      {9, 10}, {11, 13}, {3, 8},  {7, 12},  {6, 8},   {10, 12}, {3, 5},   {7, 9},   {3, 4},
      {5, 6},  {7, 8},   {9, 10}, {11, 12}, {6, 7},   {8, 9}};
#pragma GCC unroll 60
  for (const auto& pair : pairs) put_in_order(v[pair[0]], v[pair[1]]);
}

/// Merges the sorted numbers of v[0, N/2) and of v[N/2, N).
template <class T, int N>
inline void merge_halves(typename SortLanes<T>::Vector* v) {
  using L = SortLanes<T>;
  typename L::Vector high[N / 2];
#pragma GCC unroll 8
  for (int k = 0; k < N / 2; ++k) {
    const auto partner = L::reversed(v[N - 1 - k]);
    high[k] = L::larger(v[k], partner);
    v[k] = L::smaller(v[k], partner);
  }
#pragma GCC unroll 8
  for (int k = 0; k < N / 2; ++k) v[N / 2 + k] = high[k];
#pragma GCC unroll 4
  for (int step = N / 4; step > 0; step /= 2) {
#pragma GCC unroll 16
    for (int k = 0; k < N; ++k) {
      if ((k & step) == 0) put_in_order(v[k], v[k + step]);
    }
  }
#pragma GCC unroll 8
  for (int k = 0; k < N; k += 2) L::sort_bitonic(v[k], v[k + 1]);
}

/// Merges runs of `run` vectors until one of N is left.
template <class T, int N, int run>
inline void merge_runs(typename SortLanes<T>::Vector* v) {
  if constexpr (run < N) {
#pragma GCC unroll 8
    for (int k = 0; k < N; k += 2 * run) merge_halves<T, 2 * run>(v + k);
    merge_runs<T, N, 2 * run>(v);
  }
}

/// Sorts n numbers, at most N vectors, from `from` into `to`.
template <class T, int N>
inline void sort_few(const T* from, T* to, std::int64_t n) {
  using L = SortLanes<T>;
  typename L::Vector v[N];
  const auto filling = L::all(std::numeric_limits<T>::infinity());
#pragma GCC unroll 16
  for (int k = 0; k < N; ++k) {
    const std::int64_t left = n - k * L::count;
    v[k] = left >= L::count ? L::load(from + k * L::count)
           : left > 0       ? L::load(from + k * L::count, first_lanes<T>(left), filling)
                            : filling;
  }
  if constexpr (N == 16) {
    sort_sixteen(v);
  } else {
    sort_eight(v);
  }
  L::template columns_to_runs<N>(v);
  merge_runs<T, N, L::template run<N>>(v);
#pragma GCC unroll 16
  for (int k = 0; k < N; ++k) {
    const std::int64_t left = n - k * L::count;
    if (left >= L::count) {
      L::store(to + k * L::count, v[k]);
    } else if (left > 0) {
      L::store(to + k * L::count, first_lanes<T>(left), v[k]);
    }
  }
}

template <class T>
inline T median_of_some(const T* values, std::int64_t n) {
  T sample[64];
  if (n < 2048) {
    for (int k = 0; k < 8; ++k) sample[k] = values[(2 * k + 1) * n / 16];
    sort_eight(sample);
    return sample[4];
  }
  for (int k = 0; k < 64; ++k) sample[k] = values[(2 * k + 1) * n / 128];
  sort_few<T, 8>(sample, sample, 64);
  return sample[32];
}

/// Partitions numbers: those below the pivot (`with_equal`: or equal to it) go to where `left`
/// points, the others to before where `right` points.
template <class T, bool with_equal>
struct Partition {
  using L = SortLanes<T>;
  typename L::Vector pivots;
  T *left, *right;

  /// A vector, while one is free at either side: both stores write all lanes, and what is not meant
  /// for a side is overwritten there later.
  void put(typename L::Vector v) {
    const auto set = L::template below<with_equal>(v, pivots);
    const int to_left = __builtin_popcount(set);
    L::part(v, set, to_left, left, right);
    left += to_left;
    right -= L::count - to_left;
  }

  /// The numbers of the first lanes, into no more places than they need.
  void put_last(typename L::Vector v, std::int64_t count) {
    using Set = typename L::Set;
    const Set valid = first_lanes<T>(count);
    const Set low = static_cast<Set>(L::template below<with_equal>(v, pivots) & valid),
              high = static_cast<Set>(~low & valid);
    const int to_left = __builtin_popcount(low), to_right = __builtin_popcount(high);
    L::store(left, first_lanes<T>(to_left), L::compressed(low, v));
    left += to_left;
    right -= to_right;
    L::store(right, first_lanes<T>(to_right), L::compressed(high, v));
  }
};

template <class T>
inline void copy_vectors(const T* from, T* to, std::int64_t n) {
  using L = SortLanes<T>;
  std::int64_t i = 0;
  for (; i + L::count <= n; i += L::count) L::store(to + i, L::load(from + i));
  if (i < n) {
    const auto rest = first_lanes<T>(n - i);
    L::store(to + i, rest, L::load(from + i, rest, L::all(0)));
  }
}

/// Partitions the n last numbers that there are, by vectors as they come.
template <class T, bool with_equal>
inline void put_all(const T* from, std::int64_t n, Partition<T, with_equal>& parts) {
  using L = SortLanes<T>;
  std::int64_t i = 0;
  for (; i + 2 * L::count <= n; i += L::count) parts.put(L::load(from + i));
  for (; i < n; i += L::count) {
    const std::int64_t rest = n - i < L::count ? n - i : L::count;
    parts.put_last(L::load(from + i, first_lanes<T>(rest), L::all(0)), rest);
  }
}

/// Partitions n > 0 numbers in place; returns how many are on the left. The numbers at both ends
/// are set aside, which leaves free places; each step then reads a strip of eight vectors from the
/// end that has fewer free places, so that the other has at least as many.
template <class T, bool with_equal>
inline std::int64_t partition(T* values, std::int64_t n, T pivot) {
  using L = SortLanes<T>;
  constexpr std::int64_t strip = 8 * L::count;
  T aside[3 * strip];
  const std::int64_t from_left = n < 3 * strip ? n : strip + n % strip;
  const std::int64_t from_right = n < 3 * strip ? 0 : strip;
  copy_vectors(values, aside, from_left);
  copy_vectors(values + n - from_right, aside + from_left, from_right);

  const T* unread = values + from_left;
  const T* unread_end = values + n - from_right;
  Partition<T, with_equal> parts{L::all(pivot), values, values + n};
  while (unread < unread_end) {
    const bool fewer_at_right = parts.right - unread_end < unread - parts.left;
    if (fewer_at_right) unread_end -= strip;
    const T* p = fewer_at_right ? unread_end : unread;
    if (!fewer_at_right) unread += strip;
    typename L::Vector v[8];
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) v[k] = L::load(p + k * L::count);
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) parts.put(v[k]);
  }
  put_all(aside, from_left + from_right, parts);
  return parts.left - values;
}

/// The same from one array into another.
template <class T>
inline std::int64_t partition_into(const T* from, T* to, std::int64_t n, T pivot) {
  Partition<T, false> parts{SortLanes<T>::all(pivot), to, to + n};
  put_all(from, n, parts);
  return parts.left - to;
}

/// Partitions n numbers: those below the pivot (`or_equal`: or equal to it) go to `low`, the others
/// to `high`; returns how many are low. Either may be `from`: it is read ahead of what is written.
template <class T, bool or_equal>
inline std::int64_t partition_forward(const T* from, T* low, T* high, std::int64_t n, T pivot) {
  using L = SortLanes<T>;
  using Set = typename L::Set;
  const auto pivots = L::all(pivot);
  T* const begin = low;
  const auto put = [&](typename L::Vector v) {
    // What is written beyond the numbers meant is overwritten by the next.
    const Set set = L::template below<or_equal>(v, pivots);
    const int count = __builtin_popcount(set);
    L::store(low, L::compressed(set, v));
    L::store(high, L::compressed(static_cast<Set>(~set), v));
    low += count;
    high += L::count - count;
  };
  std::int64_t i = 0;
  for (; i + 4 * L::count <= n; i += 4 * L::count) {
    typename L::Vector v[4];
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) v[k] = L::load(from + i + k * L::count);
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) put(v[k]);
  }
  for (; i + L::count <= n; i += L::count) put(L::load(from + i));
  if (i < n) {
    const Set valid = first_lanes<T>(n - i);
    const auto v = L::load(from + i, valid, pivots);
    const Set set = static_cast<Set>(L::template below<or_equal>(v, pivots) & valid);
    const int count = __builtin_popcount(set);
    L::store(low, first_lanes<T>(count), L::compressed(set, v));
    L::store(high, first_lanes<T>(n - i - count), L::compressed(static_cast<Set>(~set & valid), v));
    low += count;
  }
  return low - begin;
}

/// Sorts n <= SortLanes::near numbers from `from`, which is `to` or `scratch`, into `to`.
template <class T>
void quicksort_near(const T* from, T* to, T* scratch, std::int64_t n, int partitions,
                    SortFallback<T> fallback) {
  while (n > in_registers<T>) {
    if (partitions-- == 0) {
      if (from != to) copy_vectors(from, to, n);
      return fallback(to, n);
    }
    const T pivot = median_of_some(from, n);
    const std::int64_t low = partition_forward<T, false>(from, to, scratch, n, pivot);
    if (low == 0) {  // the pivot is the least: those equal to it need no sorting
      const std::int64_t equal = partition_forward<T, true>(scratch, to, scratch, n, pivot);
      from = scratch;
      to += equal;
      n -= equal;
    } else {  // the high ones first: then scratch is free
      quicksort_near(scratch, to + low, scratch, n - low, partitions, fallback);
      from = to;
      n = low;
    }
  }
  if (n <= in_registers<T> / 2) {
    sort_few<T, 8>(from, to, n);
  } else {
    sort_few<T, 16>(from, to, n);
  }
}

template <class T>
void quicksort(T* values, T* scratch, std::int64_t n, int partitions, SortFallback<T> fallback) {
  while (n > SortLanes<T>::near) {
    if (partitions-- == 0) return fallback(values, n);
    const T pivot = median_of_some(values, n);
    std::int64_t left = partition<T, false>(values, n, pivot);
    if (left == 0) {  // the pivot is the least: those equal to it are in place
      left = partition<T, true>(values, n, pivot);
    } else {
      quicksort(values, scratch, left, partitions, fallback);
    }
    values += left;
    n -= left;
  }
  quicksort_near(values, values, scratch, n, partitions, fallback);
}

template <class T>
void sort_values(const T* from, T* to, std::int64_t n, SortFallback<T> fallback) {
  int partitions = 8;
  for (std::int64_t left = n; left > in_registers<T>; left /= 2) partitions += 2;
  T scratch[SortLanes<T>::near];
  std::int64_t left = 0;
  if (from != to && n > in_registers<T>) {
    left = partition_into(from, to, n, median_of_some(from, n));
    quicksort(to, scratch, left, partitions, fallback);
  } else if (from != to) {
    copy_vectors(from, to, n);
  }
  quicksort(to + left, scratch, n - left, partitions, fallback);
}

}  // namespace
}  // namespace monge::kernels
#endif

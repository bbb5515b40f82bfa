// Sorting doubles with vectors of eight. Included by row_kernels.cpp alone, inside whose anonymous
// namespace everything must stay.
//
// Algorithm. Quicksort in place. A partition takes eight numbers at a time, permutes those below
// the pivot to the front, and stores all eight at either end, with one branch per 64 numbers; up
// to 128 are sorted in registers: columns of 8 or 16 by networks of 19 or 60 comparators, a
// transposition, then bitonic merges. The pivot is the median of 64 numbers (of 8 in short runs).
// Numbers equal to a pivot that is the least are done with, so ties cost nothing; a run that was
// parted too often without getting short goes to `fallback`.
//
// Source: B. Bramas, A novel hybrid quicksort algorithm vectorized using AVX-512 on Intel Skylake,
// IJACSA 8 (2017). Deviations: strips of 64 numbers; a table of permutations instead of compressing
// stores, which are slow on some CPUs.
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/row_kernels.hpp"

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__GNUC__)
#include <immintrin.h>
#define MONGE_VECTOR_SORT

namespace monge::kernels {
namespace {

using Eight = __m512d;
constexpr std::int64_t eight = 8;

inline Eight load_eight(const double* p) { return _mm512_loadu_pd(p); }
inline void store_eight(double* p, Eight v) { _mm512_storeu_pd(p, v); }
inline __mmask8 first_lanes(std::int64_t count) { return static_cast<__mmask8>((1U << count) - 1); }

inline void put_in_order(Eight& a, Eight& b) {
  const Eight least = _mm512_min_pd(a, b);
  b = _mm512_max_pd(a, b);
  a = least;
}

inline void put_in_order(double& a, double& b) {
  const double least = a < b ? a : b;
  b = a < b ? b : a;
  a = least;
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

/// Columns become rows; the order of the rows does not matter here.
inline void transpose(Eight* v) {
  Eight pairs[2][4];
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) {
    pairs[0][k] = _mm512_unpacklo_pd(v[2 * k], v[2 * k + 1]);
    pairs[1][k] = _mm512_unpackhi_pd(v[2 * k], v[2 * k + 1]);
  }
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    const Eight* p = pairs[half];
    const Eight a = _mm512_shuffle_f64x2(p[0], p[1], 0x44);
    const Eight b = _mm512_shuffle_f64x2(p[0], p[1], 0xee);
    const Eight c = _mm512_shuffle_f64x2(p[2], p[3], 0x44);
    const Eight d = _mm512_shuffle_f64x2(p[2], p[3], 0xee);
    v[4 * half] = _mm512_shuffle_f64x2(a, c, 0x88);
    v[4 * half + 1] = _mm512_shuffle_f64x2(a, c, 0xdd);
    v[4 * half + 2] = _mm512_shuffle_f64x2(b, d, 0x88);
    v[4 * half + 3] = _mm512_shuffle_f64x2(b, d, 0xdd);
  }
}

inline Eight reversed(Eight v) {
  return _mm512_permutexvar_pd(_mm512_set_epi64(0, 1, 2, 3, 4, 5, 6, 7), v);
}

/// The lanes of `mask` take the larger, the others the smaller of a word and its partner.
template <__mmask8 mask>
inline Eight compare_lanes(Eight v, Eight partner) {
  return _mm512_mask_max_pd(_mm512_min_pd(v, partner), mask, v, partner);
}

/// Sorts a vector whose words are bitonic.
inline Eight sort_bitonic(Eight v) {
  v = compare_lanes<0xf0>(v, _mm512_shuffle_f64x2(v, v, 0x4e));
  v = compare_lanes<0xcc>(v, _mm512_permutex_pd(v, 0x4e));
  return compare_lanes<0xaa>(v, _mm512_permute_pd(v, 0x55));
}

/// Merges the sorted words of v[0, N/2) and of v[N/2, N).
template <int N>
inline void merge_halves(Eight* v) {
  Eight high[N / 2];
#pragma GCC unroll 8
  for (int k = 0; k < N / 2; ++k) {
    const Eight partner = reversed(v[N - 1 - k]);
    high[k] = _mm512_max_pd(v[k], partner);
    v[k] = _mm512_min_pd(v[k], partner);
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
#pragma GCC unroll 16
  for (int k = 0; k < N; ++k) v[k] = sort_bitonic(v[k]);
}

inline void sort_64(Eight* v) {
  sort_eight(v);
  transpose(v);
#pragma GCC unroll 4
  for (int k = 0; k < 8; k += 2) merge_halves<2>(v + k);
  merge_halves<4>(v);
  merge_halves<4>(v + 4);
  merge_halves<8>(v);
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

/// Columns of 16 first: half as many merges as of columns of 8.
inline void sort_128(Eight* v) {
  sort_sixteen(v);
  transpose(v);
  transpose(v + 8);
  Eight runs[16];
#pragma GCC unroll 8
  for (int k = 0; k < 8; ++k) {
    runs[2 * k] = v[k];
    runs[2 * k + 1] = v[8 + k];
  }
#pragma GCC unroll 4
  for (int k = 0; k < 16; k += 4) merge_halves<4>(runs + k);
  merge_halves<8>(runs);
  merge_halves<8>(runs + 8);
  merge_halves<16>(runs);
#pragma GCC unroll 16
  for (int k = 0; k < 16; ++k) v[k] = runs[k];
}

constexpr std::int64_t in_registers = 128;

/// Sorts n <= 8 N words from `from` into `to`.
template <int N>
inline void sort_few(const double* from, double* to, std::int64_t n) {
  Eight v[N];
  const Eight filling = _mm512_set1_pd(std::numeric_limits<double>::infinity());
#pragma GCC unroll 16
  for (int k = 0; k < N; ++k) {
    const std::int64_t left = n - k * eight;
    v[k] = left >= eight ? load_eight(from + k * eight)
           : left > 0    ? _mm512_mask_loadu_pd(filling, first_lanes(left), from + k * eight)
                         : filling;
  }
  if constexpr (N == 16) {
    sort_128(v);
  } else {
    sort_64(v);
  }
#pragma GCC unroll 16
  for (int k = 0; k < N; ++k) {
    const std::int64_t left = n - k * eight;
    if (left >= eight) {
      store_eight(to + k * eight, v[k]);
    } else if (left > 0) {
      _mm512_mask_storeu_pd(to + k * eight, first_lanes(left), v[k]);
    }
  }
}

inline double median_of_some(const double* values, std::int64_t n) {
  double sample[64];
  if (n < 2048) {
    for (int k = 0; k < 8; ++k) sample[k] = values[(2 * k + 1) * n / 16];
    sort_eight(sample);
    return sample[4];
  }
  for (int k = 0; k < 64; ++k) sample[k] = values[(2 * k + 1) * n / 128];
  sort_few<8>(sample, sample, 64);
  return sample[32];
}

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

/// Partitions numbers: those below the pivot (`with_equal`: or equal to it) go to where `left`
/// points, the others to before where `right` points.
template <bool with_equal>
struct Partition {
  Eight pivots;
  double *left, *right;

  __mmask8 below(Eight v) const {
    return _mm512_cmp_pd_mask(v, pivots, with_equal ? _CMP_LE_OQ : _CMP_LT_OQ);
  }

  /// Eight numbers, while eight places are free at either side: both stores write all eight lanes,
  /// and what is not meant for a side is overwritten there later.
  void put(Eight v) {
    const __mmask8 set = below(v);
    const Eight parted = _mm512_permutexvar_pd(
        _mm512_cvtepu8_epi64(
            _mm_loadl_epi64(reinterpret_cast<const __m128i*>(lanes_first.bytes + set))),
        v);
    const int to_left = __builtin_popcount(set);
    store_eight(left, parted);
    store_eight(right - eight, parted);
    left += to_left;
    right -= eight - to_left;
  }

  /// The numbers of the first lanes, into no more places than they need.
  void put_last(Eight v, std::int64_t count) {
    const __mmask8 valid = first_lanes(count);
    const __mmask8 low = below(v) & valid, high = static_cast<__mmask8>(~low) & valid;
    const int to_left = __builtin_popcount(low), to_right = __builtin_popcount(high);
    _mm512_mask_storeu_pd(left, first_lanes(to_left), _mm512_maskz_compress_pd(low, v));
    left += to_left;
    right -= to_right;
    _mm512_mask_storeu_pd(right, first_lanes(to_right), _mm512_maskz_compress_pd(high, v));
  }
};

inline void copy_eights(const double* from, double* to, std::int64_t n) {
  std::int64_t i = 0;
  for (; i + eight <= n; i += eight) store_eight(to + i, load_eight(from + i));
  if (i < n) {
    const __mmask8 rest = first_lanes(n - i);
    _mm512_mask_storeu_pd(to + i, rest, _mm512_maskz_loadu_pd(rest, from + i));
  }
}

/// Partitions n > 0 words in place; returns how many are on the left. The words at both ends are
/// set aside, which leaves free places; each step then reads a strip of 64 from the end that has
/// fewer free places, so that the other has at least 64.
template <bool with_equal>
inline std::int64_t partition(double* values, std::int64_t n, double pivot) {
  constexpr std::int64_t strip = 64;
  double aside[3 * strip];
  const std::int64_t from_left = n < 3 * strip ? n : strip + n % strip;
  const std::int64_t from_right = n < 3 * strip ? 0 : strip;
  copy_eights(values, aside, from_left);
  copy_eights(values + n - from_right, aside + from_left, from_right);

  const double* unread = values + from_left;
  const double* unread_end = values + n - from_right;
  Partition<with_equal> parts{_mm512_set1_pd(pivot), values, values + n};
  while (unread < unread_end) {
    const bool fewer_at_right = parts.right - unread_end < unread - parts.left;
    if (fewer_at_right) unread_end -= strip;
    const double* p = fewer_at_right ? unread_end : unread;
    if (!fewer_at_right) unread += strip;
    Eight v[strip / eight];
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) v[k] = load_eight(p + k * eight);
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) parts.put(v[k]);
  }
  const std::int64_t count = from_left + from_right;
  std::int64_t i = 0;
  for (; i + 2 * eight <= count; i += eight) parts.put(load_eight(aside + i));
  for (; i < count; i += eight) {
    const std::int64_t rest = count - i < eight ? count - i : eight;
    parts.put_last(_mm512_maskz_loadu_pd(first_lanes(rest), aside + i), rest);
  }
  return parts.left - values;
}

/// The same from one array into another, by vectors as they come.
inline std::int64_t partition_into(const double* from, double* to, std::int64_t n, double pivot) {
  Partition<false> parts{_mm512_set1_pd(pivot), to, to + n};
  std::int64_t i = 0;
  for (; i + 2 * eight <= n; i += eight) parts.put(load_eight(from + i));
  for (; i < n; i += eight) {
    const std::int64_t rest = n - i < eight ? n - i : eight;
    parts.put_last(_mm512_maskz_loadu_pd(first_lanes(rest), from + i), rest);
  }
  return parts.left - to;
}

void quicksort(double* values, std::int64_t n, int partitions, SortFallback fallback) {
  while (n > in_registers) {
    if (partitions-- == 0) return fallback(values, n);
    const double pivot = median_of_some(values, n);
    std::int64_t left = partition<false>(values, n, pivot);
    if (left == 0) {  // the pivot is the least: those equal to it are in place
      left = partition<true>(values, n, pivot);
    } else {
      quicksort(values, left, partitions, fallback);
    }
    values += left;
    n -= left;
  }
  if (n <= in_registers / 2) {
    sort_few<8>(values, values, n);
  } else {
    sort_few<16>(values, values, n);
  }
}

void sort_values(const double* from, double* to, std::int64_t n, SortFallback fallback) {
  int partitions = 8;
  for (std::int64_t left = n; left > in_registers; left /= 2) partitions += 2;
  std::int64_t left = 0;
  if (from != to && n > in_registers) {
    left = partition_into(from, to, n, median_of_some(from, n));
    quicksort(to, left, partitions, fallback);
  } else if (from != to) {
    copy_eights(from, to, n);
  }
  quicksort(to + left, n - left, partitions, fallback);
}

}  // namespace
}  // namespace monge::kernels
#endif

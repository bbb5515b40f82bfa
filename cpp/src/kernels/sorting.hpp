// Sorting numbers, and positions by their numbers: what everything on a line begins with.
//
// Numbers, float or double, are sorted by the vector quicksort of vector_sort.hpp where the CPU has
// it, else as words of the same order by a radix sort: three passes over the leading 33 bits,
// counted from where the numbers of the run begin to differ, then a sort of what these leave tied
// (of floats nothing).
//
// Positions are sorted by the same means, as numbers made for it: the cell of a number among 2^29
// of equal width over the range, and below it the position. Numbers that share a cell (few, unless
// they are crowded) are then sorted among themselves, many of them by cells of their own.
//
// Either answer is the one sorted order: no number is NaN, -0 equals 0, ties of positions are
// broken by position. O(n log n) at worst.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/lines.hpp"
#include "monge/core/types.hpp"

namespace monge::kernels {

/// Working memory that calls share.
struct SortScratch {
  Lines<double> keys;
  Lines<std::int64_t> words, more;
};

/// Sorts n numbers, float or double, in place. Up to 16 n bytes of scratch.
template <class T>
void sort_values(T* values, std::int64_t n, SortScratch& scratch);

/// order[k] becomes the position of the k-th smallest of n < 2^31 numbers, float or double. Up to
/// 32 n bytes of scratch.
template <class T>
void sort_positions(const T* values, std::int64_t n, Index* order, SortScratch& scratch);

/// sort_values without vectors.
template <class T>
void radix_sort_values(T* values, std::int64_t n, SortScratch& scratch);

/// The points of a cloud of dimension 1 in ascending order, ties by index.
struct SortedLine {
  std::vector<double> values;
  std::vector<Index> order;  ///< values[k] is point order[k]
};

SortedLine sort_line(const AnyMatrixView& points);

/// The points in the order given, for a caller who has no time left to sort them.
SortedLine unsorted_line(const AnyMatrixView& points);

/// The values of sort_line() without the order.
Lines<double> sorted_values(const AnyMatrixView& points);

}  // namespace monge::kernels

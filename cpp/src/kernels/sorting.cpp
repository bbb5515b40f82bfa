#include "kernels/sorting.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>

#include "kernels/row_kernels.hpp"

namespace monge::kernels {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The integer of as many bits as T.
template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

/// Negative numbers have all bits but the sign turned, so that words compare as numbers do.
template <class Bits>
Bits turned(Bits bits) {
  return bits ^ (bits < 0 ? std::numeric_limits<Bits>::max() : Bits{0});
}

template <class T>
std::int64_t word_of(T value) {
  return turned(std::bit_cast<BitsOf<T>>(value + T{0}));  // -0 becomes 0
}

template <class T>
T value_of(std::int64_t word) {
  return std::bit_cast<T>(turned(static_cast<BitsOf<T>>(word)));
}

/// a - b for words that may differ by more than the largest signed number.
std::uint64_t distance(std::int64_t a, std::int64_t b) {
  return static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b);
}

/// The leading `bits` bits of words, counted from where the words of a run begin to differ.
struct LeadingBits {
  std::int64_t least;
  int shift;

  LeadingBits(std::int64_t least_word, std::int64_t most, int bits)
      : least(least_word),
        shift(std::max(0, static_cast<int>(std::bit_width(distance(most, least))) - bits)) {}
  std::uint64_t operator()(std::int64_t word) const { return distance(word, least) >> shift; }
};

/// Calls sort(begin, end) for each run of more than one element that `same` joins.
template <class Same, class Sort>
void for_each_run(std::int64_t n, const Same& same, const Sort& sort) {
  for (std::int64_t begin = 0; begin < n;) {
    std::int64_t end = begin + 1;
    while (end < n && same(begin, end)) ++end;
    if (end - begin > 1) sort(begin, end);
    begin = end;
  }
}

void radix_sort_words(std::int64_t* words, std::int64_t* scratch, std::int64_t n) {
  constexpr int passes = 3, digit_bits = 11;
  constexpr std::uint64_t digits = 1U << digit_bits;
  const auto [least, most] = std::minmax_element(words, words + n);
  const LeadingBits key(*least, *most, passes * digit_bits);
  std::array<std::array<std::int64_t, digits>, passes> places{};
  for (std::int64_t i = 0; i < n; ++i) {
    const std::uint64_t bits = key(words[i]);
    for (int pass = 0; pass < passes; ++pass) {
      ++places[at(pass)][(bits >> (pass * digit_bits)) % digits];
    }
  }
  std::int64_t *from = words, *to = scratch;
  for (int pass = 0; pass < passes; ++pass) {
    std::int64_t begin = 0;
    for (std::int64_t& place : places[at(pass)]) begin += std::exchange(place, begin);
    for (std::int64_t i = 0; i < n; ++i) {
      to[places[at(pass)][(key(from[i]) >> (pass * digit_bits)) % digits]++] = from[i];
    }
    std::swap(from, to);
  }
  std::copy_n(from, n, words);  // after an odd number of passes
  if (key.shift == 0) return;
  for_each_run(
      n, [&](std::int64_t i, std::int64_t j) { return key(words[i]) == key(words[j]); },
      [&](std::int64_t begin, std::int64_t end) { std::sort(words + begin, words + end); });
}

template <class T>
void introsort(T* values, std::int64_t n) {
  std::sort(values, values + n);
}

/// The points of a line where they are contiguous doubles; else null.
const double* contiguous(const AnyMatrixView& points) {
  const auto* view = std::get_if<MatrixView<double>>(&points);
  return view && view->row_stride == 1 ? view->data : nullptr;
}

Lines<double> column(const AnyMatrixView& points) {
  return std::visit(
      [](const auto& view) {
        if (view.row_stride == 1) return Lines<double>(view.data, view.data + view.rows);
        Lines<double> values(at(view.rows));
        for (std::int64_t i = 0; i < view.rows; ++i) values[at(i)] = view(i, 0);
        return values;
      },
      points);
}

/// Cells into which the range of numbers is cut to sort their positions.
constexpr double cells = (1 << 29) - 1;

/// A number in the order of cells, then of positions. Bit 61 makes it normal, whose order no
/// rounding mode changes.
double key(double cell, std::int64_t position) {
  return std::bit_cast<double>(std::uint64_t{1} << 61 |
                               static_cast<std::uint64_t>(static_cast<std::int64_t>(cell)) << 32 |
                               static_cast<std::uint64_t>(position));
}

/// Sorts positions, given in ascending order, whose numbers share a cell: these have cells of their
/// own. Their range is less than 2^-28 of the one before, so the recursion ends.
template <class T>
void sort_crowded(const T* values, std::int64_t n, Index* order, SortScratch& scratch) {
  std::vector<T> own(at(n));
  std::vector<Index> inner(at(n)), given(order, order + n);
  for (std::int64_t k = 0; k < n; ++k) own[at(k)] = values[order[k]];
  sort_positions(own.data(), n, inner.data(), scratch);
  for (std::int64_t k = 0; k < n; ++k) order[k] = given[at(inner[at(k)])];
}

}  // namespace

template <class T>
void radix_sort_values(T* values, std::int64_t n, SortScratch& scratch) {
  if (n < 256) return introsort(values, n);
  scratch.words.resize(at(n));
  scratch.more.resize(at(n));
  std::transform(values, values + n, scratch.words.begin(), word_of<T>);
  radix_sort_words(scratch.words.data(), scratch.more.data(), n);
  std::transform(scratch.words.begin(), scratch.words.end(), values, value_of<T>);
}

template <class T>
void sort_values(T* values, std::int64_t n, SortScratch& scratch) {
  if (const auto vector_sort = row_kernels().lines<T>().sort_values) {
    vector_sort(values, values, n, introsort<T>);
  } else {
    radix_sort_values(values, n, scratch);
  }
}

template <class T>
void sort_positions(const T* values, std::int64_t n, Index* order, SortScratch& scratch) {
  std::iota(order, order + n, 0);
  if (n < 2) return;
  const auto [least, most] = std::minmax_element(values, values + n);
  const double low = *least, scale = cells / (*most - low);
  const auto by_value = [&](Index i, Index j) {
    return values[i] < values[j] || (values[i] == values[j] && i < j);
  };
  if (*most == low) return;
  if (!std::isfinite(scale) || scale == 0) return std::sort(order, order + n, by_value);
  scratch.keys.resize(at(n));
  for (std::int64_t i = 0; i < n; ++i)
    scratch.keys[at(i)] = key((static_cast<double>(values[i]) - low) * scale, i);
  sort_values(scratch.keys.data(), n, scratch);
  const auto bits = [&](std::int64_t k) {
    return std::bit_cast<std::uint64_t>(scratch.keys[at(k)]);
  };
  for (std::int64_t k = 0; k < n; ++k) order[k] = static_cast<Index>(bits(k) & 0x7fffffff);
  std::vector<std::pair<std::int64_t, std::int64_t>> crowded;
  for_each_run(
      n, [&](std::int64_t k, std::int64_t l) { return bits(k) >> 32 == bits(l) >> 32; },
      [&](std::int64_t begin, std::int64_t end) {
        if (end - begin < 64) return std::sort(order + begin, order + end, by_value);
        crowded.emplace_back(begin, end);
      });
  for (const auto& [begin, end] : crowded)
    sort_crowded(values, end - begin, order + begin, scratch);
}

template void sort_values(float*, std::int64_t, SortScratch&);
template void sort_values(double*, std::int64_t, SortScratch&);
template void sort_positions(const float*, std::int64_t, Index*, SortScratch&);
template void sort_positions(const double*, std::int64_t, Index*, SortScratch&);
template void radix_sort_values(float*, std::int64_t, SortScratch&);
template void radix_sort_values(double*, std::int64_t, SortScratch&);

SortedLine sort_line(const AnyMatrixView& points) {
  const Lines<double> given = column(points);
  SortedLine line;
  line.order.resize(given.size());
  line.values.resize(given.size());
  SortScratch scratch;
  sort_positions(given.data(), rows_of(points), line.order.data(), scratch);
  for (std::size_t k = 0; k < given.size(); ++k) line.values[k] = given[at(line.order[k])];
  return line;
}

SortedLine unsorted_line(const AnyMatrixView& points) {
  const Lines<double> given = column(points);
  SortedLine line{{given.begin(), given.end()}, std::vector<Index>(given.size())};
  std::iota(line.order.begin(), line.order.end(), 0);
  return line;
}

Lines<double> sorted_values(const AnyMatrixView& points) {
  const double* given = contiguous(points);
  const auto vector_sort = row_kernels().lines<double>().sort_values;
  if (given && vector_sort) {
    Lines<double> values(at(rows_of(points)));
    vector_sort(given, values.data(), rows_of(points), introsort<double>);
    return values;
  }
  Lines<double> values = column(points);
  SortScratch scratch;
  sort_values(values.data(), rows_of(points), scratch);
  return values;
}

}  // namespace monge::kernels

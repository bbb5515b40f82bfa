// Transport between two sorted lists of numbers with masses: the monotone plan, whose pieces are
// the overlaps of the two lists' intervals of cumulative mass.
//
// Each element of one list walks its overlaps alone, beginning where a binary search says: n + m -
// 1 pieces in all, of which a thread takes those of its elements. No merge of the lists is formed.
#pragma once

#include <cmath>
#include <cstdint>

#include "simt/block.hpp"
#include "simt/kernels/block_sort.hpp"
#include "simt/kernels/block_sums.hpp"

namespace monge::simt {

/// A sorted list; element k has the mass between end(k - 1) and end(k).
struct SortedList {
  const Word* keys;
  std::int64_t count;
  const double* ends;  ///< null: equal masses

  MONGE_SIMT float value(std::int64_t k) const { return value_in(keys[k]); }
  /// Cumulative mass; equal fractions are equal numbers, as a division rounds correctly.
  MONGE_SIMT double end(std::int64_t k) const {
    return ends ? ends[k] : static_cast<double>(k + 1) / static_cast<double>(count);
  }
  MONGE_SIMT double begin(std::int64_t k) const { return k > 0 ? end(k - 1) : 0; }

  /// The first element that ends after `mass`; count if none does.
  MONGE_SIMT std::int64_t first_after(double mass) const {
    std::int64_t low = 0, high = count;
    while (low < high) {
      const std::int64_t middle = (low + high) / 2;
      if (end(middle) > mass) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
};

/// piece(j, mass) for every overlap of element k of `list` with an element j of `other`.
template <class Piece>
MONGE_SIMT void for_each_overlap(const SortedList& list, std::int64_t k, const SortedList& other,
                                 const Piece& piece) {
  const double begin = list.begin(k), end = list.end(k);
  double from = begin;
  for (std::int64_t j = other.first_after(begin); j < other.count && from < end; ++j) {
    const double to = fmin(end, other.end(j));
    piece(j, to - from);
    from = to;
  }
}

/// |difference|^p
MONGE_SIMT double power_of(double difference, double p) {
  const double size = fabs(difference);
  if (p == 1) return size;
  if (p == 2) return size * size;
  return pow(size, p);
}

/// Its derivative in the difference; 0 at 0.
MONGE_SIMT double slope_of(double difference, double p) {
  if (difference == 0) return 0;
  const double size = fabs(difference);
  const double slope = p == 1 ? 1 : p == 2 ? 2 * size : p * pow(size, p - 1);
  return difference < 0 ? -slope : slope;
}

/// W_p^p of the lists, for all threads. `parts`: shared, sum_parts of them.
template <Block B>
MONGE_SIMT double line_cost(B& k, const SortedList& u, const SortedList& v, double p,
                            double* parts) {
  const SortedList longer = u.count < v.count ? v : u;
  const SortedList shorter = u.count < v.count ? u : v;
  return ordered_sum(
      k, longer.count,
      [&](std::int64_t i) {
        double cost = 0;
        for_each_overlap(longer, i, shorter, [&](std::int64_t j, double mass) {
          cost += mass * power_of(static_cast<double>(longer.value(i)) - shorter.value(j), p);
        });
        return cost;
      },
      parts);
}

/// The derivative of W_p^p by each element of `list`, stored by the index in its key.
template <Block B>
MONGE_SIMT void line_slopes(B& k, const SortedList& list, const SortedList& other, double p,
                            float* slopes) {
  for (std::int64_t i = k.rank(); i < list.count; i += k.size()) {
    double slope = 0;
    for_each_overlap(list, i, other, [&](std::int64_t j, double mass) {
      slope += mass * slope_of(static_cast<double>(list.value(i)) - other.value(j), p);
    });
    slopes[index_in(list.keys[i])] = static_cast<float>(slope);
  }
}

/// Cumulative masses of a sorted list, added in an order that is fixed. A barrier has followed when
/// it returns. `parts`: shared, sum_parts of them.
template <Block B>
MONGE_SIMT void cumulative_masses(B& k, const Word* keys, std::int64_t count, const float* masses,
                                  double* ends, double* parts) {
  const std::int64_t width = (count + sum_parts - 1) / sum_parts;
  const auto end_of = [&](int part) {
    return (part + 1) * width < count ? (part + 1) * width : count;
  };
  for (int part = k.rank(); part < sum_parts; part += k.size()) {
    double sum = 0;
    for (std::int64_t i = part * width; i < end_of(part); ++i) sum += masses[index_in(keys[i])];
    parts[part] = sum;
  }
  k.sync();
  if (k.rank() == 0) {
    double before = 0;
    for (int part = 0; part < sum_parts; ++part) {
      const double sum = parts[part];
      parts[part] = before;
      before += sum;
    }
  }
  k.sync();
  for (int part = k.rank(); part < sum_parts; part += k.size()) {
    double sum = parts[part];
    for (std::int64_t i = part * width; i < end_of(part); ++i) {
      sum += masses[index_in(keys[i])];
      ends[i] = sum;
    }
  }
  k.sync();
}

}  // namespace monge::simt

// Compiled once per instruction set, with MONGE_KERNELS naming the table (cmake/kernels.cmake).
#include "kernels/bid_kernels.hpp"

#include <algorithm>
#include <limits>

#include "kernels/node_bounds.hpp"

#ifndef MONGE_KERNELS
#error "MONGE_KERNELS must name the table"
#endif

namespace monge::kernels {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr Index lanes = Lanes<float>::count;
/// A column's seat is its number modulo this, in every table.
constexpr int seats = 16;
static_assert(seats % lanes == 0 && bid_block % seats == 0 && bid_bounds % lanes == 0);

/// The ground cost of differences: `difference(a)` is that of axis a, a vector. D is the dimension
/// where the compiler should know it, else 0.
template <int D, class V, class Cost, class Difference>
V cost_of(const Cost& cost, int dim, const Difference& difference) {
  V sum{};
  for (int a = 0; a < (D > 0 ? D : dim); ++a) sum = fold(cost, sum, difference(a));
  return finish(cost, sum);
}

/// cost + price of the columns from the j-th on.
template <int D, class Cost, class T>
typename Lanes<T>::Vector values_from(const Cost& cost, const T* x, const PricedBlocks<T>& columns,
                                      Index j) {
  using V = typename Lanes<T>::Vector;
  const T* axis = columns.points + j;
  const auto difference = [&](int a) {
    return broadcast(x[a]) - load_as<V>(axis + static_cast<std::size_t>(a) * columns.stride);
  };
  return cost_of<D, V>(cost, columns.dim, difference) + load_as<V>(columns.price + j);
}

/// What no column of the boxes from the k-th on is below. In the same order of operations as
/// values: rounding never lifts a bound above one.
template <int D, class Cost, class T>
typename Lanes<T>::Vector bounds_from(const Cost& cost, const T* x, const PricedBoxes<T>& boxes,
                                      Index k) {
  using V = typename Lanes<T>::Vector;
  const auto away = [&](int a) {
    const Index place = a * boxes.count + k;
    const V below = load_as<V>(boxes.low + place) - broadcast(x[a]);
    const V above = broadcast(x[a]) - load_as<V>(boxes.high + place);
    return larger(larger(below, above), broadcast(T{0}));
  };
  return cost_of<D, V>(cost, boxes.dim, away) + load_as<V>(boxes.least_price + k);
}

/// One look. D is the dimension where the compiler should know it, else 0. Columns take seats:
/// whatever the width of vectors, the same bits come out.
template <class Cost, int D>
class Look {
 public:
  Look(const Cost& cost, const float* x, const PricedBlocks<float>& columns, float* bounds)
      : cost_(cost), x_(x), columns_(columns), bounds_(bounds) {}

  void run(float most, BestBid& best) {
    for (;; most = best.second) {
      open_below(most);
      best_of_seats(best);
      if (best.second <= most) return;
    }
  }

 private:
  static constexpr int parts = seats / lanes;

  // Which blocks to open is known before any is: they are computed side by side, where a limit that
  // falls from block to block would make each wait for the one before.
  void open_below(float most) {
    for (int p = 0; p < parts; ++p) {
      least_[p] = next_[p] = broadcast(infinity);
      from_[p] = broadcast(0.0F);
    }
    for (Index k = 0; k < columns_.blocks; k += lanes) {
      unsigned below = bits_below(load_as<WideFloats>(bounds_ + k), broadcast(most));
      for (; below != 0; below &= below - 1) open(k + static_cast<Index>(std::countr_zero(below)));
    }
  }

  void open(Index block) {
    WideFloats all = broadcast(infinity);
    WideFloats from = broadcast(static_cast<float>(block * bid_block));
#if defined(__GNUC__)
#pragma GCC unroll 4
#endif
    for (Index k = 0; k < bid_block; k += seats) {
      const Index j = block * bid_block + k;
      for (int p = 0; p < parts; ++p) {
        const WideFloats values = values_from<D>(cost_, x_, columns_, j + p * lanes);
        next_[p] = smaller(next_[p], larger(least_[p], values));
        from_[p] = values < least_[p] ? from : from_[p];
        least_[p] = smaller(least_[p], values);
        all = smaller(all, values);
      }
      from += broadcast(static_cast<float>(seats));
    }
    bounds_[block] = smallest_lane(all);
  }

  unsigned seats_of(float value) const {
    unsigned set = 0;
    for (int p = 0; p < parts; ++p) set |= bits_equal(least_[p], broadcast(value)) << (p * lanes);
    return set;
  }

  /// The lowest of the columns that sit on a set of seats.
  Index lowest_column(unsigned set) const {
    float from[seats];
    for (int p = 0; p < parts; ++p) store(from + p * lanes, from_[p]);
    Index lowest = std::numeric_limits<Index>::max();
    for (; set != 0; set &= set - 1) {
      const int seat = std::countr_zero(set);
      lowest = std::min(lowest, static_cast<Index>(from[seat]) + seat);
    }
    return lowest;
  }

  void best_of_seats(BestBid& best) const {
    WideFloats least = least_[0], next = next_[0];
    for (int p = 1; p < parts; ++p) {
      next = smaller(larger(least, least_[p]), smaller(next, next_[p]));
      least = smaller(least, least_[p]);
    }
    const LeastTwo two = least_two(least, next);
    best.first = two.least;
    best.second = two.next;
    const unsigned firsts = seats_of(best.first);
    best.column = lowest_column(firsts);
    const unsigned seat = 1U << best.column % seats;
    unsigned others = seats_of(best.second) & ~seat;
    best.other_value = best.second;
    if (others == 0) {  // the second sits where the first does, which has taken its place
      best.other_value = least_but(seat);
      others = seats_of(best.other_value) & ~seat;
    }
    best.other = lowest_column(others);
  }

  /// The least value of the other seats.
  float least_but(unsigned seat) const {
    float values[seats], least = infinity;
    for (int p = 0; p < parts; ++p) store(values + p * lanes, least_[p]);
    for (unsigned rest = ~seat & ((1U << seats) - 1); rest != 0; rest &= rest - 1) {
      const float value = values[std::countr_zero(rest)];
      least = value < least ? value : least;
    }
    return least;
  }

  const Cost& cost_;
  const float* x_;
  const PricedBlocks<float>& columns_;
  float* bounds_;
  // Of each seat: the least value, the next one, and where the column of the least is.
  WideFloats least_[parts], next_[parts], from_[parts];
};

void bound(const GroundCost& cost, const float* x, const PricedBoxes<float>& boxes, float* bounds) {
  std::visit(
      [&](const auto& c) {
        for (Index k = 0; k < boxes.count; k += lanes) {
          store(bounds + k, bounds_from<0>(c, x, boxes, k));
        }
      },
      cost);
}

BestBid best(const GroundCost& cost, const float* x, const PricedBlocks<float>& columns, float most,
             float* bounds) {
  return std::visit(
      [&](const auto& c) {
        using Cost = std::decay_t<decltype(c)>;
        BestBid best;
        columns.dim == 3 ? Look<Cost, 3>(c, x, columns, bounds).run(most, best)
                         : Look<Cost, 0>(c, x, columns, bounds).run(most, best);
        return best;
      },
      cost);
}

template <int D, class Cost>
double least_of(const Cost& cost, const double* x, const PricedBoxes<double>& boxes,
                const PricedBlocks<double>& columns, double most) {
  Vec least = broadcast(most);
  for (Index k = 0; k < columns.blocks; k += width) {
    unsigned below = bits_below(bounds_from<D>(cost, x, boxes, k), broadcast(most));
    for (; below != 0; below &= below - 1) {
      const Index block = k + static_cast<Index>(std::countr_zero(below));
      for (Index j = block * bid_block; j < (block + 1) * bid_block; j += width) {
        least = smaller(least, values_from<D>(cost, x, columns, j));
      }
    }
  }
  return smallest_lane(least);
}

double least(const GroundCost& cost, const double* x, const PricedBoxes<double>& boxes,
             const PricedBlocks<double>& columns, double most) {
  return std::visit(
      [&](const auto& c) {
        return columns.dim == 3 ? least_of<3>(c, x, boxes, columns, most)
                                : least_of<0>(c, x, boxes, columns, most);
      },
      cost);
}

}  // namespace

extern const BidKernels MONGE_KERNELS;
const BidKernels MONGE_KERNELS{compiled_for_this_cpu, bound, best, least};

}  // namespace monge::kernels

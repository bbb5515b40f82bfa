// Compiled once per instruction set, with MONGE_KERNELS naming the table (cmake/kernels.cmake).
#include "kernels/bid_kernels.hpp"

#include <limits>

#include "kernels/node_bounds.hpp"

#ifndef MONGE_KERNELS
#error "MONGE_KERNELS must name the table"
#endif

namespace monge::kernels {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr Index lanes = Lanes<float>::count;
static_assert(bid_block % lanes == 0 && bid_bounds % lanes == 0);

/// The first place of `value` in whole vectors, where it is.
inline Index place_of(float value, const float* values) {
  for (Index k = 0;; k += lanes) {
    const unsigned found = bits(load_as<WideFloats>(values + k) == broadcast(value));
    if (found != 0) return k + static_cast<Index>(std::countr_zero(found));
  }
}

/// One look. D is the dimension where the compiler should know it, else 0.
template <class Cost, int D>
struct Look {
  const Cost& cost;
  const float* x;
  const PricedBlocks& columns;
  float* bounds;
  BestBid best{infinity, infinity, 0};

  int dim() const { return D > 0 ? D : columns.dim; }

  WideFloats values_from(Index j) const {
    WideFloats sum = broadcast(0.0F);
    const float* axis = columns.points + j;
    for (int a = 0; a < dim(); ++a, axis += columns.stride) {
      sum = fold(cost, sum, broadcast(x[a]) - load_as<WideFloats>(axis));
    }
    return finish(cost, sum) + load_as<WideFloats>(columns.price + j);
  }

  void open(Index block) {
    float values[bid_block];
    WideFloats least = values_from(block * bid_block);
    store(values, least);
    for (Index k = lanes; k < bid_block; k += lanes) {
      const WideFloats some = values_from(block * bid_block + k);
      store(values + k, some);
      least = smaller(least, some);
    }
    const float first = smallest_lane(least);
    bounds[block] = first;
    if (first < best.first) {
      const Index place = place_of(first, values);
      values[place] = infinity;
      WideFloats rest = load_as<WideFloats>(values);
      for (Index k = lanes; k < bid_block; k += lanes) {
        rest = smaller(rest, load_as<WideFloats>(values + k));
      }
      const float next = smallest_lane(rest);
      best.second = next < best.first ? next : best.first;
      best.first = first;
      best.column = block * bid_block + place;
    } else if (first < best.second) {
      best.second = first;
    }
  }

  BestBid run(Index likely) {
    open(likely);
    for (Index k = 0; k < columns.blocks; k += lanes) {
      unsigned below = bits(load_as<WideFloats>(bounds + k) < broadcast(best.second));
      for (; below != 0; below &= below - 1) {
        const Index block = k + static_cast<Index>(std::countr_zero(below));
        if (block != likely && bounds[block] < best.second) open(block);
      }
    }
    return best;
  }
};

BestBid best(const GroundCost& cost, const float* x, const PricedBlocks& columns, Index likely,
             float* bounds) {
  return std::visit(
      [&](const auto& c) {
        using Cost = std::decay_t<decltype(c)>;
        return columns.dim == 3 ? Look<Cost, 3>{c, x, columns, bounds}.run(likely)
                                : Look<Cost, 0>{c, x, columns, bounds}.run(likely);
      },
      cost);
}

}  // namespace

extern const BidKernels MONGE_KERNELS;
const BidKernels MONGE_KERNELS{compiled_for_this_cpu, best};

}  // namespace monge::kernels

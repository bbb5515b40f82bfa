// Compiled once per instruction set, with MONGE_KERNELS naming the table
// (cmake/kernels.cmake).
#include "kernels/scan_kernels.hpp"

#include <limits>

#include "geometry/priced_tree.hpp"
#include "kernels/node_bounds.hpp"

#ifndef MONGE_KERNELS
#error "MONGE_KERNELS must name the table"
#endif

namespace monge::kernels {
namespace {

/// The lowest `count` bits.
inline unsigned first_bits(Index count) { return count >= 32 ? ~0u : (1u << count) - 1; }

constexpr Index block = TreeShape::block;
constexpr Index fan_out = TreeShape::fan_out;

/// One search. D is the dimension where the compiler should know it, else 0. `Sink` has `limit`, in
/// all lanes, and takes hits.
template <class T, class Cost, int D, class Sink>
struct Search {
  using V = typename Lanes<T>::Vector;
  static constexpr Index lanes = Lanes<T>::count;

  const Cost& cost;
  const T* x;
  const TreeView<T>& tree;
  Sink& sink;

  Index scanned = -1;  ///< the block that dive() has scanned

  int dim() const { return D > 0 ? D : tree.dim; }
  V bounds(int level, Index first) const {
    return lower_bound(cost, dim(),
                       Nodes<T>{tree.levels[level], x, static_cast<std::size_t>(first)});
  }
  Index children(int level, Index node) const {
    const Index left = tree.nodes[level - 1] - node * fan_out;
    return left < fan_out ? left : fan_out;
  }

  /// Scans the block that looks best from above: a first limit where there is none.
  void dive() {
    Index first = 0, count = tree.nodes[tree.depth - 1];
    for (int level = tree.depth - 1;; --level) {
      Index best = first;
      T least = std::numeric_limits<T>::infinity();
      for (Index k = 0; k < count; k += lanes) {
        T values[lanes];
        store(values, bounds(level, first + k));
        for (Index lane = 0; lane < lanes && k + lane < count; ++lane) {
          if (!(values[lane] < least)) continue;
          least = values[lane];
          best = first + k + lane;
        }
      }
      if (level == 0) {
        scan(best);
        scanned = best;
        return;
      }
      first = best * fan_out;
      count = children(level, best);
    }
  }

  void open(int level, Index first, Index count) {
    for (Index k = 0; k < count; k += lanes) {
      unsigned opened = bits_at_most(bounds(level, first + k), sink.limit) & first_bits(count - k);
      for (; opened != 0; opened &= opened - 1) {
        const Index node = first + k + std::countr_zero(opened);
        if (level > 0) {
          open(level - 1, node * fan_out, children(level, node));
        } else if (node != scanned) {
          scan(node);
        }
      }
    }
  }

  void scan(Index node) {
    const Index begin = node * block;
    const T* price = tree.price + begin;
    T last_prices[block];
    if (begin + block > tree.n) {
      for (Index j = 0; j < block; ++j) {
        last_prices[j] = begin + j < tree.n ? price[j] : std::numeric_limits<T>::infinity();
      }
      price = last_prices;
    }
    for (Index j = 0; j < block; j += lanes) {
      V sum = broadcast(T(0));
      const T* axis = tree.points + begin + j;
      for (int a = 0; a < dim(); ++a, axis += tree.stride) {
        sum = fold(cost, sum, broadcast(x[a]) - load_as<V>(axis));
      }
      const V value = finish(cost, sum) + load_as<V>(price + j);
      unsigned found = bits_at_most(value, sink.limit);
      if (found == 0) continue;
      if (begin + block > tree.n) found &= first_bits(tree.n > begin + j ? tree.n - begin - j : 0);
      T values[lanes];
      store(values, value);
      for (; found != 0; found &= found - 1) {
        const int lane = std::countr_zero(found);
        sink.take(values[lane], begin + j + lane);
      }
    }
  }

  void run() { open(tree.depth - 1, 0, tree.nodes[tree.depth - 1]); }
};

template <class T>
struct TakeAll {
  typename Lanes<T>::Vector limit;
  Hit<T>* hits;
  Index count = 0;
  void take(T value, Index column) { hits[count++] = {value, column}; }
};

/// Keeps the least ones sorted in the lanes of vectors, the last of them in the very last lane. A
/// hit takes its place in all lanes at once: where it belongs is nothing that a branch could guess.
/// `fixed` is the number of vectors where the compiler should know it, else 0.
template <class T, Index fixed>
class TakeLeast {
 public:
  using V = typename Lanes<T>::Vector;

  TakeLeast(T first_limit, Index wanted)
      : limit(broadcast(first_limit)),
        empty_lanes_(vectors_for(wanted) * lanes - wanted),
        vectors_(vectors_for(wanted)) {
    T lowest[lanes];
    for (Index lane = 0; lane < lanes; ++lane) lowest[lane] = lane < empty_lanes_ ? -none : none;
    for (Index k = 0; k < vectors(); ++k) {
      values_[k] = k > 0 ? broadcast(none) : load_as<V>(lowest);
      columns_[k] = Integers{} - 1;
    }
  }

  V limit;  ///< what is above it is not wanted

  void take(T value, Index column) {
    const V new_value = broadcast(value);
    const Integers new_column = Integers{} + column;
    for (Index k = vectors(); k-- > 0;) {
      const V own = values_[k];
      const V below = moved_up<lanes>(own, k > 0 ? values_[k - 1] : broadcast(-none));
      const Integers below_column = moved_up<lanes>(columns_[k], columns_[k > 0 ? k - 1 : 0]);
      values_[k] = own <= new_value ? own : below <= new_value ? new_value : below;
      columns_[k] = own <= new_value ? columns_[k] : below <= new_value ? new_column : below_column;
    }
    limit = smaller(limit, broadcast(lane(values_[vectors() - 1], lanes - 1)));
  }

  /// Writes them in ascending order; returns how many there are.
  Index write(Hit<T>* hits) const {
    T values[lanes];
    typename Lanes<T>::Integer columns[lanes];
    Index count = 0;
    for (Index k = 0; k < vectors(); ++k) {
      store(values, values_[k]);
      store(columns, columns_[k]);
      for (Index lane = k > 0 ? 0 : empty_lanes_; lane < lanes && columns[lane] >= 0; ++lane) {
        hits[count++] = {values[lane], static_cast<Index>(columns[lane])};
      }
    }
    return count;
  }

 private:
  using Integers = typename Lanes<T>::Integers;
  static constexpr Index lanes = Lanes<T>::count;
  static constexpr Index vectors_for(Index wanted) { return (wanted + lanes - 1) / lanes; }
  static constexpr Index room = fixed > 0 ? fixed : (most_wanted + lanes - 1) / lanes;
  static constexpr T none = std::numeric_limits<T>::infinity();
  Index vectors() const { return fixed > 0 ? fixed : vectors_; }

  V values_[room];
  Integers columns_[room];  ///< -1 where there is none yet
  Index empty_lanes_;       ///< of the first vector, before the least one
  Index vectors_;
};

/// Calls run(search) for the search of that cost and dimension.
template <class T, class Sink, class Run>
void with_search(const GroundCost& cost, const T* x, const TreeView<T>& tree, Sink& sink,
                 const Run& run) {
  const auto of_cost = [&](const auto& c) {
    using Cost = std::decay_t<decltype(c)>;
    if (tree.dim == 3) {
      run(Search<T, Cost, 3, Sink>{c, x, tree, sink});
    } else {
      run(Search<T, Cost, 0, Sink>{c, x, tree, sink});
    }
  };
  std::visit(of_cost, cost);
}

template <class T>
Index below(const GroundCost& cost, const T* x, const TreeView<T>& tree, T limit, Hit<T>* hits) {
  TakeAll<T> sink{broadcast(limit), hits};
  with_search(cost, x, tree, sink, [](auto search) { search.run(); });
  return sink.count;
}

template <class T, Index fixed>
Index least_of(const GroundCost& cost, const T* x, const TreeView<T>& tree, T limit, Index wanted,
               Hit<T>* hits) {
  TakeLeast<T, fixed> sink(limit, wanted);
  with_search(cost, x, tree, sink, [&](auto search) {
    if (limit == std::numeric_limits<T>::infinity()) search.dive();
    search.run();
  });
  return sink.write(hits);
}

template <class T>
Index least(const GroundCost& cost, const T* x, const TreeView<T>& tree, T limit, Index wanted,
            Hit<T>* hits) {
  return wanted <= Lanes<T>::count ? least_of<T, 1>(cost, x, tree, limit, wanted, hits)
                                   : least_of<T, 0>(cost, x, tree, limit, wanted, hits);
}

template <class T>
constexpr ScansOf<T> kernels_of{below<T>, least<T>};

}  // namespace

extern const ScanKernels MONGE_KERNELS;
const ScanKernels MONGE_KERNELS{compiled_for_this_cpu, kernels_of<float>, kernels_of<double>};

}  // namespace monge::kernels

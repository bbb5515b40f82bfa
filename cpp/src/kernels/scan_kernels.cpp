// Compiled once per instruction set, with MONGE_SCAN_KERNELS naming the table (cmake/kernels.cmake).
#include "kernels/scan_kernels.hpp"

#include "geometry/priced_tree.hpp"
#include "kernels/node_bounds.hpp"

#ifndef MONGE_SCAN_KERNELS
#error "MONGE_SCAN_KERNELS must name the table"
#endif

namespace monge::kernels {
namespace {

/// The lowest `count` bits.
inline unsigned first_bits(Index count) { return count >= 32 ? ~0u : (1u << count) - 1; }

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

  int dim() const { return D > 0 ? D : tree.dim; }

  void open(int level, Index first, Index count) {
    const NodesView<T>& nodes = tree.levels[level];
    for (Index k = 0; k < count; k += lanes) {
      const V bound =
          lower_bound(cost, dim(), Nodes<T>{nodes, x, static_cast<std::size_t>(first + k)});
      unsigned opened = bits(bound <= sink.limit) & first_bits(count - k);
      for (; opened != 0; opened &= opened - 1) {
        const Index node = first + k + std::countr_zero(opened);
        if (level == 0) {
          scan(node);
        } else {
          constexpr Index fan_out = TreeShape::fan_out;
          const Index begin = node * fan_out, left = tree.nodes[level - 1] - begin;
          open(level - 1, begin, left < fan_out ? left : fan_out);
        }
      }
    }
  }

  void scan(Index node) {
    const Index begin = node * TreeShape::block;
    for (Index j = begin; j < begin + TreeShape::block; j += lanes) {
      V sum = broadcast(T(0));
      const T* axis = tree.points + j;
      for (int a = 0; a < dim(); ++a, axis += tree.stride) {
        sum = fold(cost, sum, broadcast(x[a]) - load_as<V>(axis));
      }
      const V value = finish(cost, sum) + load_as<V>(tree.price + j);
      unsigned found = bits(value <= sink.limit);
      if (found == 0) continue;
      if (j + lanes > tree.n) found &= first_bits(tree.n > j ? tree.n - j : 0);
      T values[lanes];
      store(values, value);
      for (; found != 0; found &= found - 1) {
        const int lane = std::countr_zero(found);
        sink.take(values[lane], j + lane);
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

/// Keeps the least ones sorted, by insertion: lists are short.
template <class T>
struct TakeLeast {
  typename Lanes<T>::Vector limit;
  Hit<T>* hits;
  Index wanted;
  Index count = 0;
  void take(T value, Index column) {
    if (count == wanted && !(value < hits[count - 1].value)) return;
    Index k = count < wanted ? count++ : count - 1;
    for (; k > 0 && hits[k - 1].value > value; --k) hits[k] = hits[k - 1];
    hits[k] = {value, column};
    if (count == wanted) limit = broadcast(hits[count - 1].value);
  }
};

template <class T, class Sink>
void search(const GroundCost& cost, const T* x, const TreeView<T>& tree, Sink& sink) {
  const auto run = [&](const auto& c) {
    using Cost = std::decay_t<decltype(c)>;
    switch (tree.dim) {
      case 2: Search<T, Cost, 2, Sink>{c, x, tree, sink}.run(); break;
      case 3: Search<T, Cost, 3, Sink>{c, x, tree, sink}.run(); break;
      default: Search<T, Cost, 0, Sink>{c, x, tree, sink}.run();
    }
  };
  std::visit(run, cost);
}

template <class T>
Index below(const GroundCost& cost, const T* x, const TreeView<T>& tree, T limit, Hit<T>* hits) {
  TakeAll<T> sink{broadcast(limit), hits};
  search(cost, x, tree, sink);
  return sink.count;
}

template <class T>
Index least(const GroundCost& cost, const T* x, const TreeView<T>& tree, T limit, Index wanted,
            Hit<T>* hits) {
  TakeLeast<T> sink{broadcast(limit), hits, wanted};
  search(cost, x, tree, sink);
  return sink.count;
}

template <class T>
constexpr ScanKernels<T> kernels_of{below<T>, least<T>};

}  // namespace

extern const ScanTable MONGE_SCAN_KERNELS;
const ScanTable MONGE_SCAN_KERNELS{kernels_of<float>, kernels_of<double>};

}  // namespace monge::kernels

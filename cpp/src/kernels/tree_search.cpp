#include "kernels/tree_search.hpp"

#include <algorithm>

#include "kernels/row_kernels.hpp"

namespace monge::kernels {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

using Scratch = TreeSearch::Scratch;

/// The first k become the k best, the next one the best of the rest.
void put_best_first(std::size_t k, std::vector<Scratch::Found>& found) {
  std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(k), found.end(),
                   [](const Scratch::Found& a, const Scratch::Found& b) {
                     return a.value < b.value ||
                            (a.value == b.value && a.candidate.column < b.candidate.column);
                   });
}

bool opens_later(const Scratch::Open& a, const Scratch::Open& b) { return a.bound > b.bound; }

}  // namespace

void TreeSearch::find(const double* x, const double* price, double limit, int wanted, Scratch& s,
                      Scan& out) const {
  const std::size_t k = static_cast<std::size_t>(wanted);
  const int top = static_cast<int>(tree_.levels().size()) - 1;
  s.found.clear();
  s.heap.clear();
  double passed = limit;
  open_nodes(x, top, 0, tree_.levels().back().nodes, limit, s);
  while (!s.heap.empty()) {
    std::pop_heap(s.heap.begin(), s.heap.end(), opens_later);
    const Scratch::Open open = s.heap.back();
    s.heap.pop_back();
    if (open.bound > limit) break;
    if (open.level > 0) {
      const Index first = open.node * PricedTree::fan_out;
      const Index below = tree_.levels()[static_cast<std::size_t>(open.level - 1)].nodes;
      open_nodes(x, open.level - 1, first, std::min(PricedTree::fan_out, below - first), limit, s);
      continue;
    }
    scan_block(x, open.node, price, limit, s);
    if (s.found.size() >= 2 * k) {
      put_best_first(k, s.found);
      limit = passed = s.found[k].value;
      s.found.resize(k);
    }
  }
  if (s.found.size() > k) {
    put_best_first(k, s.found);
    passed = s.found[k].value;
    s.found.resize(k);
  }
  out.threshold = passed;
  out.found.clear();
  for (const Scratch::Found& f : s.found) out.found.push_back(f.candidate);
}

void TreeSearch::open_nodes(const double* x, int level, Index first, Index count, double limit,
                            Scratch& s) const {
  const PricedTree::Level& l = tree_.levels()[static_cast<std::size_t>(level)];
  s.bounds.resize(static_cast<std::size_t>((count + 7) / 8 * 8));
  const NodesView<double> view{l.low.data() + first,         l.high.data() + first,
                       l.slope.data() + first,       l.offset.data() + first,
                       l.least_price.data() + first, l.stride};
  row_kernels().node_bounds(cost_, x, tree_.dim(), view, s.bounds.data(), count);
  s.nodes += count;
  for (Index k = 0; k < count; ++k) {
    const double bound = s.bounds[static_cast<std::size_t>(k)];
    if (bound > limit) continue;
    s.heap.push_back({bound, level, first + k});
    std::push_heap(s.heap.begin(), s.heap.end(), opens_later);
  }
}

void TreeSearch::scan_block(const double* x, Index node, const double* price, double limit,
                            Scratch& s) const {
  const Index first = node * PricedTree::block;
  const Index count = std::min(PricedTree::block, tree_.size() - first);
  ++s.blocks;
  double costs[PricedTree::block];
  Index columns[PricedTree::block];
  double values[PricedTree::block];
  static constexpr double open_groups[PricedTree::block / group] = {-infinity, -infinity};
  const auto& kernels = row_kernels();
  kernels.costs(cost_, x, tree_.values().data() + first, tree_.stride(),
                tree_.dim(), costs, count);
  const Index found =
      kernels.f64.collect(costs, price + first, open_groups, limit, count, columns, values);
  for (Index k = 0; k < found; ++k)
    s.found.push_back({values[k], {costs[columns[k]], first + columns[k]}});
}

}  // namespace monge::kernels

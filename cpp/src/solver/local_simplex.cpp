#include "solver/local_simplex.hpp"

#include <atomic>

namespace monge {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Connected parts of a tree: part k has the nodes members[begin[k]] .. members[begin[k + 1] - 1],
/// rows before columns, each in preorder: what a cycle touches is close together.
struct Parts {
  std::vector<Index> part_of, local, members;
  std::vector<std::size_t> begin;
};

/// From the leaves up, a subtree becomes a part as soon as it is large enough.
Parts cut(TransportTree& tree, Index part_size) {
  const std::vector<Index> order = tree.preorder();
  Parts parts;
  std::vector<Index> pending(at(tree.root()) + 1, 0);
  parts.part_of.assign(at(tree.root()) + 1, -1);
  Index count = 1;  // part 0 holds the root
  parts.part_of[at(tree.root())] = 0;
  for (auto v = order.rbegin(); v != order.rend(); ++v) {
    const Index size = pending[at(*v)] + 1;
    if (size >= part_size) {
      parts.part_of[at(*v)] = count++;
    } else {
      pending[at(tree.parent(*v))] += size;
    }
  }
  std::vector<std::size_t> sizes(at(count) + 1, 0);
  for (Index v : order) {
    Index& part = parts.part_of[at(v)];
    if (part < 0) part = parts.part_of[at(tree.parent(v))];
    ++sizes[at(part) + 1];
  }
  for (std::size_t k = 1; k < sizes.size(); ++k) sizes[k] += sizes[k - 1];
  parts.begin = sizes;
  parts.members.resize(order.size());
  parts.local.resize(order.size());
  for (bool rows : {true, false}) {
    for (Index v : order) {
      if (tree.is_row(v) != rows) continue;
      std::size_t& k = sizes[at(parts.part_of[at(v)])];
      parts.local[at(v)] = static_cast<Index>(k - parts.begin[at(parts.part_of[at(v)])]);
      parts.members[k++] = v;
    }
  }
  return parts;
}

/// One part as a transport of its own.
class Part {
 public:
  Part(const TransportTree& whole, const CandidateArcs& arcs, const Parts& parts, Index part)
      : whole_(whole),
        parts_(parts),
        part_(part),
        first_(parts.begin[at(part)]),
        size_(static_cast<Index>(parts.begin[at(part) + 1] - first_)),
        rows_(count_rows()),
        tree_(rows_, size_ - rows_),
        arcs_(rows_) {
    std::vector<Arc> inside;
    for (Index i = 0; i < rows_; ++i) {
      for (std::size_t k = arcs.begin(member(i)); k < arcs.end(member(i)); ++k) {
        const Index col = whole.column(arcs.col(k));
        if (parts.part_of[at(col)] == part) {
          inside.push_back({i, parts.local[at(col)] - rows_, arcs.cost(k)});
        }
      }
    }
    arcs_.add(inside);
    for (Index v = 0; v < size_; ++v) attach(v);
    tree_.finish_start();
  }

  void optimise(const Tolerance& tolerance, Context& context) {
    run_simplex(tree_, arcs_, tolerance, context, std::int64_t{64} * (size_ + 64));
  }

  /// Writes this part's arcs into the whole tree. Nodes that hang outside the part still do.
  void write_back(TransportTree& whole) const {
    for (Index v = 0; v < size_; ++v) {
      const Index parent = tree_.parent(v);
      if (parent == tree_.root()) continue;
      whole.attach(member(v), member(parent), tree_.flow(v), tree_.arc_cost(v));
    }
  }

  std::int64_t pivots() const { return tree_.counters().pivots; }

 private:
  Index member(Index v) const { return parts_.members[first_ + at(v)]; }

  Index count_rows() const {
    Index rows = 0;
    while (rows < size_ && whole_.is_row(member(rows))) ++rows;
    return rows;
  }

  void attach(Index v) {
    const Index node = member(v), parent = whole_.parent(node);
    if (parent == whole_.root() || parts_.part_of[at(parent)] != part_) {
      tree_.attach(v, tree_.root(), 0, whole_.potential(node));
    } else {
      tree_.attach(v, parts_.local[at(parent)], whole_.flow(node), whole_.arc_cost(node));
    }
  }

  const TransportTree& whole_;
  const Parts& parts_;
  Index part_;
  std::size_t first_;
  Index size_, rows_;
  TransportTree tree_;
  CandidateArcs arcs_;
};

}  // namespace

std::int64_t run_local_simplex(TransportTree& tree, const CandidateArcs& arcs, Index part_size,
                               const Tolerance& tolerance, Team& team, Context& context) {
  const Parts parts = cut(tree, part_size);
  const std::int64_t count = static_cast<std::int64_t>(parts.begin.size()) - 1;
  std::atomic<std::int64_t> pivots{0};
  team.run(count, [&](std::int64_t k, int member) {
    if (member == 0) context.poll({"network simplex", 0});
    if (context.interruption() != Interruption::none) return;
    Context own;
    own.stop = [&context] { return context.interruption() != Interruption::none; };
    Part part(tree, arcs, parts, static_cast<Index>(k));
    part.optimise(tolerance, own);
    part.write_back(tree);
    pivots.fetch_add(part.pivots(), std::memory_order_relaxed);
  });
  tree.finish_start();
  return pivots.load();
}

}  // namespace monge

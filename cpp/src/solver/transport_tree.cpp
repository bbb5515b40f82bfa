#include "solver/transport_tree.hpp"

#include <algorithm>

#include "monge/core/exact_sum.hpp"

namespace monge {
namespace {

/// Pivots between two looks at which structure is the better one.
constexpr int look_every = 128;
/// Nodes shifted per pivot from which the tour is faster, and up to which plain lists are;
/// measured.
constexpr std::int64_t tour_from = 150, lists_up_to = 50;
/// Nodes shifted in lists, for each node there is, that take as long as making a tour.
constexpr std::int64_t tour_price = 4;

}  // namespace

TransportTree::TransportTree(Index rows, Index cols)
    : rows_(rows),
      cols_(cols),
      nodes_(at(rows + cols + 1)),
      arc_cost_(at(rows + cols + 1)),
      potential_(at(rows + cols + 2)),
      siblings_(at(rows + cols + 1)),
      queue_(at(rows + cols + 1)) {}

void TransportTree::attach(Index child, Index parent, Flow flow, double cost) {
  nodes_[at(child)].parent = parent;
  nodes_[at(child)].flow = flow;
  arc_cost_[at(child)] = cost;
}

void TransportTree::finish_start() {
  relist();
  shifted_ = true;
  recompute();
}

void TransportTree::relist() {
  std::fill(siblings_.begin(), siblings_.end(), Siblings{});
  for (Index v = root() - 1; v >= 0; --v) hang(v, nodes_[at(v)].parent);
}

void TransportTree::hang(Index child, Index parent) {
  Siblings& own = siblings_[at(child)];
  own.previous = none;
  own.next = siblings_[at(parent)].child;
  if (own.next != none) siblings_[at(own.next)].previous = child;
  siblings_[at(parent)].child = child;
}

void TransportTree::take_off(Index child) {
  const Siblings own = siblings_[at(child)];
  if (own.previous != none) {
    siblings_[at(own.previous)].next = own.next;
  } else {
    siblings_[at(nodes_[at(child)].parent)].child = own.next;
  }
  if (own.next != none) siblings_[at(own.next)].previous = own.previous;
}

std::vector<Index> TransportTree::preorder() {
  end_tour();
  std::vector<Index> order;
  order.reserve(at(root()));
  Index v = siblings_[at(root())].child;
  while (v != none) {
    order.push_back(v);
    if (siblings_[at(v)].child != none) {
      v = siblings_[at(v)].child;
      continue;
    }
    while (v != root() && siblings_[at(v)].next == none) v = nodes_[at(v)].parent;
    v = v == root() ? none : siblings_[at(v)].next;
  }
  return order;
}

// A potential is an alternating sum of the costs on the path to the root, thousands of them in
// large trees: summed in twice the precision, it is rounded once.
void TransportTree::recompute() {
  if (!shifted_) return;
  shifted_ = false;
  end_tour();
  const std::span<const Index> order = list_below(root(), none);
  std::vector<ExactSum> exact(nodes_.size());
  potential_[at(root())] = 0;
  for (Index v : order) {
    Node& node = nodes_[at(v)];
    node.size = 1;
    exact[at(v)] = exact[at(node.parent)];
    exact[at(v)].add(flows_up(v) ? arc_cost_[at(v)] : -arc_cost_[at(v)]);
    potential_[at(v)] = exact[at(v)].value();
  }
  nodes_[at(root())].size = 1;
  for (auto v = order.rbegin(); v != order.rend(); ++v) {
    nodes_[at(nodes_[at(*v)].parent)].size += nodes_[at(*v)].size;
  }
}

// The smaller subtree climbs until both are one: no depths need to be kept. The last arc of the
// cycle that blocks, seen from the apex in the direction of the entering arc, leaves.
TransportTree::Cycle TransportTree::find_cycle(Index i, Index j) {
  Index p = i, q = j, row_leaving = none, col_leaving = none;
  Flow row_flow = std::numeric_limits<Flow>::max(), col_flow = row_flow;
  while (p != q) {
    ++counters_.cycle_nodes;
    const Node &a = nodes_[at(p)], &b = nodes_[at(q)];
    if (a.size < b.size) {
      if (flows_up(p) && a.flow < row_flow) {
        row_flow = a.flow;
        row_leaving = p;
      }
      p = a.parent;
    } else {
      if (!flows_up(q) && b.flow <= col_flow) {
        col_flow = b.flow;
        col_leaving = q;
      }
      q = b.parent;
    }
  }
  if (col_flow <= row_flow) return {p, col_leaving, col_flow, false};
  return {p, row_leaving, row_flow, true};
}

void TransportTree::push_flow(Index i, Index j, const Cycle& cycle) {
  if (cycle.flow == 0) return;
  for (Index v = i; v != cycle.apex; v = nodes_[at(v)].parent) {
    nodes_[at(v)].flow += flows_up(v) ? -cycle.flow : cycle.flow;
  }
  for (Index v = j; v != cycle.apex; v = nodes_[at(v)].parent) {
    nodes_[at(v)].flow += flows_up(v) ? cycle.flow : -cycle.flow;
  }
}

void TransportTree::resize_paths(const Move& move, Index apex, Index moved) {
  for (Index v = nodes_[at(move.leaving)].parent; v != apex; v = nodes_[at(v)].parent) {
    nodes_[at(v)].size -= moved;
  }
  for (Index v = move.parent; v != apex; v = nodes_[at(v)].parent) nodes_[at(v)].size += moved;
}

// From child up to leaving, every node becomes the parent of what was its parent.
void TransportTree::reverse_path(const Move& move, double cost, Flow flow) {
  const Index moved = nodes_[at(move.leaving)].size;
  Index v = move.child, new_parent = move.parent, below = 0;
  Index enter = 0, leave = 0;
  if (tour_) {
    enter = enter_[at(move.leaving)];
    leave = leave_[at(move.leaving)];
  }
  for (;;) {
    Node& node = nodes_[at(v)];
    const Node old = node;
    const double old_cost = arc_cost_[at(v)];
    if (tour_) {  // what was entered is now left
      const Index old_enter = enter_[at(v)], old_leave = leave_[at(v)];
      enter_[at(v)] = enter;
      leave_[at(v)] = leave;
      enter = old_leave;
      leave = old_enter;
      node.parent = new_parent;
    } else {
      take_off(v);
      node.parent = new_parent;
      hang(v, new_parent);
    }
    node.flow = flow;
    node.size = moved - below;
    arc_cost_[at(v)] = cost;
    if (v == move.leaving) return;
    below = old.size;
    flow = old.flow;
    cost = old_cost;
    new_parent = v;
    v = old.parent;
  }
}

// Level by level, so that many nodes are on their way at a time; and without a branch on who has
// children, which nobody could guess.
std::span<const Index> TransportTree::list_below(Index top, Index leaf) {
  queue_[0] = siblings_[at(top)].child;
  std::size_t end = queue_[0] != none;
  for (std::size_t k = 0; k < end; ++k) {
    const Index v = queue_[k];
    const Siblings& links = siblings_[at(v)];
    queue_[end] = links.next;
    end += links.next != none;
    queue_[end] = links.child;
    end += links.child != none && v != leaf;
  }
  return {queue_.data(), end};
}

void TransportTree::shift_subtree(Index top, double shift) {
  potential_[at(top)] += shift;
  for (Index v : list_below(top, none)) potential_[at(v)] += shift;
}

void TransportTree::shift_others(Index top, double shift) {
  const double own = potential_[at(top)];
  potential_[at(root())] += shift;
  for (Index v : list_below(root(), top)) potential_[at(v)] += shift;
  potential_[at(top)] = own;
}

void TransportTree::pivot(Index i, Index j, double cost, double reduced_cost) {
  ++counters_.pivots;
  shifted_ = true;
  const Index col = column(j);
  const Cycle cycle = find_cycle(i, col);
  const Move move{cycle.leaving, cycle.row_side ? i : col, cycle.row_side ? col : i};
  const Index moved = nodes_[at(move.leaving)].size;
  const bool others = moved > nodes_[at(root())].size - moved;
  const double shift = cycle.row_side ? reduced_cost : -reduced_cost;
  push_flow(i, col, cycle);
  resize_paths(move, cycle.apex, moved);
  reverse_path(move, cost, cycle.flow);
  if (tour_) {
    tour_->rehang(enter_[at(move.child)], leave_[at(move.child)], move.child, move.parent, shift,
                  others);
  } else if (others) {
    shift_others(move.child, -shift);
  } else {
    shift_subtree(move.child, shift);
  }
  choose_structure(others ? nodes_[at(root())].size - moved : moved);
}

void TransportTree::choose_structure(Index smaller_side) {
  counters_.shifted += smaller_side;
  recent_work_ += smaller_side;
  if (++recent_pivots_ < look_every) return;
  const std::int64_t per_pivot = recent_work_ / recent_pivots_;
  if (!tour_ && per_pivot > tour_from) {
    // Rent until the rent has reached the price.
    if (recent_work_ < tour_price * std::int64_t{root()}) return;
    begin_tour();
  } else if (tour_ && per_pivot < lists_up_to) {
    end_tour();
  }
  recent_pivots_ = 0;
  recent_work_ = 0;
}

void TransportTree::begin_tour() {
  ++counters_.switches;
  const Index vertices = root() + 1;
  tour_.emplace(vertices + 2 * root(), vertices, potential_);
  enter_.resize(at(root()));
  leave_.resize(at(root()));
  for (Index v = 0; v < root(); ++v) {
    enter_[at(v)] = vertices + 2 * v;
    leave_[at(v)] = vertices + 2 * v + 1;
  }
  tour_->push_back(root());
  Index v = siblings_[at(root())].child;
  while (v != none) {
    tour_->push_back(enter_[at(v)]);
    tour_->push_back(v);
    if (siblings_[at(v)].child != none) {
      v = siblings_[at(v)].child;
      continue;
    }
    for (; v != root(); v = nodes_[at(v)].parent) {
      tour_->push_back(leave_[at(v)]);
      if (siblings_[at(v)].next != none) break;
    }
    v = v == root() ? none : siblings_[at(v)].next;
  }
}

void TransportTree::end_tour() {
  if (!tour_) return;
  tour_->settle();
  tour_.reset();
  relist();
}

}  // namespace monge

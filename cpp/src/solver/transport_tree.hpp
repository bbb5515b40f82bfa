// The basis of the network simplex: a spanning tree of the rows and columns of a transport.
//
// Nodes 0 .. rows - 1 are rows, rows .. rows + cols - 1 columns, and the root is one more, to which
// parts of the tree hang that exchange no mass. The arc from a node to its parent carries mass from
// row to column; arcs to the root carry none, ever. A pivot lets an arc enter: mass moves around
// the cycle that it closes, an arc that is emptied leaves, and the subtree behind it is hung
// elsewhere.
//
// Masses are integers, so that what is empty is decided exactly. The tree is kept strongly
// feasible: an empty arc points to the root, and of the arcs that a cycle empties the last one
// leaves (Cunningham, A network simplex method, Mathematical Programming 11 (1976)). Then no
// sequence of pivots that move no mass comes back to where it began.
//
// Potentials u (rows) and p = -g (columns) are such that arcs of the tree have reduced cost
// c - u_i + p_j = 0. A pivot shifts those of a subtree, or of all that is not in it. Small subtrees
// are walked; where they are large, an EulerTour takes over, in O(sqrt N) a pivot.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "kernels/arc_kernels.hpp"
#include "monge/core/types.hpp"
#include "solver/euler_tour.hpp"

namespace monge {

using Flow = std::int64_t;

class TransportTree {
 public:
  struct Counters {
    std::int64_t pivots = 0, cycle_nodes = 0, shifted = 0, switches = 0;
  };

  TransportTree(Index rows, Index cols);
  TransportTree(const TransportTree&) = delete;
  TransportTree& operator=(const TransportTree&) = delete;

  Index rows() const { return rows_; }
  Index cols() const { return cols_; }
  Index root() const { return rows_ + cols_; }
  Index column(Index j) const { return rows_ + j; }
  bool is_row(Index v) const { return v < rows_; }

  /// The start: every node gets a parent, then finish_start() makes it a tree. An arc to the root
  /// carries nothing; its `cost` is the node's potential.
  void attach(Index child, Index parent, Flow flow, double cost);
  void finish_start();

  /// The arc (i, j) of that cost and negative reduced cost enters.
  void pivot(Index i, Index j, double cost, double reduced_cost);

  /// u of rows and p of columns; valid up to the next pivot.
  kernels::PotentialsView potentials() const {
    return {potential_.data(), tour_ ? tour_->shifts() : nullptr, tour_ ? tour_->blocks() : nullptr,
            rows_};
  }

  /// Potentials anew from the arcs' costs, without the rounding of the shifts, if there were any.
  /// Ends a tour.
  void recompute();
  /// Valid after recompute(), up to the next pivot.
  double potential(Index v) const { return potential_[at(v)]; }

  Index parent(Index v) const { return nodes_[at(v)].parent; }
  Flow flow(Index v) const { return nodes_[at(v)].flow; }
  double arc_cost(Index v) const { return arc_cost_[at(v)]; }
  /// The row and the column of the arc from v to its parent, which is not the root.
  Index arc_row(Index v) const { return is_row(v) ? v : parent(v); }
  Index arc_col(Index v) const { return (is_row(v) ? parent(v) : v) - rows_; }

  /// Nodes, each after its parent, without the root. Ends a tour.
  std::vector<Index> preorder();

  const Counters& counters() const { return counters_; }

 private:
  static constexpr Index none = -1;
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
  struct Node {  // what walking around a cycle touches, in 16 bytes
    Index parent = none;
    Index size = 1;  ///< of the subtree
    Flow flow = 0;
  };
  struct Siblings {
    Index child = none, next = none, previous = none;
  };
  /// What the entering arc makes leave.
  struct Cycle {
    Index apex, leaving;
    Flow flow;
    bool row_side;  ///< the leaving arc is between the entering row and the apex
  };
  struct Move {  ///< of the subtree of `leaving`, to hang by `child` under `parent`
    Index leaving, child, parent;
  };

  /// Whether mass flows from v to its parent (else from the parent to v).
  bool flows_up(Index v) const { return is_row(v) || nodes_[at(v)].parent == root(); }
  Cycle find_cycle(Index i, Index j);
  void push_flow(Index i, Index j, const Cycle& cycle);
  void resize_paths(const Move& move, Index apex, Index moved);
  void reverse_path(const Move& move, double cost, Flow flow);
  void shift_subtree(Index top, double shift);
  void shift_others(Index top, double shift);
  /// The nodes below `top`, each after its parent, without those below `leaf`; up to the next call.
  std::span<const Index> list_below(Index top, Index leaf);
  void hang(Index child, Index parent);
  void take_off(Index child);
  void relist();
  void begin_tour();
  void end_tour();
  void choose_structure(Index smaller_side);

  Index rows_, cols_;
  std::vector<Node> nodes_;
  std::vector<double> arc_cost_;
  std::vector<double> potential_;  ///< and one entry more, as the tour asks for
  std::vector<Siblings> siblings_;
  std::vector<Index> queue_;  ///< room for list_below()
  std::optional<EulerTour> tour_;
  std::vector<Index> enter_, leave_;  ///< tokens of the arc to the parent
  Counters counters_;
  std::int64_t recent_work_ = 0;
  int recent_pivots_ = 0;
  bool shifted_ = true;  ///< since potentials were computed from the arcs' costs
};

}  // namespace monge

// One more column and one more row of a simplex's tree, for the mass that a partial transport
// leaves where it is. With them it is a transport like any other: n + m more arcs, all of them
// candidates, and nothing else changes.
//
// - A given mass s moves: the spare column takes sum a - s, the spare row gives sum b - s, at cost
//   0. The two exchange nothing: there is no arc between them, and a start that fills them first
//   needs none. No large cost stands for "never".
// - Unmatched mass has prices alpha and beta: the spare column takes up to sum a at alpha, the
//   spare row gives up to sum b at beta, and what they have left goes from one to the other at cost
//   0. Only alpha + beta decides about a pair, so where that exceeds every cost, as much moves as
//   can: that is the first case, in which the digits of costs do not drown in those of prices.
#pragma once

#include <vector>

#include "monge/core/exact_sum.hpp"
#include "monge/problem/problem.hpp"
#include "solver/integer_masses.hpp"
#include "solver/pricing_rounds.hpp"
#include "solver/starting_tree.hpp"

namespace monge {

class SpareNodes {
 public:
  /// None: all mass moves.
  SpareNodes() = default;
  /// `dearest`: no pair costs more.
  SpareNodes(const Problem& problem, const IntegerMasses& masses, double dearest);

  bool has_row() const { return row_ > 0; }
  bool has_col() const { return col_ > 0; }
  /// Whether the spare nodes exchange what they have left.
  bool joined() const { return joined_; }
  /// What the spare row gives and the spare column takes, in the caller's masses.
  const ExactSum& row_mass() const { return row_mass_; }
  const ExactSum& col_mass() const { return col_mass_; }

  /// Masses of the rows or columns of a tree: the spare one comes last.
  std::vector<Flow> rows_of(std::vector<Flow> a) const;
  std::vector<Flow> cols_of(std::vector<Flow> b) const;

  /// The cost of a pair of n rows and m columns, given that of a pair that is not spare.
  template <class CostOf>
  double cost(Index i, Index j, Index n, Index m, const CostOf& cost_of) const {
    if (i < n && j < m) return cost_of(i, j);
    return (i < n ? col_cost_ : 0) + (j < m ? row_cost_ : 0);
  }

  /// All arcs of the spare nodes but the one between them. That one is not there to start with: by
  /// itself it would win every comparison.
  std::vector<Arc> arcs(Index n, Index m) const;
  std::vector<Arc> arc_between(Index n, Index m) const;

  /// Potentials, spare ones included, that respect the arcs of the spare nodes.
  void clip(Duals& duals) const;

  /// Fills spare nodes that are not joined: with rows and columns whose potentials are the highest.
  void fill(StartingTree& start, const Duals& duals) const;

  /// Adds to the pricing of all other pairs.
  void price(const Duals& duals, Pricing& pricing) const;

  /// Without the spare potentials, and such that f <= alpha and g <= beta, if those are given.
  Duals settled(Duals duals) const;

 private:
  Index rows(const Duals& duals) const { return static_cast<Index>(duals.u.size()) - has_row(); }
  Index cols(const Duals& duals) const { return static_cast<Index>(duals.p.size()) - has_col(); }
  /// What the potentials of rows are to be raised by.
  double shift(const Duals& duals) const;

  Flow row_ = 0, col_ = 0;
  double row_cost_ = 0, col_cost_ = 0;
  bool joined_ = false;
  ExactSum row_mass_, col_mass_;
  const UnmatchedCost* price_ = nullptr;
};

}  // namespace monge

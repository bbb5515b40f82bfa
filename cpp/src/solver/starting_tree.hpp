// A feasible tree to start a simplex from: no artificial costs, no first phase.
//
// Pairs are joined one after the other, each with as much mass as the smaller remainder; whichever
// is exhausted becomes the child of the other. At the end every node is a child or exhausted, and
// the exhausted ones hang to the root: a feasible spanning tree whatever the order of the pairs,
// and strongly feasible, because a column never becomes a child without mass.
#pragma once

#include <algorithm>
#include <tuple>
#include <vector>

#include "solver/candidate_arcs.hpp"
#include "solver/transport_tree.hpp"

namespace monge {

class StartingTree {
 public:
  StartingTree(const std::vector<Flow>& a, const std::vector<Flow>& b, TransportTree& tree)
      : tree_(tree), row_left_(a), col_left_(b), row_done_(a.size()), col_done_(b.size()) {}

  bool row_open(Index i) const { return !row_done_[at(i)] && row_left_[at(i)] > 0; }
  bool col_open(Index j) const { return !col_done_[at(j)] && col_left_[at(j)] > 0; }
  bool both_attachable(Index i, Index j) const {
    return !row_done_[at(i)] && !col_done_[at(j)] &&
           (col_left_[at(j)] > 0 || row_left_[at(i)] == 0);
  }

  /// Joins a pair. Where both are exhausted at once, `row_first` makes the row the child.
  void join(Index i, Index j, double cost, bool row_first = true) {
    const Flow flow = std::min(row_left_[at(i)], col_left_[at(j)]);
    row_left_[at(i)] -= flow;
    col_left_[at(j)] -= flow;
    if (row_left_[at(i)] == 0 && (row_first || flow == 0 || col_left_[at(j)] > 0)) {
      row_done_[at(i)] = true;
      tree_.attach(i, tree_.column(j), flow, cost);
    } else {
      col_done_[at(j)] = true;
      tree_.attach(tree_.column(j), i, flow, cost);
    }
  }

  /// Joins what arcs connect, those of least reduced cost first.
  void join_greedily(const CandidateArcs& arcs, const std::vector<double>& u,
                     const std::vector<double>& p) {
    struct Ranked {
      double reduced;
      Arc arc;
    };
    std::vector<Ranked> ranked;
    for (Index i = 0; i < arcs.rows(); ++i) {
      if (row_done_[at(i)]) continue;
      for (std::size_t k = arcs.begin(i); k < arcs.end(i); ++k) {
        const Index j = arcs.col(k);
        if (col_done_[at(j)]) continue;
        ranked.push_back({arcs.cost(k) - u[at(i)] + p[at(j)], {i, j, arcs.cost(k)}});
      }
    }
    std::sort(ranked.begin(), ranked.end(), [](const Ranked& s, const Ranked& t) {
      return std::tie(s.reduced, s.arc.row, s.arc.col) < std::tie(t.reduced, t.arc.row, t.arc.col);
    });
    for (const Ranked& r : ranked) {
      if (both_attachable(r.arc.row, r.arc.col)) join(r.arc.row, r.arc.col, r.arc.cost);
    }
  }

  /// Joins what is left in the order of rows and columns, then hangs the exhausted ones to the root
  /// at the potentials u and p.
  template <class CostOf>
  void finish(const CostOf& cost_of, const std::vector<double>& u, const std::vector<double>& p) {
    const Index n = tree_.rows(), m = tree_.cols();
    for (Index i = 0, j = 0;;) {
      while (i < n && !row_open(i)) ++i;
      while (j < m && !col_open(j)) ++j;
      if (i == n || j == m) break;
      join(i, j, cost_of(i, j));
    }
    for (Index i = 0; i < n; ++i) {
      if (!row_done_[at(i)]) tree_.attach(i, tree_.root(), 0, u[at(i)]);
    }
    for (Index j = 0; j < m; ++j) {
      if (!col_done_[at(j)]) tree_.attach(tree_.column(j), tree_.root(), 0, p[at(j)]);
    }
    tree_.finish_start();
  }

 private:
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

  TransportTree& tree_;
  std::vector<Flow> row_left_, col_left_;
  std::vector<char> row_done_, col_done_;
};

}  // namespace monge

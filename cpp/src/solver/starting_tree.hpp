// A feasible tree to start a simplex from: no artificial costs, no first phase.
//
// Pairs are joined one after the other, each with as much mass as the smaller remainder; whichever
// is exhausted becomes the child of the other. At the end every node is a child or exhausted, and
// the exhausted ones hang to the root: a feasible spanning tree whatever the order of the pairs,
// and strongly feasible, because a column never becomes a child without mass.
//
// The pairs of a basis of other costs and the same masses, joined leaves first, are that basis.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <optional>
#include <queue>
#include <tuple>
#include <vector>

#include "solver/candidate_arcs.hpp"
#include "solver/transport_tree.hpp"

namespace monge {

struct Pair {
  Index row, col;
};

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

  /// The forest of arcs of least reduced cost: at optimal potentials, a basis. What has moved a
  /// little since has a basis that is much the same.
  static std::vector<Pair> forest(const CandidateArcs& arcs, const std::vector<double>& u,
                                  const std::vector<double>& p) {
    std::vector<std::size_t> part(u.size() + p.size());
    std::iota(part.begin(), part.end(), 0);
    const auto part_of = [&](std::size_t v) {
      while (part[v] != v) v = part[v] = part[part[v]];
      return v;
    };
    std::vector<Pair> pairs;
    for (const Ranked& r : by_reduced_cost(arcs, u, p)) {
      const std::size_t row = part_of(at(r.arc.row)), col = part_of(u.size() + at(r.arc.col));
      if (row == col) continue;
      part[row] = col;
      pairs.push_back({r.arc.row, r.arc.col});
    }
    return pairs;
  }

  /// Joins pairs, leaves of the graph that they form first: then the pairs of any basis carry what
  /// they carried there, if the masses are the same, and something feasible if not.
  template <class CostOf>
  void join_leaves_first(const std::vector<Pair>& pairs, const CostOf& cost_of) {
    const std::size_t rows = row_left_.size();
    // The links of a node, as their number and their exclusive or: the last one is known.
    std::vector<std::size_t> degree(rows + col_left_.size(), 0), links(degree.size(), 0);
    const auto ends = [&](std::size_t k) {
      return std::array{at(pairs[k].row), rows + at(pairs[k].col)};
    };
    const auto toggle = [&](std::size_t k, bool add) {
      for (std::size_t v : ends(k)) {
        degree[v] += add ? 1 : std::size_t(0) - 1;
        links[v] ^= k;
      }
    };
    const auto join_open = [&](std::size_t k) {
      const auto [i, j] = pairs[k];
      if (row_open(i) && col_open(j)) join(i, j, cost_of(i, j), false);
    };
    for (std::size_t k = 0; k < pairs.size(); ++k) toggle(k, true);
    std::vector<char> used(pairs.size());
    std::vector<std::size_t> leaves;
    for (std::size_t v = degree.size(); v-- > 0;) {
      if (degree[v] == 1) leaves.push_back(v);
    }
    while (!leaves.empty()) {
      const std::size_t leaf = leaves.back();
      leaves.pop_back();
      if (degree[leaf] != 1) continue;
      const std::size_t k = links[leaf];
      used[k] = true;
      toggle(k, false);
      join_open(k);
      for (std::size_t v : ends(k)) {
        if (degree[v] == 1) leaves.push_back(v);
      }
    }
    for (std::size_t k = 0; k < pairs.size(); ++k) {
      if (!used[k]) join_open(k);
    }
  }

  /// Joins what arcs connect, those of least reduced cost first. Few arcs are used of each row, so
  /// only its best one stands in the queue.
  void join_greedily(const CandidateArcs& arcs, const std::vector<double>& u,
                     const std::vector<double>& p) {
    std::priority_queue<Ranked, std::vector<Ranked>, std::greater<>> queue;
    const auto enqueue = [&](Index i) {
      if (row_done_[at(i)]) return;
      std::optional<Ranked> best;
      for (std::size_t k = arcs.begin(i); k < arcs.end(i); ++k) {
        if (!both_attachable(i, arcs.col(k))) continue;
        const Ranked r = ranked(arcs, i, k, u, p);
        if (!best || *best > r) best = r;
      }
      if (best) queue.push(*best);
    };
    for (Index i = 0; i < arcs.rows(); ++i) enqueue(i);
    while (!queue.empty()) {
      const Arc arc = queue.top().arc;
      queue.pop();
      if (both_attachable(arc.row, arc.col)) join(arc.row, arc.col, arc.cost);
      enqueue(arc.row);
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
  struct Ranked {
    double reduced;
    Arc arc;

    bool operator>(const Ranked& other) const {
      return std::tie(reduced, arc.row, arc.col) >
             std::tie(other.reduced, other.arc.row, other.arc.col);
    }
  };
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

  /// Arc k, which is one of row i.
  static Ranked ranked(const CandidateArcs& arcs, Index i, std::size_t k,
                       const std::vector<double>& u, const std::vector<double>& p) {
    const Index j = arcs.col(k);
    return {arcs.cost(k) - u[at(i)] + p[at(j)], {i, j, arcs.cost(k)}};
  }

  static std::vector<Ranked> by_reduced_cost(const CandidateArcs& arcs,
                                             const std::vector<double>& u,
                                             const std::vector<double>& p) {
    std::vector<Ranked> all;
    for (Index i = 0; i < arcs.rows(); ++i) {
      for (std::size_t k = arcs.begin(i); k < arcs.end(i); ++k) {
        all.push_back(ranked(arcs, i, k, u, p));
      }
    }
    std::sort(all.begin(), all.end(), [](const Ranked& s, const Ranked& t) { return t > s; });
    return all;
  }

  TransportTree& tree_;
  std::vector<Flow> row_left_, col_left_;
  std::vector<char> row_done_, col_done_;
};

}  // namespace monge

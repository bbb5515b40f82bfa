// Transports of integer masses for the tests of the network simplex's parts: what any tree of one
// must show, and its least cost, found in another way.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "monge/problem/validate.hpp"
#include "monge/result/certificate.hpp"
#include "monge/solver/hungarian.hpp"
#include "solver/starting_tree.hpp"
#include "solver/transport_tree.hpp"

namespace monge {

struct SmallTransport {
  /// Whole costs below `costs`: sums of them are exact. Of `units` of mass every atom gets one, and
  /// the others fall where they fall; with n = m = units all masses are equal.
  SmallTransport(Index rows, Index cols, Flow units, unsigned costs, unsigned seed)
      : n(rows), m(cols), random(seed) {
    a = masses(n, units);
    b = masses(m, units);
    for (std::size_t k = 0; k < at(n) * at(m); ++k) {
      matrix.push_back(static_cast<double>(random() % costs));
    }
  }

  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
  double cost(Index i, Index j) const { return matrix[at(i) * at(m) + at(j)]; }

  /// A tree from joins of pairs in a random order, some of them left to the finish.
  void start(TransportTree& tree) {
    std::vector<std::pair<Index, Index>> pairs;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < m; ++j) pairs.push_back({i, j});
    }
    std::shuffle(pairs.begin(), pairs.end(), random);
    pairs.resize(pairs.size() / 2);
    StartingTree joins(a, b, tree);
    for (const auto& [i, j] : pairs) {
      if (joins.both_attachable(i, j)) joins.join(i, j, cost(i, j), random() % 2 == 0);
    }
    finish(joins);
  }

  /// The tree of the north-west corner: one long chain, if masses are drawn.
  void start_as_chain(TransportTree& tree) const {
    StartingTree joins(a, b, tree);
    finish(joins);
  }

  CandidateArcs all_pairs() const {
    std::vector<Arc> arcs;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < m; ++j) arcs.push_back({i, j, cost(i, j)});
    }
    CandidateArcs candidates(n);
    candidates.add(arcs);
    return candidates;
  }

  /// The least sum of flow * cost: every unit of mass is an atom of an assignment.
  double optimum() const {
    std::vector<Index> rows, cols;
    for (Index i = 0; i < n; ++i) rows.insert(rows.end(), at(static_cast<Index>(a[at(i)])), i);
    for (Index j = 0; j < m; ++j) cols.insert(cols.end(), at(static_cast<Index>(b[at(j)])), j);
    std::vector<double> costs;
    for (Index i : rows) {
      for (Index j : cols) costs.push_back(cost(i, j));
    }
    const auto units = static_cast<std::int64_t>(rows.size());
    Problem problem;
    problem.geometry = DenseCost{row_major(costs.data(), units, units)};
    problem.kind = Kind::assignment;
    problem = validate(problem);
    Context context;
    const Result result = solve_hungarian(problem, {}, context);
    return certify(problem, result, context).lower_bound;
  }

  Index n, m;
  std::mt19937_64 random;
  std::vector<Flow> a, b;
  std::vector<double> matrix;

 private:
  std::vector<Flow> masses(Index count, Flow units) {
    std::vector<Flow> drawn(at(count), 1);
    for (Flow left = units - count; left > 0; --left) ++drawn[random() % drawn.size()];
    return drawn;
  }
  void finish(StartingTree& joins) const {
    const std::vector<double> u(at(n), 3), p(at(m), -2);
    joins.finish([&](Index i, Index j) { return cost(i, j); }, u, p);
  }
};

/// The root is reached from everywhere, flows are non-negative and sum up to the masses, arcs to
/// the root carry nothing, and other empty arcs point to it: from a row to its parent.
inline void expect_strongly_feasible(const TransportTree& tree, const std::vector<Flow>& a,
                                     const std::vector<Flow>& b) {
  std::vector<Flow> sums(static_cast<std::size_t>(tree.root()));
  for (Index v = 0; v < tree.root(); ++v) {
    Index top = v;
    for (Index steps = 0; top != tree.root() && steps <= tree.root(); ++steps) {
      top = tree.parent(top);
    }
    ASSERT_EQ(top, tree.root()) << "node " << v << " is on a cycle";
    ASSERT_GE(tree.flow(v), 0);
    if (tree.parent(v) == tree.root()) {
      ASSERT_EQ(tree.flow(v), 0);
      continue;
    }
    ASSERT_NE(tree.is_row(v), tree.is_row(tree.parent(v)));
    ASSERT_TRUE(tree.flow(v) > 0 || tree.is_row(v)) << "an empty arc points to column " << v;
    sums[static_cast<std::size_t>(tree.arc_row(v))] += tree.flow(v);
    sums[static_cast<std::size_t>(tree.column(tree.arc_col(v)))] += tree.flow(v);
  }
  std::vector<Flow> masses = a;
  masses.insert(masses.end(), b.begin(), b.end());
  ASSERT_EQ(sums, masses);
}

}  // namespace monge

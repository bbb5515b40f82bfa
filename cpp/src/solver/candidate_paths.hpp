// An assignment of n rows to n columns on candidate arcs, by shortest augmenting paths: the search
// of hungarian.hpp where few arcs are known and more may come.
//
// Prices p of columns are kept such that every row holds the best c_ij + p_j of its arcs. A row
// that holds nothing searches, by Dijkstra's algorithm over reduced costs, for the nearest column
// that nobody owns; prices on the way rise to make the path tight, and owners along it move over.
// From prices that are nearly right, such a search sees a few dozen rows, most of them neighbours,
// and most columns at the distance of the row before: these need no queue.
//
// Before, rows bid (the augmenting row reduction of Jonker and Volgenant 1987): a row takes its
// best column, whose price rises until the second best is as good, and whoever held it bids next, a
// few times in a row. That settles half of the rows at a fraction of a search.
//
// A search from which arcs lead to no free column has seen a set of rows and columns that nothing
// leaves. These columns are closed: where a closed column is nearer than any free one, a search
// ends and its row waits, prices unchanged, until the caller has added arcs to the rows of the set.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "monge/core/context.hpp"
#include "solver/candidate_arcs.hpp"

namespace monge {

/// Columns by distance, the nearest first: a binary heap.
class NearestFirst {
 public:
  struct Reached {
    double distance;
    Index column;
  };
  bool empty() const { return heap_.empty(); }
  void clear() { heap_.clear(); }
  const Reached& nearest() const { return heap_.front(); }

  void push(const Reached& reached) {
    std::size_t k = heap_.size();
    heap_.push_back(reached);
    for (; k > 0 && reached.distance < heap_[(k - 1) / 2].distance; k = (k - 1) / 2) {
      heap_[k] = heap_[(k - 1) / 2];
    }
    heap_[k] = reached;
  }

  Reached pop() {
    const Reached first = heap_.front(), last = heap_.back();
    heap_.pop_back();
    const std::size_t count = heap_.size();
    if (count == 0) return first;
    std::size_t k = 0;
    for (std::size_t child = 1; child < count; child = 2 * k + 1) {
      if (child + 1 < count && heap_[child + 1].distance < heap_[child].distance) ++child;
      if (!(heap_[child].distance < last.distance)) break;
      heap_[k] = heap_[child];
      k = child;
    }
    heap_[k] = last;
    return first;
  }

 private:
  std::vector<Reached> heap_;
};

class CandidatePaths {
 public:
  struct Counters {
    std::int64_t paths = 0, scans = 0, arcs = 0;
  };

  CandidatePaths(Index n, const std::vector<double>& prices);

  /// Rows take their best column if nobody owns it; of several equally good ones `preferred`[i] (if
  /// there are any, -1 for none).
  void take_best(const CandidateArcs& arcs, const std::vector<Index>& preferred);

  /// Rows that hold nothing bid for their best column, and those that they throw out in turn.
  void bid(const CandidateArcs& arcs);

  /// A path for every row that holds nothing, but those that lead to closed columns. False if the
  /// context was interrupted or more than `most_arcs` arcs were looked at in all.
  bool augment_all(const CandidateArcs& arcs, std::int64_t most_arcs, Context& context);

  /// Rows from which no free column was reached, and the columns that were.
  const std::vector<Index>& closed_rows() const { return closed_rows_; }
  const std::vector<char>& closed_columns() const { return closed_; }
  /// After arcs were added to the closed rows.
  void reopen();

  bool empty() const { return held_.empty(); }
  /// To be told of every arc that is added: its row searches again if it holds something worse.
  void know(const Arc& arc);
  bool holds(Index i) const { return held_[at(i)].column >= 0; }
  Index column(Index i) const { return held_[at(i)].column; }
  double held_cost(Index i) const { return held_[at(i)].cost; }
  /// c + p of what row i holds.
  double value(Index i) const { return held_[at(i)].cost + price(held_[at(i)].column); }
  std::vector<double> prices() const;

  const Counters& counters() const { return counters_; }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

  struct Held {
    double cost = 0;
    Index column = -1;
  };
  /// All that an arc's look at its column touches, on one cache line.
  struct alignas(32) Column {
    double price = 0;
    double distance = infinity;  ///< in the search under way
    double cost = 0;             ///< of the arc by which it is reached ...
    Index row = -1;              ///< ... from this row
    Index owner = -1;            ///< the row that holds it
  };

  double price(Index j) const { return columns_[at(j)].price; }
  double least_value(const CandidateArcs& arcs, Index i) const;
  void hold(Index i, Index j, double cost);
  /// Returns the row that lost its column, or -1.
  Index bid(const CandidateArcs& arcs, Index i);
  void enter(const CandidateArcs& arcs, Index i, double distance, double own);
  /// The next column to go on from, -1 if no end can be nearer than what was found.
  Index next(double& distance);
  void search(const CandidateArcs& arcs, Index start);
  void flip(Index start);
  void close(Index start);

  std::vector<Column> columns_;
  std::vector<Held> held_;
  std::vector<Index> closed_rows_;
  std::vector<char> closed_;

  // Of one search.
  NearestFirst queue_;
  std::vector<Index> tight_;  ///< columns as near as the row that reached them
  std::vector<Index> touched_, finished_;
  double nearest_end_ = infinity;
  Index end_ = -1;  ///< the nearest column that is free or closed

  Counters counters_;
};

}  // namespace monge

// The auction that all auction solvers share: bids on candidate lists, epsilon scaling, and the
// exact finish by shortest augmenting paths. How a row is scanned is the Scanner's business.
//
// Prices p_j = -g_j only rise, within a phase, between phases and in the finish; that is what
// keeps candidate lists valid (see candidate_lists.hpp).
//
// A Scanner has
//   Index rows() const, cols() const;     rows <= columns
//   class Scratch                         what one thread's scans need; default-constructible
//   void scan(Index i, const double* price, double limit, int wanted, Scratch&, Scan& out) const;
// where scan() finds the `wanted` columns of least C_ij + p_j, given that at least `wanted` columns
// have a value <= limit (or limit is +inf).
//
// Orders (Bertsekas 1979, 1988). Gauss-Seidel: one row bids at a time, at the latest prices.
// Jacobi: all free rows bid at the prices of the round's beginning, in parallel; for each column
// the highest bid wins, among equals the lowest row. Both give the same answer for any number of
// threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <queue>
#include <vector>

#include "monge/core/context.hpp"
#include "monge/core/exact_sum.hpp"
#include "monge/result/result.hpp"
#include "parallel.hpp"
#include "solver/candidate_lists.hpp"

namespace monge {

enum class AuctionOrder { gauss_seidel, jacobi };

struct AuctionCounters {
  std::int64_t phases = 0, bids = 0, scans = 0;
  std::int64_t finish_bids = 0, shortest_paths = 0, path_columns = 0, path_scans = 0;
};

template <class Scanner>
class AuctionEngine {
 public:
  AuctionEngine(const Scanner& scanner, int list_size, Team& team, Context& context)
      : scanner_(scanner),
        team_(team),
        context_(context),
        n_(scanner.rows()),
        m_(scanner.cols()),
        workers_(static_cast<std::size_t>(team.size())),
        lists_(n_, list_size),
        price_(at(m_), 0.0),
        owner_(at(m_), none),
        held_(at(n_)),
        holds_(at(n_), none) {}

  std::vector<double>& prices() { return price_; }
  const std::vector<Index>& columns() const { return holds_; }
  AuctionCounters counters() const {
    AuctionCounters all = counters_;
    all.scans += scanned();
    return all;
  }
  Interruption interruption() const { return interruption_; }
  bool infeasible() const { return infeasible_; }

  /// One auction at `epsilon`: ends with a complete matching that is epsilon-optimal (no row could
  /// save more than epsilon elsewhere), and returns true; or false after `budget` bids or too many
  /// scans, when interrupted, or when a row has no column at all.
  bool phase(double epsilon, std::int64_t budget, AuctionOrder order) {
    ++counters_.phases;
    budget += counters_.bids;
    std::vector<Index> waiting = release_dissatisfied(epsilon);
    return order == AuctionOrder::jacobi ? jacobi(std::move(waiting), epsilon, budget)
                                         : gauss_seidel(std::move(waiting), epsilon, budget);
  }

  /// A lower bound of each row's least value C_ij + p_j: its potential f_i.
  std::vector<double> row_values() const {
    std::vector<double> values(at(n_));
    for (Index i = 0; i < n_; ++i) {
      values[at(i)] = std::min(lists_.best_two(i, price_.data()).first, lists_.threshold(i));
    }
    return values;
  }

  /// Lower bound of the optimum: sum of the rows' least values minus the prices.
  double dual_bound() const {
    ExactSum sum;
    for (double value : row_values()) sum.add(value);
    for (double p : price_) sum.add(-p);
    return sum.value();
  }

  /// Cost of the matching, once it is complete.
  double matching_cost() const {
    ExactSum sum;
    for (const Candidate& c : held_) sum.add(c.cost);
    return sum.value();
  }

  /// All phases have raised all prices; their common part only costs digits. Where columns may stay
  /// free, one of them has price 0 and nothing changes.
  void lower_all_prices() {
    const double least = price_.empty() ? 0 : *std::min_element(price_.begin(), price_.end());
    if (least == 0) return;
    for (double& price : price_) price -= least;
    lists_.lower(least);
  }

  /// Makes the matching optimal for good, from any prices: tight pairs are matched, free rows bid
  /// without epsilon (at most `bids` times), and what is left takes shortest augmenting paths.
  /// Returns false if that took `path_scans` scans and is not done: the prices are as good as
  /// before.
  bool finish(std::int64_t bids, std::int64_t path_scans) {
    std::fill(owner_.begin(), owner_.end(), none);
    std::fill(holds_.begin(), holds_.end(), none);
    std::vector<Index> free_rows = match_tight();
    free_rows = bid_without_epsilon(std::move(free_rows), bids);
    if (infeasible_ || interruption_ != Interruption::none) return true;
    return augment_all(free_rows, path_scans);
  }

  /// Any matching of the rows that are still free, so that an interrupted solve has a plan.
  void complete() {
    Index j = 0;
    for (Index i = 0; i < n_; ++i) {
      if (holds_[at(i)] != none) continue;
      while (owner_[at(j)] != none) ++j;
      match(i, Candidate{0, j});
    }
  }

 private:
  static constexpr Index none = -1;
  /// Scans per row after which a phase gives up: more means that lists run dry as fast as they are
  /// made, as with many columns that are equal.
  static constexpr std::int64_t scans_per_phase = 8;
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

  /// What one thread needs to scan rows.
  struct Worker {
    typename Scanner::Scratch scratch;
    Scan scan;
    std::int64_t scans = 0;
  };

  bool fresh(Index i, const BestTwo& two) const {
    return two.first <= lists_.threshold(i) && lists_.threshold(i) > -infinity;
  }

  /// The best column of row i, exactly; `first` is +inf if the row has none. Touches nothing but
  /// the row's list and the worker.
  BestTwo find_best(Index i, Worker& worker) {
    BestTwo two = lists_.best_two(i, price_.data());
    if (!fresh(i, two)) {
      ++worker.scans;
      const double limit = lists_.worst(i, price_.data());
      scanner_.scan(i, price_.data(), limit, lists_.size(), worker.scratch, worker.scan);
      lists_.keep(i, worker.scan, price_.data());
      two = lists_.best_two(i, price_.data());
    }
    return two;
  }

  BestTwo best(Index i) {
    const BestTwo two = find_best(i, workers_.front());
    infeasible_ = infeasible_ || two.first == infinity;
    return two;
  }

  std::int64_t scanned() const {
    std::int64_t scans = 0;
    for (const Worker& worker : workers_) scans += worker.scans;
    return scans;
  }

  bool gauss_seidel(std::vector<Index> waiting, double epsilon, std::int64_t budget) {
    const std::int64_t scan_budget = scanned() + scans_per_phase * n_;
    std::size_t head = 0;
    while (head < waiting.size()) {
      if (infeasible_ || counters_.bids >= budget || scanned() >= scan_budget || !go_on())
        return false;
      const Index i = waiting[head++];
      const BestTwo two = best(i);
      if (infeasible_) return false;
      const Index evicted = award(i, two.best, bid_price(two, epsilon));
      if (evicted != none) waiting.push_back(evicted);
      if (head > at(n_)) {  // at most n rows wait: fold the queue
        waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(head));
        head = 0;
      }
    }
    return !infeasible_;
  }

  bool jacobi(std::vector<Index> waiting, double epsilon, std::int64_t budget) {
    constexpr std::int64_t rows_per_chunk = 16;
    const std::int64_t scan_budget = scanned() + scans_per_phase * n_;
    std::vector<BestTwo> bids;
    std::vector<std::size_t> winner(at(m_), no_bid);  // of this round, by column
    while (!waiting.empty()) {
      if (infeasible_ || counters_.bids >= budget || scanned() >= scan_budget || !go_on(64))
        return false;
      bids.resize(waiting.size());
      const std::int64_t count = static_cast<std::int64_t>(waiting.size());
      team_.run((count + rows_per_chunk - 1) / rows_per_chunk, [&](std::int64_t chunk, int member) {
        const std::int64_t end = std::min(count, (chunk + 1) * rows_per_chunk);
        for (std::int64_t k = chunk * rows_per_chunk; k < end; ++k) {
          bids[static_cast<std::size_t>(k)] = find_best(waiting[static_cast<std::size_t>(k)],
                                                        workers_[static_cast<std::size_t>(member)]);
        }
      });
      waiting = resolve(waiting, bids, winner, epsilon);
    }
    return !infeasible_;
  }

  /// Awards every column to its highest bidder; returns the rows that are then free, ascending.
  std::vector<Index> resolve(const std::vector<Index>& bidders, const std::vector<BestTwo>& bids,
                             std::vector<std::size_t>& winner, double epsilon) {
    std::vector<double> prices(bids.size());
    for (std::size_t k = 0; k < bids.size(); ++k) {
      infeasible_ = infeasible_ || bids[k].first == infinity;
      if (infeasible_) return {};
      prices[k] = bid_price(bids[k], epsilon);
      std::size_t& best = winner[at(bids[k].best.column)];
      if (best == no_bid || prices[k] > prices[best]) best = k;
    }
    std::vector<Index> waiting;
    for (std::size_t k = 0; k < bids.size(); ++k) {
      const std::size_t j = at(bids[k].best.column);
      if (winner[j] != k) {
        waiting.push_back(bidders[k]);
        continue;
      }
      const Index evicted = award(bidders[k], bids[k].best, prices[k]);
      if (evicted != none) waiting.push_back(evicted);
    }
    for (const BestTwo& bid : bids) winner[at(bid.best.column)] = no_bid;
    std::sort(waiting.begin(), waiting.end());
    return waiting;
  }

  void match(Index i, const Candidate& c) {
    holds_[at(i)] = c.column;
    held_[at(i)] = c;
    owner_[at(c.column)] = i;
  }

  /// Rows that are free, or hold a column that is more than epsilon worse than their best.
  std::vector<Index> release_dissatisfied(double epsilon) {
    std::vector<Index> waiting;
    for (Index i = 0; i < n_; ++i) {
      if (holds_[at(i)] != none) {
        const double value = held_[at(i)].cost + price_[at(holds_[at(i)])];
        const BestTwo two = lists_.best_two(i, price_.data());
        if (value <= std::min(two.first, lists_.threshold(i)) + epsilon) continue;
        owner_[at(holds_[at(i)])] = none;
        holds_[at(i)] = none;
      }
      waiting.push_back(i);
    }
    return waiting;
  }

  /// The price that makes the best column worth just epsilon more than the second best.
  double bid_price(const BestTwo& two, double epsilon) {
    double raise = two.second - two.first;
    // A single admissible column is worth more than anyone else has bid for anything.
    if (raise == infinity) raise = 2 * largest_raise_;
    largest_raise_ = std::max(largest_raise_, raise);
    return price_[at(two.best.column)] + raise + epsilon;
  }

  /// Row i takes column c at `price`; returns the row that it throws out.
  Index award(Index i, const Candidate& c, double price) {
    ++counters_.bids;
    price_[at(c.column)] = price;
    const Index evicted = owner_[at(c.column)];
    if (evicted != none) holds_[at(evicted)] = none;
    match(i, c);
    return evicted;
  }

  /// A free column on row i's list that is as good as its best one, or nullptr.
  const Candidate* free_best(Index i, const BestTwo& two) const {
    for (const Candidate* c = lists_.begin(i); c != lists_.end(i); ++c) {
      if (c->cost + price_[at(c->column)] == two.first && owner_[at(c->column)] == none) return c;
    }
    return nullptr;
  }

  std::vector<Index> match_tight() {
    std::vector<Index> free_rows;
    for (Index i = 0; i < n_; ++i) {
      const BestTwo two = best(i);
      if (infeasible_) return {};
      if (const Candidate* c = free_best(i, two)) {
        match(i, *c);
      } else {
        free_rows.push_back(i);
      }
    }
    return free_rows;
  }

  std::vector<Index> bid_without_epsilon(std::vector<Index> waiting, std::int64_t bids) {
    std::vector<Index> left;
    while (!waiting.empty() && bids-- > 0 && go_on()) {
      const Index i = waiting.back();
      waiting.pop_back();
      ++counters_.finish_bids;
      const BestTwo two = best(i);
      if (infeasible_) return {};
      if (const Candidate* c = free_best(i, two)) {
        match(i, *c);
        continue;
      }
      const Index j = two.best.column;
      const double raised = price_[at(j)] + (two.second - two.first);
      if (!(raised > price_[at(j)]) || raised == infinity) {
        left.push_back(i);  // a tie of taken columns, or a row that allows this column alone
        continue;
      }
      price_[at(j)] = raised;
      holds_[at(owner_[at(j)])] = none;
      waiting.push_back(owner_[at(j)]);
      match(i, two.best);
    }
    left.insert(left.end(), waiting.begin(), waiting.end());
    return left;
  }

  // Shortest augmenting paths over the lists. A row whose unlisted columns might be reached enters
  // the heap at the distance of its threshold, and is scanned for more columns if it surfaces.

  struct Event {
    double distance;
    Index column;  ///< none: the event is row's threshold
    Index row;
    bool operator<(const Event& other) const { return distance > other.distance; }
  };
  struct RowLabel {
    double distance;  ///< of the row in this search
    double dual;      ///< its least value u_i
    int scanned;      ///< columns seen in this search
  };

  bool augment_all(const std::vector<Index>& free_rows, std::int64_t path_scans) {
    distance_.assign(at(m_), infinity);
    pred_.assign(at(m_), none);
    done_.assign(at(m_), 0);
    label_.resize(at(n_));
    for (Index i : free_rows) {
      if (!go_on()) return true;
      if (counters_.path_scans > path_scans) return false;
      ++counters_.shortest_paths;
      augment(i);
      if (infeasible_ || interruption_ != Interruption::none) return true;
    }
    return true;
  }

  void relax(Index i, const Candidate& c) {
    const std::size_t j = at(c.column);
    if (done_[j] || c.cost == infinity) return;
    const RowLabel& label = label_[at(i)];
    const double distance = label.distance + std::max(0.0, c.cost + price_[j] - label.dual);
    if (!(distance < distance_[j])) return;
    if (distance_[j] == infinity) touched_.push_back(c.column);
    distance_[j] = distance;
    pred_[j] = i;
    via_[j] = c.cost;
    heap_.push({distance, c.column, none});
  }

  void push_threshold(Index i, double threshold) {
    if (threshold == infinity) return;
    const RowLabel& label = label_[at(i)];
    heap_.push({label.distance + std::max(0.0, threshold - label.dual), none, i});
  }

  void enter(Index i, double distance, double dual) {
    label_[at(i)] = {distance, dual, lists_.size()};
    for (const Candidate* c = lists_.begin(i); c != lists_.end(i); ++c) relax(i, *c);
    push_threshold(i, lists_.threshold(i));
  }

  void widen(Index i) {
    RowLabel& label = label_[at(i)];
    Worker& worker = workers_.front();
    ++counters_.path_scans;
    label.scanned = static_cast<int>(std::min<std::int64_t>(2 * std::int64_t{label.scanned}, m_));
    scanner_.scan(i, price_.data(), infinity, label.scanned, worker.scratch, worker.scan);
    lists_.keep(i, worker.scan, price_.data());
    for (const Candidate& c : worker.scan.found) relax(i, c);
    push_threshold(i, worker.scan.threshold);
  }

  void augment(Index start) {
    heap_ = {};
    touched_.clear();
    finished_.clear();
    via_.resize(at(m_));
    enter(start, 0, best(start).first);
    Index end = none;
    double reached = 0;
    while (end == none) {
      if (heap_.empty()) {
        infeasible_ = true;
        break;
      }
      const Event event = heap_.top();
      heap_.pop();
      if (event.column == none) {
        widen(event.row);
        if (!go_on()) break;
        continue;
      }
      const std::size_t j = at(event.column);
      if (done_[j] || event.distance > distance_[j]) continue;
      reached = event.distance;
      if (owner_[j] == none) {
        end = event.column;
        break;
      }
      done_[j] = 1;
      finished_.push_back(event.column);
      ++counters_.path_columns;
      const Index i = owner_[j];
      enter(i, reached, held_[at(i)].cost + price_[j]);
      if (!go_on()) break;
    }
    if (end != none) {
      for (Index j : finished_) price_[at(j)] += reached - distance_[at(j)];
      flip(start, end);
    }
    for (Index j : touched_) {
      distance_[at(j)] = infinity;
      done_[at(j)] = 0;
    }
  }

  void flip(Index start, Index end) {
    for (Index j = end;;) {
      const Index i = pred_[at(j)];
      const Index next = holds_[at(i)];
      match(i, Candidate{via_[at(j)], j});
      if (i == start) return;
      j = next;
    }
  }

  /// Looks at the context after every 64 units of work.
  bool go_on(std::uint32_t work = 1) {
    if ((polls_ += work) >= 64) {
      polls_ = 0;
      interruption_ = context_.poll({"auction", 0});
    }
    return interruption_ == Interruption::none;
  }

  static constexpr std::size_t no_bid = static_cast<std::size_t>(-1);

  const Scanner& scanner_;
  Team& team_;
  Context& context_;
  const Index n_, m_;
  std::vector<Worker> workers_;
  CandidateLists lists_;
  std::vector<double> price_;
  std::vector<Index> owner_;     ///< row of each column
  std::vector<Candidate> held_;  ///< what each row holds, with its cost
  std::vector<Index> holds_;     ///< column of each row
  double largest_raise_ = 0;
  bool infeasible_ = false;
  Interruption interruption_ = Interruption::none;
  std::uint32_t polls_ = 0;
  AuctionCounters counters_;

  std::vector<double> distance_, via_;
  std::vector<Index> pred_, touched_, finished_;
  std::vector<char> done_;
  std::vector<RowLabel> label_;
  std::priority_queue<Event> heap_;
};

}  // namespace monge

// Assignment of n rows to n columns on a short list of columns per row: what makes hungarian.hpp
// fast where rows are long.
//
// Algorithm. Each row keeps the columns of least C_ij + p_j, and a threshold that no other column
// was below when the row was last read. Column minima give the first prices; then, on the lists:
// rows take their best column and pay up to the second best for it (augmenting row reduction); what
// is left takes shortest augmenting paths in a heap. Prices only rise, so a row's threshold stays a
// lower bound of what it does not list. Where whole rows are at hand, a row is read again, at the
// prices reached, as soon as its threshold is what decides: it is below the second best of a bid,
// or comes up in the heap before the path ends. So bids and paths are those of whole rows, which
// few steps have to read. Paths on lists alone would take long ways round to columns that few rows
// list, and raise prices on their way that the next reading finds far too high. Where rows are
// computed block by block, that must do: a row whose own value is at most its threshold is done;
// all others are read again, together, and those that then find something better search once more.
//
// Bounds. A source may have lower bounds instead of costs (row_sources.hpp). They stand for the
// costs until paths have been found; then the costs of all lists that matter are computed. At the
// end each row holds a pair of known cost, and nothing it lists, or does not list, has even a bound
// below: the assignment is optimal for the costs, not for the bounds.
//
// Termination. A row read again lists something new, or more. A round adds columns to lists or
// replaces bounds by costs. Rounds are bounded nevertheless, and the work of all steps by what the
// same paths would have cost on whole rows: beyond, run() gives up and leaves prices from which the
// method on whole rows goes on.
//
// Determinism. Sweeps share rows among threads and write what belongs to each row: the same answer
// for any number of threads.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <queue>
#include <vector>

#include "monge/core/context.hpp"
#include "monge/result/result.hpp"
#include "solver/best_columns.hpp"
#include "solver/row_sources.hpp"

namespace monge {

template <class Source>
class ListedAssignment {
 public:
  /// `patient`: it never gives up, however long it takes; for finite costs.
  ListedAssignment(const Source& source, double bids_per_row, bool patient, Context& context)
      : source_(source),
        context_(context),
        n_(source.rows()),
        bids_per_row_(bids_per_row),
        patient_(patient),
        whole_rows_(source.row(0) != nullptr),
        lists_(at(n_)),
        threshold_(at(n_), -infinity),
        price_(at(n_), 0.0),
        owner_(at(n_), none),
        held_(at(n_)),
        wanted_(at(n_), list_size),
        stale_(at(n_), 1) {}

  /// Optimal, interrupted, or nothing if it gave up. Infeasibility is left to the method on whole
  /// rows.
  std::optional<Status> run() {
    lower_to_column_minima();
    for (int round = 0; hopeful(round); ++round) {
      if (!read_rows()) break;
      if (round == 0) take_tight_columns();
      settle();
      bid(round == 0 ? bids_per_row_ : 1);
      do {
        augment_all();
      } while (!interrupted() && !settle() && hopeful(++round));
      if (interrupted() || !mark_stale()) break;
    }
    if (interrupted()) return status_of(context_.interruption());
    if (std::any_of(stale_.begin(), stale_.end(), [](char stale) { return stale; })) {
      return std::nullopt;
    }
    return patient_ || !rounding_spoils_bound() ? std::optional(Status::optimal) : std::nullopt;
  }

  std::vector<double> potentials_of_columns() const {
    std::vector<double> g;
    g.reserve(price_.size());
    for (double price : price_) g.push_back(-price);
    return g;
  }

  /// What was found; after an interruption, rows that hold nothing get the columns that are left.
  Result result(Status status, double mass) const {
    Result result;
    result.status = status;
    result.g = potentials_of_columns();
    result.plan.reserve(at(n_));
    Index left = 0;
    for (Index i = 0; i < n_; ++i) {
      result.f.push_back(is_free(i) ? 0 : value(held_[at(i)]));
      Index column = held_[at(i)].column;
      if (is_free(i)) {
        while (owner_[at(left)] != none) ++left;
        column = left++;
      }
      result.plan.add(i, column, mass);
    }
    result.stats = stats();
    return result;
  }

  Stats stats() const {
    return {{"row_reduction_scans", static_cast<double>(bids_)},
            {"shortest_paths", static_cast<double>(paths_)},
            {"path_scans", static_cast<double>(path_scans_)},
            {"rows_read", static_cast<double>(rows_read_)},
            {"costs_computed", static_cast<double>(costs_computed_)}};
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr Index none = -1;
  static constexpr int list_size = 16;
  static constexpr int most_rounds = 24;
  // What steps cost, in columns of a sweep over whole rows.
  static constexpr double cost_of_entry = 16, cost_of_column = 4;
  /// Sweeps per row that may be wasted: to go on without bounds, all costs must be computed.
  static constexpr double sweeps_per_row = Source::exact ? 1 : 64;
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

  struct Entry {
    double cost;
    Index column = none;
    bool known;  ///< the cost; else a lower bound of it
  };

  /// What reading one row after another needs.
  struct Reader {
    BestColumns best;
    Scan scan;
    double guess = infinity;
  };

  double value(const Entry& entry) const { return entry.cost + price_[at(entry.column)]; }
  /// The value of what a row holds, less what rounding can have added to it on a path. To take less
  /// for a difference would be to search for ever.
  double surely(const Entry& held) const {
    const double sizes = std::fabs(held.cost) + std::fabs(price_[at(held.column)]);
    return value(held) - 0x1p-48 * (sizes + longest_path_);
  }
  /// Whether lists have cost no more than the same paths on whole rows would have.
  bool pays() const {
    const double work = cost_of_entry * static_cast<double>(entries_scanned_) +
                        cost_of_column * static_cast<double>(n_ * (rows_read_ - n_));
    return patient_ || work <= static_cast<double>(n_) *
                                   (static_cast<double>(path_scans_) + sweeps_per_row * n_);
  }
  bool go_on(Index row) {
    return pays() && context_.poll({"shortest augmenting paths", static_cast<double>(row) / n_}) ==
                         Interruption::none;
  }
  bool hopeful(int round) const { return patient_ || (round < most_rounds && pays()); }
  bool interrupted() const { return context_.interruption() != Interruption::none; }

  /// p_j = -min_i C_ij, where whole rows are at hand.
  void lower_to_column_minima() {
    if (!whole_rows_) return;
    std::vector<double> least(at(n_), infinity);
    std::vector<Index> row(at(n_), none);
    const auto& kernels = kernels::row_kernels().template of<typename Source::Bound>();
    for (Index i = 0; i < n_; ++i)
      kernels.column_minima(source_.row(i), i, least.data(), row.data(), n_);
    for (Index j = 0; j < n_; ++j) {
      if (least[at(j)] < infinity) price_[at(j)] = -least[at(j)];
    }
  }

  /// Lists and thresholds of stale rows at the present prices. False if interrupted.
  bool read_rows() {
    rows_read_ += std::count(stale_.begin(), stale_.end(), 1);
    return source_.sweep(stale_, context_, [&](Index first, Index end, const auto& row) {
      Reader reader;
      for (Index i = first; i < end; ++i) {
        if (stale_[at(i)]) read_row(i, row(i), reader);
      }
    });
  }

  template <class T>
  void read_row(Index i, const T* row, Reader& reader) {
    double limit = -infinity;  // of a full list, that many columns are not above
    for (const Entry& entry : lists_[at(i)]) limit = std::max(limit, value(entry));
    if (complete(i) || too_short(i)) limit = infinity;
    reader.best.select(
        row, price_.data(), n_, i, limit, wanted_[at(i)], nullptr, [](Index, Index) {}, reader.scan,
        &reader.guess);
    threshold_[at(i)] = reader.scan.threshold;
    replace_list(i, reader.scan.found);
  }

  /// Lists the best columns of row i at the present prices, and more of them where these are no
  /// news: the threshold rises.
  void refresh(Index i) {
    for (const double before = threshold_[at(i)];;) {
      ++rows_read_;
      read_row(i, source_.row(i), reader_);
      if (threshold_[at(i)] > before) return;
      wanted_[at(i)] = std::min<Index>(2 * wanted_[at(i)], n_);
    }
  }

  void replace_list(Index i, const std::vector<Candidate>& found) {
    std::vector<Entry> list;
    for (const Candidate& candidate : found) {
      Entry entry{candidate.cost, candidate.column, Source::exact};
      for (const Entry& old : lists_[at(i)]) {
        if (old.column == entry.column && old.known) entry = old;
      }
      list.push_back(entry);
    }
    std::sort(list.begin(), list.end(),
              [](const Entry& a, const Entry& b) { return a.column < b.column; });
    lists_[at(i)] = std::move(list);
  }

  void match(Index i, const Entry& entry) {
    held_[at(i)] = entry;
    owner_[at(entry.column)] = i;
  }
  void release(Index i) {
    if (held_[at(i)].column != none) owner_[at(held_[at(i)].column)] = none;
    held_[at(i)].column = none;
  }
  /// Whether row i lists all columns that it allows.
  bool complete(Index i) const { return threshold_[at(i)] == infinity; }
  /// Whether row i waits to be read again.
  bool too_short(Index i) const {
    return !complete(i) && static_cast<int>(lists_[at(i)].size()) < wanted_[at(i)];
  }
  bool is_free(Index i) const { return held_[at(i)].column == none; }

  struct Two {
    const Entry* best = nullptr;  ///< the first free one of the least
    double first = infinity, second = infinity;
  };
  Two best_two(Index i) const {
    Two two;
    for (const Entry& entry : lists_[at(i)]) {
      const double v = value(entry);
      if (v < two.first) {
        two.second = two.first;
        two.first = v;
        two.best = &entry;
      } else {
        two.second = std::min(two.second, v);
        if (v == two.first && owner_[at(two.best->column)] != none &&
            owner_[at(entry.column)] == none)
          two.best = &entry;
      }
    }
    return two;
  }

  /// The two best of the whole row, if it is at hand.
  Two best_two_of_row(Index i) {
    const Two two = best_two(i);
    if (!whole_rows_ || two.second <= threshold_[at(i)]) return two;
    refresh(i);
    return best_two(i);
  }

  /// Rows whose best column is free take it, and pay up to the second best.
  void take_tight_columns() {
    for (Index i = 0; i < n_; ++i) {
      const Two two = best_two(i);
      if (!two.best || owner_[at(two.best->column)] != none) continue;
      match(i, *two.best);
      if (two.second < infinity) price_[at(two.best->column)] += two.second - two.first;
    }
  }

  /// Augmenting row reduction, on the lists.
  void bid(double per_row) {
    std::vector<Index> waiting;
    for (Index i = n_; i-- > 0;) {
      if (is_free(i)) waiting.push_back(i);
    }
    std::int64_t budget = static_cast<std::int64_t>(per_row * n_);
    while (!waiting.empty() && budget-- > 0) {
      const Index i = waiting.back();
      waiting.pop_back();
      ++bids_;
      const Two two = best_two_of_row(i);
      if (!two.best) continue;
      const std::size_t j = at(two.best->column);
      const Index thrown_out = owner_[j];
      const double raised = price_[j] + (two.second - two.first);
      if (thrown_out != none && (!(raised > price_[j]) || raised == infinity)) continue;
      if (raised < infinity) price_[j] = raised;
      if (thrown_out != none) {
        release(thrown_out);
        waiting.push_back(thrown_out);
      }
      match(i, *two.best);
    }
  }

  /// Shortest augmenting paths for all free rows. A row from which lists lead to no free column
  /// stays free, and the lists that its search saw will be longer.
  void augment_all() {
    distance_.assign(at(n_), infinity);
    from_.assign(at(n_), none);
    via_.resize(at(n_));
    for (Index i = 0; i < n_; ++i) {
      if (!is_free(i) || too_short(i)) continue;
      if (!go_on(i)) return;
      if (augment(i)) continue;
      if (whole_rows_) return;
      widen(i);
    }
  }

  void widen(Index start) {
    const auto widen_row = [&](Index i) {
      const Index listed = static_cast<Index>(lists_[at(i)].size());
      wanted_[at(i)] = std::min(std::max<Index>(wanted_[at(i)], 2 * listed), n_);
    };
    widen_row(start);
    for (Index j : finished_) widen_row(owner_[at(j)]);
  }

  void enter(Index i, double distance, double own) {
    ++path_scans_;
    entries_scanned_ += static_cast<std::int64_t>(lists_[at(i)].size());
    for (const Entry& entry : lists_[at(i)]) {
      const std::size_t j = at(entry.column);
      const double reached = distance + std::max(0.0, value(entry) - own);
      if (!(reached < std::min(distance_[j], nearest_free_))) continue;
      if (owner_[j] == none) nearest_free_ = reached;
      if (distance_[j] == infinity) touched_.push_back(entry.column);
      distance_[j] = reached;
      from_[j] = i;
      via_[j] = entry;
      heap_.push({reached, entry.column});
    }
    const double unlisted = distance + std::max(0.0, threshold_[at(i)] - own);
    if (whole_rows_ && !complete(i) && unlisted < nearest_free_) heap_.push({unlisted, n_ + i});
  }

  bool augment(Index start) {
    ++paths_;
    heap_ = {};
    touched_.clear();
    finished_.clear();
    nearest_free_ = infinity;
    const double own = best_two_of_row(start).first;
    enter(start, 0, own);
    Index end = none;
    double reached = 0;
    while (!heap_.empty()) {
      const Reached next = heap_.top();
      heap_.pop();
      if (next.column >= n_) {
        if (!go_on(start)) break;
        const Index i = next.column - n_;
        refresh(i);
        if (i == start)
          enter(i, 0, own);
        else
          enter(i, distance_[at(held_[at(i)].column)], value(held_[at(i)]));
        continue;
      }
      if (next.distance > distance_[at(next.column)]) continue;
      reached = next.distance;
      const Index i = owner_[at(next.column)];
      if (i == none) {
        end = next.column;
        break;
      }
      finished_.push_back(next.column);
      enter(i, reached, value(held_[at(i)]));
    }
    if (end != none) {
      longest_path_ = std::max(longest_path_, reached);
      for (Index j : finished_) price_[at(j)] += reached - distance_[at(j)];
      flip(start, end);
    }
    for (Index j : touched_) distance_[at(j)] = infinity;
    return end != none;
  }

  void flip(Index start, Index end) {
    for (Index j = end;;) {
      const Index i = from_[at(j)];
      const Index next = held_[at(i)].column;
      match(i, via_[at(j)]);
      if (i == start) return;
      j = next;
    }
  }

  /// Computes the costs of entries that may be better than what their row holds, and releases rows
  /// for which one is. True if none was released.
  bool settle() {
    if constexpr (!Source::exact) {
      constexpr Index together = 64;  // costs of pairs are cheaper together
      for (Index i = 0; i < n_; i += together) know(i, std::min(n_, i + together));
    }
    bool settled = true;
    for (Index i = 0; i < n_; ++i) {
      if (is_free(i)) continue;
      const Two two = best_two(i);
      if (two.first < surely(held_[at(i)]) - 0x1p-48 * std::fabs(two.best->cost)) {
        release(i);
        settled = false;
      }
    }
    return settled;
  }

  /// Computes the costs of some rows' lists that may matter: of what a row holds, of what may be as
  /// good as that, and of what nearly may: a path that met one bound after another that turns out
  /// too low would be searched again each time.
  void know(Index first, Index end) {
    rows_.clear();
    columns_.clear();
    for (Index i = first; i < end; ++i) {
      if (is_free(i)) continue;
      const double own = value(held_[at(i)]), near = own + 2 * largest_error_;
      bool doubtful = !held_[at(i)].known;
      const std::size_t before = columns_.size();
      for (const Entry& entry : lists_[at(i)]) {
        if (entry.known || value(entry) > near) continue;
        columns_.push_back(entry.column);
        doubtful = doubtful || value(entry) <= own;
      }
      if (!doubtful) columns_.resize(before);
      rows_.resize(columns_.size(), i);
    }
    compute();
  }

  void compute() {
    costs_.resize(columns_.size());
    source_.costs(rows_.data(), columns_.data(), static_cast<Index>(columns_.size()),
                  costs_.data());
    costs_computed_ += static_cast<std::int64_t>(columns_.size());
    for (std::size_t k = 0; k < columns_.size(); ++k) {
      const Entry exact{costs_[k], columns_[k], true};
      const std::size_t i = at(rows_[k]);
      for (Entry& entry : lists_[i]) {
        if (entry.column != exact.column) continue;
        largest_error_ = std::max(largest_error_, exact.cost - entry.cost);
        entry = exact;
      }
      if (held_[i].column == exact.column) held_[i] = exact;
    }
  }

  /// Marks the rows that may have something better outside their list, or whose list was too short;
  /// they are read again. False if there are none, or nothing that reading could add.
  bool mark_stale() {
    bool any = false;
    for (Index i = 0; i < n_; ++i) {
      stale_[at(i)] = is_free(i) || too_short(i) || surely(held_[at(i)]) > threshold_[at(i)];
      any = any || (stale_[at(i)] && !complete(i));
    }
    return any;
  }

  /// Of a whole assignment. As in augmenting_paths.hpp, which then goes on.
  bool rounding_spoils_bound() const {
    double costs = 0, potentials = 0;
    for (Index i = 0; i < n_; ++i) {
      costs += std::fabs(held_[at(i)].cost);
      potentials += std::fabs(price_[at(held_[at(i)].column)]) + std::fabs(value(held_[at(i)]));
    }
    return potentials * 0x1p-50 > 1e-11 * costs && costs > 0;
  }

  struct Reached {
    double distance;
    Index column;  ///< n + i: whatever row i does not list, not nearer than this
    bool operator<(const Reached& other) const {
      return distance > other.distance || (distance == other.distance && column > other.column);
    }
  };

  const Source& source_;
  Context& context_;
  const Index n_;
  const double bids_per_row_;
  const bool patient_;
  const bool whole_rows_;  ///< they are at hand at any time
  std::vector<std::vector<Entry>> lists_;
  std::vector<double> threshold_, price_;
  std::vector<Index> owner_;  ///< row of each column
  std::vector<Entry> held_;   ///< what each row holds
  std::vector<int> wanted_;   ///< columns on each row's list
  RowSet stale_;              ///< rows to be read

  Reader reader_;
  std::vector<double> distance_;
  double nearest_free_ = infinity, longest_path_ = 0;
  std::vector<Index> from_, touched_, finished_;
  std::vector<Entry> via_;
  std::priority_queue<Reached> heap_;
  std::vector<Index> rows_, columns_;  ///< of the costs to be computed
  std::vector<double> costs_;
  double largest_error_ = 0;  ///< of the bounds whose costs were computed
  std::int64_t bids_ = 0, paths_ = 0, path_scans_ = 0, rows_read_ = 0, costs_computed_ = 0;
  std::int64_t entries_scanned_ = 0;
};

}  // namespace monge

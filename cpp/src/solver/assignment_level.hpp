// One level of the multiscale Hungarian method: candidates at prices from the coarser level,
// shortest paths on them, and the pricing of all pairs, until none is violated.
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "solver/candidate_paths.hpp"
#include "solver/cloud_pairs.hpp"
#include "solver/warm_start.hpp"

namespace monge {

struct PathCounters {
  std::int64_t rounds = 0, paths = 0, scans = 0, arcs = 0;
};

/// Two clouds of equal size, whose points count the same.
template <class T>
class AssignmentLevel {
 public:
  AssignmentLevel(PairSearch& search, const LevelCloud& x, const LevelCloud& y, Index violated_kept,
                  PathCounters& counters)
      : search_(search),
        n_(x.n()),
        violated_kept_(violated_kept),
        pairs_(search, x, y),
        counters_(counters),
        duals_{std::vector<double>(x.mass.size()), std::vector<double>(x.mass.size())},
        paths_(0, {}) {}

  /// From the row potentials of a coarser level.
  void start_from(const LevelCloud& coarse_x, const std::vector<double>& u) {
    duals_.p = pairs_.prices_from(coarse_x, u);
  }

  /// From prices that may mean nothing, and columns that rows prefer (-1: none).
  void start_from(std::vector<double> prices, std::vector<Index> preferred) {
    duals_.p = std::move(prices);
    preferred_ = std::move(preferred);
    given_ = true;
  }

  /// False if it was interrupted or gave up: given prices soon, for coarser levels give good ones.
  bool solve() {
    const bool optimal = find();
    counters_.paths += paths_.counters().paths;
    counters_.scans += paths_.counters().scans;
    counters_.arcs += paths_.counters().arcs;
    return optimal;
  }

  /// What rows hold; of an assignment that is complete, also the potentials.
  const CandidatePaths& paths() const { return paths_; }
  const Duals& duals() const { return duals_; }

 private:
  static constexpr int most_rounds = 40;
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

  /// Arcs that paths may look at: about as long as the simplex would need for hard problems. Others
  /// take 50 to 1500 per row; from given prices that are near the optimum, up to 300.
  std::int64_t most_arcs() const {
    if (given_) return std::int64_t{500} * n_;
    return static_cast<std::int64_t>(n_ * (600 + 30 * std::sqrt(static_cast<double>(n_))));
  }

  /// Bids leave 3 to 8 % of the rows without a column at prices that are near the optimum, as at
  /// those from a coarser level.
  bool far_from_optimal() const {
    Index waiting = 0;
    for (Index i = 0; i < n_; ++i) waiting += !paths_.holds(i);
    return waiting > n_ / 10;
  }

  bool find() {
    CandidateArcs arcs(n_);
    std::vector<double> column_least;
    arcs.add(pairs_.candidates(duals_, column_least, false));
    if (search_.stopped()) return false;
    make_concave(duals_, column_least);
    paths_ = CandidatePaths(n_, duals_.p);
    paths_.take_best(arcs, preferred_);
    paths_.bid(arcs);
    if (given_ && far_from_optimal()) return false;
    std::vector<char> asked(at(n_), true);
    for (int round = 0; round < most_rounds; ++round) {
      ++counters_.rounds;
      if (!paths_.augment_all(arcs, most_arcs(), search_.context)) return false;
      if (!paths_.closed_rows().empty()) {
        add(arcs, pairs_.ways_out(paths_.closed_rows(), paths_.closed_columns(), paths_.prices()));
        paths_.reopen();
        continue;
      }
      duals_.p = paths_.prices();
      for (Index i = 0; i < n_; ++i) {
        const double u = paths_.value(i);
        asked[at(i)] |= u > duals_.u[at(i)];
        duals_.u[at(i)] = u;
      }
      Pricing pricing =
          pairs_.price(duals_, {0, Tolerance::fine}, [&](Index i) { return asked[at(i)]; });
      // Prices only rise: a row without violations has none until its own potential rises.
      std::fill(asked.begin(), asked.end(), false);
      for (const auto& part : pricing.parts) {
        for (const Violation& violation : part) asked[at(violation.arc.row)] = true;
      }
      if (search_.stopped()) return false;
      const std::vector<Arc> violated = unknown(arcs, most_violated(pricing, n_, violated_kept_));
      if (violated.empty()) return true;
      add(arcs, violated);
    }
    return false;
  }

  void add(CandidateArcs& arcs, const std::vector<Arc>& more) {
    arcs.add(more);
    for (const Arc& arc : more) paths_.know(arc);
  }

  PairSearch& search_;
  const Index n_, violated_kept_;
  CloudPairs<T> pairs_;
  PathCounters& counters_;
  Duals duals_;
  std::vector<Index> preferred_;
  bool given_ = false;  ///< the prices are the caller's
  CandidatePaths paths_;
};

}  // namespace monge

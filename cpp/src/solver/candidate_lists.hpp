// For each row a few columns that are sure to hold its best ones, as long as prices only rise.
//
// A scan of row i at prices p keeps the columns of the `size` least values C_ij + p_j, and as
// `threshold` a value that no other column was below. Prices never fall, so no other column is ever
// below the threshold again: while the best listed value is at most the threshold, it is the best
// of the row, and min(second best listed, threshold) bounds the second best from below. So a bid
// costs a handful of additions, and a new scan is due only when the best listed value passes the
// threshold.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/tree_search.hpp"
#include "monge/core/types.hpp"

namespace monge {

using kernels::Candidate;
using kernels::Scan;

/// The best column of a row, exactly, and a lower bound of the second best value.
struct BestTwo {
  Candidate best;
  double first = std::numeric_limits<double>::infinity();
  double second = std::numeric_limits<double>::infinity();
};

class CandidateLists {
 public:
  CandidateLists(Index rows, int size)
      : size_(static_cast<std::size_t>(size)),
        candidates_(static_cast<std::size_t>(rows) * size_),
        threshold_(static_cast<std::size_t>(rows), -std::numeric_limits<double>::infinity()) {}

  int size() const { return static_cast<int>(size_); }
  double threshold(Index i) const { return threshold_[static_cast<std::size_t>(i)]; }
  const Candidate* begin(Index i) const {
    return candidates_.data() + static_cast<std::size_t>(i) * size_;
  }
  const Candidate* end(Index i) const { return begin(i) + size_; }

  /// Keeps the `size` best columns of a scan, and moves them to its front.
  void keep(Index i, Scan& scan, const double* price) {
    const std::size_t kept = std::min(size_, scan.found.size());
    double& threshold = threshold_[static_cast<std::size_t>(i)];
    threshold = scan.threshold;
    if (kept < scan.found.size()) {
      const auto value = [&](const Candidate& c) { return c.cost + price[c.column]; };
      const auto next = scan.found.begin() + static_cast<std::ptrdiff_t>(kept);
      std::nth_element(scan.found.begin(), next, scan.found.end(),
                       [&](const Candidate& a, const Candidate& b) { return value(a) < value(b); });
      threshold = std::min(threshold, value(*next));
    }
    Candidate* to = candidates_.data() + static_cast<std::size_t>(i) * size_;
    std::copy_n(scan.found.begin(), kept, to);
    std::fill(to + kept, to + size_, Candidate{});
  }

  /// All prices fall by `amount`; thresholds too, and by the rounding of that.
  void lower(double amount) {
    for (double& threshold : threshold_) {
      if (std::isfinite(threshold))
        threshold -= amount + 0x1p-50 * (std::fabs(threshold) + std::fabs(amount));
    }
  }

  /// The two best listed; `second` is capped by the threshold. The best is exact if first <=
  /// threshold(i).
  BestTwo best_two(Index i, const double* price) const {
    BestTwo two;
    for (const Candidate* c = begin(i); c != end(i); ++c) {
      const double value = c->cost + price[c->column];
      if (value < two.first) {
        two.second = two.first;
        two.first = value;
        two.best = *c;
      } else if (value < two.second) {
        two.second = value;
      }
    }
    two.second = std::min(two.second, threshold(i));
    return two;
  }

  /// The largest value listed, +inf for a list that is not full: a new scan need not look above it.
  double worst(Index i, const double* price) const {
    double worst = -std::numeric_limits<double>::infinity();
    for (const Candidate* c = begin(i); c != end(i); ++c) {
      worst = std::max(worst, c->cost + price[c->column]);
    }
    return worst;
  }

 private:
  std::size_t size_;
  std::vector<Candidate> candidates_;
  std::vector<double> threshold_;
};

}  // namespace monge

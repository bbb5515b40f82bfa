// Selects from a row of costs the columns of least cost + price.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/row_kernels.hpp"
#include "parallel.hpp"
#include "solver/candidate_lists.hpp"

namespace monge {

class BestColumns {
 public:
  /// Columns per piece of work of a scan that several threads share; a multiple of kernels::group.
  static constexpr Index piece = 8192;
  /// Rows shorter than this are scanned by one thread: waking others would cost more.
  static constexpr Index shared_from = 4 * piece;

  /// The `wanted` best of n columns, in no particular order, given that at least as many have a
  /// value <= limit (or limit is +inf). `fill(first, count)` is called before the costs of these
  /// columns are read, from the threads of `team` if there is one and the row is long. Among equals
  /// the first after column `turn`, cyclically: rows of many ties then list different columns.
  /// `guess`, of the caller's, is a limit that served the row before: rows that are alike are then
  /// read once. Only for rows whose costs need no filling.
  template <class T, class Fill>
  void select(const T* costs, const double* prices, Index n, Index turn, double limit, int wanted,
              Team* team, const Fill& fill, Scan& out, double* guess = nullptr) {
    columns_.resize(static_cast<std::size_t>(n));
    values_.resize(static_cast<std::size_t>(n));
    const std::size_t most = static_cast<std::size_t>(wanted);
    const double first = guess ? std::min(*guess, limit) : infinity;
    if (first < infinity && collect(costs, prices, n, nullptr, first) >= wanted) {
      limit = first;
    } else {
      read_minima(costs, prices, n, team, fill);
      limit = std::min(limit, bound(most, limit));
      collect(costs, prices, n, minima_.data(), limit);
    }
    find(n, turn);
    if (guess && found_.size() > 3 * most) {
      keep_best(2 * most);
      *guess = found_[2 * most].value;
    } else if (guess) {
      *guess = limit;
    }
    const std::size_t kept = std::min(found_.size(), most);
    out.threshold = limit;  // nobody passed over is below the limit
    if (kept < found_.size()) {
      keep_best(kept);
      out.threshold = found_[kept].value;
    }
    out.found.clear();
    for (std::size_t k = 0; k < kept; ++k) {
      out.found.push_back({static_cast<double>(costs[found_[k].column]), found_[k].column});
    }
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  struct Found {
    double value;
    Index place;  ///< after `turn`
    Index column;
  };
  // A type, not a function: the algorithms inline it.
  struct Less {
    bool operator()(const Found& a, const Found& b) const {
      return a.value < b.value || (a.value == b.value && a.place < b.place);
    }
  };

  template <class T, class Fill>
  void read_minima(const T* costs, const double* prices, Index n, Team* team, const Fill& fill) {
    minima_.resize(static_cast<std::size_t>((n + kernels::group - 1) / kernels::group));
    const auto read = [&](std::int64_t k, int) {
      const Index first = static_cast<Index>(k) * piece, count = std::min(piece, n - first);
      fill(first, count);
      kernels::row_kernels().of<T>().group_minima(costs + first, prices + first, count,
                                                  minima_.data() + first / kernels::group);
    };
    const std::int64_t pieces = (static_cast<std::int64_t>(n) + piece - 1) / piece;
    if (team && n >= shared_from) {
      team->run(pieces, read);
    } else {
      for (std::int64_t k = 0; k < pieces; ++k) read(k, 0);
    }
  }

  template <class T>
  Index collect(const T* costs, const double* prices, Index n, const double* minima, double limit) {
    count_ = kernels::row_kernels().of<T>().collect(costs, prices, minima, limit, n,
                                                    columns_.data(), values_.data());
    return count_;
  }

  /// What was collected, but columns that are forbidden.
  void find(Index n, Index turn) {
    found_.clear();
    for (std::size_t k = 0; k < static_cast<std::size_t>(count_); ++k) {
      const Index j = columns_[k];
      if (values_[k] < infinity)
        found_.push_back({values_[k], j < turn ? j + (n - turn) : j - turn, j});
    }
  }

  /// The best `count` to the front, the next one behind them.
  void keep_best(std::size_t count) {
    std::nth_element(found_.begin(), found_.begin() + static_cast<std::ptrdiff_t>(count),
                     found_.end(), Less{});
  }

  /// A value that at least `wanted` columns do not exceed, if `limit` lets too many through:
  /// the groups' minima are as many columns.
  double bound(std::size_t wanted, double limit) {
    std::size_t admitted = 0;
    for (double least : minima_) admitted += least <= limit;
    if (minima_.size() < wanted || (limit < infinity && admitted <= 2 * wanted)) return limit;
    sample_.clear();
    // Minima of a few groups at a time: enough to choose from, few enough to choose fast.
    const std::size_t stride = std::max<std::size_t>(1, minima_.size() / (4 * wanted));
    for (std::size_t k = 0; k < minima_.size(); k += stride) {
      sample_.push_back(*std::min_element(
          minima_.begin() + static_cast<std::ptrdiff_t>(k),
          minima_.begin() + static_cast<std::ptrdiff_t>(std::min(k + stride, minima_.size()))));
    }
    const auto nth = sample_.begin() + static_cast<std::ptrdiff_t>(wanted - 1);
    std::nth_element(sample_.begin(), nth, sample_.end());
    return *nth;
  }

  std::vector<double> minima_, values_, sample_;
  std::vector<Index> columns_;
  Index count_ = 0;
  std::vector<Found> found_;
};

}  // namespace monge

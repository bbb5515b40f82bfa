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
  /// `guess`, of the caller's, is the limit that the row before had; rows alike need no other.
  template <class T, class Fill>
  void select(const T* costs, const double* prices, Index n, Index turn, double limit, int wanted,
              Team* team, const Fill& fill, Scan& out, double* guess = nullptr) {
    const auto& kernels = kernels::row_kernels().of<T>();
    minima_.resize(static_cast<std::size_t>((n + kernels::group - 1) / kernels::group));
    columns_.resize(static_cast<std::size_t>(n));
    values_.resize(static_cast<std::size_t>(n));
    const auto read = [&](std::int64_t k, int) {
      const Index first = static_cast<Index>(k) * piece, count = std::min(piece, n - first);
      fill(first, count);
      kernels.group_minima(costs + first, prices + first, count,
                           minima_.data() + first / kernels::group);
    };
    const std::int64_t pieces = (static_cast<std::int64_t>(n) + piece - 1) / piece;
    if (team && n >= shared_from) {
      team->run(pieces, read);
    } else {
      for (std::int64_t k = 0; k < pieces; ++k) read(k, 0);
    }
    limit = std::min(limit, bound(static_cast<std::size_t>(wanted), limit, guess));
    const Index count =
        kernels.collect(costs, prices, minima_.data(), limit, n, columns_.data(), values_.data());

    found_.clear();
    for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k) {
      const Index j = columns_[k];
      if (values_[k] < infinity)
        found_.push_back({values_[k], j < turn ? j + (n - turn) : j - turn, j});
    }
    const std::size_t kept = std::min(found_.size(), static_cast<std::size_t>(wanted));
    out.threshold = limit;  // nobody passed over is below the limit
    if (kept < found_.size()) {
      const auto rest = found_.begin() + static_cast<std::ptrdiff_t>(kept);
      std::nth_element(found_.begin(), rest, found_.end(), Less{});
      out.threshold = rest->value;
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

  /// How many groups have something that is at most `limit`: as many columns.
  std::size_t admitted(double limit) const {
    std::int64_t count = 0;
    for (double least : minima_) count += least <= limit;
    return static_cast<std::size_t>(count);
  }

  /// A value that at least `wanted` columns do not exceed, if `limit` lets too many through.
  double bound(std::size_t wanted, double limit, double* guess) {
    if (minima_.size() < wanted || (limit < infinity && admitted(limit) <= 2 * wanted))
      return limit;
    if (guess) {
      const std::size_t count = admitted(*guess);
      if (count >= wanted && count <= 2 * wanted) return *guess;
    }
    sample_.clear();
    // Minima of a few groups at a time: enough to choose from, few enough to choose fast.
    const std::size_t stride = std::max<std::size_t>(1, minima_.size() / (4 * wanted));
    for (std::size_t k = 0; k < minima_.size(); k += stride) {
      sample_.push_back(*std::min_element(
          minima_.begin() + static_cast<std::ptrdiff_t>(k),
          minima_.begin() + static_cast<std::ptrdiff_t>(std::min(k + stride, minima_.size()))));
    }
    // A guess lets some more through, that it may serve the next row, too.
    const std::size_t rank = guess ? std::min(sample_.size(), wanted + wanted / 2) : wanted;
    const auto nth = sample_.begin() + static_cast<std::ptrdiff_t>(rank - 1);
    std::nth_element(sample_.begin(), nth, sample_.end());
    if (guess) *guess = *nth;
    return *nth;
  }

  std::vector<double> minima_, values_, sample_;
  std::vector<Index> columns_;
  std::vector<Found> found_;
};

}  // namespace monge

// Dense assignment by shortest augmenting paths: the search behind hungarian.hpp (whose essay
// explains it), and the exact finish of the dense auction.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/row_kernels.hpp"
#include "monge/core/context.hpp"
#include "monge/result/result.hpp"

namespace monge {

/// For a matrix with rows of adjacent entries, rows <= columns.
template <class T>
class AugmentingPaths {
 public:
  AugmentingPaths(const MatrixView<T>& c, Context& context)
      : c_(c),
        n_(static_cast<Index>(c.rows)),
        m_(static_cast<Index>(c.cols)),
        context_(context),
        col4row_(at(n_), none),
        row4col_(at(m_), none),
        g_(at(m_), 0.0) {}

  /// From nothing, with the full initialisation.
  Status run(double scans_per_row) {
    if (n_ == m_) {
      reduce_columns();
      transfer_reductions();
    }
    return finish(scans_per_row);
  }

  /// From potentials g that are near optimal; where n < m they must be 0. Among a row's best
  /// columns, `preferred` ones are taken first: one per row (or -1), if any.
  Status resume(std::vector<double> g, double scans_per_row,
                const std::vector<Index>& preferred = {}) {
    g_ = std::move(g);
    match_tight(preferred);
    return finish(scans_per_row);
  }

  /// What was found, as a result: a plan unless infeasible, completed anyhow if interrupted.
  Result result(Status status, double mass) {
    Result result;
    result.status = status;
    result.f = row_potentials();
    result.g = g_;
    result.stats = stats();
    if (status == Status::infeasible) return result;
    if (status != Status::optimal) complete();
    result.plan.reserve(col4row_.size());
    for (Index i = 0; i < n_; ++i) result.plan.add(i, col4row_[at(i)], mass);
    return result;
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr Index none = -1;
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }

  void complete() {
    Index j = 0;
    for (Index i = 0; i < n_; ++i) {
      if (col4row_[at(i)] != none) continue;
      while (row4col_[at(j)] != none) ++j;
      match(i, j);
    }
  }

  std::vector<double> row_potentials() const {
    std::vector<double> f(at(n_));
    for (Index i = 0; i < n_; ++i) f[at(i)] = kernels_.min_reduced(row(i), g_.data(), m_);
    return f;
  }

  Stats stats() const {
    return {{"column_reduction_matches", static_cast<double>(column_matches_)},
            {"row_reduction_scans", static_cast<double>(reduction_scans_)},
            {"shortest_paths", static_cast<double>(paths_)},
            {"path_scans", static_cast<double>(path_scans_)}};
  }

  Status finish(double scans_per_row) {
    reduce_rows(static_cast<std::int64_t>(scans_per_row * n_));
    if (interruption_ != Interruption::none) return status_of(interruption_);
    Status status = augment_all();
    for (int pass = 0; pass < 3 && status == Status::optimal && rounding_spoils_bound(); ++pass) {
      calm_potentials();
      release_loose_rows();
      status = augment_all();
    }
    return status;
  }

  /// Rows whose best column is free take it.
  void match_tight(const std::vector<Index>& preferred) {
    std::vector<Index> best(at(n_));
    for (Index i = 0; i < n_; ++i) {
      const kernels::TwoSmallest two = kernels_.two_smallest(row(i), g_.data(), m_);
      best[at(i)] = two.argmin;
      const Index j = preferred.empty() ? none : preferred[at(i)];
      if (two.argmin == none || j == none || row4col_[at(j)] != none) continue;
      if (static_cast<double>(row(i)[j]) - g_[at(j)] == two.first) match(i, j);
    }
    for (Index i = 0; i < n_; ++i) {
      const Index j = best[at(i)];
      if (j != none && col4row_[at(i)] == none && row4col_[at(j)] == none) match(i, j);
    }
  }

  double held_cost(Index i) const { return row(i)[col4row_[at(i)]]; }

  // Where costs of very different size meet (1e32 for "never" next to 1), the initialisation can
  // drive potentials so far apart that f + g cancels to nothing, and the bound with it. Then the
  // potentials are calmed, which costs them their last digits, and the rows that are no longer
  // tight search again: shortest paths move potentials no further than needed.

  bool rounding_spoils_bound() const {
    if (n_ != m_) return false;
    double costs = 0, potentials = 0;
    for (Index i = 0; i < n_; ++i) {
      const double g = g_[at(col4row_[at(i)])];
      costs += std::fabs(held_cost(i));
      potentials += std::fabs(g) + std::fabs(held_cost(i) - g);
    }
    return potentials * 0x1p-50 > 1e-11 * costs && costs > 0;
  }

  /// Moves potentials between matched pairs, as far as no other pair objects, towards the largest
  /// g, which becomes 0: raising g_j and lowering its row's f by t keeps every constraint for t <=
  /// slack of column j; a constant may be added to all g where all columns are matched.
  void calm_potentials() {
    for (int pass = 0; pass < 3; ++pass) {
      const std::vector<double> slack = column_slacks();
      const double most = *std::max_element(g_.begin(), g_.end());
      for (Index j = 0; j < m_; ++j) {
        const double below = most - g_[at(j)];
        g_[at(j)] = std::clamp(below, 0.0, slack[at(j)]) - below;
      }
    }
  }

  void release_loose_rows() {
    for (Index i = 0; i < n_; ++i) {
      const Index j = col4row_[at(i)];
      if (static_cast<double>(row(i)[j]) - g_[at(j)] == kernels_.min_reduced(row(i), g_.data(), m_))
        continue;
      col4row_[at(i)] = none;
      row4col_[at(j)] = none;
    }
  }

  /// How far each column's g can rise, its row's f falling, before another row objects.
  std::vector<double> column_slacks() const {
    std::vector<double> slack(at(m_), infinity);
    for (Index i = 0; i < n_; ++i) {
      const double f = held_cost(i) - g_[at(col4row_[at(i)])];
      for (Index j = 0; j < m_; ++j) {
        if (j != col4row_[at(i)])
          slack[at(j)] = std::min(slack[at(j)], std::max(0.0, row(i)[j] - f - g_[at(j)]));
      }
    }
    return slack;
  }

  const T* row(Index i) const { return c_.data + i * c_.row_stride; }

  void match(Index i, Index j) {
    col4row_[at(i)] = j;
    row4col_[at(j)] = i;
  }

  void reduce_columns() {
    std::vector<double> best(at(m_), infinity);
    std::vector<Index> arg(at(m_), none);
    for (Index i = 0; i < n_; ++i) kernels_.column_minima(row(i), i, best.data(), arg.data(), m_);
    for (Index j = 0; j < m_; ++j) {
      if (arg[at(j)] == none) continue;  // a forbidden column: no perfect matching; found later
      g_[at(j)] = best[at(j)];
      if (col4row_[at(arg[at(j)])] == none) {
        match(arg[at(j)], j);
        ++column_matches_;
      }
    }
  }

  // Lower g of a matched column until the row's second best column is as good: keeps f_i + g_j =
  // C_ij there, and gives later rows a better price elsewhere.
  void transfer_reductions() {
    for (Index i = 0; i < n_; ++i) {
      const Index j = col4row_[at(i)];
      if (j == none) continue;
      const kernels::TwoSmallest two = kernels_.two_smallest(row(i), g_.data(), m_);
      // After column reduction every reduced cost is >= 0, and this one is 0.
      if (two.argmin == j && two.second < infinity) g_[at(j)] -= two.second - two.first;
    }
  }

  Index free_column_at(Index i, double reduced) const {
    for (Index j = 0; j < m_; ++j) {
      if (row4col_[at(j)] == none && static_cast<double>(row(i)[j]) - g_[at(j)] == reduced)
        return j;
    }
    return none;
  }

  void reduce_rows(std::int64_t budget) {
    std::vector<Index> waiting;
    for (Index i = n_; i-- > 0;) {
      if (col4row_[at(i)] == none) waiting.push_back(i);
    }
    while (!waiting.empty() && reduction_scans_ < budget &&
           go_on("augmenting row reduction", reduction_scans_, budget)) {
      const Index i = waiting.back();
      waiting.pop_back();
      ++reduction_scans_;
      const kernels::TwoSmallest two = kernels_.two_smallest(row(i), g_.data(), m_);
      if (two.argmin == none) continue;  // a forbidden row
      Index j = two.argmin;
      const double raise = two.second - two.first;
      if (!(raise > 0)) {
        if (row4col_[at(j)] != none) j = free_column_at(i, two.first);
        if (j == none) continue;  // a tie of taken columns: left to the shortest paths
      } else if (raise < infinity) {
        const double lowered = g_[at(j)] - raise;
        if (lowered == g_[at(j)]) continue;  // a step below rounding is no progress
        g_[at(j)] = lowered;
      } else if (row4col_[at(j)] != none) {
        continue;  // two rows that allow this column alone would throw each other out for ever
      }
      const Index thrown_out = row4col_[at(j)];
      if (thrown_out != none) {
        col4row_[at(thrown_out)] = none;
        waiting.push_back(thrown_out);
      }
      match(i, j);
    }
  }

  Status augment_all() {
    std::vector<Index> free_rows;
    for (Index i = 0; i < n_; ++i) {
      if (col4row_[at(i)] == none) free_rows.push_back(i);
    }
    distance_.resize(at(m_));
    reduced_.resize(at(m_));
    pred_.resize(at(m_));
    block_min_.resize(at((m_ + kernels::block - 1) / kernels::block));
    for (Index i : free_rows) {
      if (!go_on("shortest augmenting paths", paths_,
                 static_cast<std::int64_t>(free_rows.size()))) {
        return status_of(interruption_);
      }
      ++paths_;
      const Status status = augment(i);
      if (status != Status::optimal) return status;
    }
    return Status::optimal;
  }

  /// The nearest column that is not finished; among equals a free one, the first by index.
  Index nearest() const {
    const double least = *std::min_element(block_min_.begin(), block_min_.end());
    if (!(least < infinity)) return none;
    Index first = none;
    for (std::size_t k = 0; k < block_min_.size(); ++k) {
      if (block_min_[k] != least) continue;
      const Index begin = static_cast<Index>(k) * kernels::block;
      for (Index j = begin; j < std::min(m_, begin + kernels::block); ++j) {
        if (distance_[at(j)] != least) continue;
        if (row4col_[at(j)] == none) return j;
        if (first == none) first = j;
      }
    }
    return first;
  }

  Status augment(Index start) {
    std::fill(distance_.begin(), distance_.end(), infinity);
    reduced_ = g_;
    finished_.clear();
    Index i = start, end = none;
    double reached = 0, own = 0;  // distance of row i; its reduced cost to its own column
    for (;;) {
      kernels_.relax(row(i), reduced_.data(), reached - own, i, distance_.data(), pred_.data(),
                     block_min_.data(), m_);
      ++path_scans_;
      const Index j = nearest();
      if (j == none) return Status::infeasible;
      reached = distance_[at(j)];
      if (row4col_[at(j)] == none) {
        end = j;
        break;
      }
      if (!go_on("shortest augmenting paths", paths_, n_)) return status_of(interruption_);
      finished_.push_back({j, reached});
      distance_[at(j)] = infinity;
      reduced_[at(j)] = -infinity;
      i = row4col_[at(j)];
      own = static_cast<double>(row(i)[j]) - g_[at(j)];
    }
    for (const auto& [j, distance] : finished_) g_[at(j)] -= reached - distance;
    for (Index j = end; j != none;) {
      const Index from = pred_[at(j)];
      const Index next = col4row_[at(from)];
      match(from, j);
      j = from == start ? none : next;
    }
    return Status::optimal;
  }

  bool go_on(std::string_view phase, std::int64_t done, std::int64_t all) {
    const double fraction = all > 0 ? static_cast<double>(done) / static_cast<double>(all) : 1;
    interruption_ = context_.poll({phase, fraction});
    return interruption_ == Interruption::none;
  }

  const MatrixView<T> c_;
  const Index n_, m_;
  Context& context_;
  const kernels::CostKernels<T>& kernels_ = kernels::row_kernels().of<T>();
  Interruption interruption_ = Interruption::none;

  std::vector<Index> col4row_, row4col_;
  std::vector<double> g_;

  // Of one shortest path: distances (+inf once finished), g (-inf once finished), predecessors.
  struct Finished {
    Index column;
    double distance;
  };
  std::vector<double> distance_, reduced_, block_min_;
  std::vector<Index> pred_;
  std::vector<Finished> finished_;

  std::int64_t column_matches_ = 0, reduction_scans_ = 0, paths_ = 0, path_scans_ = 0;
};

}  // namespace monge

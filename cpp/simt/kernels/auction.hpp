// Problem. Assignments of a batch of problems, rows <= columns, by points or by matrices of finite
// costs: every row gets a column of its own, at least total cost.
//
// Algorithm. Bertsekas' forward auction (1979, 1988) in Jacobi's order, one block per problem: all
// free rows bid at once for the column of least C_ij + p_j, offering what makes it worth epsilon
// more than the second best; the highest bid for a column wins. An auction at epsilon (a phase)
// that leaves no row free costs at most rows * epsilon more than the optimum. Phases follow at
// falling epsilon, from the prices of the one before, and keep the pairs that satisfy the new one.
//
// After each phase a scan of all rows gives a lower bound of the optimum, hence the epsilon that is
// small enough for the relative gap asked for (`rtol`); the phase that has it is the last.
// Most rounds of an auction have a handful of bidders. Where the host finishes exactly from the
// prices (monge/solver/finish_assignment.hpp), they are cut short: the last phase ends when `leave`
// of the rows are still free. With leave = 0 the answer is complete and its gap is known. `tail`
// does the same for the phases before; those that come after then have more to do, at a smaller
// epsilon.
//
// Deviations from the paper. Bids are 64 bits, the price above the complement of the row, resolved
// by atomicMax: among equal bids the lowest row wins, and no schedule of threads changes anything.
// As prices rise with every bid that wins, a word never needs clearing. Equal columns are preferred
// in cyclic order, from the row's own number on. Where rows < columns, columns that stay free must
// keep price 0: there is one phase only, at the last epsilon.
//
// Complexity and memory. A round of k bidders costs k * columns values; three barriers at most. 20
// bytes of scratch per row, 12 per column. Shared memory: `capacity` columns, up to 16 bytes each.
//
// Numerics. Prices and values are floats, and epsilon stays above what their rounding hides; every
// bid raises its price by one unit in the last place at least, so an auction ends. The cost is
// summed in double from exact pairs; the lower bound allows for the rounding of every value, and so
// holds for the costs of the float32 numbers given. Numbers that are not finite, and costs beyond
// what a float holds, end in a status.
//
// Guarantee. Status complete: a bijection of the rows, at most report.cost - report.lower_bound
// above the optimum. Other statuses: prices are valid, the rows' columns are those of a partial
// assignment, -1 where free.
//
// Determinism. The same bits in any context, for any number of threads.
//
// References. D. P. Bertsekas, The auction algorithm: a distributed relaxation method for the
// assignment problem, Annals of Operations Research 14 (1988) 105-123. D. P. Bertsekas and D. A.
// Castanon, Parallel synchronous and asynchronous implementations of the auction algorithm,
// Parallel Computing 17 (1991) 707-732.
#pragma once

#include <cmath>
#include <cstdint>

#include "simt/block.hpp"
#include "simt/kernels/best_two.hpp"
#include "simt/kernels/bits.hpp"
#include "simt/kernels/block_sums.hpp"
#include "simt/kernels/costs.hpp"
#include "simt/kernels/row_scan.hpp"

namespace monge::simt {

struct AuctionSettings {
  float rtol = 1e-3F;           ///< relative gap at which the last phase ends
  float epsilon_start = 0.25F;  ///< of the first phase, relative to the spread of the costs
  float epsilon_ratio = 0.2F;   ///< of one phase's epsilon to the one before
  float epsilon_floor = 1e-6F;  ///< least epsilon, relative to the largest cost: float's resolution
  float tail = 0;               ///< share of the rows that may stay free in a phase, ...
  float leave = 0;              ///< ... and in the last one
  std::int64_t round_limit = 1 << 20;
};

enum class AuctionStatus : std::int32_t {
  complete,     ///< all rows have columns, within rtol (or at the least epsilon: see the gap)
  left_free,    ///< the share `leave` of rows, or fewer, is free
  round_limit,  ///< stopped by the limit
  not_finite,   ///< a number is not finite, or a cost is too large for a float
};

struct AuctionReport {
  double cost;         ///< of the pairs found
  double lower_bound;  ///< of the optimum; only for complete and left_free
  std::int64_t bids, rounds;
  std::int32_t phases, free_rows;
  float epsilon;  ///< of the last phase
  AuctionStatus status;

  bool operator==(const AuctionReport&) const = default;
};

struct AuctionArgs {
  BatchCosts costs;
  AuctionSettings settings;
  int capacity = 1;  ///< columns to keep in shared memory, at least 1

  // Answers; elements of a problem lie where its rows and columns do.
  std::int32_t* col4row = nullptr;
  float* price = nullptr;  ///< p_j = -g_j
  AuctionReport* report = nullptr;

  // Scratch, not initialised.
  Word* bid = nullptr;              ///< per column
  std::int32_t* row4col = nullptr;  ///< per column
  float* value = nullptr;           ///< per row
  std::int32_t* target = nullptr;   ///< per row
  std::int32_t* list = nullptr;     ///< two per row
};

/// Bytes of scratch for a batch of so many rows and columns in all.
inline std::int64_t auction_workspace_bytes(std::int64_t rows, std::int64_t cols) {
  return 16 * rows + 12 * cols;
}

/// Cuts a workspace of auction_workspace_bytes(), aligned to 8 bytes, into the scratch of `args`.
inline void set_workspace(AuctionArgs& args, void* workspace, std::int64_t rows,
                          std::int64_t cols) {
  args.bid = static_cast<Word*>(workspace);
  args.row4col = reinterpret_cast<std::int32_t*>(args.bid + cols);
  args.value = reinterpret_cast<float*>(args.row4col + cols);
  args.target = reinterpret_cast<std::int32_t*>(args.value + rows);
  args.list = args.target + rows;
}

/// Bytes of shared memory that a block takes.
template <class Costs>
constexpr std::int64_t auction_shared_bytes(int capacity) {
  return shared_bytes(sizeof(StagedObject<Costs>) * staged_columns<Costs>(capacity),
                      sizeof(BestTwo) * most_warps, sizeof(double) * sum_parts, sizeof(Word),
                      2 * sizeof(int));
}

/// One problem, as one thread of its block sees it.
template <class Costs, Block B>
class Auction {
 public:
  MONGE_SIMT Auction(B& k, const AuctionArgs& args, std::int64_t problem)
      : k_(k),
        settings_(args.settings),
        costs_(CostsOf<Costs>::problem(args.costs, problem)),
        n_(costs_.rows),
        m_(costs_.cols),
        col4row_(args.col4row + args.costs.rows.begin(problem)),
        row4col_(args.row4col + args.costs.cols.begin(problem)),
        price_(args.price + args.costs.cols.begin(problem)),
        bid_(args.bid + args.costs.cols.begin(problem)),
        value_(args.value + args.costs.rows.begin(problem)),
        target_(args.target + args.costs.rows.begin(problem)),
        free_rows_(args.list + 2 * args.costs.rows.begin(problem)),
        next_free_(free_rows_ + n_),
        report_(args.report + problem),
        scan_(k, costs_, {price_}, args.capacity),
        sum_parts_(k.template shared<double>(sum_parts)),
        word_(k.template shared<Word>(1)),
        counters_(k.template shared<int>(2)) {}

  MONGE_SIMT void run() {
    begin();
    if (!measure()) return report(AuctionStatus::not_finite);
    report(n_ == 0 ? AuctionStatus::complete : run_phases());
  }

 private:
  MONGE_SIMT void begin() {
    for (std::int64_t i = k_.rank(); i < n_; i += k_.size()) col4row_[i] = -1;
    for (std::int64_t j = k_.rank(); j < m_; j += k_.size()) {
      row4col_[j] = -1;
      price_[j] = 0;
      bid_[j] = 0;
    }
    k_.sync();
    scan_.load();
    free_ = n_;
  }

  /// Finds the spread of the costs within rows, and the largest cost, from a sample of rows.
  /// Returns false if there are numbers that are not finite.
  MONGE_SIMT bool measure() {
    constexpr std::int64_t sampled = 32;
    const std::int64_t step = n_ > sampled ? n_ / sampled : 1;
    const int lane = k_.rank() % B::lanes, warp = k_.rank() / B::lanes;
    float spread = 0, largest = 0;
    for (std::int64_t i = warp * step; i < n_; i += k_.size() / B::lanes * step) {
      const auto row = costs_.row(i);
      float least = INFINITY, most = -INFINITY;
      for (std::int64_t j = lane; j < m_; j += B::lanes) {
        const float cost = costs_.plus(row, j, 0.0F);
        least = fminf(least, cost);
        most = fmaxf(most, cost);
      }
      for (int mask = B::lanes / 2; mask > 0; mask /= 2) {
        least = fminf(least, k_.shuffle_xor(least, mask));
        most = fmaxf(most, k_.shuffle_xor(most, mask));
      }
      spread = fmaxf(spread, most - least);
      largest = fmaxf(largest, fmaxf(fabsf(most), fabsf(least)));
    }
    spread_ = block_max(k_, spread, word_);
    largest_ = block_max(k_, largest, word_);
    const bool finite = costs_.finite(k_.rank(), k_.size());
    return block_max(k_, finite ? 0.0F : 1.0F, word_) == 0 && largest_ < INFINITY;
  }

  MONGE_SIMT AuctionStatus run_phases() {
    const auto tail = static_cast<std::int64_t>(settings_.tail * static_cast<float>(n_));
    const auto leave = static_cast<std::int64_t>(settings_.leave * static_cast<float>(n_));
    const bool one_phase = n_ < m_;
    epsilon_ = fmaxf(settings_.epsilon_start * spread_, least_epsilon());
    if (one_phase) epsilon_ = final_epsilon(bound());  // at prices 0
    list_free_rows();
    for (;;) {
      ++phases_;
      const bool last_foreseen = one_phase || epsilon_ <= final_epsilon(bound_);
      if (!bid_until(last_foreseen ? leave : tail)) return AuctionStatus::round_limit;
      bound_ = bound();
      const float last = final_epsilon(bound_);
      if (one_phase || epsilon_ <= last) break;
      const float next = settings_.epsilon_ratio * epsilon_;
      epsilon_ = next < 2 * last ? last : next;
      list_free_rows();
    }
    if (free_ > leave) {
      if (!bid_until(leave)) return AuctionStatus::round_limit;
      bound_ = bound();
    }
    return free_ == 0 ? AuctionStatus::complete : AuctionStatus::left_free;
  }

  MONGE_SIMT float least_epsilon() const {
    constexpr float least_normal = 0x1p-126F;
    return fmaxf(settings_.epsilon_floor * largest_, least_normal);
  }

  /// The epsilon at which an auction ends within rtol, given a lower bound of the optimum.
  MONGE_SIMT float final_epsilon(double bound) const {
    const double wanted = settings_.rtol * fabs(bound) / static_cast<double>(n_);
    return fmaxf(static_cast<float>(wanted), least_epsilon());
  }

  /// Rounds until no more than `leave` rows are free; false if the limit of rounds came first.
  MONGE_SIMT bool bid_until(std::int64_t leave) {
    while (free_ > leave) {
      if (rounds_ == settings_.round_limit) return false;
      ++rounds_;
      bids_ += free_;
      begin_list();
      place_bids();
      k_.sync();
      award();
      take_list();
    }
    return true;
  }

  MONGE_SIMT void place_bids() {
    scan_.run(
        free_, [&](std::int64_t u) { return static_cast<std::int64_t>(free_rows_[u]); },
        [&](std::int64_t u, std::int64_t i, const BestTwo& best) {
          const std::int64_t j = best.column();
          target_[u] = static_cast<std::int32_t>(j);
          k_.atomic_max(&bid_[j], packed(offer(price_[j], best), i));
        });
  }

  /// What makes the best column worth epsilon more than the second best. Always more than `price`;
  /// where there is no second best, nobody competes.
  MONGE_SIMT float offer(float price, const BestTwo& best) const {
    const float raise = best.second < INFINITY ? best.second - best.first : 0.0F;
    const float offered = price + raise + epsilon_;
    return offered > price && offered < INFINITY ? offered : float_of(bits_of(price) + 1);
  }

  MONGE_SIMT static Word packed(float price, std::int64_t i) {
    return static_cast<Word>(bits_of(price)) << 32 | (0xffffffffU - static_cast<std::uint32_t>(i));
  }
  MONGE_SIMT static float price_in(Word bid) {
    return float_of(static_cast<std::uint32_t>(bid >> 32));
  }
  MONGE_SIMT static std::int64_t row_in(Word bid) {
    return 0xffffffffU - static_cast<std::uint32_t>(bid);
  }

  /// Each bidder looks at its column: the winner takes it, from whom it belonged to if anybody;
  /// others stay free.
  MONGE_SIMT void award() {
    for (std::int64_t u = k_.rank(); u < free_; u += k_.size()) {
      const std::int32_t i = free_rows_[u], j = target_[u];
      const Word bid = bid_[j];
      if (row_in(bid) != i) {
        add_free(i);
        continue;
      }
      const std::int32_t evicted = row4col_[j];
      row4col_[j] = i;
      col4row_[i] = j;
      price_[j] = price_in(bid);
      scan_.set_seed(j, price_[j]);
      if (evicted >= 0) {
        col4row_[evicted] = -1;
        add_free(evicted);
      }
    }
  }

  // The list of free rows, in no particular order, and the one that follows it. There are two
  // counters, so that one can be cleared while some threads have yet to read the other.

  /// A barrier must follow before rows are added.
  MONGE_SIMT void begin_list() {
    slot_ = 1 - slot_;
    if (k_.rank() == 0) counters_[slot_] = 0;
  }
  MONGE_SIMT void add_free(std::int32_t i) { next_free_[k_.atomic_add(&counters_[slot_], 1)] = i; }
  MONGE_SIMT void take_list() {
    k_.sync();
    free_ = counters_[slot_];
    std::int32_t* const taken = free_rows_;
    free_rows_ = next_free_;
    next_free_ = taken;
  }

  /// At the beginning of a phase: rows that have no column, or one that is more than epsilon worse
  /// than their best by value_.
  MONGE_SIMT void list_free_rows() {
    begin_list();
    k_.sync();
    for (std::int64_t i = k_.rank(); i < n_; i += k_.size()) {
      const std::int32_t j = col4row_[i];
      if (j >= 0) {
        if (costs_.plus(costs_.row(i), j, price_[j]) <= value_[i] + epsilon_) continue;
        row4col_[j] = -1;
        col4row_[i] = -1;
      }
      add_free(static_cast<std::int32_t>(i));
    }
    take_list();
  }

  /// A lower bound of the optimum from the prices; leaves the rows' least values in value_.
  MONGE_SIMT double bound() {
    scan_.run(
        n_, [](std::int64_t i) { return i; },
        [&](std::int64_t, std::int64_t i, const BestTwo& best) { value_[i] = best.first; });
    k_.sync();
    const double error = costs_.relative_error;
    const double values = ordered_sum(
        k_, n_,
        [&](std::int64_t i) {
          const double value = value_[i];
          return value - error * fabs(value);
        },
        sum_parts_);
    return values -
           ordered_sum(
               k_, m_, [&](std::int64_t j) { return static_cast<double>(price_[j]); }, sum_parts_);
  }

  MONGE_SIMT void report(AuctionStatus status) {
    const double cost = ordered_sum(
        k_, n_,
        [&](std::int64_t i) { return col4row_[i] < 0 ? 0.0 : costs_.exact(i, col4row_[i]); },
        sum_parts_);
    if (k_.rank() != 0) return;
    *report_ = {cost,     bound_, bids_, rounds_, phases_, static_cast<std::int32_t>(free_),
                epsilon_, status};
  }

  B& k_;
  const AuctionSettings settings_;
  const Costs costs_;
  const std::int64_t n_, m_;
  std::int32_t *col4row_, *row4col_;
  float* price_;
  Word* bid_;
  float* value_;
  std::int32_t *target_, *free_rows_, *next_free_;
  AuctionReport* report_;
  RowScan<Costs, BestTwo, B> scan_;
  double* sum_parts_;
  Word* word_;
  int* counters_;

  // The same in all threads.
  std::int64_t free_ = 0, bids_ = 0, rounds_ = 0;
  std::int32_t phases_ = 0;
  int slot_ = 0;
  float spread_ = 0, largest_ = 0, epsilon_ = 0;
  double bound_ = 0;
};

/// One block per problem of the batch.
template <class Costs, Block B>
MONGE_SIMT void auction_body(B& k, const AuctionArgs& args) {
  Auction<Costs, B>(k, args, k.block()).run();
}

}  // namespace monge::simt

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
// Large problems. A scan by many rows is more than one block should do. With `wide` set, the block
// stops where a scan of that many rows is due, and auction_scan_body does it with many blocks per
// problem; launched in turn, the two go on until no such scan is left. Where blocks meet is the end
// of a launch, so none waits for another.
//
//   auction_body(args)                                     begins, stops at the first wide scan
//   auction_scan_body(args), auction_body(args, resume)    as often as wanted
//   auction_body(args, resume, wide = never)               does what is left alone
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
#include "simt/kernels/slices.hpp"

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

/// Where a problem's auction stands when its block ends.
enum class AuctionStage : std::int32_t {
  bidding,  ///< the free rows are to be scanned for their bids
  valuing,  ///< all rows are to be scanned for their least values
  ended,
};

/// What outlives a launch.
struct AuctionState {
  std::int64_t free_rows, stop_at, bids, rounds;
  double bound;
  float spread, largest, epsilon;
  std::int32_t phases;
  std::int32_t list;  ///< which of the two lists has the free rows
  AuctionStage stage;
};

/// `wide` for a block that leaves no scan to others.
inline constexpr std::int64_t never_wide = std::int64_t{1} << 62;

struct AuctionArgs {
  BatchCosts costs;
  AuctionSettings settings;
  int capacity = 1;                ///< columns to keep in shared memory, at least 1
  std::int64_t wide = never_wide;  ///< rows from which a scan is left to auction_scan_body
  bool resume = false;             ///< from `state`, instead of beginning
  Slices slices;                   ///< auction_scan_body's

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
  AuctionState* state = nullptr;    ///< per problem; not needed if wide is never_wide
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

/// The arrays of one problem.
template <class Costs>
class AuctionProblem {
 public:
  MONGE_SIMT AuctionProblem(const AuctionArgs& args, std::int64_t problem)
      : settings(args.settings),
        costs(CostsOf<Costs>::problem(args.costs, problem)),
        n(costs.rows),
        m(costs.cols),
        col4row(args.col4row + args.costs.rows.begin(problem)),
        row4col(args.row4col + args.costs.cols.begin(problem)),
        price(args.price + args.costs.cols.begin(problem)),
        bid(args.bid + args.costs.cols.begin(problem)),
        value(args.value + args.costs.rows.begin(problem)),
        target(args.target + args.costs.rows.begin(problem)),
        lists(args.list + 2 * args.costs.rows.begin(problem)) {}

  const AuctionSettings settings;
  const Costs costs;
  const std::int64_t n, m;
  std::int32_t *col4row, *row4col;
  float* price;
  Word* bid;
  float* value;
  std::int32_t *target, *lists;

  /// Scans rows first to first + count - 1 of those that are due: places the bids of free rows, or
  /// stores all rows' least values. A barrier must follow.
  template <class Scan, Block B>
  MONGE_SIMT void scan_rows(B& k, Scan& scan, AuctionStage stage, const std::int32_t* free_rows,
                            float epsilon, std::int64_t first, std::int64_t count) const {
    const bool bidding = stage == AuctionStage::bidding;
    scan.run(
        count,
        [&](std::int64_t u) {
          return bidding ? static_cast<std::int64_t>(free_rows[first + u]) : first + u;
        },
        [&](std::int64_t u, std::int64_t i, const BestTwo& best) {
          if (!bidding) {
            value[i] = best.first;
            return;
          }
          const std::int64_t j = best.column();
          target[first + u] = static_cast<std::int32_t>(j);
          k.atomic_max(&bid[j], packed(offer(price[j], best, epsilon), i));
        });
  }

  MONGE_SIMT static float price_in(Word bid) {
    return float_of(static_cast<std::uint32_t>(bid >> 32));
  }
  MONGE_SIMT static std::int64_t row_in(Word bid) {
    return 0xffffffffU - static_cast<std::uint32_t>(bid);
  }

 private:
  /// What makes the best column worth epsilon more than the second best. Always more than `price`;
  /// where there is no second best, nobody competes.
  MONGE_SIMT static float offer(float price, const BestTwo& best, float epsilon) {
    const float raise = best.second < INFINITY ? best.second - best.first : 0.0F;
    const float offered = price + raise + epsilon;
    return offered > price && offered < INFINITY ? offered : float_of(bits_of(price) + 1);
  }
  MONGE_SIMT static Word packed(float price, std::int64_t i) {
    return static_cast<Word>(bits_of(price)) << 32 | (0xffffffffU - static_cast<std::uint32_t>(i));
  }
};

/// One problem, as one thread of its block sees it.
template <class Costs, Block B>
class Auction : AuctionProblem<Costs> {
 public:
  MONGE_SIMT Auction(B& k, const AuctionArgs& args, std::int64_t problem)
      : AuctionProblem<Costs>(args, problem),
        k_(k),
        wide_(args.wide),
        report_(args.report + problem),
        state_(args.state + problem),
        scan_(k, costs, {price}, args.capacity),
        sum_parts_(k.template shared<double>(sum_parts)),
        word_(k.template shared<Word>(1)),
        counters_(k.template shared<int>(2)) {}

  MONGE_SIMT void run(bool resume) {
    bool scanned = resume;
    if (resume) {
      now_ = *state_;
      if (now_.stage == AuctionStage::ended) return;
      scan_.load();
      begin_list();
      k_.sync();
    } else {
      begin();
    }
    while (now_.stage != AuctionStage::ended) {
      if (!scanned) {
        const std::int64_t due = now_.stage == AuctionStage::bidding ? now_.free_rows : n;
        if (due >= wide_) break;
        begin_list();
        this->scan_rows(k_, scan_, now_.stage, free_rows(), now_.epsilon, 0, due);
        k_.sync();
      }
      scanned = false;
      if (now_.stage == AuctionStage::bidding) {
        award();
        go_on_bidding();
      } else {
        end_phase();
      }
    }
    if (wide_ != never_wide && k_.rank() == 0) *state_ = now_;
  }

 private:
  using Problem = AuctionProblem<Costs>;
  using Problem::bid;
  using Problem::col4row;
  using Problem::costs;
  using Problem::lists;
  using Problem::m;
  using Problem::n;
  using Problem::price;
  using Problem::row4col;
  using Problem::settings;
  using Problem::target;
  using Problem::value;

  MONGE_SIMT void begin() {
    for (std::int64_t i = k_.rank(); i < n; i += k_.size()) col4row[i] = -1;
    for (std::int64_t j = k_.rank(); j < m; j += k_.size()) {
      row4col[j] = -1;
      price[j] = 0;
      bid[j] = 0;
    }
    scan_.load();  // each thread the columns it has cleared; measure() has barriers
    now_ = AuctionState{};
    now_.free_rows = n;
    if (!measure()) return end(AuctionStatus::not_finite);
    if (n == 0) return end(AuctionStatus::complete);
    if (n < m) {
      now_.stage = AuctionStage::valuing;  // at prices 0
    } else {
      start_phase(fmaxf(settings.epsilon_start * now_.spread, least_epsilon()));
    }
  }

  /// Finds the spread of the costs within rows, and the largest cost, from a sample of rows.
  /// Returns false if there are numbers that are not finite.
  MONGE_SIMT bool measure() {
    constexpr std::int64_t sampled = 32;
    const std::int64_t step = n > sampled ? n / sampled : 1;
    const int lane = k_.rank() % B::lanes, warp = k_.rank() / B::lanes;
    float spread = 0, largest = 0;
    for (std::int64_t i = warp * step; i < n; i += k_.size() / B::lanes * step) {
      const auto row = costs.row(i);
      float least = INFINITY, most = -INFINITY;
      for (std::int64_t j = lane; j < m; j += B::lanes) {
        const float cost = costs.plus(row, j, 0.0F);
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
    now_.spread = block_max(k_, spread, word_);
    now_.largest = block_max(k_, largest, word_);
    const bool finite = costs.finite(k_.rank(), k_.size());
    return block_max(k_, finite ? 0.0F : 1.0F, word_) == 0 && now_.largest < INFINITY;
  }

  MONGE_SIMT float least_epsilon() const {
    constexpr float least_normal = 0x1p-126F;
    return fmaxf(settings.epsilon_floor * now_.largest, least_normal);
  }

  /// The epsilon at which an auction ends within rtol, by the lower bound of the optimum.
  MONGE_SIMT float last_epsilon() const {
    const double wanted = settings.rtol * fabs(now_.bound) / static_cast<double>(n);
    return fmaxf(static_cast<float>(wanted), least_epsilon());
  }

  MONGE_SIMT std::int64_t rows_in(float share) const {
    return static_cast<std::int64_t>(share * static_cast<float>(n));
  }

  MONGE_SIMT void start_phase(float epsilon) {
    now_.epsilon = epsilon;
    ++now_.phases;
    list_free_rows();
    const bool last = n < m || epsilon <= last_epsilon();  // as far as is known before it
    now_.stop_at = rows_in(last ? settings.leave : settings.tail);
    go_on_bidding();
  }

  MONGE_SIMT void go_on_bidding() {
    now_.stage = AuctionStage::bidding;
    if (now_.free_rows <= now_.stop_at) {
      now_.stage = AuctionStage::valuing;
    } else if (now_.rounds == settings.round_limit) {
      end(AuctionStatus::round_limit);
    } else {
      ++now_.rounds;
      now_.bids += now_.free_rows;
    }
  }

  /// With the rows' values at hand: another phase, more of this one, or the end.
  MONGE_SIMT void end_phase() {
    now_.bound = bound();
    const float last = last_epsilon();
    if (now_.phases == 0) return start_phase(last);
    if (n == m && now_.epsilon > last) {
      const float next = settings.epsilon_ratio * now_.epsilon;
      return start_phase(next < 2 * last ? last : next);
    }
    now_.stop_at = rows_in(settings.leave);
    if (now_.free_rows > now_.stop_at) return go_on_bidding();
    end(now_.free_rows == 0 ? AuctionStatus::complete : AuctionStatus::left_free);
  }

  /// Each bidder looks at its column: the winner takes it, from whom it belonged to if anybody;
  /// others stay free.
  MONGE_SIMT void award() {
    for (std::int64_t u = k_.rank(); u < now_.free_rows; u += k_.size()) {
      const std::int32_t i = free_rows()[u], j = target[u];
      const Word best = bid[j];
      if (Problem::row_in(best) != i) {
        add_free(i);
        continue;
      }
      const std::int32_t evicted = row4col[j];
      row4col[j] = i;
      col4row[i] = j;
      price[j] = Problem::price_in(best);
      scan_.set_seed(j, price[j]);
      if (evicted >= 0) {
        col4row[evicted] = -1;
        add_free(evicted);
      }
    }
    take_list();
  }

  // The list of free rows, in no particular order, and the one that follows it. There are two
  // counters, so that one can be cleared while some threads have yet to read the other.

  MONGE_SIMT std::int32_t* free_rows() const { return lists + now_.list * n; }

  /// A barrier must follow before rows are added.
  MONGE_SIMT void begin_list() {
    slot_ = 1 - slot_;
    if (k_.rank() == 0) counters_[slot_] = 0;
  }
  MONGE_SIMT void add_free(std::int32_t i) {
    lists[(1 - now_.list) * n + k_.atomic_add(&counters_[slot_], 1)] = i;
  }
  MONGE_SIMT void take_list() {
    k_.sync();
    now_.free_rows = counters_[slot_];
    now_.list = 1 - now_.list;
  }

  /// At the beginning of a phase: rows that have no column, or one that is more than epsilon worse
  /// than their best by `value`.
  MONGE_SIMT void list_free_rows() {
    begin_list();
    k_.sync();
    for (std::int64_t i = k_.rank(); i < n; i += k_.size()) {
      const std::int32_t j = col4row[i];
      if (j >= 0) {
        if (costs.plus(costs.row(i), j, price[j]) <= value[i] + now_.epsilon) continue;
        row4col[j] = -1;
        col4row[i] = -1;
      }
      add_free(static_cast<std::int32_t>(i));
    }
    take_list();
  }

  /// A lower bound of the optimum from the prices and the rows' values.
  MONGE_SIMT double bound() {
    const double error = costs.relative_error;
    const double values = ordered_sum(
        k_, n,
        [&](std::int64_t i) {
          const double least = value[i];
          return least - error * fabs(least);
        },
        sum_parts_);
    return values -
           ordered_sum(
               k_, m, [&](std::int64_t j) { return static_cast<double>(price[j]); }, sum_parts_);
  }

  MONGE_SIMT void end(AuctionStatus status) {
    now_.stage = AuctionStage::ended;
    const double cost = ordered_sum(
        k_, n, [&](std::int64_t i) { return col4row[i] < 0 ? 0.0 : costs.exact(i, col4row[i]); },
        sum_parts_);
    if (k_.rank() != 0) return;
    *report_ = {cost,         now_.bound,  now_.bids,
                now_.rounds,  now_.phases, static_cast<std::int32_t>(now_.free_rows),
                now_.epsilon, status};
  }

  B& k_;
  const std::int64_t wide_;
  AuctionReport* report_;
  AuctionState* state_;
  RowScan<Costs, BestTwo, B> scan_;
  double* sum_parts_;
  Word* word_;
  int* counters_;
  int slot_ = 0;
  AuctionState now_;  // the same in all threads
};

/// One block per problem of the batch.
template <class Costs, Block B>
MONGE_SIMT void auction_body(B& k, const AuctionArgs& args) {
  Auction<Costs, B>(k, args, k.block()).run(args.resume);
}

/// Does the scans that auction_body left; args.slices.slices blocks per problem.
template <class Costs, Block B>
MONGE_SIMT void auction_scan_body(B& k, const AuctionArgs& args) {
  const std::int64_t problem = args.slices.problem(k.block());
  const AuctionState& state = args.state[problem];
  const AuctionProblem<Costs> own(args, problem);
  RowScan<Costs, BestTwo, B> scan(k, own.costs, {own.price}, args.capacity);
  const bool bidding = state.stage == AuctionStage::bidding;
  const std::int64_t count = args.slices.count(k.block(), bidding ? state.free_rows : own.n);
  if (state.stage == AuctionStage::ended || count <= 0) return;
  scan.load();
  k.sync();
  own.scan_rows(k, scan, state.stage, own.lists + state.list * own.n, state.epsilon,
                args.slices.first(k.block()), count);
}

template <class Costs>
constexpr std::int64_t auction_scan_shared_bytes(int capacity) {
  return row_scan_shared_bytes<Costs, BestTwo>(capacity);
}

}  // namespace monge::simt

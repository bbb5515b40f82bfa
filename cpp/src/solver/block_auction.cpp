#include "solver/block_auction.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/bid_kernels.hpp"
#include "monge/core/exact_sum.hpp"
#include "solver/cloud_filter.hpp"
#include "solver/priced_columns.hpp"

namespace monge {
namespace {

using kernels::BestBid;

/// 4 MiB of bounds.
constexpr Index most_rows = 8192;
/// The part of the allowed gap that the last epsilon is for.
constexpr double aimed_at = 0.9;
/// A quarter of the points gives prices that are only a start.
constexpr double coarse_gap = 0.1;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// The distance that costs `wanted`, or a little more; at most `longest`.
double length_of_cost(const GroundCost& cost, double wanted, double longest) {
  double low = 0, high = longest;
  for (int step = 0; step < 30; ++step) {
    const double middle = low + (high - low) / 2;
    (cost_of_length(cost, middle) < wanted ? low : high) = middle;
  }
  return high;
}

/// The first epsilon at prices of a coarser level: what a step to the next point costs, where costs
/// are squares; three fifths of it where they are distances (measured: from still smaller ones,
/// clusters need more bids).
double epsilon_of_spacing(const GroundCost& cost, double spacing) {
  const double power = std::log2(cost_of_length(cost, 2) / cost_of_length(cost, 1));
  return cost_of_length(cost, spacing) * std::pow(0.6, std::max(0.0, 2 - power));
}

/// One look of every row at columns of fixed prices: the least value of each.
std::vector<double> least_values(const LevelCloud& x, const LevelCloud& y, const GroundCost& cost,
                                 const std::vector<double>& prices) {
  const CommonBox box = common_box(x, y);
  const std::vector<float> rows = rows_in(box, x);
  const PricedColumns columns(y, box, cost, prices);
  std::vector<float> bounds(columns.bounds_per_row());
  std::vector<double> values;
  PricedColumns::Seen seen;
  for (Index i = 0; i < x.n(); ++i) {
    const float* point = rows.data() + at(i) * at(x.dim);
    if (i > 0) seen = columns.seen_from(x.point(i), seen);
    columns.bound(point, bounds.data());
    const BestBid best = columns.best(point, columns.most(seen), bounds.data());
    seen = columns.seen(best);
    values.push_back(best.first);
  }
  return values;
}

/// The middle is subtracted: small prices are rounded by less.
std::vector<double> centred(std::vector<double> prices) {
  if (prices.empty()) return prices;
  const auto [low, high] = std::minmax_element(prices.begin(), prices.end());
  const double middle = *low + (*high - *low) / 2;
  for (double& price : prices) price -= middle;
  return prices;
}

class BlockAuction {
 public:
  BlockAuction(const LevelCloud& x, const LevelCloud& y, const GroundCost& cost,
               std::vector<double> prices, Context& context, BlockAuctionCounters& counters)
      : x_(x),
        y_(y),
        cost_(cost),
        context_(context),
        counters_(counters),
        box_(common_box(x, y)),
        rows_(rows_in(box_, x)),
        columns_(y, box_, cost, centred(std::move(prices))),
        bounds_(at(x.n()) * columns_.bounds_per_row()),
        seen_(at(x.n())),
        least_(at(x.n())),
        owner_(at(y.n()), none),
        held_(at(x.n()), none),
        held_cost_(at(x.n())),
        longest_(box_.diagonal * std::sqrt(static_cast<double>(y.dim))) {
    for (Index i = 0; i < x.n(); ++i) columns_.bound(row(i), bounds_of(i));
  }

  const CommonBox& box() const { return box_; }

  /// One auction at `epsilon`; false after `budget` bids, or when interrupted.
  bool phase(double epsilon, std::int64_t budget) {
    ++counters_.phases;
    std::vector<Index> waiting = release_dissatisfied(epsilon);
    const float raise = static_cast<float>(epsilon);
    for (std::size_t head = 0; head < waiting.size(); ++head) {
      if (budget-- == 0 || interrupted()) return false;
      const Index i = waiting[head];
      const BestBid bid = best(i);
      columns_.raise(bid.column, (bid.second - bid.first) + raise);
      const Index evicted = award(i, bid.column);
      if (evicted != none) waiting.push_back(evicted);
    }
    for (Index i = 0; i < x_.n(); ++i) {
      held_cost_[at(i)] = evaluate(cost_, x_.point(i), y_.point(held_[at(i)]), x_.dim);
    }
    return true;
  }

  double matching_cost() const {
    ExactSum sum;
    for (double c : held_cost_) sum.add(c);
    return sum.value();
  }

  /// The rows' least values, from below. To be called after each phase.
  std::vector<double> row_values() {
    for (Index i = 0; i < x_.n(); ++i) least_[at(i)] = best(i).first;
    slack_ = rounding_of_values(*std::max_element(least_.begin(), least_.end()));
    std::vector<double> values;
    values.reserve(least_.size());
    for (float value : least_) values.push_back(value - slack_);
    return values;
  }

  /// How far the last row_values() could have been off.
  double slack() const { return slack_; }

  /// What `values` and the prices prove.
  double dual_bound(const std::vector<double>& values) const {
    ExactSum sum;
    for (double value : values) sum.add(value);
    for (Index j = 0; j < y_.n(); ++j) sum.add(-double{columns_.price(j)});
    return sum.value();
  }

  ProvedMatching matching(std::vector<double> values) && {
    std::vector<double> prices;
    for (Index j = 0; j < y_.n(); ++j) prices.push_back(columns_.price(j));
    return {std::move(held_), std::move(values), std::move(prices)};
  }

 private:
  static constexpr Index none = -1;

  /// How far a row's least value can be off, of at most `most`. A pair that costs twice the
  /// difference of that to the least price is not the row's best, whatever its cost's rounding: for
  /// distances beyond a thousand times their own, that is less than half of the cost.
  double rounding_of_values(double most) const {
    const auto [low, high] = columns_.price_range();
    const double largest = std::max(std::fabs(double{low}), std::fabs(double{high}));
    const double length = length_of_cost(cost_, 2 * (most - low), longest_);
    const double least_length = 1e3 * distance_rounding<float>(box_, y_.dim);
    // A tenth: that of prices themselves, without the slopes of CloudFilter's bounds.
    return rounding_within<float>(cost_, box_, y_.dim, std::max(length, least_length),
                                  largest / 10);
  }

  const float* row(Index i) const { return rows_.data() + at(i) * at(x_.dim); }
  float* bounds_of(Index i) { return bounds_.data() + at(i) * columns_.bounds_per_row(); }

  BestBid best(Index i) {
    PricedColumns::Seen& seen = seen_[at(i)];
    if (!seen.any() && i > 0) seen = columns_.seen_from(x_.point(i), seen_[at(i - 1)]);
    const BestBid bid = columns_.best(row(i), columns_.most(seen), bounds_of(i));
    seen = columns_.seen(bid);
    return bid;
  }

  /// Rows that are free, or hold a column that is more than epsilon worse than their best.
  std::vector<Index> release_dissatisfied(double epsilon) {
    std::vector<Index> waiting;
    for (Index i = 0; i < x_.n(); ++i) {
      const Index j = held_[at(i)];
      if (j != none) {
        if (held_cost_[at(i)] + columns_.price(j) <= least_[at(i)] + epsilon) continue;
        owner_[at(j)] = held_[at(i)] = none;
      }
      waiting.push_back(i);
    }
    return waiting;
  }

  /// Row i takes column j; returns the row that it throws out.
  Index award(Index i, Index j) {
    ++counters_.bids;
    const Index evicted = std::exchange(owner_[at(j)], i);
    if (evicted != none) held_[at(evicted)] = none;
    held_[at(i)] = j;
    return evicted;
  }

  bool interrupted() {
    if (counters_.bids % 64 != 0) return false;
    return context_.poll({"auction", 0}) != Interruption::none;
  }

  const LevelCloud &x_, &y_;
  const GroundCost& cost_;
  Context& context_;
  BlockAuctionCounters& counters_;
  CommonBox box_;
  std::vector<float> rows_;
  PricedColumns columns_;
  std::vector<float> bounds_;
  std::vector<PricedColumns::Seen> seen_;
  std::vector<float> least_;       ///< value of each row, as row_values() found it
  std::vector<Index> owner_;       ///< row of each column
  std::vector<Index> held_;        ///< column of each row
  std::vector<double> held_cost_;  ///< its cost, as the last phase left it
  double longest_;                 ///< no pair is farther apart
  double slack_ = 0;
};

std::optional<ProvedMatching> auction_to(double target, const LevelCloud& x, const LevelCloud& y,
                                         const GroundCost& cost, const BlockAuctionOptions& options,
                                         Context& context, BlockAuctionCounters& counters);

/// p_j = -min_I (c(X_I, y_j) - u_I) for the potentials u of the rows X of a quarter of the points.
std::optional<std::vector<double>> coarse_prices(double target, const LevelCloud& x,
                                                 const LevelCloud& y, const GroundCost& cost,
                                                 const BlockAuctionOptions& options,
                                                 Context& context, BlockAuctionCounters& counters) {
  const LevelCloud coarse_x = halved(halved(x)), coarse_y = halved(halved(y));
  std::optional<ProvedMatching> coarse = auction_to(std::max(target, coarse_gap), coarse_x,
                                                    coarse_y, cost, options, context, counters);
  if (!coarse) return std::nullopt;
  for (double& value : coarse->values) value = -value;
  std::vector<double> prices = least_values(y, coarse_x, cost, coarse->values);
  for (double& price : prices) price = -price;
  return prices;
}

/// A matching within the gap `target`; nothing also where `options.rtol` is out of reach.
std::optional<ProvedMatching> auction_to(double target, const LevelCloud& x, const LevelCloud& y,
                                         const GroundCost& cost, const BlockAuctionOptions& options,
                                         Context& context, BlockAuctionCounters& counters) {
  std::optional<std::vector<double>> start;
  if (x.n() >= options.coarse_from) {
    start = coarse_prices(target, x, y, cost, options, context, counters);
    if (!start) return std::nullopt;
  }
  const bool warm = start.has_value();
  BlockAuction auction(x, y, cost, warm ? *std::move(start) : std::vector<double>{}, context,
                       counters);
  const double n = x.n(), diagonal = auction.box().diagonal;
  const auto most_bids = counters.bids + static_cast<std::int64_t>(options.bids_per_row * n);
  double epsilon = warm ? epsilon_of_spacing(cost, diagonal / std::sqrt(n))
                        : 0.02 * cost_of_length(cost, diagonal);
  epsilon = std::max(epsilon, aimed_at * target * options.offset);
  while (epsilon >= auction.slack()) {
    if (!auction.phase(epsilon, most_bids - counters.bids)) return std::nullopt;
    std::vector<double> values = auction.row_values();
    const double matched = auction.matching_cost(), total = matched + options.offset * n;
    const double gap = (matched - auction.dual_bound(values)) / total;
    if (!(gap > target)) return std::move(auction).matching(std::move(values));
    // The cost only falls, and with it what the gap allows a row.
    if (options.rtol * total < n * auction.slack()) return std::nullopt;
    // The gap falls as epsilon does: where the rest is near, go there at once.
    const double rest = aimed_at * target / gap;
    epsilon *= rest >= 1 / (2 * options.epsilon_ratio) ? rest : 1 / options.epsilon_ratio;
  }
  return std::nullopt;
}

}  // namespace

bool few_enough_for_blocks(Index n) { return n > 1 && n <= most_rows; }

std::optional<ProvedMatching> auction_in_blocks(const LevelCloud& x, const LevelCloud& y,
                                                const GroundCost& cost,
                                                const BlockAuctionOptions& options,
                                                Context& context, BlockAuctionCounters& counters) {
  return auction_to(options.rtol, x, y, cost, options, context, counters);
}

}  // namespace monge

#include "solver/block_auction.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "kernels/bid_kernels.hpp"
#include "monge/core/exact_sum.hpp"
#include "solver/cloud_filter.hpp"

namespace monge {
namespace {

using kernels::BestBid;
using kernels::bid_block;

/// 2 MiB of bounds.
constexpr Index most_rows = 5792;
/// The part of the allowed gap that the last epsilon is for.
constexpr double aimed_at = 0.8;
/// A quarter of the points gives prices that are only a start.
constexpr double coarse_gap = 0.1;

constexpr float infinity = std::numeric_limits<float>::infinity();

std::size_t at(Index i) { return static_cast<std::size_t>(i); }
std::size_t rounded_up(Index count, Index unit) { return at((count + unit - 1) / unit * unit); }

/// The distance that costs `wanted`, or a little more; at most `longest`.
double length_of_cost(const GroundCost& cost, double wanted, double longest) {
  double low = 0, high = longest;
  for (int step = 0; step < 30; ++step) {
    const double middle = low + (high - low) / 2;
    (cost_of_length(cost, middle) < wanted ? low : high) = middle;
  }
  return high;
}

/// Points as the kernels read them, measured from the centre of the box: as rows and as columns.
struct FloatCloud {
  std::vector<float> rows, axes;
  std::size_t stride;

  FloatCloud(const LevelCloud& cloud, const CommonBox& box)
      : rows(cloud.points.size()), stride(rounded_up(cloud.n(), bid_block)) {
    const std::size_t dim = static_cast<std::size_t>(cloud.dim);
    axes.resize(stride * dim);
    for (std::size_t k = 0; k < rows.size(); ++k) {
      rows[k] = static_cast<float>(cloud.points[k] - box.centre[k % dim]);
      axes[k % dim * stride + k / dim] = rows[k];
    }
  }
};

/// One look of every row at columns of fixed prices: the least value of each.
std::vector<double> least_values(const LevelCloud& x, const LevelCloud& y, const GroundCost& cost,
                                 const std::vector<double>& price) {
  const CommonBox box = common_box(x, y);
  const FloatCloud rows(x, box), columns(y, box);
  std::vector<float> prices(columns.stride, infinity);
  std::copy(price.begin(), price.end(), prices.begin());
  const Index blocks = static_cast<Index>(columns.stride) / bid_block;
  const kernels::PricedBlocks view{columns.axes.data(), columns.stride, prices.data(), y.dim,
                                   blocks};
  std::vector<double> values;
  std::vector<float> bounds(rounded_up(blocks, kernels::bid_bounds));
  for (Index i = 0; i < x.n(); ++i) {
    std::fill(bounds.begin(), bounds.end(), infinity);
    std::fill_n(bounds.begin(), blocks, -infinity);
    const float* point = rows.rows.data() + at(i) * at(x.dim);
    const BestBid best = kernels::bid_kernels().best(cost, point, view, infinity, bounds.data());
    values.push_back(best.first);
  }
  return values;
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
        rows_(x, box_),
        columns_(y, box_),
        blocks_(static_cast<Index>(columns_.stride) / bid_block),
        bounds_per_row_(rounded_up(blocks_, kernels::bid_bounds)),
        bounds_(at(x.n()) * bounds_per_row_, infinity),
        price_(columns_.stride, infinity),
        seen_(at(x.n())),
        least_(at(x.n())),
        owner_(at(y.n()), none),
        held_(at(x.n()), none),
        held_cost_(at(x.n())),
        longest_(box_.diagonal * std::sqrt(static_cast<double>(y.dim))) {
    prices.resize(at(y.n()));  // 0 without a start
    const auto [low, high] = std::minmax_element(prices.begin(), prices.end());
    const double middle = *low + (*high - *low) / 2;  // small prices are rounded by less
    std::transform(prices.begin(), prices.end(), price_.begin(),
                   [&](double price) { return static_cast<float>(price - middle); });
    for (Index i = 0; i < x.n(); ++i) std::fill_n(bounds_of(i), blocks_, -infinity);
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
      price_[at(bid.column)] += (bid.second - bid.first) + raise;
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
    for (Index j = 0; j < y_.n(); ++j) sum.add(-double{price_[at(j)]});
    return sum.value();
  }

  ProvedMatching matching(std::vector<double> values) && {
    return {std::move(held_), std::move(values),
            std::vector<double>(price_.begin(), price_.begin() + y_.n())};
  }

 private:
  static constexpr Index none = -1;

  /// Two columns that a row's last look has found.
  struct Seen {
    Index column = 0, other = 0;
    float cost = infinity, other_cost = infinity;
  };

  /// How far a row's least value can be off, of at most `most`. A pair that costs twice the
  /// difference of that to the least price is not the row's best, whatever its cost's rounding: for
  /// distances beyond a thousand times their own, that is less than half of the cost.
  double rounding_of_values(double most) const {
    const auto [low, high] = std::minmax_element(price_.begin(), price_.begin() + y_.n());
    const double largest = std::max(std::fabs(double{*low}), std::fabs(double{*high}));
    const double length = length_of_cost(cost_, 2 * (most - *low), longest_);
    const double least_length = 1e3 * distance_rounding<float>(box_, y_.dim);
    // A tenth: that of prices themselves, without the slopes of CloudFilter's bounds.
    return rounding_within<float>(cost_, box_, y_.dim, std::max(length, least_length),
                                  largest / 10);
  }

  float* bounds_of(Index i) { return bounds_.data() + at(i) * bounds_per_row_; }

  BestBid best(Index i) {
    const kernels::PricedBlocks view{columns_.axes.data(), columns_.stride, price_.data(), y_.dim,
                                     blocks_};
    const float* point = rows_.rows.data() + at(i) * at(x_.dim);
    Seen& seen = seen_[at(i)];
    const float most =
        std::max(seen.cost + price_[at(seen.column)], seen.other_cost + price_[at(seen.other)]);
    const BestBid bid = kernels::bid_kernels().best(cost_, point, view, most, bounds_of(i));
    seen = {bid.column, bid.other, bid.first - price_[at(bid.column)],
            bid.other_value - price_[at(bid.other)]};
    return bid;
  }

  /// Rows that are free, or hold a column that is more than epsilon worse than their best.
  std::vector<Index> release_dissatisfied(double epsilon) {
    std::vector<Index> waiting;
    for (Index i = 0; i < x_.n(); ++i) {
      const Index j = held_[at(i)];
      if (j != none) {
        if (held_cost_[at(i)] + price_[at(j)] <= least_[at(i)] + epsilon) continue;
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
  FloatCloud rows_, columns_;
  Index blocks_;
  std::size_t bounds_per_row_;
  std::vector<float> bounds_, price_;
  std::vector<Seen> seen_;
  std::vector<float> least_;       ///< value of each row, as row_values() found it
  std::vector<Index> owner_;       ///< row of each column
  std::vector<Index> held_;        ///< column of each row
  std::vector<double> held_cost_;  ///< its cost, as the last phase left it
  double longest_;                 ///< no pair is farther apart
  double slack_ = 0;
};

/// p_j = -min_I (c(X_I, y_j) - u_I) for the potentials u of the rows X of a quarter of the points;
/// none where there are few, or their auction failed.
std::vector<double> starting_prices(const LevelCloud& x, const LevelCloud& y,
                                    const GroundCost& cost, BlockAuctionOptions options,
                                    Context& context, BlockAuctionCounters& counters) {
  if (x.n() < options.coarse_from) return {};
  const LevelCloud coarse_x = halved(halved(x)), coarse_y = halved(halved(y));
  options.rtol = std::max(options.rtol, coarse_gap);
  std::optional<ProvedMatching> coarse =
      auction_in_blocks(coarse_x, coarse_y, cost, options, context, counters);
  if (!coarse) return {};
  for (double& value : coarse->values) value = -value;
  std::vector<double> prices = least_values(y, coarse_x, cost, coarse->values);
  for (double& price : prices) price = -price;
  return prices;
}

}  // namespace

bool few_enough_for_blocks(Index n) { return n > 1 && n <= most_rows; }

std::optional<ProvedMatching> auction_in_blocks(const LevelCloud& x, const LevelCloud& y,
                                                const GroundCost& cost,
                                                const BlockAuctionOptions& options,
                                                Context& context, BlockAuctionCounters& counters) {
  std::vector<double> start = starting_prices(x, y, cost, options, context, counters);
  const bool warm = !start.empty();
  BlockAuction auction(x, y, cost, std::move(start), context, counters);
  const double n = x.n(), diagonal = auction.box().diagonal;
  const auto budget = static_cast<std::int64_t>(options.bids_per_row * n);
  double epsilon =
      warm ? cost_of_length(cost, diagonal / std::sqrt(n)) : 0.02 * cost_of_length(cost, diagonal);
  while (epsilon >= auction.slack()) {
    if (!auction.phase(epsilon, budget)) return std::nullopt;
    std::vector<double> values = auction.row_values();
    const double total = auction.matching_cost();
    const double gap = (total - auction.dual_bound(values)) / total;
    if (!(gap > options.rtol)) return std::move(auction).matching(std::move(values));
    // The gap falls as epsilon does: where the rest is near, go there at once.
    const double rest = aimed_at * options.rtol / gap;
    epsilon *= rest >= 1 / (2 * options.epsilon_ratio) ? rest : 1 / options.epsilon_ratio;
  }
  return std::nullopt;
}

}  // namespace monge

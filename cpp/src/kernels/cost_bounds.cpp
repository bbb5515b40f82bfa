#include "kernels/cost_bounds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/row_kernels.hpp"

namespace monge::kernels {
namespace {

constexpr double single_roundoff = 0x1p-24;
constexpr double most_kept_bytes = 1 << 30;
constexpr double least_pairs = 64 * 64;

/// Squares beyond are too near the ends of single precision.
constexpr double least_extent = 0x1p-80, most_extent = 0x1p100;
/// More than all products together can lose to numbers too small for single precision.
constexpr double underflow = 0x1p-112;

/// What |x|^2 + |y|^2 is multiplied by so that all errors together cannot lift a bound above the
/// computed cost: of the products, of both coordinates' rounding to single precision (3), of the
/// bound's square root (4), and of the cost itself, in double.
double shrinking_factor(std::int64_t dim) {
  const double error = product_error(dim, single_roundoff) + 8 * single_roundoff +
                       4 * static_cast<double>(dim + 4) * 0x1p-53;
  return 1 - 1.01 * error;
}

/// cost.finish() of squared distances, rounded downwards.
template <class Cost>
void finish_downwards(const Cost& cost, float* values, std::size_t count) {
  constexpr double largest = 0.5 * static_cast<double>(std::numeric_limits<float>::max());
  constexpr double smallest = 0x1p-120;
  for (std::size_t k = 0; k < count; ++k) {
    const double value = (1 - 4 * single_roundoff) * cost.finish(static_cast<double>(values[k]));
    values[k] = static_cast<float>(value < smallest ? 0 : std::min(value, largest));
  }
}
void finish_downwards(const SqEuclidean&, float*, std::size_t) {}
void finish_downwards(const Euclidean&, float* values, std::size_t count) {
  product_kernels().square_roots(values, count);
}

/// Whether |x| + |y| is in the range that products in single precision serve.
bool in_range(const CostBounds& bounds) {
  return bounds.extent() >= least_extent && bounds.extent() <= most_extent;
}

}  // namespace

bool CostBounds::may_serve(const PointClouds& clouds) {
  const double pairs =
      static_cast<double>(rows_of(clouds.x)) * static_cast<double>(rows_of(clouds.y));
  return cols_of(clouds.x) >= least_product_dim && pairs >= least_pairs &&
         is_power_of_euclidean(clouds.cost);
}

std::shared_ptr<CostBounds> CostBounds::make(const PointClouds& clouds) {
  if (!may_serve(clouds)) return nullptr;
  auto bounds = std::make_shared<CostBounds>(clouds);
  return in_range(*bounds) ? bounds : nullptr;
}

CostBounds::CostBounds(const PointClouds& clouds)
    : clouds_(clouds),
      products_(clouds.x, clouds.y, shrinking_factor(cols_of(clouds.x)), underflow) {}

bool CostBounds::keep(Context& context) {
  if (!kept_.empty()) return true;
  const std::size_t entries =
      static_cast<std::size_t>(rows() + products_.block_rows) * products_.stride();
  const double bytes = 4.0 * static_cast<double>(entries);
  if (bytes > most_kept_bytes || bytes > 0.5 * context.memory_bound()) return false;
  Lines<float> all(entries);
  const bool complete = products_.for_each_block(context, [&](Index first, Index end) {
    fill(first, end, all.data() + static_cast<std::size_t>(first) * products_.stride());
  });
  if (complete) kept_ = std::move(all);
  return complete;
}

void CostBounds::fill(Index first, Index end, float* out) const {
  products_.squares(first, out);
  std::visit(
      [&](const auto& cost) {
        finish_downwards(cost, out, static_cast<std::size_t>(end - first) * products_.stride());
      },
      clouds_.cost);
}

const float* CostBounds::block_of(Index first, Index end, Lines<float>& room) const {
  if (const float* kept = row(first)) return kept;
  room.resize(static_cast<std::size_t>(products_.block_rows) * products_.stride());
  fill(first, end, room.data());
  return room.data();
}

void CostBounds::costs(Index i, const Index* columns, Index count, double* out) const {
  const std::vector<double> x = coordinates(clouds_.x, i);
  const auto& kernels = row_kernels();
  if (count < cols() / 4)
    return kernels.costs_at(clouds_.cost, x.data(), clouds_.y, columns, count, out);
  packed_.run([this] { y_by_axis_ = by_axis(clouds_.y); });
  std::vector<double> all(static_cast<std::size_t>(cols()));
  kernels.costs(clouds_.cost, x.data(), y_by_axis_.values.data(), y_by_axis_.stride,
                static_cast<int>(x.size()), all.data(), cols());
  for (Index k = 0; k < count; ++k) out[k] = all[static_cast<std::size_t>(columns[k])];
}

void bounded_minima(const CostBounds& costs, const std::vector<double>& g, Context& context,
                    std::vector<double>& values, std::vector<Index>& columns) {
  std::vector<double> price;
  for (double value : g) price.push_back(-value);
  const auto all = [](Index, Index) { return true; };
  const auto search_rows = [&](Index first, Index end, const float* bounds, std::size_t stride) {
    BoundedMinimum search(costs);
    for (Index i = first; i < end; ++i, bounds += stride) {
      const auto least = search.of_row(i, bounds, price.data());
      values[static_cast<std::size_t>(i)] = least.value;
      columns[static_cast<std::size_t>(i)] = least.column;
    }
  };
  costs.for_each_block(context, all, search_rows);
}

BoundedMinimum::Least BoundedMinimum::of_row(Index i, const float* bounds, const double* price) {
  const auto& kernels = row_kernels().f32;
  const Index m = costs_.cols();
  minima_.resize(static_cast<std::size_t>((m + group - 1) / group));
  columns_.resize(static_cast<std::size_t>(m));
  values_.resize(static_cast<std::size_t>(m));
  kernels.group_minima(bounds, price, m, minima_.data());
  // The cost of the column of the least bound limits the bounds that matter.
  const double least = *std::min_element(minima_.begin(), minima_.end());
  kernels.collect(bounds, price, minima_.data(), least, m, columns_.data(), values_.data());
  const Index first = columns_.front();
  double cost = 0;
  costs_.costs(i, &first, 1, &cost);
  const double limit = cost + price[first];
  const Index found =
      kernels.collect(bounds, price, minima_.data(), limit, m, columns_.data(), values_.data());
  costs_.costs(i, columns_.data(), found, values_.data());
  Least result{std::numeric_limits<double>::infinity(), 0};
  for (Index k = 0; k < found; ++k) {
    const Index j = columns_[static_cast<std::size_t>(k)];
    const double value = values_[static_cast<std::size_t>(k)] + price[j];
    if (value < result.value) result = {value, j};
  }
  return result;
}

}  // namespace monge::kernels

#include "kernels/cost_bounds.hpp"

#include <algorithm>
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

/// The least C_ij + p_j of rows with lower bounds, and the lowest column that attains it.
class BoundedMinima {
 public:
  BoundedMinima(const CostBounds& costs, const std::vector<double>& price,
                std::vector<double>& values, std::vector<Index>& columns)
      : costs_(costs),
        price_(price),
        values_(values),
        columns_(columns),
        found_(static_cast<std::size_t>(costs.cols())),
        bounds_(found_.size()) {}

  /// Of a block of rows: costs of pairs are cheaper together.
  void find(Index first, Index end, const float* bounds, std::size_t stride) {
    const auto row = [&](Index i) { return bounds + static_cast<std::size_t>(i - first) * stride; };
    minima_.resize(groups() * static_cast<std::size_t>(end - first));
    for (Index i = first; i < end; ++i) {
      values_[static_cast<std::size_t>(i)] = std::numeric_limits<double>::infinity();
      double* minima = minima_.data() + groups() * static_cast<std::size_t>(i - first);
      row_kernels().f32.group_minima(row(i), price_.data(), costs_.cols(), minima);
      collect(row(i), minima, *std::min_element(minima, minima + groups()));
      columns_[static_cast<std::size_t>(i)] = -1;
      add(i, 1);
    }
    compute();
    // The cost of the column of the least bound limits the bounds that matter.
    for (Index i = first; i < end; ++i) {
      const double* minima = minima_.data() + groups() * static_cast<std::size_t>(i - first);
      add(i, collect(row(i), minima, values_[static_cast<std::size_t>(i)]));
      if (rows_.size() >= most_pairs) compute();
    }
    compute();
  }

 private:
  static constexpr std::size_t most_pairs = 1 << 14;  ///< but for those of one row

  std::size_t groups() const {
    return static_cast<std::size_t>((costs_.cols() + group - 1) / group);
  }
  Index collect(const float* row, const double* minima, double limit) {
    return row_kernels().f32.collect(row, price_.data(), minima, limit, costs_.cols(),
                                     found_.data(), bounds_.data());
  }
  void add(Index i, Index count) {
    const Index known = columns_[static_cast<std::size_t>(i)];
    for (Index k = 0; k < count; ++k) {
      if (found_[static_cast<std::size_t>(k)] != known)
        cols_.push_back(found_[static_cast<std::size_t>(k)]);
    }
    rows_.resize(cols_.size(), i);
  }

  void compute() {
    exact_.resize(rows_.size());
    costs_.costs(rows_.data(), cols_.data(), static_cast<Index>(rows_.size()), exact_.data());
    for (std::size_t k = 0; k < rows_.size(); ++k) {
      const std::size_t i = static_cast<std::size_t>(rows_[k]);
      const double value = exact_[k] + price_[static_cast<std::size_t>(cols_[k])];
      if (value < values_[i] || (value == values_[i] && cols_[k] < columns_[i])) {
        values_[i] = value;
        columns_[i] = cols_[k];
      }
    }
    rows_.clear();
    cols_.clear();
  }

  const CostBounds& costs_;
  const std::vector<double>& price_;
  std::vector<double>& values_;
  std::vector<Index>& columns_;
  std::vector<Index> rows_, cols_, found_;
  std::vector<double> minima_, bounds_, exact_;
};

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

void CostBounds::costs(const Index* rows, const Index* cols, Index count, double* out) const {
  Index begin = 0;  // of pairs that are still to be computed
  for (Index first = 0, end = 0; first < count; first = end) {
    while (end < count && rows[end] == rows[first]) ++end;
    if (end - first < this->cols() / 4) continue;
    costs_of_pairs(rows + begin, cols + begin, first - begin, out + begin);
    const std::vector<double> row = costs_of_row(rows[first]);
    for (Index k = first; k < end; ++k) out[k] = row[static_cast<std::size_t>(cols[k])];
    begin = end;
  }
  costs_of_pairs(rows + begin, cols + begin, count - begin, out + begin);
}

void CostBounds::costs_of_pairs(const Index* rows, const Index* cols, Index count,
                                double* out) const {
  row_kernels().squared_distances(clouds_.x, clouds_.y, rows, cols, count, out);
  std::visit(
      [&](const auto& cost) {
        for (Index k = 0; k < count; ++k) out[k] = cost.finish(out[k]);
      },
      clouds_.cost);
}

/// Faster than many of its pairs.
std::vector<double> CostBounds::costs_of_row(Index i) const {
  packed_.run([this] { y_by_axis_ = by_axis(clouds_.y); });
  const std::vector<double> x = coordinates(clouds_.x, i);
  std::vector<double> all(static_cast<std::size_t>(cols()));
  row_kernels().costs(clouds_.cost, x.data(), y_by_axis_.values.data(), y_by_axis_.stride,
                      static_cast<int>(x.size()), all.data(), cols());
  return all;
}

void bounded_minima(const CostBounds& costs, const std::vector<double>& g, Context& context,
                    std::vector<double>& values, std::vector<Index>& columns) {
  std::vector<double> price;
  price.reserve(g.size());
  for (double value : g) price.push_back(-value);
  const auto all = [](Index, Index) { return true; };
  const auto search_rows = [&](Index first, Index end, const float* bounds, std::size_t stride) {
    BoundedMinima(costs, price, values, columns).find(first, end, bounds, stride);
  };
  costs.for_each_block(context, all, search_rows);
}

}  // namespace monge::kernels

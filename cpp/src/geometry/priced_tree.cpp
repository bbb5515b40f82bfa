#include "geometry/priced_tree.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace monge {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Inverts the symmetric positive definite d x d matrix m in place (Gauss and Jordan).
void invert(std::vector<double>& m, std::size_t d) {
  for (std::size_t k = 0; k < d; ++k) {
    const double pivot = 1 / m[k * d + k];
    m[k * d + k] = 1;
    for (std::size_t j = 0; j < d; ++j) m[k * d + j] *= pivot;
    for (std::size_t i = 0; i < d; ++i) {
      if (i == k) continue;
      const double factor = m[i * d + k];
      m[i * d + k] = 0;
      for (std::size_t j = 0; j < d; ++j) m[i * d + j] -= factor * m[k * d + j];
    }
  }
}

}  // namespace

PricedTree::PricedTree(std::vector<double> values, int dim, Index n)
    : values_(std::move(values)), dim_(dim), n_(n) {
  for (std::int64_t points = block;; points *= fan_out) {
    levels_.push_back(make_level(static_cast<Index>(std::min<std::int64_t>(points, n_))));
    if (levels_.back().nodes <= 4 * fan_out) break;
  }
}

PricedTree::Level PricedTree::make_level(Index points_per_node) const {
  Level level;
  const std::size_t d = static_cast<std::size_t>(dim_);
  level.points_per_node = points_per_node;
  level.nodes = (n_ + points_per_node - 1) / points_per_node;
  const std::size_t nodes = at(level.nodes);
  level.stride = (nodes + fan_out - 1) / fan_out * fan_out;
  level.low.resize(d * level.stride);
  level.high.resize(d * level.stride);
  level.slope.resize(d * level.stride);
  level.offset.resize(level.stride);
  level.least_price.resize(level.stride);
  level.inverse.reserve(d * d * nodes);
  std::vector<double> mean(d), scatter(d * d);
  for (std::size_t node = 0; node < nodes; ++node) {
    const std::size_t begin = node * at(points_per_node),
                      end = std::min(begin + at(points_per_node), at(n_));
    for (std::size_t a = 0; a < d; ++a) {
      const double* axis = values_.data() + a * at(n_);
      const auto [low, high] = std::minmax_element(axis + begin, axis + end);
      level.low[a * level.stride + node] = *low;
      level.high[a * level.stride + node] = *high;
      double sum = 0;
      for (std::size_t j = begin; j < end; ++j) sum += axis[j] - axis[begin];
      mean[a] = axis[begin] + sum / static_cast<double>(end - begin);
    }
    double trace = 0;
    for (std::size_t a = 0; a < d; ++a) {
      for (std::size_t b = 0; b < d; ++b) {
        double sum = 0;
        for (std::size_t j = begin; j < end; ++j) {
          sum += (values_[a * at(n_) + j] - mean[a]) * (values_[b * at(n_) + j] - mean[b]);
        }
        scatter[a * d + b] = sum;
      }
      trace += scatter[a * d + a];
    }
    // Flat blocks have no slope across them: a little of the identity keeps the fit finite.
    for (std::size_t a = 0; a < d; ++a)
      scatter[a * d + a] += 1e-3 * trace / static_cast<double>(d) + 1e-300;
    invert(scatter, d);
    level.inverse.insert(level.inverse.end(), scatter.begin(), scatter.end());
  }
  return level;
}

void PricedTree::refit(const double* price) {
  for (Level& level : levels_) {
    for (Index node = 0; node < level.nodes; ++node) refit_node(level, node, price);
  }
}

void PricedTree::refit_node(Level& level, Index node, const double* price) const {
  constexpr std::size_t most_axes = 16;
  const std::size_t d = static_cast<std::size_t>(dim_);
  const std::size_t begin = at(node) * at(level.points_per_node);
  const std::size_t end = std::min(begin + at(level.points_per_node), at(n_));
  double mean_price = 0, least_price = std::numeric_limits<double>::infinity();
  for (std::size_t j = begin; j < end; ++j) {
    mean_price += price[j];
    least_price = std::min(least_price, price[j]);
  }
  mean_price /= static_cast<double>(end - begin);
  double moment[most_axes];
  for (std::size_t a = 0; a < d; ++a) {
    const double* axis = values_.data() + a * at(n_);
    // The scatter with deviations of the price needs no centred coordinates, but any near origin.
    const double origin = axis[begin];
    double sum = 0;
    for (std::size_t j = begin; j < end; ++j) sum += (axis[j] - origin) * (price[j] - mean_price);
    moment[a] = sum;
  }
  double slope[most_axes];
  const double* inverse = level.inverse.data() + at(node) * d * d;
  for (std::size_t a = 0; a < d; ++a) {
    slope[a] = 0;
    for (std::size_t b = 0; b < d; ++b) slope[a] += inverse[a * d + b] * moment[b];
    if (!std::isfinite(slope[a])) slope[a] = 0;
    level.slope[a * level.stride + at(node)] = slope[a];
  }
  double offset = std::numeric_limits<double>::infinity();
  for (std::size_t j = begin; j < end; ++j) {
    double value = price[j];
    for (std::size_t a = 0; a < d; ++a) {
      value -= slope[a] * (values_[a * at(n_) + j] - level.low[a * level.stride + at(node)]);
    }
    offset = std::min(offset, value);
  }
  level.offset[at(node)] = offset;
  level.least_price[at(node)] = least_price;
}

}  // namespace monge

#include "geometry/priced_tree.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace monge {
namespace {

constexpr std::size_t most_axes = 16;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Inverts the symmetric positive definite d x d matrix m in place (Gauss and Jordan).
void invert(double* m, std::size_t d) {
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

/// The largest T that is at most `value`.
template <class T>
T rounded_down(double value) {
  const T near = static_cast<T>(value);
  return near > value ? std::nextafter(near, -std::numeric_limits<T>::infinity()) : near;
}

}  // namespace

template <class T>
PricedTreeOf<T>::PricedTreeOf(const std::vector<T>& values, int dim, Index n)
    : stride_((at(n) + block - 1) / block * block), dim_(dim), n_(n) {
  values_.resize(static_cast<std::size_t>(dim) * stride_);
  for (std::size_t a = 0; a < static_cast<std::size_t>(dim); ++a) {
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(a * at(n)), n,
                values_.begin() + static_cast<std::ptrdiff_t>(a * stride_));
  }
  for (std::int64_t points = block;; points *= fan_out) {
    levels_.push_back(make_level(static_cast<Index>(std::min<std::int64_t>(points, n_))));
    if (levels_.back().nodes <= 4 * fan_out) break;
  }
}

template <class T>
typename PricedTreeOf<T>::Level PricedTreeOf<T>::make_level(Index points_per_node) const {
  Level level;
  const std::size_t d = static_cast<std::size_t>(dim_);
  level.points_per_node = points_per_node;
  level.nodes = (n_ + points_per_node - 1) / points_per_node;
  const std::size_t nodes = at(level.nodes);
  level.stride = (nodes + fan_out - 1) / fan_out * fan_out;
  for (std::vector<T>* numbers : {&level.low, &level.high, &level.slope}) {
    numbers->resize(d * level.stride);
  }
  level.offset.resize(level.stride);
  level.least_price.resize(level.stride);
  level.inverse.resize(d * d * nodes);
  for (Index node = 0; node < level.nodes; ++node) fit_box(level, node);
  return level;
}

template <class T>
void PricedTreeOf<T>::fit_box(Level& level, Index node) const {
  const std::size_t d = static_cast<std::size_t>(dim_);
  const std::size_t begin = at(node) * at(level.points_per_node);
  const std::size_t end = std::min(begin + at(level.points_per_node), at(n_));
  double mean[most_axes];
  for (std::size_t a = 0; a < d; ++a) {
    const auto [low, high] = std::minmax_element(axis(a) + begin, axis(a) + end);
    level.low[a * level.stride + at(node)] = *low;
    level.high[a * level.stride + at(node)] = *high;
    const double origin = axis(a)[begin];
    double sum = 0;
    for (std::size_t j = begin; j < end; ++j) sum += axis(a)[j] - origin;
    mean[a] = origin + sum / static_cast<double>(end - begin);
  }
  double* scatter = level.inverse.data() + at(node) * d * d;
  double trace = 0;
  for (std::size_t a = 0; a < d; ++a) {
    for (std::size_t b = 0; b < d; ++b) {
      double sum = 0;
      for (std::size_t j = begin; j < end; ++j) {
        sum += (axis(a)[j] - mean[a]) * (axis(b)[j] - mean[b]);
      }
      scatter[a * d + b] = sum;
    }
    trace += scatter[a * d + a];
  }
  // Flat blocks have no slope across them: a little of the identity keeps the fit finite.
  for (std::size_t a = 0; a < d; ++a) {
    scatter[a * d + a] += 1e-3 * trace / static_cast<double>(d) + 1e-300;
  }
  invert(scatter, d);
}

template <class T>
void PricedTreeOf<T>::refit(const T* price) {
  for (Level& level : levels_) {
    for (Index node = 0; node < level.nodes; ++node) refit_node(level, node, price);
  }
}

template <class T>
void PricedTreeOf<T>::refit_node(Level& level, Index node, const T* price) const {
  const std::size_t d = static_cast<std::size_t>(dim_);
  const std::size_t begin = at(node) * at(level.points_per_node);
  const std::size_t end = std::min(begin + at(level.points_per_node), at(n_));
  double mean_price = 0;
  T least_price = std::numeric_limits<T>::infinity(), most_price = -least_price;
  for (std::size_t j = begin; j < end; ++j) {
    mean_price += price[j];
    least_price = std::min(least_price, price[j]);
    most_price = std::max(most_price, price[j]);
  }
  mean_price /= static_cast<double>(end - begin);
  double moment[most_axes];
  for (std::size_t a = 0; a < d; ++a) {
    // The scatter with deviations of the price needs no centred coordinates, but any near origin.
    const double origin = axis(a)[begin];
    double sum = 0;
    for (std::size_t j = begin; j < end; ++j) {
      sum += (axis(a)[j] - origin) * (price[j] - mean_price);
    }
    moment[a] = sum;
  }
  double slope[most_axes], rise = 0;
  const double* inverse = level.inverse.data() + at(node) * d * d;
  for (std::size_t a = 0; a < d; ++a) {
    double fitted = 0;
    for (std::size_t b = 0; b < d; ++b) fitted += inverse[a * d + b] * moment[b];
    slope[a] = static_cast<T>(fitted);
    const std::size_t k = a * level.stride + at(node);
    rise += std::fabs(slope[a]) * (static_cast<double>(level.high[k]) - level.low[k]);
  }
  // A function far steeper than the prices bounds nothing, and its terms would cancel.
  const bool sound = rise <= 4 * (static_cast<double>(most_price) - least_price);
  for (std::size_t a = 0; a < d; ++a) {
    if (!sound) slope[a] = 0;
    level.slope[a * level.stride + at(node)] = static_cast<T>(slope[a]);
  }
  double offset = std::numeric_limits<double>::infinity();
  for (std::size_t j = begin; j < end; ++j) {
    double value = price[j];
    for (std::size_t a = 0; a < d; ++a) {
      value -=
          slope[a] * (axis(a)[j] - static_cast<double>(level.low[a * level.stride + at(node)]));
    }
    offset = std::min(offset, value);
  }
  level.offset[at(node)] = rounded_down<T>(offset);
  level.least_price[at(node)] = least_price;
}

template class PricedTreeOf<float>;
template class PricedTreeOf<double>;

}  // namespace monge

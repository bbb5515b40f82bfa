// Anderson acceleration of a fixed-point iteration G <- G + R(G): the next point combines the last
// ones so that their residuals R, weighted by mass, nearly cancel.
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace monge {

class Anderson {
 public:
  Anderson(std::size_t window, const std::vector<double>& weights)
      : window_(window), weights_(weights) {}

  void forget() {
    points_.clear();
    residuals_.clear();
  }

  /// The point after `point`, whose residual is `residual`.
  std::vector<double> next(std::vector<double> point, std::vector<double> residual) {
    points_.push_back(std::move(point));
    residuals_.push_back(std::move(residual));
    if (points_.size() > window_ + 1) {
      points_.erase(points_.begin());
      residuals_.erase(residuals_.begin());
    }
    const std::vector<double> theta = combination();
    const std::vector<double>&x = points_.back(), &r = residuals_.back();
    std::vector<double> result(x.size());
    for (std::size_t j = 0; j < x.size(); ++j) {
      if (!(weights_[j] > 0)) {
        result[j] = x[j];
        continue;
      }
      result[j] = x[j] + r[j];
      for (std::size_t k = 0; k < theta.size(); ++k)
        result[j] += theta[k] * (points_[k][j] + residuals_[k][j] - x[j] - r[j]);
    }
    return result;
  }

 private:
  /// theta minimising |r + sum theta_k (r_k - r)| over the earlier residuals, by the normal
  /// equations with a ridge of 1e-12.
  std::vector<double> combination() const {
    const std::size_t k = points_.size() - 1;
    const std::vector<double>& r = residuals_.back();
    const auto product = [&](std::size_t p, std::size_t q) {
      double sum = 0;
      for (std::size_t j = 0; j < r.size(); ++j) {
        const double other = q == k ? -r[j] : residuals_[q][j] - r[j];
        sum += weights_[j] * (residuals_[p][j] - r[j]) * other;
      }
      return sum;
    };
    std::vector<std::vector<double>> m(k, std::vector<double>(k + 1));
    double trace = 0;
    for (std::size_t p = 0; p < k; ++p) {
      for (std::size_t q = 0; q <= k; ++q) m[p][q] = product(p, q);
      trace += m[p][p];
    }
    std::vector<double> theta(k, 0);
    if (!(trace > 0)) return theta;
    for (std::size_t p = 0; p < k; ++p) m[p][p] += 1e-12 * trace;
    for (std::size_t p = 0; p < k; ++p) {
      for (std::size_t q = p + 1; q < k; ++q) {
        const double factor = m[q][p] / m[p][p];
        for (std::size_t c = p; c <= k; ++c) m[q][c] -= factor * m[p][c];
      }
    }
    for (std::size_t p = k; p-- > 0;) {
      double sum = m[p][k];
      for (std::size_t c = p + 1; c < k; ++c) sum -= m[p][c] * theta[c];
      theta[p] = sum / m[p][p];
    }
    return theta;
  }

  std::size_t window_;
  const std::vector<double>& weights_;
  std::vector<std::vector<double>> points_, residuals_;
};

}  // namespace monge

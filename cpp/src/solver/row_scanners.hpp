// How the auction sees the rows of a problem: a dense matrix, or points and a ground cost. With a
// Team, long rows are scanned by all its threads; such a scanner is for one caller at a time.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/cost_rows.hpp"
#include "solver/best_columns.hpp"

namespace monge {

/// Rows of adjacent entries of a matrix, rows <= columns.
template <class T>
class DenseScanner {
 public:
  struct Scratch {
    BestColumns best;
  };

  explicit DenseScanner(const MatrixView<T>& c, Team* team = nullptr) : c_(c), team_(team) {}

  Index rows() const { return static_cast<Index>(c_.rows); }
  Index cols() const { return static_cast<Index>(c_.cols); }

  void scan(Index i, const double* price, double limit, int wanted, Scratch& scratch,
            Scan& out) const {
    scratch.best.select(
        c_.data + i * c_.row_stride, price, cols(), i % cols(), limit, wanted, team_,
        [](Index, Index) {}, out);
  }

 private:
  MatrixView<T> c_;
  Team* team_;
};

/// Costs computed from points at every scan: O(n dim) memory, and for few coordinates faster than
/// reading a matrix that is larger than the caches.
class CloudScanner {
 public:
  struct Scratch {
    BestColumns best;
    std::vector<double> point, costs;
  };

  explicit CloudScanner(const PointClouds& clouds, Team* team = nullptr)
      : x_(kernels::by_axis(clouds.x)),
        y_(kernels::by_axis(clouds.y)),
        cost_(clouds.cost),
        dim_(static_cast<int>(cols_of(clouds.x))),
        team_(team) {}

  Index rows() const { return static_cast<Index>(x_.stride); }
  Index cols() const { return static_cast<Index>(y_.stride); }

  void scan(Index i, const double* price, double limit, int wanted, Scratch& scratch,
            Scan& out) const {
    scratch.point.resize(static_cast<std::size_t>(dim_));
    for (std::size_t k = 0; k < scratch.point.size(); ++k) {
      scratch.point[k] = x_.values[k * x_.stride + static_cast<std::size_t>(i)];
    }
    scratch.costs.resize(y_.stride);
    const auto fill = [&](Index first, Index count) {
      kernels::row_kernels().costs(cost_, scratch.point.data(), y_.values.data() + first, y_.stride,
                                   dim_, scratch.costs.data() + first, count);
    };
    scratch.best.select(scratch.costs.data(), price, cols(), i % cols(), limit, wanted, team_, fill,
                        out);
  }

 private:
  kernels::AxisMajor x_, y_;
  GroundCost cost_;
  int dim_;
  Team* team_;
};

}  // namespace monge

// Where an assignment on lists (listed_assignment.hpp) takes its costs from: a matrix, or bounds on
// the costs of clouds, which then has the exact costs of a few pairs, too.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/cost_bounds.hpp"
#include "kernels/cost_rows.hpp"
#include "monge/core/context.hpp"

namespace monge {

/// Which rows a sweep is for.
using RowSet = std::vector<char>;

/// Rows of adjacent entries of a matrix: the bounds are the costs.
template <class T>
class MatrixRows {
 public:
  using Bound = T;
  static constexpr bool exact = true;

  explicit MatrixRows(const MatrixView<T>& c) : c_(c) {}

  Index rows() const { return static_cast<Index>(c_.rows); }
  Index cols() const { return static_cast<Index>(c_.cols); }
  const T* row(Index i) const { return c_.data + i * c_.row_stride; }

  /// Calls visit(first, end, row) for chunks of rows, row(i) being the bounds of row i. Rows
  /// outside `wanted` may be left out. Returns false if interrupted.
  template <class Visit>
  bool sweep(const RowSet& wanted, Context& context, const Visit& visit) const {
    const double work = static_cast<double>(c_.cols) *
                        static_cast<double>(std::count(wanted.begin(), wanted.end(), 1));
    return kernels::for_each_row_chunk(c_.rows, work, context, [&](Index first, Index end) {
      visit(first, end, [&](Index i) { return row(i); });
    });
  }

 private:
  MatrixView<T> c_;
};

/// Rows of bounds in single precision, kept or computed at every sweep.
class BoundedRows {
 public:
  using Bound = float;
  static constexpr bool exact = false;

  explicit BoundedRows(const kernels::CostBounds& bounds) : bounds_(bounds) {}

  Index rows() const { return bounds_.rows(); }
  Index cols() const { return bounds_.cols(); }
  const float* row(Index i) const { return bounds_.row(i); }

  template <class Visit>
  bool sweep(const RowSet& wanted, Context& context, const Visit& visit) const {
    const auto any = [&](Index first, Index end) {
      return std::find(wanted.begin() + first, wanted.begin() + end, 1) != wanted.begin() + end;
    };
    return bounds_.for_each_block(
        context, any, [&](Index first, Index end, const float* values, std::size_t stride) {
          visit(first, end,
                [&](Index i) { return values + static_cast<std::size_t>(i - first) * stride; });
        });
  }

  /// The exact costs of pairs; those of a row stand together.
  void costs(const Index* rows, const Index* cols, Index count, double* out) const {
    bounds_.costs(rows, cols, count, out);
  }

 private:
  const kernels::CostBounds& bounds_;
};

}  // namespace monge

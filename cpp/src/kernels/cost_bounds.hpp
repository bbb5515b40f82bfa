// Lower bounds on all costs between two clouds of many coordinates, and the exact costs of the few
// pairs that the bounds leave in doubt.
//
// Bounds come from products in single precision (cloud_products.hpp), whose error is measured by
// |x|^2 + |y|^2 and taken off these two numbers: a bound costs one fused product per axis, in
// vectors of twice as many lanes as doubles have. It is about 1e-5 (|x|^2 + |y|^2) below the
// squared distance: of a row's columns, few have a bound as small as the least cost. The cost of
// those is computed as everywhere (unfused, in double, axis by axis): what decides has the same
// bits on every machine.
#pragma once

#include <memory>
#include <vector>

#include "kernels/cloud_products.hpp"
#include "kernels/lines.hpp"
#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"

namespace monge::kernels {

class CostBounds {
 public:
  /// False where bounds would not pay: few coordinates or pairs, a cost that is no power of the
  /// Euclidean distance.
  static bool may_serve(const PointClouds& clouds);

  /// Null where they may not serve, or points are beyond the range of single precision.
  static std::shared_ptr<CostBounds> make(const PointClouds& clouds);

  /// The clouds are views: the caller keeps them.
  explicit CostBounds(const PointClouds& clouds);

  Index rows() const { return products_.rows(); }
  Index cols() const { return products_.cols(); }
  double extent() const { return products_.extent(); }

  /// Keeps all bounds in memory from now on, 4 bytes per pair, if that is at most
  /// `most_kept_bytes` and half of what the context allows. True if they are kept; false, too,
  /// after an interruption.
  bool keep(Context& context);

  /// Bounds of row i, if they are kept; else null.
  const float* row(Index i) const {
    return kept_.empty() ? nullptr
                         : kept_.data() + static_cast<std::size_t>(i) * products_.stride();
  }

  /// Calls visit(first, end, bounds, stride) for the blocks of rows for which wanted(first, end),
  /// on the context's threads: computes what is not kept. Returns false if the context was
  /// interrupted, which leaves blocks out.
  template <class Wanted, class Visit>
  bool for_each_block(Context& context, const Wanted& wanted, const Visit& visit) const {
    return products_.for_each_block(context, [&](Index first, Index end) {
      if (!wanted(first, end)) return;
      Lines<float> room;
      visit(first, end, block_of(first, end, room), products_.stride());
    });
  }

  /// Exact costs of pairs (rows[k], cols[k]), k < count; those of a row stand together.
  void costs(const Index* rows, const Index* cols, Index count, double* out) const;

 private:
  const float* block_of(Index first, Index end, Lines<float>& room) const;
  void fill(Index first, Index end, float* out) const;
  void costs_of_pairs(const Index* rows, const Index* cols, Index count, double* out) const;
  std::vector<double> costs_of_row(Index i) const;

  PointClouds clouds_;
  CloudProducts<float> products_;
  Lines<float> kept_;
  mutable Once packed_;
  mutable AxisMajor y_by_axis_;  ///< once bounds have left most columns of a row in doubt
};

/// min_j (C_ij - g_j) for every row, and the lowest column that attains it. Rows not reached after
/// an interruption keep what they are given.
void bounded_minima(const CostBounds& costs, const std::vector<double>& g, Context& context,
                    std::vector<double>& values, std::vector<Index>& columns);

}  // namespace monge::kernels

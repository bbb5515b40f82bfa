// A cloud in double, stored by axis and in kd order.
#pragma once

#include <vector>

#include "geometry/kd_order.hpp"
#include "monge/core/types.hpp"

namespace monge {

struct KdCloud {
  std::vector<double> values;  ///< axis a of the point at position k: values[a * n + k]
  std::vector<Index> order;    ///< the point at position k is the caller's order[k]
  Index n = 0;
  int dim = 0;
};

KdCloud make_kd_cloud(const AnyMatrixView& points, Index block);

/// The centroids of `size` consecutive points each (fewer in the last), in the same order. Its own
/// `order` is left empty.
KdCloud grouped(const KdCloud& cloud, Index size);

}  // namespace monge

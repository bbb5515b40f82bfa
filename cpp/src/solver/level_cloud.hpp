// A cloud with masses at one level of a multiscale solve: the finest, in kd order, and the halved
// ones.
#pragma once

#include <vector>

#include "geometry/kd_cloud.hpp"
#include "monge/core/types.hpp"
#include "solver/transport_tree.hpp"

namespace monge {

struct LevelCloud {
  std::vector<double> points;  ///< row-major, in kd order
  std::vector<Flow> mass;      ///< positive
  int dim = 0;

  Index n() const { return static_cast<Index>(mass.size()); }
  const double* point(Index i) const {
    return points.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(dim);
  }
};

/// Every two consecutive points become one, at their centre of mass; a last odd one stays.
inline LevelCloud halved(const LevelCloud& cloud) {
  LevelCloud half;
  half.dim = cloud.dim;
  half.points.reserve((cloud.points.size() + 1) / 2);
  for (Index i = 0; i < cloud.n(); i += 2) {
    const double* first = cloud.point(i);
    const Flow mass = cloud.mass[static_cast<std::size_t>(i)];
    const bool pair = i + 1 < cloud.n();
    const double* second = pair ? cloud.point(i + 1) : first;
    const Flow sum = pair ? mass + cloud.mass[static_cast<std::size_t>(i) + 1] : mass;
    const double share = static_cast<double>(sum - mass) / static_cast<double>(sum);
    for (int a = 0; a < cloud.dim; ++a) {
      half.points.push_back(first[a] + share * (second[a] - first[a]));
    }
    half.mass.push_back(sum);
  }
  return half;
}

/// The caller's cloud without its atoms of no mass, in kd order.
struct FinestCloud {
  LevelCloud cloud;
  std::vector<Index> order;  ///< the point at position k is the caller's order[k]
};

/// `mass`: in the caller's order.
inline FinestCloud finest_cloud(const KdCloud& all, const std::vector<Flow>& mass) {
  FinestCloud side;
  side.cloud.dim = all.dim;
  const std::size_t n = static_cast<std::size_t>(all.n);
  for (std::size_t k = 0; k < n; ++k) {
    const Flow own = mass[static_cast<std::size_t>(all.order[k])];
    if (own == 0) continue;
    side.order.push_back(all.order[k]);
    side.cloud.mass.push_back(own);
    for (std::size_t a = 0; a < static_cast<std::size_t>(all.dim); ++a) {
      side.cloud.points.push_back(all.values[a * n + k]);
    }
  }
  return side;
}

inline FinestCloud finest_cloud(const AnyMatrixView& points, const std::vector<Flow>& mass) {
  return finest_cloud(make_kd_cloud(points, 2), mass);
}

/// The positions of the caller's points, -1 of those without mass.
inline std::vector<Index> positions(const FinestCloud& side, Index count) {
  std::vector<Index> position(static_cast<std::size_t>(count), -1);
  for (std::size_t k = 0; k < side.order.size(); ++k) {
    position[static_cast<std::size_t>(side.order[k])] = static_cast<Index>(k);
  }
  return position;
}

}  // namespace monge

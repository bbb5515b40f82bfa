// A cloud with masses at one level of a multiscale solve, and its halved successor.
#pragma once

#include <vector>

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

}  // namespace monge

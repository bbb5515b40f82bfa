#include "geometry/kd_cloud.hpp"

#include <algorithm>

namespace monge {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

}  // namespace

KdCloud make_kd_cloud(const AnyMatrixView& points, Index block) {
  KdCloud cloud;
  cloud.n = static_cast<Index>(rows_of(points));
  cloud.dim = static_cast<int>(cols_of(points));
  const std::size_t n = at(cloud.n), dim = static_cast<std::size_t>(cloud.dim);
  std::vector<double> given(n * dim);
  std::visit(
      [&](const auto& view) {
        for (std::size_t i = 0; i < n; ++i) {
          for (std::size_t a = 0; a < dim; ++a) {
            given[a * n + i] = view(static_cast<std::int64_t>(i), static_cast<std::int64_t>(a));
          }
        }
      },
      points);
  cloud.order = kd_order(given.data(), n, cloud.dim, cloud.n, block);
  cloud.values.resize(n * dim);
  for (std::size_t a = 0; a < dim; ++a) {
    for (std::size_t k = 0; k < n; ++k) cloud.values[a * n + k] = given[a * n + at(cloud.order[k])];
  }
  return cloud;
}

KdCloud grouped(const KdCloud& cloud, Index size) {
  KdCloud groups;
  groups.n = (cloud.n + size - 1) / size;
  groups.dim = cloud.dim;
  groups.values.reserve(at(groups.n) * static_cast<std::size_t>(cloud.dim));
  for (int a = 0; a < cloud.dim; ++a) {
    const double* axis = cloud.values.data() + static_cast<std::size_t>(a) * at(cloud.n);
    for (Index begin = 0; begin < cloud.n; begin += size) {
      const Index end = std::min(cloud.n, begin + size);
      double sum = 0;
      for (Index k = begin; k < end; ++k) sum += axis[k] - axis[begin];
      groups.values.push_back(axis[begin] + sum / (end - begin));
    }
  }
  return groups;
}

}  // namespace monge

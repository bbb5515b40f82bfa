// From the clouds of a call to the kernels' costs: checks, and the type that serves them best.
#pragma once

#include <cstdint>

#include "cuda/monge_device.h"
#include "simt/kernels/costs.hpp"

namespace monge::device {

/// Kernels count points of one problem, and name them, in 32 bits.
inline constexpr std::int64_t most_points = (std::int64_t{1} << 31) - 1;
/// Products of sizes stay far below 2^63.
inline constexpr std::int64_t most_numbers = std::int64_t{1} << 60;

inline int check_side(const float* points, const std::int64_t* offsets, std::int64_t batch,
                      std::int64_t each, std::int64_t all, std::int64_t dim) {
  if (each < 0 || each > most_points || all < 0 || all > most_numbers / dim)
    return MONGE_DEVICE_BAD_ARGUMENT;
  if (offsets == nullptr && (batch != 0 && each > most_numbers / batch))
    return MONGE_DEVICE_BAD_ARGUMENT;
  if (offsets == nullptr && all != batch * each) return MONGE_DEVICE_BAD_ARGUMENT;
  return all > 0 && points == nullptr ? MONGE_DEVICE_BAD_ARGUMENT : 0;
}

/// 0, or what is wrong with the sizes. The points themselves are the kernels' business.
inline int check(const monge_device_clouds& clouds) {
  if (clouds.batch < 0 || clouds.dim < 1 || clouds.dim > most_points)
    return MONGE_DEVICE_BAD_ARGUMENT;
  const int x =
      check_side(clouds.x, clouds.x_offsets, clouds.batch, clouds.n, clouds.x_points, clouds.dim);
  const int y =
      check_side(clouds.y, clouds.y_offsets, clouds.batch, clouds.m, clouds.y_points, clouds.dim);
  return x != 0 ? x : y;
}

inline simt::BatchCosts batch_of(const monge_device_clouds& clouds) {
  return {clouds.x, clouds.y,  {clouds.x_offsets, clouds.n}, {clouds.y_offsets, clouds.m},
          {},       clouds.dim};
}

template <class Costs>
struct CostsTag {
  using type = Costs;
};

template <simt::Metric M, class Visitor>
int visit_dimension(std::int64_t dim, const Visitor& visitor) {
  switch (dim) {
    case 1: return visitor(CostsTag<simt::PointCosts<M, 1>>{});
    case 2: return visitor(CostsTag<simt::PointCosts<M, 2>>{});
    case 3: return visitor(CostsTag<simt::PointCosts<M, 3>>{});
    default: return visitor(CostsTag<simt::WidePointCosts<M>>{});
  }
}

/// visitor(CostsTag<Costs>) for the Costs that these clouds take.
template <class Visitor>
int visit_costs(const monge_device_clouds& clouds, const Visitor& visitor) {
  switch (clouds.cost) {
    case MONGE_DEVICE_SQEUCLIDEAN:
      return visit_dimension<simt::Metric::sqeuclidean>(clouds.dim, visitor);
    case MONGE_DEVICE_EUCLIDEAN:
      return visit_dimension<simt::Metric::euclidean>(clouds.dim, visitor);
    default: return MONGE_DEVICE_BAD_COST;
  }
}

}  // namespace monge::device

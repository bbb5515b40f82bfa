// How rows are divided among blocks, and columns staged.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cuda/launch.hpp"
#include "simt/kernels/slices.hpp"

namespace monge::device {

/// A row per thread where that fills the device; else fewer rows per block, down to a row per warp,
/// so that small problems keep all multiprocessors busy too.
template <class Kernel>
int choose_slices(const monge_device_clouds& clouds, simt::Slices& slices) {
  std::int64_t count = 0;
  if (const int error = multiprocessors(count)) return error;
  const std::int64_t blocks = Kernel::min_blocks * count;
  constexpr std::int64_t least = Kernel::threads / 32, most = Kernel::threads;
  slices = simt::Slices::of(clouds.n, std::clamp(clouds.x_points / blocks, least, most));
  return 0;
}

/// Columns in shared memory at a time: 16 KiB of points in 3-D, so that two blocks fit beside each
/// other everywhere.
inline int staged_columns(std::int64_t cols) {
  return static_cast<int>(std::clamp<std::int64_t>(cols, 1, 1024));
}

}  // namespace monge::device

// Sliced transport: each block projects, sorts and walks one pair of clouds along one direction at
// a time.
#include <algorithm>

#include "cuda/clouds.hpp"
#include "cuda/launch.hpp"
#include "simt/kernels/sliced.hpp"

namespace monge::device {
namespace {

struct SlicedKernel {
  static constexpr int threads = 512, min_blocks = 1;
  simt::SlicedArgs args;
  template <simt::Block B>
  MONGE_SIMT void operator()(B& k) const {
    simt::sliced_body(k, args);
  }
};

struct SlicedGradientKernel {
  static constexpr int threads = 256, min_blocks = 2;
  simt::SlicedGradientArgs args;
  template <simt::Block B>
  MONGE_SIMT void operator()(B& k) const {
    simt::sliced_gradient_body(k, args);
  }
};

/// Blocks at a time: more would want more scratch, and fill no device better.
constexpr std::int64_t most_blocks_at_once = 1024;

std::int64_t words(const monge_device_clouds& clouds, bool x_mass, bool y_mass) {
  return clouds.n * (x_mass ? 2 : 1) + clouds.m * (y_mass ? 2 : 1);
}

std::int64_t blocks_for(const monge_device_clouds& clouds, std::int64_t n_directions) {
  return std::min(clouds.batch * n_directions, most_blocks_at_once);
}

/// Sums over directions are long, so that few points per block keep a device busy.
constexpr std::int64_t points_per_block = 128;

/// One side's gradient, if it is wanted.
int launch_gradient(simt::SlicedGradientArgs args, std::int64_t batch, std::int64_t most,
                    const float* slope, float* gradient, void* stream) {
  if (slope == nullptr && gradient == nullptr) return 0;
  if (slope == nullptr || gradient == nullptr) return MONGE_DEVICE_BAD_ARGUMENT;
  args.slope = slope;
  args.gradient = gradient;
  args.slices = simt::Slices::of(most, points_per_block);
  return launch(SlicedGradientKernel{args}, batch * args.slices.slices, 0, stream);
}

}  // namespace
}  // namespace monge::device

// Scratch is for pairs that no block's shared memory holds, whatever the device has of that: words
// of 48 KiB fit everywhere.
std::int64_t monge_sliced_workspace(const monge_device_clouds* clouds, std::int64_t n_directions) {
  using namespace monge::device;
  const std::int64_t most = words(*clouds, true, true);
  const std::int64_t bytes = 8 * most * blocks_for(*clouds, n_directions);
  return monge::simt::sliced_shared_bytes(
             static_cast<int>(std::min<std::int64_t>(most, 1 << 20))) <= 48 * 1024
             ? 0
             : bytes;
}

int monge_sliced(const monge_device_clouds* clouds, const float* directions,
                 std::int64_t n_directions, const float* x_mass, const float* y_mass, double p,
                 double* cost, float* x_slope, float* y_slope, void* workspace,
                 std::int64_t workspace_bytes, void* stream) {
  using namespace monge::device;
  namespace simt = monge::simt;
  if (const int error = check(*clouds)) return error;
  if (n_directions < 0 || n_directions > most_points) return MONGE_DEVICE_BAD_ARGUMENT;
  if (workspace_bytes < monge_sliced_workspace(clouds, n_directions))
    return MONGE_DEVICE_SMALL_WORKSPACE;
  if (clouds->batch == 0 || n_directions == 0) return 0;
  if (!directions || !cost || !(p >= 1)) return MONGE_DEVICE_BAD_ARGUMENT;
  std::int64_t most = 0;
  if (const int error = most_shared(most)) return error;
  const std::int64_t needed = words(*clouds, x_mass != nullptr, y_mass != nullptr);
  const std::int64_t fitting = (most - simt::sliced_shared_bytes(0)) / 8 - 2;

  SlicedKernel kernel;
  simt::SlicedArgs& args = kernel.args;
  args.x = clouds->x;
  args.y = clouds->y;
  args.rows = {clouds->x_offsets, clouds->n};
  args.cols = {clouds->y_offsets, clouds->m};
  args.dim = clouds->dim;
  args.directions = directions;
  args.problems = clouds->batch;
  args.n_directions = n_directions;
  args.x_mass = x_mass;
  args.y_mass = y_mass;
  args.p = p;
  args.capacity = needed <= fitting ? static_cast<int>(std::max<std::int64_t>(1, needed)) : 1;
  args.scratch = static_cast<simt::Word*>(workspace);
  args.scratch_words = needed;
  args.cost = cost;
  args.x_slope = x_slope;
  args.y_slope = y_slope;
  return launch(kernel, blocks_for(*clouds, n_directions), simt::sliced_shared_bytes(args.capacity),
                stream);
}

std::int64_t monge_sliced_gradient_workspace(const monge_device_clouds*) { return 0; }

int monge_sliced_gradient(const monge_device_clouds* clouds, const float* directions,
                          std::int64_t n_directions, const float* scale, const float* x_slope,
                          const float* y_slope, float* x_gradient, float* y_gradient, void*,
                          std::int64_t, void* stream) {
  using namespace monge::device;
  namespace simt = monge::simt;
  if (const int error = check(*clouds)) return error;
  if (n_directions < 1 || n_directions > most_points) return MONGE_DEVICE_BAD_ARGUMENT;
  if (clouds->batch == 0) return 0;
  if (!directions) return MONGE_DEVICE_BAD_ARGUMENT;
  simt::SlicedGradientArgs args;
  args.dim = clouds->dim;
  args.directions = directions;
  args.n_directions = n_directions;
  args.scale = scale;
  args.points = {clouds->x_offsets, clouds->n};
  const int error = launch_gradient(args, clouds->batch, clouds->n, x_slope, x_gradient, stream);
  if (error) return error;
  args.points = {clouds->y_offsets, clouds->m};
  return launch_gradient(args, clouds->batch, clouds->m, y_slope, y_gradient, stream);
}

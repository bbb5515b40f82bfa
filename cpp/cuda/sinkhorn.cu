// Sinkhorn's iterations, queued on a stream: two launches per half step, nothing read back.
#include <algorithm>

#include "cuda/clouds.hpp"
#include "cuda/launch.hpp"
#include "cuda/shapes.hpp"
#include "simt/kernels/sinkhorn.hpp"

namespace monge::device {
namespace {

template <class Costs>
struct HalfStepKernel {
  static constexpr int threads = 256, min_blocks = 2;
  simt::HalfStepArgs args;
  template <simt::Block B>
  MONGE_SIMT void operator()(B& k) const {
    simt::half_step_body<Costs>(k, args);
  }
};

struct MergePartsKernel {
  static constexpr int threads = 256, min_blocks = 2;
  simt::MergePartsArgs args;
  template <simt::Block B>
  MONGE_SIMT void operator()(B& k) const {
    simt::merge_parts_body(k, args);
  }
};

/// Launches half steps; the first error stays.
template <class Costs>
struct Run {
  std::int64_t batch;
  void* stream;
  int error = 0;

  void half_step(const simt::HalfStepArgs& args) {
    const std::int64_t blocks = batch * args.slices.slices * args.parts.count;
    if (error == 0) {
      error = launch(HalfStepKernel<Costs>{args}, blocks,
                     simt::half_step_shared_bytes<Costs>(args.capacity), stream);
    }
  }
  void merge_parts(const simt::MergePartsArgs& args) {
    if (error == 0) error = launch(MergePartsKernel{args}, batch * args.slices.slices, 0, stream);
  }
};

// Rows are divided by sizes alone, not by what the device has: an answer then depends on the kind
// of device no more than its exponentials do, and so does the size of a workspace.
constexpr std::int64_t rows_per_block = 256, columns_per_part = 256, blocks_wanted = 512;

simt::Slices slices_of(std::int64_t most) { return simt::Slices::of(most, rows_per_block); }

/// Parts of the columns, so that few rows keep a large device busy.
int parts_of(std::int64_t batch, std::int64_t rows, std::int64_t cols) {
  const std::int64_t blocks = std::max<std::int64_t>(1, batch) * slices_of(rows).slices;
  const std::int64_t most = std::max<std::int64_t>(1, cols / columns_per_part);
  return static_cast<int>(std::clamp<std::int64_t>(blocks_wanted / blocks, 1, most));
}

std::int64_t floats_of(std::int64_t batch, std::int64_t rows, std::int64_t cols, std::int64_t all) {
  return 2 * parts_of(batch, rows, cols) * all;
}

/// One side; its parts are cut from the workspace.
simt::SinkhornSide side_of(const simt::BatchCosts& costs, std::int64_t batch, std::int64_t most,
                           std::int64_t most_cols, std::int64_t all, float*& workspace) {
  simt::SinkhornSide side;
  side.costs = costs;
  side.slices = slices_of(most);
  side.parts = {parts_of(batch, most, most_cols), workspace, workspace, all};
  side.parts.sum += side.parts.count * all;
  workspace += 2 * side.parts.count * all;
  return side;
}

simt::BatchCosts transposed(const simt::BatchCosts& costs) {
  simt::BatchCosts other = costs;
  std::swap(other.x, other.y);
  std::swap(other.rows, other.cols);
  return other;
}

}  // namespace
}  // namespace monge::device

std::int64_t monge_sinkhorn_workspace(const monge_device_clouds* clouds) {
  using namespace monge::device;
  const auto& c = *clouds;
  return 4 * (floats_of(c.batch, c.n, c.m, c.x_points) + floats_of(c.batch, c.m, c.n, c.y_points));
}

int monge_sinkhorn(const monge_device_clouds* clouds, const float* epsilon, const float* log_a,
                   const float* log_b, int64_t iterations, float* f, float* g, float* error,
                   void* workspace, int64_t workspace_bytes, void* stream) {
  using namespace monge::device;
  namespace simt = monge::simt;
  if (const int wrong = check(*clouds)) return wrong;
  if (workspace_bytes < monge_sinkhorn_workspace(clouds)) return MONGE_DEVICE_SMALL_WORKSPACE;
  if (clouds->batch == 0) return 0;
  if (iterations < 1 || iterations > 1'000'000 || !epsilon || !f || !g || !error) {
    return MONGE_DEVICE_BAD_ARGUMENT;
  }
  auto* left = static_cast<float*>(workspace);
  const simt::BatchCosts costs = batch_of(*clouds);
  const auto& c = *clouds;
  simt::SinkhornSide x = side_of(costs, c.batch, c.n, c.m, c.x_points, left);
  simt::SinkhornSide y = side_of(transposed(costs), c.batch, c.m, c.n, c.y_points, left);
  x.potential = f;
  x.log_mass = log_a;
  y.potential = g;
  y.log_mass = log_b;
  y.error = error;
  return visit_costs(c, [&](auto tag) {
    using Costs = typename decltype(tag)::type;
    Run<Costs> run{c.batch, stream};
    simt::sinkhorn_iterations(x, y, epsilon, staged_columns(std::max(c.n, c.m)),
                              static_cast<int>(iterations), run);
    return run.error;
  });
}

std::int64_t monge_sinkhorn_symmetric_workspace(const monge_device_clouds* clouds) {
  return monge_sinkhorn_workspace(clouds);
}

int monge_sinkhorn_symmetric(const monge_device_clouds* clouds, const float* epsilon,
                             const float* log_a, int64_t iterations, float* f, float* error,
                             void* workspace, int64_t workspace_bytes, void* stream) {
  using namespace monge::device;
  namespace simt = monge::simt;
  if (const int wrong = check(*clouds)) return wrong;
  if (workspace_bytes < monge_sinkhorn_symmetric_workspace(clouds))
    return MONGE_DEVICE_SMALL_WORKSPACE;
  if (clouds->batch == 0) return 0;
  if (iterations < 1 || iterations > 1'000'000 || !epsilon || !f || !error ||
      clouds->x_points != clouds->y_points) {
    return MONGE_DEVICE_BAD_ARGUMENT;
  }
  auto* left = static_cast<float*>(workspace);
  const auto& c = *clouds;
  simt::SinkhornSide x = side_of(batch_of(c), c.batch, c.n, c.m, c.x_points, left);
  x.potential = f;
  x.log_mass = log_a;
  x.error = error;
  return visit_costs(c, [&](auto tag) {
    using Costs = typename decltype(tag)::type;
    Run<Costs> run{c.batch, stream};
    simt::symmetric_iterations(x, epsilon, staged_columns(c.n), static_cast<int>(iterations), run);
    return run.error;
  });
}

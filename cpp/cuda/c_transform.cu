// c-transforms, and nearest points: blocks of rows against all columns.
#include "cuda/clouds.hpp"
#include "cuda/launch.hpp"
#include "cuda/shapes.hpp"
#include "simt/kernels/row_minima.hpp"

namespace monge::device {
namespace {

template <class Costs>
struct RowMinimaKernel {
  static constexpr int threads = 256, min_blocks = 2;
  simt::RowMinimaArgs args;
  template <simt::Block B>
  MONGE_SIMT void operator()(B& k) const {
    simt::row_minima_body<Costs>(k, args);
  }
};

}  // namespace
}  // namespace monge::device

std::int64_t monge_c_transform_workspace(const monge_device_clouds*) { return 0; }

int monge_c_transform(const monge_device_clouds* clouds, const float* g, float* f,
                      std::int32_t* column, void*, std::int64_t, void* stream) {
  using namespace monge::device;
  if (const int error = check(*clouds)) return error;
  if (clouds->x_points == 0) return 0;
  if (f == nullptr || column == nullptr) return MONGE_DEVICE_BAD_ARGUMENT;
  return visit_costs(*clouds, [&](auto tag) {
    using Costs = typename decltype(tag)::type;
    using Kernel = RowMinimaKernel<Costs>;
    Kernel kernel;
    kernel.args.costs = batch_of(*clouds);
    kernel.args.g = g;
    if (const int error = choose_slices<Kernel>(*clouds, kernel.args.slices)) return error;
    kernel.args.capacity = staged_columns(clouds->m);
    kernel.args.f = f;
    kernel.args.column = column;
    return launch(kernel, clouds->batch * kernel.args.slices.slices,
                  monge::simt::row_minima_shared_bytes<Costs>(kernel.args.capacity), stream);
  });
}

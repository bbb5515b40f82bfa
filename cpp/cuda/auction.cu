// Assignment by auction: a block per problem.
#include <algorithm>

#include "cuda/clouds.hpp"
#include "cuda/launch.hpp"
#include "simt/kernels/auction.hpp"

namespace monge::device {
namespace {

template <class Costs>
struct AuctionKernel {
  static constexpr int threads = 512, min_blocks = 1;
  simt::AuctionArgs args;
  template <simt::Block B>
  MONGE_SIMT void operator()(B& k) const {
    simt::auction_body<Costs>(k, args);
  }
};

simt::AuctionSettings settings_of(const monge_auction_settings& settings) {
  return {settings.rtol, settings.epsilon_start, settings.epsilon_ratio, settings.epsilon_floor,
          settings.tail, settings.leave,         settings.round_limit};
}

// The caller's report is the kernel's.
static_assert(sizeof(monge_auction_report) == sizeof(simt::AuctionReport));
static_assert(offsetof(monge_auction_report, epsilon) == offsetof(simt::AuctionReport, epsilon));
static_assert(offsetof(monge_auction_report, status) == offsetof(simt::AuctionReport, status));

/// All columns of a problem in shared memory, or as many as fit.
template <class Costs>
int choose_capacity(std::int64_t cols, int& capacity) {
  std::int64_t most = 0;
  if (const int error = most_shared(most)) return error;
  const std::int64_t beside = simt::auction_shared_bytes<Costs>(0);
  const std::int64_t fitting =
      (most - beside) / static_cast<std::int64_t>(sizeof(simt::StagedObject<Costs>)) - 1;
  capacity = static_cast<int>(std::max<std::int64_t>(1, std::min(cols, fitting)));
  return 0;
}

}  // namespace
}  // namespace monge::device

std::int64_t monge_auction_workspace(const monge_device_clouds* clouds) {
  return monge::simt::auction_workspace_bytes(clouds->x_points, clouds->y_points);
}

int monge_auction(const monge_device_clouds* clouds, const monge_auction_settings* settings,
                  int32_t* col4row, float* price, monge_auction_report* report, void* workspace,
                  int64_t workspace_bytes, void* stream) {
  using namespace monge::device;
  namespace simt = monge::simt;
  if (const int error = check(*clouds)) return error;
  if (workspace_bytes < monge_auction_workspace(clouds)) return MONGE_DEVICE_SMALL_WORKSPACE;
  if (clouds->batch == 0) return 0;
  if (col4row == nullptr || price == nullptr || report == nullptr) return MONGE_DEVICE_BAD_ARGUMENT;
  return visit_costs(*clouds, [&](auto tag) {
    using Costs = typename decltype(tag)::type;
    AuctionKernel<Costs> kernel;
    kernel.args.costs = batch_of(*clouds);
    kernel.args.settings = settings_of(*settings);
    if (const int error = choose_capacity<Costs>(clouds->m, kernel.args.capacity)) return error;
    kernel.args.col4row = col4row;
    kernel.args.price = price;
    kernel.args.report = reinterpret_cast<simt::AuctionReport*>(report);
    simt::set_workspace(kernel.args, workspace, clouds->x_points, clouds->y_points);
    return launch(kernel, clouds->batch, simt::auction_shared_bytes<Costs>(kernel.args.capacity),
                  stream);
  });
}

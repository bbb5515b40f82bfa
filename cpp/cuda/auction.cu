// Assignment by auction: a block per problem, and many for the scans of many rows.
#include <algorithm>

#include "cuda/clouds.hpp"
#include "cuda/launch.hpp"
#include "cuda/shapes.hpp"
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

template <class Costs>
struct AuctionScanKernel {
  static constexpr int threads = 256, min_blocks = 2;
  simt::AuctionArgs args;
  template <simt::Block B>
  MONGE_SIMT void operator()(B& k) const {
    simt::auction_scan_body<Costs>(k, args);
  }
};

// The first rounds of a phase have many bidders, the rest of its rounds few. From so many rows on a
// scan is shared among blocks, at most so often; nobody waits to hear whether one was due, so those
// that were not cost two empty launches each.
constexpr std::int64_t wide_rows = 1024, wide_scans = 48;

std::int64_t scratch_bytes(const monge_device_clouds& clouds) {
  return (simt::auction_workspace_bytes(clouds.x_points, clouds.y_points) + 15) / 16 * 16;
}

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

template <class Costs>
int launch_auction(const simt::AuctionArgs& args, std::int64_t batch, void* stream) {
  return launch(AuctionKernel<Costs>{args}, batch, simt::auction_shared_bytes<Costs>(args.capacity),
                stream);
}

/// Blocks of one problem each, and between them the scans that they leave to many; last of all each
/// does what is left alone.
template <class Costs>
int launch_wide_auction(simt::AuctionArgs args, const monge_device_clouds& clouds, void* stream) {
  using Scan = AuctionScanKernel<Costs>;
  simt::AuctionArgs scan = args;
  scan.capacity = staged_columns(clouds.m);
  if (const int error = choose_slices<Scan>(clouds, scan.slices)) return error;
  args.wide = wide_rows;
  if (const int error = launch_auction<Costs>(args, clouds.batch, stream)) return error;
  args.resume = true;
  for (std::int64_t k = 1; k <= wide_scans; ++k) {
    const int error = launch(Scan{scan}, clouds.batch * scan.slices.slices,
                             simt::auction_scan_shared_bytes<Costs>(scan.capacity), stream);
    if (error) return error;
    if (k == wide_scans) args.wide = simt::never_wide;
    if (const int failed = launch_auction<Costs>(args, clouds.batch, stream)) return failed;
  }
  return 0;
}

}  // namespace
}  // namespace monge::device

std::int64_t monge_auction_workspace(const monge_device_clouds* clouds) {
  return monge::device::scratch_bytes(*clouds) +
         clouds->batch * static_cast<std::int64_t>(sizeof(monge::simt::AuctionState));
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
  simt::AuctionArgs args;
  args.costs = batch_of(*clouds);
  args.settings = settings_of(*settings);
  args.col4row = col4row;
  args.price = price;
  args.report = reinterpret_cast<simt::AuctionReport*>(report);
  simt::set_workspace(args, workspace, clouds->x_points, clouds->y_points);
  args.state =
      reinterpret_cast<simt::AuctionState*>(static_cast<char*>(workspace) + scratch_bytes(*clouds));
  return visit_costs(*clouds, [&](auto tag) {
    using Costs = typename decltype(tag)::type;
    if (const int error = choose_capacity<Costs>(clouds->m, args.capacity)) return error;
    return clouds->n < wide_rows ? launch_auction<Costs>(args, clouds->batch, stream)
                                 : launch_wide_auction<Costs>(args, *clouds, stream);
  });
}

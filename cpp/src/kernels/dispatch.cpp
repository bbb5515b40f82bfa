#include <array>
#include <span>

#include "kernels/arc_kernels.hpp"
#include "kernels/bid_kernels.hpp"
#include "kernels/product_kernels.hpp"
#include "kernels/row_kernels.hpp"
#include "kernels/scan_kernels.hpp"
#include "kernels/tile_kernels.hpp"

namespace monge::kernels {
namespace {

template <class Tables>
const auto& widest_supported(const Tables& tables) {
  const auto* widest = tables.front();
  for (const auto* table : tables) {
    if (table->supported()) widest = table;
  }
  return *widest;
}

}  // namespace

#if defined(MONGE_HAVE_X86_64_LEVELS)
#define MONGE_DECLARE(Table, name) extern const Table name##_baseline, name##_avx2, name##_avx512
#define MONGE_TABLES(name) &name##_baseline, &name##_avx2, &name##_avx512
#else
#define MONGE_DECLARE(Table, name) extern const Table name##_baseline
#define MONGE_TABLES(name) &name##_baseline
#endif

// Of one source of kernels: its tables, the narrowest first, and the one in use.
#define MONGE_DISPATCH(Table, name)                              \
  MONGE_DECLARE(Table, name);                                    \
  std::span<const Table* const> all_##name() {                   \
    static constexpr std::array tables{MONGE_TABLES(name)};      \
    return tables;                                               \
  }                                                              \
  const Table& name() {                                          \
    static const Table& widest = widest_supported(all_##name()); \
    return widest;                                               \
  }

MONGE_DISPATCH(ArcKernels, arc_kernels)
MONGE_DISPATCH(BidKernels, bid_kernels)
MONGE_DISPATCH(ProductKernels, product_kernels)
MONGE_DISPATCH(RowKernels, row_kernels)
MONGE_DISPATCH(ScanKernels, scan_kernels)
MONGE_DISPATCH(TileKernels, tile_kernels)

}  // namespace monge::kernels

#include <array>

#include "kernels/arc_kernels.hpp"
#include "kernels/bid_kernels.hpp"
#include "kernels/product_kernels.hpp"
#include "kernels/row_kernels.hpp"
#include "kernels/scan_kernels.hpp"
#include "kernels/tile_kernels.hpp"

namespace monge::kernels {

extern const ProductKernels product_kernels_baseline;
extern const RowKernels row_kernels_baseline;
extern const ArcKernels arc_kernels_baseline;
extern const BidKernels bid_kernels_baseline;
extern const ScanKernels scan_kernels_baseline;
extern const TileKernels tile_kernels_baseline;
#if defined(MONGE_HAVE_X86_64_LEVELS)
extern const ProductKernels product_kernels_avx2;
extern const ProductKernels product_kernels_avx512;
extern const RowKernels row_kernels_avx2;
extern const RowKernels row_kernels_avx512;
extern const ArcKernels arc_kernels_avx2;
extern const ArcKernels arc_kernels_avx512;
extern const BidKernels bid_kernels_avx2;
extern const BidKernels bid_kernels_avx512;
extern const ScanKernels scan_kernels_avx2;
extern const ScanKernels scan_kernels_avx512;
extern const TileKernels tile_kernels_avx2;
extern const TileKernels tile_kernels_avx512;
#endif

namespace {

const std::array row_tables{
    &row_kernels_baseline,
#if defined(MONGE_HAVE_X86_64_LEVELS)
    &row_kernels_avx2,
    &row_kernels_avx512,
#endif
};

const std::array product_tables{
    &product_kernels_baseline,
#if defined(MONGE_HAVE_X86_64_LEVELS)
    &product_kernels_avx2,
    &product_kernels_avx512,
#endif
};

const std::array arc_tables{
    &arc_kernels_baseline,
#if defined(MONGE_HAVE_X86_64_LEVELS)
    &arc_kernels_avx2,
    &arc_kernels_avx512,
#endif
};

const std::array bid_tables{
    &bid_kernels_baseline,
#if defined(MONGE_HAVE_X86_64_LEVELS)
    &bid_kernels_avx2,
    &bid_kernels_avx512,
#endif
};

const std::array scan_tables{
    &scan_kernels_baseline,
#if defined(MONGE_HAVE_X86_64_LEVELS)
    &scan_kernels_avx2,
    &scan_kernels_avx512,
#endif
};

const std::array tile_tables{
    &tile_kernels_baseline,
#if defined(MONGE_HAVE_X86_64_LEVELS)
    &tile_kernels_avx2,
    &tile_kernels_avx512,
#endif
};

template <class Tables>
const auto& widest_supported(const Tables& tables) {
  const auto* widest = tables.front();
  for (const auto* table : tables) {
    if (table->supported()) widest = table;
  }
  return *widest;
}

}  // namespace

const RowKernels& row_kernels() {
  static const RowKernels& widest = widest_supported(row_tables);
  return widest;
}

std::span<const RowKernels* const> all_row_kernels() { return row_tables; }

const ProductKernels& product_kernels() {
  static const ProductKernels& widest = widest_supported(product_tables);
  return widest;
}

std::span<const ProductKernels* const> all_product_kernels() { return product_tables; }

const TileKernels& tile_kernels() {
  static const TileKernels& widest = widest_supported(tile_tables);
  return widest;
}

std::span<const TileKernels* const> all_tile_kernels() { return tile_tables; }

const ArcKernels& arc_kernels() {
  static const ArcKernels& widest = widest_supported(arc_tables);
  return widest;
}

std::span<const ArcKernels* const> all_arc_kernels() { return arc_tables; }

const BidKernels& bid_kernels() {
  static const BidKernels& widest = widest_supported(bid_tables);
  return widest;
}

std::span<const BidKernels* const> all_bid_kernels() { return bid_tables; }

const ScanKernels& scan_kernels() {
  static const ScanKernels& widest = widest_supported(scan_tables);
  return widest;
}

std::span<const ScanKernels* const> all_scan_kernels() { return scan_tables; }

}  // namespace monge::kernels

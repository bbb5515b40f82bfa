#include <array>

#include "kernels/row_kernels.hpp"
#include "kernels/scan_kernels.hpp"

namespace monge::kernels {

extern const RowKernels row_kernels_baseline;
extern const ScanTable scan_kernels_baseline;
#if defined(MONGE_HAVE_X86_64_LEVELS)
extern const RowKernels row_kernels_avx2;
extern const RowKernels row_kernels_avx512;
extern const ScanTable scan_kernels_avx2;
extern const ScanTable scan_kernels_avx512;
#endif

namespace {

const std::array tables{
    &row_kernels_baseline,
#if defined(MONGE_HAVE_X86_64_LEVELS)
    &row_kernels_avx2,
    &row_kernels_avx512,
#endif
};

const std::array scan_tables{
    &scan_kernels_baseline,
#if defined(MONGE_HAVE_X86_64_LEVELS)
    &scan_kernels_avx2,
    &scan_kernels_avx512,
#endif
};

/// Position in both lists.
std::size_t widest_supported() {
  std::size_t widest = 0;
  for (std::size_t k = 0; k < tables.size(); ++k) {
    if (tables[k]->supported()) widest = k;
  }
  return widest;
}

}  // namespace

const RowKernels& row_kernels() {
  static const RowKernels& widest = *tables[widest_supported()];
  return widest;
}

std::span<const RowKernels* const> all_row_kernels() { return tables; }

const ScanTable& scan_kernels() {
  static const ScanTable& widest = *scan_tables[widest_supported()];
  return widest;
}

std::span<const ScanTable* const> all_scan_kernels() { return scan_tables; }

}  // namespace monge::kernels

#include <array>

#include "kernels/row_kernels.hpp"

namespace monge::kernels {

extern const RowKernels row_kernels_baseline;
#if defined(MONGE_HAVE_X86_64_LEVELS)
extern const RowKernels row_kernels_avx2;
extern const RowKernels row_kernels_avx512;
#endif

namespace {

const std::array tables{
    &row_kernels_baseline,
#if defined(MONGE_HAVE_X86_64_LEVELS)
    &row_kernels_avx2,
    &row_kernels_avx512,
#endif
};

const RowKernels& widest_supported() {
  const RowKernels* widest = tables.front();
  for (const RowKernels* table : tables) {
    if (table->supported()) widest = table;
  }
  return *widest;
}

}  // namespace

const RowKernels& row_kernels() {
  static const RowKernels& widest = widest_supported();
  return widest;
}

std::span<const RowKernels* const> all_row_kernels() { return tables; }

}  // namespace monge::kernels

// Compiled once per instruction set, with MONGE_KERNELS naming the table (cmake/kernels.cmake).
#include "kernels/arc_kernels.hpp"

#include "kernels/simd.hpp"

#ifndef MONGE_KERNELS
#error "MONGE_KERNELS must name the table"
#endif

namespace monge::kernels {
namespace {

static_assert(width <= static_cast<int>(arc_padding));

template <bool shifted>
std::size_t negative_of(const ArcsView& arcs, const PotentialsView& potentials, Index first,
                        Index end, std::size_t* found) {
  const double* own = potentials.own + potentials.first_column;
  const Index* block = shifted ? potentials.block + potentials.first_column : nullptr;
  std::size_t count = 0;
  for (Index i = first; i < end; ++i) {
    const Vec u = broadcast(potentials.row(i));
    const std::size_t stop = arcs.begin[i + 1];
    for (std::size_t k = arcs.begin[i]; k < stop; k += width) {
      const Index* cols = arcs.cols + k;
      Vec p = gather(own, cols);
      if constexpr (shifted) p += gather(potentials.shift, block, cols);
      unsigned set = bits(load(arcs.costs + k) - u + p < broadcast(0.0));
      if (set == 0) continue;
      if (stop - k < static_cast<std::size_t>(width)) set &= (1u << (stop - k)) - 1;
      for (; set != 0; set &= set - 1) {
        found[count++] = k + static_cast<std::size_t>(std::countr_zero(set));
      }
    }
  }
  return count;
}

std::size_t negative(const ArcsView& arcs, const PotentialsView& potentials, Index first, Index end,
                     std::size_t* found) {
  return potentials.shift ? negative_of<true>(arcs, potentials, first, end, found)
                          : negative_of<false>(arcs, potentials, first, end, found);
}

}  // namespace

extern const ArcKernels MONGE_KERNELS;
const ArcKernels MONGE_KERNELS{compiled_for_this_cpu, negative};

}  // namespace monge::kernels

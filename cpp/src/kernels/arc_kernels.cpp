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
Vec potentials_of(const PotentialsView& potentials, Index first, const Index* nodes) {
  Vec values = gather(potentials.own + first, nodes);
  if constexpr (shifted) values += gather(potentials.shift, potentials.block + first, nodes);
  return values;
}

template <bool shifted>
Vec column_potentials(const PotentialsView& potentials, const Index* cols) {
  return potentials_of<shifted>(potentials, potentials.first_column, cols);
}

/// The lanes where reduced < limit, of which only the first `left` count.
inline unsigned below(Vec reduced, double limit, std::size_t left) {
  const unsigned set = bits_below(reduced, broadcast(limit));
  return left < static_cast<std::size_t>(width) ? set & ((1u << left) - 1) : set;
}

// Few arcs are below the least so far, so that whether they are violated is decided one by one; the
// row's size alone gives a first limit.
template <bool shifted>
std::size_t of_rows(const ArcsView& arcs, const PotentialsView& potentials,
                    const Tolerance& tolerance, Index first, Index end, Index* rows,
                    std::size_t* positions) {
  std::size_t count = 0;
  for (Index i = first; i < end; ++i) {
    const Vec u = broadcast(potentials.row(i));
    const double size = potentials.row_size(i);
    const std::size_t stop = arcs.begin[i + 1];
    double least = -(tolerance.allowed + tolerance.rounding * size);
    std::size_t found = stop;
    for (std::size_t k = arcs.begin[i]; k < stop; k += width) {
      const Vec reduced =
          load(arcs.costs + k) - u + column_potentials<shifted>(potentials, arcs.cols + k);
      for (unsigned set = below(reduced, least, stop - k); set != 0; set &= set - 1) {
        const int at = std::countr_zero(set);
        const std::size_t position = k + static_cast<std::size_t>(at);
        const double value = lane(reduced, at);
        if (value < least && tolerance.violated(value, arcs.costs[position], size,
                                                potentials.column_size(arcs.cols[position]))) {
          least = value;
          found = position;
        }
      }
    }
    if (found == stop) continue;
    rows[count] = i;
    positions[count++] = found;
  }
  return count;
}

std::size_t most_violated_of_rows(const ArcsView& arcs, const PotentialsView& potentials,
                                  const Tolerance& tolerance, Index first, Index end, Index* rows,
                                  std::size_t* positions) {
  return potentials.shift
             ? of_rows<true>(arcs, potentials, tolerance, first, end, rows, positions)
             : of_rows<false>(arcs, potentials, tolerance, first, end, rows, positions);
}

template <bool shifted>
FoundArc of_list(const ArcList& arcs, const PotentialsView& potentials,
                 const Tolerance& tolerance) {
  FoundArc found{-tolerance.allowed, arcs.count};
  for (std::size_t k = 0; k < arcs.count; k += width) {
    const Vec reduced = load(arcs.costs + k) -
                        potentials_of<shifted>(potentials, 0, arcs.rows + k) +
                        column_potentials<shifted>(potentials, arcs.cols + k);
    for (unsigned set = below(reduced, found.reduced, arcs.count - k); set != 0; set &= set - 1) {
      const int at = std::countr_zero(set);
      const std::size_t position = k + static_cast<std::size_t>(at);
      const double value = lane(reduced, at);
      if (value < found.reduced &&
          tolerance.violated(value, arcs.costs[position], potentials.row_size(arcs.rows[position]),
                             potentials.column_size(arcs.cols[position]))) {
        found = {value, position};
      }
    }
  }
  return found;
}

FoundArc most_violated(const ArcList& arcs, const PotentialsView& potentials,
                       const Tolerance& tolerance) {
  return potentials.shift ? of_list<true>(arcs, potentials, tolerance)
                          : of_list<false>(arcs, potentials, tolerance);
}

}  // namespace

extern const ArcKernels MONGE_KERNELS;
const ArcKernels MONGE_KERNELS{compiled_for_this_cpu, most_violated_of_rows, most_violated};

}  // namespace monge::kernels

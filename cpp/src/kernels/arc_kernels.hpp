// The network simplex's look at its arcs: which have a negative reduced cost.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

#include "monge/core/types.hpp"

namespace monge::kernels {

/// Arcs sorted by row: those of row i are [begin[i], begin[i + 1]). cols and costs can be read
/// `arc_padding` entries beyond the last one; there, cols are 0.
struct ArcsView {
  const std::size_t* begin;
  const Index* cols;
  const double* costs;
};
inline constexpr std::size_t arc_padding = 8;

/// Potentials of rows, and of columns from `first_column` on: own[v], plus shift[block[v]] if there
/// are shifts.
struct PotentialsView {
  const double* own;
  const double* shift;  ///< null if there are none
  const Index* block;
  Index first_column;

  double operator()(Index v) const { return shift ? own[v] + shift[block[v]] : own[v]; }
  double row(Index i) const { return (*this)(i); }
  double column(Index j) const { return (*this)(first_column + j); }

  /// What a potential's rounding is relative to: shifts can cancel most of it.
  double size(Index v) const {
    return std::fabs(own[v]) + (shift ? std::fabs(shift[block[v]]) : 0.0);
  }
  double row_size(Index i) const { return size(i); }
  double column_size(Index j) const { return size(first_column + j); }
};

struct ArcKernels {
  bool (*supported)();  ///< by this CPU

  /// The positions of arcs of rows [first, end) with cost - u_row + p_col < 0, ascending; returns
  /// how many. There must be room for all arcs of these rows.
  std::size_t (*negative)(const ArcsView& arcs, const PotentialsView& potentials, Index first,
                          Index end, std::size_t* found);
};

/// The widest table that this CPU supports.
const ArcKernels& arc_kernels();

/// All tables that were compiled, narrowest first; some may not be supported by this CPU.
std::span<const ArcKernels* const> all_arc_kernels();

}  // namespace monge::kernels

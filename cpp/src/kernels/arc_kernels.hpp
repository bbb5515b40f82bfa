// The network simplex's look at its arcs: which of them are violated most.
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

/// By how much a reduced cost c - u + p must be negative to count.
struct Tolerance {
  double allowed = 0;      ///< where a gap may remain
  double rounding = fine;  ///< of the sizes of c, u and p
  /// Potentials just recomputed are right to a unit in the last place; shifted ones, to some more.
  static constexpr double fine = 0x1p-50, coarse = 0x1p-45;

  bool violated(double reduced, double cost, double u, double p) const {
    return reduced < -(allowed + rounding * (std::fabs(cost) + std::fabs(u) + std::fabs(p)));
  }
};

/// Arcs by their ends. All three can be read `arc_padding` entries beyond the last one; there, rows
/// and cols are valid.
struct ArcList {
  const Index* rows;
  const Index* cols;
  const double* costs;
  std::size_t count;
};

struct FoundArc {
  double reduced;
  std::size_t position;  ///< the list's count if there is none
};

struct ArcKernels {
  bool (*supported)();  ///< by this CPU

  /// Of each of the rows [first, end) that has violated arcs, the first one of least reduced cost:
  /// its row and its position, ascending; returns how many. There must be room for one per row.
  std::size_t (*most_violated_of_rows)(const ArcsView& arcs, const PotentialsView& potentials,
                                       const Tolerance& tolerance, Index first, Index end,
                                       Index* rows, std::size_t* positions);

  /// Of the violated arcs of a list, the first one of least reduced cost.
  FoundArc (*most_violated)(const ArcList& arcs, const PotentialsView& potentials,
                            const Tolerance& tolerance);
};

/// The widest table that this CPU supports.
const ArcKernels& arc_kernels();

/// All tables that were compiled, narrowest first; some may not be supported by this CPU.
std::span<const ArcKernels* const> all_arc_kernels();

}  // namespace monge::kernels

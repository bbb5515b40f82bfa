// How a kernel's blocks share the rows of a batch.
#pragma once

#include <cstdint>

#include "simt/block.hpp"
#include "simt/kernels/ranges.hpp"

namespace monge::simt {

/// `slices` blocks per problem, each with `rows` of its rows; slices * rows is at least the number
/// of rows of the largest problem.
struct Slices {
  std::int64_t slices = 1;
  std::int64_t rows = 0;

  /// Slices for problems of up to `most` rows.
  static Slices of(std::int64_t most, std::int64_t rows) {
    return {most > rows ? (most + rows - 1) / rows : 1, rows};
  }

  MONGE_SIMT_HOST std::int64_t problem(std::int64_t block) const { return block / slices; }
  MONGE_SIMT_HOST std::int64_t first(std::int64_t block) const { return block % slices * rows; }
  /// Rows of this block, of the `all` rows of its problem; 0 or less for none.
  MONGE_SIMT_HOST std::int64_t count(std::int64_t block, std::int64_t all) const {
    const std::int64_t left = all - first(block);
    return left < rows ? left : rows;
  }
};

}  // namespace monge::simt

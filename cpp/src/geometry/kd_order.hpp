// An order of points in which every run of `block` consecutive ones is compact in space, and so is
// every aligned run of block * 2^k.
//
// Recursive halving along the widest axis; the left part always takes the largest power of two of
// blocks, so that runs are aligned. Within a block points keep their order. O(n log n).
#pragma once

#include <vector>

#include "monge/core/types.hpp"

namespace monge {

/// order[k] is the point at position k. Points are stored by axis: axis a of point i at
/// values[a * stride + i]. Deterministic: ties are broken by index.
std::vector<Index> kd_order(const double* values, std::size_t stride, int dim, Index n,
                            Index block);

}  // namespace monge

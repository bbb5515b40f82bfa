// Inner loops over tiles of the kernel of entropic transport,
//
//   p_ij = 2^u_ij,   u_ij = F_i + G_j - scale C_ij,   tiles of 16 rows and 32 columns.
//
// One source (tile_kernels.cpp) is compiled once per instruction set, as row_kernels.cpp is. Here
// multiply and add may be fused: sums of exponentials need no bits that all machines share, and
// the fused form is both faster and more accurate. On one machine all results are deterministic.
//
// Exponents are formed in one of three ways (TilePairs::Form):
// - centred: squared distances in dimension 1 to 3. Points are deviations from the centre of their
//   block of 16 or 32, and of the potential the part that is affine on the block, beside
//   scale |x|^2, is taken out: F_i = alpha + slope . d_i + scale |d_i|^2 + F'_i. Then
//     u_ij = A_i + G'_j + (slope_J + 2 scale (c_I - c_J + d_i)) . d_j
//   costs one addition and dim fused products per pair, and its numbers are small wherever the
//   term matters: single precision is worth its name there.
// - direct: any ground cost from coordinate differences, exponents in double.
// - matrix: costs are read.
#pragma once

#include <span>
#include <string_view>

#include "monge/core/types.hpp"
#include "monge/cost/ground_cost.hpp"

namespace monge::kernels {

inline constexpr Index tile_rows = 16;
inline constexpr Index tile_cols = 32;
inline constexpr Index tile_size = tile_rows * tile_cols;

/// The largest dimension of the centred form.
inline constexpr int centred_max_dim = 3;

/// The exponent of an atom that is not there, and of padding: below every other one.
inline constexpr double no_exponent = -1e30;

/// Terms in double are at least 2^-300; up to this, they stand for nothing.
inline constexpr double no_term = 0x1p-290;

/// The points of one side, stored by axis and padded to whole blocks. Axis k of point i is at
/// points[k * stride + i]; of block b at centre[k * blocks + b], half its width at half[...].
struct TiledPoints {
  const double* points;  ///< centred: deviations from the block's centre
  const float* single;   ///< centred: the same in single precision
  const double* centre;
  const double* half;
  std::size_t stride;
  Index blocks;
};

/// A potential on one side, in units of log2, padded with no_exponent.
struct TiledPotential {
  const double* value;    ///< per atom; centred: F'_i
  const float* single;    ///< centred: the same in single precision
  const double* offset;   ///< centred: alpha per block
  const double* slope;    ///< centred: per axis and block
  const double* largest;  ///< the largest value of each block
};

struct TilePairs {
  enum class Form { centred, direct, matrix };
  Form form = Form::direct;
  int dim = 0;
  double scale = 1;  ///< log2(e) / epsilon
  GroundCost cost;
  TiledPoints x, y;
  TiledPotential f, g;
  AnyMatrixView matrix;  ///< col_stride 1
};

template <class T>
struct TileSums {
  /// For the row block and each of `count` column blocks: terms[512 k + 32 i + j] = p_ij,
  /// sums[i] = sum_j p_ij v_j over all of them, and where moments is not null, moments[i] =
  /// sum_j p_ij v_j u_ij. v is padded, like all vectors over columns.
  void (*fill)(const TilePairs& pairs, Index block, const Index* tiles, Index count, const T* v,
               T* terms, double* sums, double* moments);

  /// q_j += sum_i weight_i p_ij over the tiles that fill() has left in `terms`.
  void (*gather)(const T* terms, const Index* tiles, Index count, const T* weight, double* q);

  /// sums[i] = sum_j p_ij v_j of terms that fill() has left.
  void (*multiply)(const T* terms, const Index* tiles, Index count, const T* v, double* sums);
};

/// What decides whether a tile is worth keeping.
struct TileSummary {
  float largest;  ///< term
  float total;    ///< sum_ij weight_i p_ij
};

struct TileKernels {
  std::string_view instruction_set;
  bool (*supported)();       ///< by this CPU
  TileSums<float> single;    ///< 2^u to 7e-8
  TileSums<double> fast;     ///< 2^u to 4e-11
  TileSums<double> precise;  ///< 2^u to rounding

  /// out[i] = log2 sum_j 2^u_ij over the tiles, whatever the size of u; -inf for an empty sum.
  void (*log_sums)(const TilePairs& pairs, Index block, const Index* tiles, Index count,
                   double* out);

  /// The column blocks that may hold a u_ij > limit, ascending, and `bounds` on their exponents;
  /// returns how many. `bounds` has room for all blocks, rounded up to a multiple of 64.
  Index (*select)(const TilePairs& pairs, Index block, double limit, Index* tiles, double* bounds);

  TileSummary (*summarise)(const float* terms, const float* weight);
};

/// The widest table that this CPU supports.
const TileKernels& tile_kernels();

/// All tables that were compiled, narrowest first; some may not be supported by this CPU.
std::span<const TileKernels* const> all_tile_kernels();

}  // namespace monge::kernels

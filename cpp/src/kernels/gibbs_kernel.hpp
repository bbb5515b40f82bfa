// Sums over the kernel p_ij = 2^(F_i + G_j - scale C_ij) of entropic transport, on all threads,
// without a matrix: O(n + m) memory for clouds.
//
// A pass goes over the blocks of 16 rows. For each it selects the column blocks whose terms count,
// leaves the terms of these tiles in a buffer that stays in cache, and hands it to the visitor: so
// one exponential per pair serves both the rows' sums and, once these are known, the columns'.
//
// Blocks are cut into chunks that depend on the problem alone; columns are summed per chunk, and
// chunks in their order: the result does not depend on the number of threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <vector>

#include "geometry/kd_cloud.hpp"
#include "kernels/lines.hpp"
#include "kernels/tile_kernels.hpp"
#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "parallel.hpp"

namespace monge::kernels {

/// How exact the exponentials and their sums are (see TileKernels).
enum class Digits { single, fast, precise };

/// One side of the problem: points in blocks, and the potential that was last set.
class TiledSide {
 public:
  TiledSide() = default;
  TiledSide(Index n, Index size) : n_(n), block_(size), blocks_((n + size - 1) / size) {}
  /// Coordinates are multiplied by `unit`.
  TiledSide(const KdCloud& cloud, Index size, bool centred, double unit);

  Index size() const { return n_; }
  Index blocks() const { return blocks_; }
  std::size_t padded() const { return static_cast<std::size_t>(blocks_) * block_; }
  TiledPoints points() const;
  /// The largest square distance of a block's corner from its centre.
  double square_radius() const;

  /// Takes a potential in units of log2; for the centred form, fits its affine part at this scale.
  void set(const std::vector<double>& potential, double scale);
  TiledPotential potential() const;

 private:
  void fit_block(Index b, const double* potential, double scale);

  Index n_ = 0, block_ = 1, blocks_ = 0;
  int dim_ = 0;
  bool centred_ = false;
  Lines<double> points_, centre_, half_, value_, offset_, slope_, largest_;
  Lines<float> single_, value_single_;
};

/// What a thread needs for a block of rows, and what the visitor is given.
template <class T>
struct BlockOfTerms {
  Index block = 0;              ///< rows 16 block ... 16 block + 15
  std::int64_t chunk = 0;       ///< of which this block is a part
  Lines<Index> tiles;           ///< the column blocks selected ...
  Index count = 0;              ///< ... and how many
  Lines<T> terms;               ///< as TileSums::fill leaves them
  double sums[tile_rows] = {};  ///< of rows
  double moments[tile_rows] = {};
  double* columns = nullptr;  ///< sums over this chunk; null if none were asked for
  Lines<double> bounds;
};

/// Whether a kernel of clouds should be made of their cost matrix, kept in memory, since computing
/// an entry costs more than reading it.
bool matrix_pays(const PointClouds& clouds, const Context& context);

/// That matrix, as exact as exponents at this epsilon need.
Lines<double> gibbs_matrix(const PointClouds& clouds, double epsilon, Context& context);

class GibbsKernel {
 public:
  /// Between clouds in kd order (blocks of 8 or a divisor).
  GibbsKernel(const KdCloud& x, const KdCloud& y, const GroundCost& cost, Team& team,
              Context& context);
  /// Of a cost matrix with col_stride 1, which the caller keeps.
  GibbsKernel(const AnyMatrixView& matrix, Team& team, Context& context);

  Index rows() const { return x_.size(); }
  Index cols() const { return y_.size(); }
  Index row_blocks() const { return x_.blocks(); }
  Index col_blocks() const { return y_.blocks(); }
  /// Pieces of work. Not many: columns are summed once per chunk.
  Index row_chunks() const { return std::clamp<Index>(x_.blocks() / 8, 1, 16); }
  std::size_t padded_rows() const { return x_.padded(); }
  std::size_t padded_cols() const { return y_.padded(); }
  Context& context() const { return *context_; }
  /// What single precision typically adds to the error of sums, relative to them, at this scale.
  double single_error(double scale) const;
  /// Whether tiles can be left out: their terms have bounds.
  bool bounded() const { return bounded_; }

  /// F (rows) and G (columns); -inf takes a column out.
  void set(double scale, const std::vector<double>& f, const std::vector<double>& g);
  const TilePairs& pairs() const { return pairs_; }

  /// For each block of rows: fills its terms whose tile may hold one above 2^limit, weighting
  /// the rows' sums by v (padded to whole blocks), and calls visit(block). Columns, where asked
  /// for, are what visitors have added up; resized to the padded count. False if interrupted.
  template <class T, class Visit>
  bool pass(Digits digits, double limit, const T* v, bool with_moments, const Visit& visit,
            std::vector<double>* columns);

  /// As pass(), but visits with no terms filled: the visitor knows the tiles.
  template <class T, class Visit>
  bool visit_blocks(const Visit& visit, std::vector<double>* columns);

  /// log2 sum_j 2^(G_j - scale C_ij) per row, whatever the size of the potentials. F is ignored
  /// and left at 0.
  std::vector<double> log_sums(double scale, const std::vector<double>& g);

  /// Minus these sums, for finite G: faster from a `guess` near them, per row.
  std::vector<double> transform(double scale, std::vector<double> guess,
                                const std::vector<double>& g);

  template <class T>
  const Lines<T>& ones();

  static const TileSums<float>& sums_of(float, Digits) { return tile_kernels().single; }
  static const TileSums<double>& sums_of(double, Digits digits) {
    return digits == Digits::precise ? tile_kernels().precise : tile_kernels().fast;
  }

 private:
  template <class T>
  std::vector<BlockOfTerms<T>>& scratch();
  void select(double limit, Index rows, Lines<Index>& tiles, Lines<double>& bounds,
              Index& count) const;
  void sum_chunks(std::int64_t chunks, std::vector<double>& columns);

  double unit_ = 1;  ///< of the coordinates; costs are in its square (centred form)
  TiledSide x_, y_;
  bool bounded_ = false;
  double square_radius_ = 0;  ///< of blocks, both sides' added
  TilePairs pairs_;
  Team* team_;
  Context* context_;
  std::vector<BlockOfTerms<float>> single_scratch_;
  std::vector<BlockOfTerms<double>> double_scratch_;
  Lines<float> single_ones_;
  Lines<double> double_ones_;
  Lines<double> partial_;  ///< columns of each chunk
};

template <class T>
std::vector<BlockOfTerms<T>>& GibbsKernel::scratch() {
  if constexpr (sizeof(T) == 4) {
    single_scratch_.resize(static_cast<std::size_t>(team_->size()));
    return single_scratch_;
  } else {
    double_scratch_.resize(static_cast<std::size_t>(team_->size()));
    return double_scratch_;
  }
}

template <class T>
const Lines<T>& GibbsKernel::ones() {
  const auto filled = [&](auto& ones) -> auto& {
    if (ones.empty()) ones.assign(y_.padded(), 1);
    return ones;
  };
  if constexpr (sizeof(T) == 4) {
    return filled(single_ones_);
  } else {
    return filled(double_ones_);
  }
}

template <class T, class Visit>
bool GibbsKernel::visit_blocks(const Visit& visit, std::vector<double>* columns) {
  const Index blocks = x_.blocks(), chunks = row_chunks();
  const std::size_t padded = y_.padded();
  if (columns) partial_.assign(padded * static_cast<std::size_t>(chunks), 0);
  auto& members = scratch<T>();
  team_->run(chunks, [&](std::int64_t chunk, int member) {
    BlockOfTerms<T>& work = members[static_cast<std::size_t>(member)];
    work.chunk = chunk;
    work.columns = columns ? partial_.data() + static_cast<std::size_t>(chunk) * padded : nullptr;
    const Index end = static_cast<Index>((chunk + 1) * blocks / chunks);
    for (work.block = static_cast<Index>(chunk * blocks / chunks); work.block < end; ++work.block) {
      const Interruption now =
          member == 0 ? context_->poll({"sinkhorn", 0}) : context_->interruption();
      if (now != Interruption::none) return;
      visit(work);
    }
  });
  if (columns) sum_chunks(chunks, *columns);
  return context_->interruption() == Interruption::none;
}

template <class T, class Visit>
bool GibbsKernel::pass(Digits digits, double limit, const T* v, bool with_moments,
                       const Visit& visit, std::vector<double>* columns) {
  const TileSums<T>& sums = sums_of(T{}, digits);
  return visit_blocks<T>(
      [&](BlockOfTerms<T>& work) {
        select(limit, work.block, work.tiles, work.bounds, work.count);
        const std::size_t needed = static_cast<std::size_t>(work.count) * tile_size;
        if (work.terms.size() < needed) {
          work.terms.clear();
          work.terms.resize(std::min(needed + needed / 4, static_cast<std::size_t>(y_.blocks()) *
                                                              static_cast<std::size_t>(tile_size)));
        }
        sums.fill(pairs_, work.block, work.tiles.data(), work.count, v, work.terms.data(),
                  work.sums, with_moments ? work.moments : nullptr);
        visit(work);
      },
      columns);
}

}  // namespace monge::kernels

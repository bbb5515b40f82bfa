// Every row against all columns of a problem: what auctions, transforms and nearest neighbours do.
//
// A Best gathers one row's values: push(value, place) and merge() must not depend on the order of
// the columns, so that all mappings of rows to threads agree to the last bit. Mappings:
// - as many rows as threads: a thread per row, columns staged in shared memory;
// - fewer rows: as many warps per row as there are, from one to the whole block.
// Costs that are not staged (matrices, long points) always take warps, which read them coalesced.
//
// Columns that fit into the shared memory given (`capacity`) stay there: a row then costs no
// traffic at all. The caller keeps their seeds up to date by set_seed().
#pragma once

#include <cstdint>

#include "simt/block.hpp"
#include "simt/kernels/costs.hpp"

namespace monge::simt {

/// The most warps that a block of any context here has.
inline constexpr int most_warps = 32;

namespace detail {
struct NoObject {};
template <class Costs, bool Staged>
struct ObjectOf {
  using type = NoObject;
};
template <class Costs>
struct ObjectOf<Costs, true> {
  using type = typename Costs::Object;
};
}  // namespace detail

template <class Costs>
using StagedObject = typename detail::ObjectOf<Costs, Costs::staged>::type;

/// Columns of shared memory that a scan asks for.
template <class Costs>
MONGE_SIMT_HOST constexpr int staged_columns(int capacity) {
  return Costs::staged ? capacity : 1;
}

/// Bytes of shared memory that a scan takes, where it is all that a body asks for.
template <class Costs, class Best>
constexpr std::int64_t row_scan_shared_bytes(int capacity) {
  return shared_bytes(sizeof(StagedObject<Costs>) * staged_columns<Costs>(capacity),
                      sizeof(Best) * most_warps);
}

/// Seeds from an array, one per column; null: 0.
struct ArraySeeds {
  const float* seed;
  MONGE_SIMT float operator()(std::int64_t j) const { return seed ? seed[j] : 0.0F; }
};

template <class Costs, class Best, Block B, class Seeds = ArraySeeds>
class RowScan {
 public:
  using Object = StagedObject<Costs>;

  /// `seeds(j)`: of column j, asked for when columns are staged and when they are not resident.
  MONGE_SIMT RowScan(B& k, const Costs& costs, const Seeds& seeds, int capacity)
      : k_(k),
        costs_(costs),
        seeds_(seeds),
        capacity_(staged_columns<Costs>(capacity)),
        resident_(Costs::staged && costs.cols <= capacity),
        objects_(k.template shared<Object>(capacity_)),
        partial_(k.template shared<Best>(most_warps)) {}

  /// Fills resident columns; a barrier must follow before the first scan, and before any change of
  /// the seeds.
  MONGE_SIMT void load() {
    if (resident_) stage(0, static_cast<int>(costs_.cols));
  }

  /// Column j's seed has changed; by one thread, with a barrier before the next scan.
  MONGE_SIMT void set_seed(std::int64_t j, float seed) {
    if constexpr (Costs::staged) {
      if (resident_) objects_[j].seed = seed;
    }
  }

  /// Scans rows row_of(0 .. count - 1). consume(u, i, best) is called once for each, by one thread
  /// and in no order; a barrier must follow before others read what it writes, and before the next
  /// scan.
  template <class RowOf, class Consume>
  MONGE_SIMT void run(std::int64_t count, const RowOf& row_of, const Consume& consume) {
    if (count <= 0) return;
    if constexpr (Costs::staged) {
      if (count >= k_.size()) return by_thread(count, row_of, consume);
    }
    by_warps(count, row_of, consume);
  }

 private:
  MONGE_SIMT void stage(std::int64_t first, int count) {
    if constexpr (Costs::staged) {
      for (int j = k_.rank(); j < count; j += k_.size()) {
        objects_[j] = costs_.object(first + j, seeds_(first + j));
      }
    }
  }

  template <class RowOf, class Consume>
  MONGE_SIMT void by_thread(std::int64_t count, const RowOf& row_of, const Consume& consume) {
    for (std::int64_t first = 0; first < count; first += k_.size()) {
      const std::int64_t u = first + k_.rank();
      const bool mine = u < count;
      const std::int64_t i = row_of(mine ? u : first);
      const auto row = costs_.row(i);
      Best best(i);
      for (std::int64_t from = 0; from < costs_.cols; from += capacity_) {
        const std::int64_t left = costs_.cols - from;
        const int here = static_cast<int>(left < capacity_ ? left : capacity_);
        if (!resident_) {
          stage(from, here);
          k_.sync();
        }
        MONGE_SIMT_UNROLL(4)
        for (int j = 0; j < here; ++j) best.push(costs_.plus(row, objects_[j]), from + j);
        if (!resident_) k_.sync();  // before others overwrite what this thread still reads
      }
      if (mine) consume(u, i, best);
    }
  }

  template <class RowOf, class Consume>
  MONGE_SIMT void by_warps(std::int64_t count, const RowOf& row_of, const Consume& consume) {
    const int lane = k_.rank() % B::lanes, warp = k_.rank() / B::lanes;
    const int warps = k_.size() / B::lanes;
    const int width = count < warps ? warps / static_cast<int>(count) : 1;  // warps per row
    if (width == 1) {
      for (std::int64_t u = warp; u < count; u += warps) {
        const std::int64_t i = row_of(u);
        Best best(i);
        share(best, i, lane, B::lanes);
        merge_warp(best);
        if (lane == 0) consume(u, i, best);
      }
      return;
    }
    const int u = warp / width, part = warp % width;
    if (u < count) {
      const std::int64_t i = row_of(u);
      Best best(i);
      share(best, i, part * B::lanes + lane, width * B::lanes);
      merge_warp(best);
      if (lane == 0) partial_[warp] = best;
    }
    k_.sync();
    if (u < count && part == 0) {
      const std::int64_t i = row_of(u);
      Best best(i);
      for (int w = lane; w < width; w += B::lanes) best.merge(partial_[warp + w]);
      merge_warp(best);
      if (lane == 0) consume(u, i, best);
    }
  }

  /// Columns first, first + step, ... of row i.
  MONGE_SIMT void share(Best& best, std::int64_t i, int first, int step) {
    const auto row = costs_.row(i);
    if constexpr (Costs::staged) {
      if (resident_) {
        const int cols = static_cast<int>(costs_.cols);
        MONGE_SIMT_UNROLL(4)
        for (int j = first; j < cols; j += step) best.push(costs_.plus(row, objects_[j]), j);
        return;
      }
    }
    MONGE_SIMT_UNROLL(4)
    for (std::int64_t j = first; j < costs_.cols; j += step) {
      best.push(costs_.plus(row, j, seeds_(j)), j);
    }
  }

  MONGE_SIMT void merge_warp(Best& best) {
    for (int mask = B::lanes / 2; mask > 0; mask /= 2) best.merge(best.shuffled(k_, mask));
  }

  B& k_;
  const Costs costs_;
  const Seeds seeds_;
  const int capacity_;
  const bool resident_;
  Object* objects_;
  Best* partial_;
};

}  // namespace monge::simt

// Every table that this CPU runs, against plain loops.
#include "kernels/arc_kernels.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace monge::kernels {
namespace {

/// Arcs of rows of 0 to 20 arcs, with potentials in blocks. Whole numbers: ties at zero.
struct Arcs {
  explicit Arcs(unsigned seed, bool whole) : begin{0} {
    std::mt19937_64 random(seed);
    const auto draw = [&] {
      return whole ? static_cast<double>(random() % 5) - 2
                   : static_cast<double>(random() >> 11) * 0x1p-52 - 1;
    };
    for (Index i = 0; i < rows; ++i) {
      for (std::size_t k = random() % 21; k > 0; --k) {
        columns.push_back(static_cast<Index>(random() % static_cast<std::size_t>(cols)));
        costs.push_back(draw());
      }
      begin.push_back(columns.size());
    }
    // What a kernel reads beyond the last arc would count if it were one.
    columns.resize(columns.size() + arc_padding, 0);
    costs.resize(costs.size() + arc_padding, -1000);
    for (Index v = 0; v < rows + cols; ++v) {
      own.push_back(draw());
      block.push_back(static_cast<Index>(random() % 6));
    }
    for (int b = 0; b < 6; ++b) shift.push_back(draw());
  }

  std::vector<std::size_t> negative(bool shifted, Index first, Index end) const {
    const auto potential = [&](Index v) {
      const std::size_t k = static_cast<std::size_t>(v);
      return shifted ? own[k] + shift[static_cast<std::size_t>(block[k])] : own[k];
    };
    std::vector<std::size_t> found;
    for (Index i = first; i < end; ++i) {
      const std::size_t row = static_cast<std::size_t>(i);
      for (std::size_t k = begin[row]; k < begin[row + 1]; ++k) {
        if (costs[k] - potential(i) + potential(rows + columns[k]) < 0) found.push_back(k);
      }
    }
    return found;
  }

  static constexpr Index rows = 60, cols = 40;
  std::vector<std::size_t> begin;
  std::vector<Index> columns, block;
  std::vector<double> costs, own, shift;
};

TEST(ArcKernels, EveryTableFindsTheNegativeArcsInOrder) {
  std::size_t found_in_all = 0;
  for (std::size_t table = 0; table < all_arc_kernels().size(); ++table) {
    const ArcKernels& kernels = *all_arc_kernels()[table];
    if (!kernels.supported()) continue;
    for (unsigned seed = 0; seed < 8; ++seed) {
      const Arcs arcs(seed, seed % 2 == 0);
      const ArcsView view{arcs.begin.data(), arcs.columns.data(), arcs.costs.data()};
      for (bool shifted : {false, true}) {
        const PotentialsView potentials{arcs.own.data(), shifted ? arcs.shift.data() : nullptr,
                                        shifted ? arcs.block.data() : nullptr, Arcs::rows};
        for (const auto& [first, end] : {std::pair{0, 60}, {0, 1}, {7, 7}, {13, 31}, {59, 60}}) {
          SCOPED_TRACE("table " + std::to_string(table) + ", seed " + std::to_string(seed) +
                       (shifted ? ", shifted, " : ", ") + "rows from " + std::to_string(first));
          const std::vector<std::size_t> expected = arcs.negative(shifted, first, end);
          // Room for all arcs of these rows, and not for one more.
          std::vector<std::size_t> found(arcs.begin[static_cast<std::size_t>(end)] -
                                         arcs.begin[static_cast<std::size_t>(first)]);
          found.resize(kernels.negative(view, potentials, first, end, found.data()));
          EXPECT_EQ(found, expected);
          found_in_all += found.size();
        }
      }
    }
  }
  EXPECT_GT(found_in_all, 1000U);
}

TEST(ArcKernels, TheOneInUseIsTheWidestSupported) {
  const ArcKernels* widest = nullptr;
  for (const ArcKernels* kernels : all_arc_kernels()) {
    if (kernels->supported()) widest = kernels;
  }
  EXPECT_EQ(&arc_kernels(), widest);
}

}  // namespace
}  // namespace monge::kernels

// Every table that this CPU runs, against plain loops.
#include "kernels/arc_kernels.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <tuple>
#include <utility>
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

  double potential(Index v, bool shifted) const {
    const std::size_t k = static_cast<std::size_t>(v);
    return shifted ? own[k] + shift[static_cast<std::size_t>(block[k])] : own[k];
  }

  /// 0 if the arc at k is not violated.
  double violation(std::size_t k, Index row, bool shifted, const Tolerance& tolerance) const {
    const PotentialsView view = potentials(shifted);
    const double reduced =
        costs[k] - potential(row, shifted) + potential(rows + columns[k], shifted);
    return tolerance.violated(reduced, costs[k], view.row_size(row), view.column_size(columns[k]))
               ? reduced
               : 0;
  }

  PotentialsView potentials(bool shifted) const {
    return {own.data(), shifted ? shift.data() : nullptr, shifted ? block.data() : nullptr, rows};
  }

  static constexpr Index rows = 60, cols = 40;
  std::vector<std::size_t> begin;
  std::vector<Index> columns, block;
  std::vector<double> costs, own, shift;
};

/// Nothing, a gap, roundings of sizes up to 4, both.
constexpr Tolerance tolerances[] = {{0, 0}, {0.75, 0}, {0, 0.125}, {0.25, 0.0625}};

template <class Check>
void for_all_tables_and_problems(const Check& check) {
  for (std::size_t table = 0; table < all_arc_kernels().size(); ++table) {
    const ArcKernels& kernels = *all_arc_kernels()[table];
    if (!kernels.supported()) continue;
    for (unsigned seed = 0; seed < 8; ++seed) {
      const Arcs arcs(seed, seed % 2 == 0);
      for (bool shifted : {false, true}) {
        for (const Tolerance& tolerance : tolerances) {
          SCOPED_TRACE("table " + std::to_string(table) + ", seed " + std::to_string(seed) +
                       (shifted ? ", shifted, allowed " : ", allowed ") +
                       std::to_string(tolerance.allowed));
          check(kernels, arcs, shifted, tolerance);
        }
      }
    }
  }
}

TEST(ArcKernels, EveryTableFindsTheMostViolatedArcOfEachRow) {
  std::size_t found_in_all = 0;
  for_all_tables_and_problems(
      [&](const ArcKernels& kernels, const Arcs& arcs, bool shifted, const Tolerance& tolerance) {
        const ArcsView view{arcs.begin.data(), arcs.columns.data(), arcs.costs.data()};
        for (const auto& [first, end] : {std::pair{0, 60}, {0, 1}, {7, 7}, {13, 31}, {59, 60}}) {
          std::vector<Index> expected_rows;
          std::vector<std::size_t> expected;
          for (Index i = first; i < end; ++i) {
            double least = 0;
            std::size_t best = 0;
            for (std::size_t k = arcs.begin[static_cast<std::size_t>(i)];
                 k < arcs.begin[static_cast<std::size_t>(i) + 1]; ++k) {
              const double violation = arcs.violation(k, i, shifted, tolerance);
              if (violation < least) std::tie(least, best) = std::tuple(violation, k);
            }
            if (least == 0) continue;
            expected_rows.push_back(i);
            expected.push_back(best);
          }
          // Room for one arc per row, and not for one more.
          std::vector<Index> rows(static_cast<std::size_t>(end - first));
          std::vector<std::size_t> positions(rows.size());
          const std::size_t count = kernels.most_violated_of_rows(
              view, arcs.potentials(shifted), tolerance, first, end, rows.data(), positions.data());
          rows.resize(count);
          positions.resize(count);
          EXPECT_EQ(rows, expected_rows);
          EXPECT_EQ(positions, expected);
          found_in_all += count;
        }
      });
  EXPECT_GT(found_in_all, 1000U);
}

TEST(ArcKernels, EveryTableFindsTheMostViolatedArcOfAList) {
  std::size_t found_in_all = 0;
  for_all_tables_and_problems([&](const ArcKernels& kernels, const Arcs& arcs, bool shifted,
                                  const Tolerance& tolerance) {
    std::vector<Index> rows;
    for (Index i = 0; i < Arcs::rows; ++i) {
      rows.resize(arcs.begin[static_cast<std::size_t>(i) + 1], i);
    }
    rows.resize(rows.size() + arc_padding, 0);
    for (std::size_t first : {0, 5, 100}) {
      for (std::size_t count : {0, 1, 3, 8, 64, 131}) {
        FoundArc expected{0, count};
        for (std::size_t k = 0; k < count; ++k) {
          const double violation = arcs.violation(first + k, rows[first + k], shifted, tolerance);
          if (violation < expected.reduced) expected = {violation, k};
        }
        const FoundArc found = kernels.most_violated(
            {rows.data() + first, arcs.columns.data() + first, arcs.costs.data() + first, count},
            arcs.potentials(shifted), tolerance);
        ASSERT_EQ(found.position, expected.position);
        if (found.position == count) continue;
        EXPECT_EQ(found.reduced, expected.reduced);
        ++found_in_all;
      }
    }
  });
  EXPECT_GT(found_in_all, 500U);
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

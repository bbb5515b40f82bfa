// The auction kernel in all CPU contexts: the same bits in each, and within the bound it states.
// Needs no library, so that the thread sanitizer's build of it is quick.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "simt/contexts.hpp"
#include "simt/kernels/auction.hpp"

namespace monge::simt {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// A batch of problems, and what an auction makes of it.
struct Batch {
  std::vector<float> x, y;
  std::vector<std::int64_t> row_offsets, col_offsets, entry_offsets{0};
  std::int64_t dim = 3;
  AuctionSettings settings;

  std::int64_t size() const { return static_cast<std::int64_t>(row_offsets.size()) - 1; }
  BatchCosts costs() const {
    return {x.data(),
            y.data(),
            {row_offsets.data(), 0},
            {col_offsets.data(), 0},
            {entry_offsets.data(), 0},
            dim};
  }
};

struct Answer {
  std::vector<std::int32_t> col4row;
  std::vector<float> price;
  std::vector<AuctionReport> report;
};

/// `batch` problems of the same size, coordinates (or costs, if dim is 0) from low to high.
Batch make(std::int64_t batch, std::int64_t n, std::int64_t m, std::int64_t dim, float low = 0,
           float high = 1, unsigned steps = 0) {
  Batch made;
  made.dim = dim;
  made.settings.rtol = 1e-2F;  // enough to reach everything
  for (std::int64_t b = 0; b <= batch; ++b) {
    made.row_offsets.push_back(b * n);
    made.col_offsets.push_back(b * m);
    if (b > 0) made.entry_offsets.push_back(b * n * m);
  }
  made.x = numbers(static_cast<unsigned>(n), dim > 0 ? batch * n * dim : batch * n * m, low, high,
                   steps);
  made.y = numbers(static_cast<unsigned>(n + m), batch * m * dim, low, high, steps);
  return made;
}

/// An answer to be, the scratch for it, and the arguments that name both.
struct Prepared {
  Answer answer;
  std::vector<Word> workspace;
  std::vector<AuctionState> state;
  AuctionArgs args;

  Prepared(const Batch& batch, int capacity)
      : answer{zeros<std::int32_t>(batch.row_offsets.back()),
               zeros<float>(batch.col_offsets.back()), zeros<AuctionReport>(batch.size())},
        state(static_cast<std::size_t>(batch.size())) {
    const std::int64_t rows = batch.row_offsets.back(), cols = batch.col_offsets.back();
    workspace = zeros<Word>(auction_workspace_bytes(rows, cols) / 8 + 1);
    args.costs = batch.costs();
    args.settings = batch.settings;
    args.capacity = capacity;
    args.col4row = answer.col4row.data();
    args.price = answer.price.data();
    args.report = answer.report.data();
    args.state = state.data();
    set_workspace(args, workspace.data(), rows, cols);
  }
};

template <class Costs, class Launch>
Answer solve(const Batch& batch, int capacity, const Launch& launch) {
  Prepared prepared(batch, capacity);
  launch(batch.size(), [&](auto& k) { auction_body<Costs>(k, prepared.args); });
  return prepared.answer;
}

/// The scans of `wide` rows and more by several blocks, as long as there are any.
template <class Costs, class Launch>
Answer solve_wide(const Batch& batch, int capacity, std::int64_t wide, std::int64_t slice,
                  const Launch& launch) {
  Prepared prepared(batch, capacity);
  AuctionArgs& args = prepared.args;
  args.wide = wide;
  std::int64_t most = 0;
  for (std::int64_t b = 0; b < batch.size(); ++b) most = std::max(most, args.costs.rows.size(b));
  args.slices = Slices::of(most, slice);
  const auto step = [&] {
    launch(batch.size(), [&](auto& k) { auction_body<Costs>(k, args); });
    args.resume = true;
  };
  const auto going_on = [](const AuctionState& state) {
    return state.stage != AuctionStage::ended;
  };
  step();
  while (std::any_of(prepared.state.begin(), prepared.state.end(), going_on)) {
    launch(batch.size() * args.slices.slices, [&](auto& k) { auction_scan_body<Costs>(k, args); });
    step();
  }
  return prepared.answer;
}

/// No column twice, and as many rows without one as is said.
void expect_matching(const Batch& batch, const Answer& answer) {
  for (std::size_t b = 0; b < answer.report.size(); ++b) {
    std::set<std::int32_t> taken;
    std::int32_t free_rows = 0;
    for (std::int64_t i = batch.row_offsets[b]; i < batch.row_offsets[b + 1]; ++i) {
      const std::int32_t j = answer.col4row[static_cast<std::size_t>(i)];
      if (j < 0) {
        ++free_rows;
        continue;
      }
      EXPECT_LT(j, batch.col_offsets[b + 1] - batch.col_offsets[b]);
      EXPECT_TRUE(taken.insert(j).second) << "column " << j << " twice";
    }
    EXPECT_EQ(answer.report[b].free_rows, free_rows);
  }
}

/// All contexts agree to the last bit; returns their answer. Capacities: all columns stay in shared
/// memory, or some tiles of them pass through it.
template <class Costs>
Answer solve_everywhere(const Batch& batch, int threads) {
  const Answer one = solve<Costs>(batch, 64, Serial{});
  expect_matching(batch, one);
  const auto compare = [&](const Answer& other) {
    EXPECT_EQ(one.col4row, other.col4row);
    EXPECT_EQ(one.price, other.price);
    for (std::size_t b = 0; b < one.report.size(); ++b) EXPECT_EQ(one.report[b], other.report[b]);
  };
  compare(solve<Costs>(batch, 1024, Threads<4>{threads}));
  compare(solve<Costs>(batch, 7, Threads<4>{threads}));
  return one;
}

void expect_within_rtol(const Batch& batch, const Answer& answer) {
  for (const AuctionReport& report : answer.report) {
    EXPECT_EQ(report.status, AuctionStatus::complete);
    EXPECT_LE(report.lower_bound, report.cost);
    const double gap = report.cost - report.lower_bound;
    EXPECT_LE(gap, 1.01 * batch.settings.rtol * std::fabs(report.cost));
  }
}

using Square3 = PointCosts<Metric::sqeuclidean, 3>;

// Sizes: fewer rows than warps, than threads, and more; multiples of nothing.
TEST(AuctionKernel, ContextsAgreeToTheLastBit) {
  for (const auto& [n, threads] : {std::pair{1, 8}, {3, 16}, {20, 16}, {37, 16}}) {
    SCOPED_TRACE(n);
    const Batch batch = make(2, n, n, 3);
    expect_within_rtol(batch, solve_everywhere<Square3>(batch, threads));
  }
}

TEST(AuctionKernel, WarpsOf32LanesDoTheSame) {
  const Batch batch = make(1, 33, 33, 3);
  const Answer one = solve<Square3>(batch, 64, Serial{});
  const Answer many = solve<Square3>(batch, 64, Threads<32>{64});
  EXPECT_EQ(one.col4row, many.col4row);
  EXPECT_EQ(one.price, many.price);
}

TEST(AuctionKernel, MoreColumnsThanRows) {
  for (std::int64_t m : {21, 45}) {
    const Batch batch = make(2, 20, m, 3);
    expect_within_rtol(batch, solve_everywhere<Square3>(batch, 8));
  }
}

TEST(AuctionKernel, EveryDimensionMetricAndMatrices) {
  const Batch line = make(1, 23, 23, 1), plane = make(1, 23, 23, 2), space = make(1, 23, 23, 3),
              wide = make(1, 23, 23, 4), matrix = make(1, 23, 23, 0, -1, 3);
  expect_within_rtol(line, solve_everywhere<PointCosts<Metric::sqeuclidean, 1>>(line, 8));
  expect_within_rtol(plane, solve_everywhere<PointCosts<Metric::euclidean, 2>>(plane, 8));
  expect_within_rtol(space, solve_everywhere<PointCosts<Metric::euclidean, 3>>(space, 8));
  expect_within_rtol(wide, solve_everywhere<WidePointCosts<Metric::sqeuclidean>>(wide, 8));
  expect_within_rtol(wide, solve_everywhere<WidePointCosts<Metric::euclidean>>(wide, 8));
  expect_within_rtol(matrix, solve_everywhere<MatrixCosts>(matrix, 8));
}

TEST(AuctionKernel, WideCostsAreThoseOfThreeCoordinates) {
  const Batch batch = make(1, 30, 30, 3);
  EXPECT_EQ(solve<Square3>(batch, 64, Serial{}).col4row,
            solve<WidePointCosts<Metric::sqeuclidean>>(batch, 64, Serial{}).col4row);
}

TEST(AuctionKernel, TiesDuplicatesAndOneSinglePoint) {
  for (unsigned steps : {1, 2, 5}) {
    SCOPED_TRACE(steps);
    const Batch batch = make(1, 40, 40, 3, 0, 4, steps);
    const Answer answer = solve_everywhere<Square3>(batch, 8);
    EXPECT_EQ(answer.report[0].status, AuctionStatus::complete);
    EXPECT_LE(answer.report[0].lower_bound, answer.report[0].cost);
  }
}

TEST(AuctionKernel, EqualPointsTakeOneRound) {
  Batch batch = make(1, 50, 50, 3, 7, 7);
  const Answer answer = solve<Square3>(batch, 64, Serial{});
  EXPECT_EQ(answer.report[0].cost, 0);
  EXPECT_EQ(answer.report[0].rounds, 1);
}

TEST(AuctionKernel, AnyScaleAndOffset) {
  for (const auto& [low, high] : {std::pair{-1e4F, 1e4F}, {1e-12F, 2e-12F}, {1e5F, 1.001e5F}}) {
    SCOPED_TRACE(low);
    const Batch batch = make(1, 30, 30, 3, low, high);
    expect_within_rtol(batch, solve_everywhere<Square3>(batch, 8));
  }
}

TEST(AuctionKernel, SeveralBlocksPerProblemGiveTheSameBits) {
  Batch batch = make(1, 40, 52, 3);
  batch.row_offsets = {0, 0, 1, 40};
  batch.col_offsets = {0, 3, 4, 43};
  const Batch wider = make(1, 30, 41, 3), matrix = make(2, 30, 30, 0);
  const auto compare = [](const Answer& one, const Answer& many) {
    EXPECT_EQ(one.col4row, many.col4row);
    EXPECT_EQ(one.price, many.price);
    EXPECT_EQ(one.report, many.report);
  };
  const Answer one = solve<Square3>(batch, 64, Serial{});
  for (std::int64_t wide : {1, 10, 39, 40}) {
    compare(one, solve_wide<Square3>(batch, 64, wide, 16, Serial{}));
  }
  compare(one, solve_wide<Square3>(batch, 64, 10, 16, Threads<4>{16}));
  compare(one, solve_wide<Square3>(batch, 7, 10, 9, Threads<4>{8}));
  compare(solve<Square3>(wider, 64, Serial{}),
          solve_wide<Square3>(wider, 64, 12, 8, Threads<4>{8}));
  compare(solve<MatrixCosts>(matrix, 64, Serial{}),
          solve_wide<MatrixCosts>(matrix, 64, 12, 8, Threads<4>{8}));
}

TEST(AuctionKernel, ManyTinyProblems) {
  const Batch batch = make(600, 2, 3, 3);
  const Answer one = solve<Square3>(batch, 64, Serial{});
  const Answer many = solve<Square3>(batch, 64, Threads<2>{2});
  expect_within_rtol(batch, one);
  EXPECT_EQ(one.col4row, many.col4row);
  EXPECT_EQ(one.price, many.price);
}

TEST(AuctionKernel, ProblemsOfDifferentSizes) {
  Batch batch = make(1, 40, 52, 3);
  batch.row_offsets = {0, 0, 1, 20, 20, 40};
  batch.col_offsets = {0, 3, 4, 23, 23, 52};
  const Answer answer = solve_everywhere<Square3>(batch, 8);
  expect_within_rtol(batch, answer);
  EXPECT_EQ(answer.report[0].cost, 0);  // no rows
  EXPECT_EQ(answer.report[3].cost, 0);
}

TEST(AuctionKernel, LeavesRowsFreeForTheHost) {
  Batch batch = make(2, 60, 60, 3);
  const Answer whole = solve<Square3>(batch, 128, Serial{});
  batch.settings.leave = 0.05F;
  const Answer answer = solve_everywhere<Square3>(batch, 16);
  for (std::size_t b = 0; b < 2; ++b) {
    EXPECT_LE(answer.report[b].free_rows, 3);
    EXPECT_LT(answer.report[b].rounds, whole.report[b].rounds);
    EXPECT_LE(answer.report[b].lower_bound, whole.report[b].cost);
  }
  batch.settings.tail = 0.05F;
  solve_everywhere<Square3>(batch, 16);
}

TEST(AuctionKernel, AFinerToleranceGivesASmallerGap) {
  Batch batch = make(1, 60, 60, 3);
  double gap = 1;
  for (float rtol : {0.1F, 1e-2F, 1e-4F}) {
    batch.settings.rtol = rtol;
    const Answer answer = solve<Square3>(batch, 64, Serial{});
    expect_within_rtol(batch, answer);
    const AuctionReport& report = answer.report[0];
    EXPECT_LT(1 - report.lower_bound / report.cost, gap);
    gap = 1 - report.lower_bound / report.cost;
  }
}

TEST(AuctionKernel, StopsAtTheLimitOfRounds) {
  Batch batch = make(1, 60, 60, 3);
  batch.settings.round_limit = 20;
  const Answer answer = solve_everywhere<Square3>(batch, 16);
  EXPECT_EQ(answer.report[0].status, AuctionStatus::round_limit);
  EXPECT_EQ(answer.report[0].rounds, 20);
}

TEST(AuctionKernel, RefusesWhatIsNotFinite) {
  for (float bad : {-infinity, std::nanf(""), 1e30F}) {
    Batch batch = make(2, 20, 20, 3);
    batch.x[61] = bad;  // of the second problem
    const Answer answer = solve_everywhere<Square3>(batch, 8);
    EXPECT_EQ(answer.report[0].status, AuctionStatus::complete);
    EXPECT_EQ(answer.report[1].status, AuctionStatus::not_finite);
  }
}

TEST(AuctionKernel, SaysHowMuchSharedMemoryABlockTakes) {
  const Batch batch = make(1, 5, 5, 3);
  Prepared prepared(batch, 100);
  AuctionArgs& args = prepared.args;
  EXPECT_EQ(launch_serial(1, [&](auto& k) { auction_body<Square3>(k, args); }),
            auction_shared_bytes<Square3>(100));
  prepared.state[0] = {};
  args.slices = Slices::of(5, 5);
  EXPECT_EQ(launch_serial(1, [&](auto& k) { auction_scan_body<Square3>(k, args); }),
            auction_scan_shared_bytes<Square3>(100));
}

TEST(Ranges, OffsetsAre64BitsWide) {
  const Ranges matrices{nullptr, std::int64_t{8192} * 8192};
  EXPECT_EQ(matrices.begin(64), std::int64_t{1} << 32);
  const std::vector<std::int64_t> offsets{0, std::int64_t{1} << 33, (std::int64_t{1} << 33) + 5};
  const Ranges ragged{offsets.data(), 0};
  EXPECT_EQ(ragged.begin(1), std::int64_t{1} << 33);
  EXPECT_EQ(ragged.size(1), 5);
  EXPECT_EQ(auction_workspace_bytes(std::int64_t{1} << 31, std::int64_t{1} << 31),
            std::int64_t{28} << 31);
}

}  // namespace
}  // namespace monge::simt

// The device library's C interface, called on host memory: what it refuses, and that sizes and
// offsets beyond 2^31 are not cut. tests/python/test_device_kernels.py holds its answers against
// others.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "cuda/clouds.hpp"
#include "cuda/monge_device.h"
#include "simt/kernels/ranges.hpp"

namespace monge {
namespace {

constexpr std::int64_t billion = 1'000'000'000;

/// Two clouds per problem, and a call's arguments that describe them.
struct Pairs {
  std::vector<float> x, y;
  monge_device_clouds clouds{};

  Pairs(std::int64_t batch, std::int64_t n, std::int64_t m, std::int64_t dim)
      : x(static_cast<std::size_t>(batch * n * dim)), y(static_cast<std::size_t>(batch * m * dim)) {
    std::mt19937 random(1);
    for (float& value : x) value = static_cast<float>(random() >> 8) * 0x1p-24F;
    for (float& value : y) value = static_cast<float>(random() >> 8) * 0x1p-24F;
    clouds = {x.data(), y.data(), nullptr, nullptr, batch, n, m, dim, batch * n, batch * m, 0};
  }
};

constexpr monge_auction_settings settings{1e-3F, 0.25F, 0.2F, 1e-6F, 0.02F, 0, 1 << 20};

struct AuctionAnswer {
  std::vector<std::int32_t> columns;
  std::vector<float> prices;
  std::vector<monge_auction_report> reports;
  int code = 0;
};

AuctionAnswer auction(const monge_device_clouds& clouds, std::int64_t missing_bytes = 0) {
  AuctionAnswer answer;
  answer.columns.resize(static_cast<std::size_t>(clouds.x_points), -2);
  answer.prices.resize(static_cast<std::size_t>(clouds.y_points));
  answer.reports.resize(static_cast<std::size_t>(clouds.batch));
  const std::int64_t bytes = monge_auction_workspace(&clouds) - missing_bytes;
  std::vector<std::max_align_t> workspace(static_cast<std::size_t>(bytes) / 16 + 1);
  answer.code = monge_auction(&clouds, &settings, answer.columns.data(), answer.prices.data(),
                              answer.reports.data(), workspace.data(), bytes, nullptr);
  return answer;
}

TEST(DeviceLibrary, DescribesItself) {
  EXPECT_EQ(monge_device_abi(), MONGE_DEVICE_ABI);
  EXPECT_EQ(monge_device_runtime(), 0);
  EXPECT_STREQ(monge_device_architectures(), "cpu");
  EXPECT_STREQ(monge_device_error(0), "no error");
  EXPECT_STREQ(monge_device_error(-77), "unknown error");
}

TEST(DeviceLibrary, RefusesSizesThatMakeNoSense) {
  const monge_device_clouds right{nullptr, nullptr, nullptr, nullptr, 0, 5, 5, 3, 0, 0, 0};
  EXPECT_EQ(device::check(right), 0);
  const auto refused = [&](auto change) {
    monge_device_clouds wrong = right;
    change(wrong);
    return device::check(wrong) == MONGE_DEVICE_BAD_ARGUMENT;
  };
  EXPECT_TRUE(refused([](auto& c) { c.batch = -1; }));
  EXPECT_TRUE(refused([](auto& c) { c.dim = 0; }));
  EXPECT_TRUE(refused([](auto& c) { c.n = -1; }));
  EXPECT_TRUE(refused([](auto& c) { c.m = std::int64_t{1} << 31; }));
  EXPECT_TRUE(refused([](auto& c) { c.x_points = -1; }));
  EXPECT_TRUE(refused([](auto& c) { c.x_points = 5; }));               // not batch * n
  EXPECT_TRUE(refused([](auto& c) { c.batch = 1, c.x_points = 5; }));  // y_points is missing
  EXPECT_TRUE(refused([](auto& c) { c.batch = 1, c.n = 0, c.y_points = 5; }));  // y is
  EXPECT_TRUE(refused([](auto& c) { c.batch = std::int64_t{1} << 62; }));
}

TEST(DeviceLibrary, RefusesCostsAndWorkspacesThatAreWrong) {
  Pairs pairs(1, 4, 4, 2);
  EXPECT_EQ(auction(pairs.clouds).code, 0);
  EXPECT_EQ(auction(pairs.clouds, 1).code, MONGE_DEVICE_SMALL_WORKSPACE);
  pairs.clouds.cost = 7;
  EXPECT_EQ(auction(pairs.clouds).code, MONGE_DEVICE_BAD_COST);
}

TEST(DeviceLibrary, OffsetsBeyond31BitsAreNotCut) {
  // 8 problems of a billion rows each: 8e9 rows, 1.6e10 numbers.
  const simt::Ranges rows{nullptr, billion};
  EXPECT_EQ(rows.begin(7), 7 * billion);
  float value = 0;
  const monge_device_clouds clouds{&value,  &value, nullptr,     nullptr,     8, billion,
                                   billion, 2,      8 * billion, 8 * billion, 0};
  EXPECT_EQ(device::check(clouds), 0);
  EXPECT_GT(monge_auction_workspace(&clouds), 28 * 8 * billion);
  EXPECT_LT(monge_auction_workspace(&clouds), 28 * 8 * billion + 8 * 1024);
}

TEST(DeviceLibrary, ManyMoreProblemsThanAGridHadOnce) {
  Pairs pairs(1030, 3, 3, 2);
  const AuctionAnswer answer = auction(pairs.clouds);
  ASSERT_EQ(answer.code, 0);
  for (std::size_t k = 0; k < 1030; ++k) {
    int sum = 0;
    for (std::size_t i = 0; i < 3; ++i) sum += 1 << answer.columns[3 * k + i];
    EXPECT_EQ(sum, 7) << "problem " << k << " is no permutation";
    EXPECT_EQ(answer.reports[k].status, 0);
  }
}

TEST(DeviceLibrary, RaggedProblemsAreSolvedAsIfAlone) {
  const std::vector<std::int64_t> offsets{0, 5, 6, 40};
  Pairs all(1, 40, 40, 3);
  monge_device_clouds ragged = all.clouds;
  ragged.x_offsets = ragged.y_offsets = offsets.data();
  ragged.batch = 3;
  ragged.n = ragged.m = 34;
  const AuctionAnswer together = auction(ragged);
  ASSERT_EQ(together.code, 0);
  for (std::size_t k = 0; k < 3; ++k) {
    const std::int64_t first = offsets[k], count = offsets[k + 1] - first;
    const monge_device_clouds one{all.x.data() + 3 * first,
                                  all.y.data() + 3 * first,
                                  nullptr,
                                  nullptr,
                                  1,
                                  count,
                                  count,
                                  3,
                                  count,
                                  count,
                                  0};
    const AuctionAnswer alone = auction(one);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto here = static_cast<std::size_t>(i), there = static_cast<std::size_t>(first + i);
      EXPECT_EQ(alone.columns[here], together.columns[there]);
      EXPECT_EQ(alone.prices[here], together.prices[there]);
    }
  }
}

}  // namespace
}  // namespace monge

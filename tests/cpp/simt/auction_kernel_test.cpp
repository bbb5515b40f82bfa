// The auction kernel in all CPU contexts: the same bits in each, and within the bound it states.
// Needs no library, so that the thread sanitizer's build of it is quick.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "simt/kernels/auction.hpp"
#include "simt/serial_block.hpp"
#include "simt/thread_block.hpp"

namespace monge::simt {
namespace {

struct Answer {
  std::vector<std::int32_t> col4row;
  std::vector<float> price;
  std::vector<AuctionReport> report;
};

/// A batch of clouds, and what an auction on them needs.
struct Clouds {
  std::int64_t batch, n, m, dim;
  std::vector<float> x, y;

  Clouds(std::int64_t batch_, std::int64_t n_, std::int64_t m_, std::int64_t dim_)
      : batch(batch_), n(n_), m(m_), dim(dim_) {
    std::mt19937 random(static_cast<unsigned>(n + m));
    const auto draw = [&](std::vector<float>& points, std::int64_t count) {
      for (std::int64_t k = 0; k < count * dim; ++k) {
        points.push_back(static_cast<float>(random() >> 8) * 0x1p-24F);
      }
    };
    draw(x, batch * n);
    draw(y, batch * m);
  }

  template <class Launch>
  Answer solve(int capacity, const Launch& launch) const {
    const std::int64_t rows = batch * n, cols = batch * m;
    Answer answer;
    answer.col4row.resize(static_cast<std::size_t>(rows));
    answer.price.resize(static_cast<std::size_t>(cols));
    answer.report.resize(static_cast<std::size_t>(batch));
    std::vector<Word> workspace(
        static_cast<std::size_t>(auction_workspace_bytes(rows, cols) / 8 + 1));
    AuctionArgs args;
    args.costs = {x.data(), y.data(), {nullptr, n}, {nullptr, m}, {}, dim};
    args.capacity = capacity;
    args.col4row = answer.col4row.data();
    args.price = answer.price.data();
    args.report = answer.report.data();
    set_workspace(args, workspace.data(), rows, cols);
    launch(args);
    return answer;
  }
};

using Cube = PointCosts<Metric::sqeuclidean, 3>;

TEST(AuctionKernel, ThreadsAgreeWithOneThreadToTheLastBit) {
  for (std::int64_t n : {1, 3, 20, 49}) {
    const Clouds clouds(2, n, n, 3);
    const Answer one = clouds.solve(64, [&](const AuctionArgs& args) {
      launch_serial(clouds.batch, [&](auto& k) { auction_body<Cube>(k, args); });
    });
    const Answer many = clouds.solve(13, [&](const AuctionArgs& args) {
      launch_threads<4>(clouds.batch, 16, [&](auto& k) { auction_body<Cube>(k, args); });
    });
    EXPECT_EQ(one.col4row, many.col4row) << n;
    EXPECT_EQ(one.price, many.price) << n;
    for (const AuctionReport& report : one.report) {
      EXPECT_EQ(report.status, AuctionStatus::complete);
      EXPECT_LE(report.lower_bound, report.cost);
      EXPECT_GE(report.lower_bound, (1 - 1e-3) * report.cost);
    }
  }
}

}  // namespace
}  // namespace monge::simt

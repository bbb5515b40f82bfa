#include "parallel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

namespace monge {
namespace {

TEST(ParallelFor, VisitsEveryChunkOnce) {
  for (int threads : {1, 2, 3, 16}) {
    for (std::int64_t chunks : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(chunks));
      parallel_for(chunks, threads, [&](std::int64_t k) { ++visits[static_cast<std::size_t>(k)]; });
      for (const std::atomic<int>& count : visits) EXPECT_EQ(count, 1);
    }
  }
}

TEST(ParallelFor, UsesNoMoreThreadsThanAsked) {
  std::mutex mutex;
  std::vector<std::thread::id> seen;
  parallel_for(200, 3, [&](std::int64_t) {
    const std::lock_guard<std::mutex> lock(mutex);
    const std::thread::id id = std::this_thread::get_id();
    if (std::find(seen.begin(), seen.end(), id) == seen.end()) seen.push_back(id);
  });
  EXPECT_LE(seen.size(), 3U);
}

TEST(ParallelFor, OneThreadIsTheCallingOneInOrder) {
  std::vector<std::int64_t> order;
  const CallingThread caller;
  parallel_for(10, 1, [&](std::int64_t k) {
    EXPECT_TRUE(caller.is_current());
    order.push_back(k);
  });
  std::vector<std::int64_t> expected(10);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

TEST(ParallelFor, AnExceptionComesBackToTheCallerAfterAllThreadsHaveEnded) {
  for (int threads : {1, 2, 8}) {
    std::atomic<int> working{0};
    EXPECT_THROW(parallel_for(100, threads,
                              [&](std::int64_t k) {
                                ++working;
                                if (k == 5) {
                                  --working;
                                  throw std::runtime_error("chunk 5");
                                }
                                std::this_thread::sleep_for(std::chrono::microseconds(50));
                                --working;
                              }),
                 std::runtime_error);
    EXPECT_EQ(working, 0);
  }
}

TEST(ParallelFor, OfSeveralExceptionsTheLowestChunksComesBack) {
  std::atomic<bool> late{false};
  try {
    parallel_for(2, 2, [&](std::int64_t k) {
      if (k == 1) {
        late = true;
        throw std::runtime_error("chunk 1");
      }
      while (!late) std::this_thread::yield();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the other's has been kept
      throw std::runtime_error("chunk 0");
    });
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "chunk 0");
  }
}

TEST(ParallelFor, AfterAnExceptionNoNewChunkBegins) {
  std::atomic<int> begun{0};
  try {
    parallel_for(1'000'000, 2, [&](std::int64_t) {
      ++begun;
      throw std::runtime_error("each chunk");
    });
    FAIL();
  } catch (const std::runtime_error&) {
    EXPECT_LE(begun, 2);
  }
}

TEST(ParallelFor, IdleIsCalledOnTheCallingThreadWhileOthersWork) {
  const CallingThread caller;
  std::atomic<bool> helped{false}, idled{false};
  const auto wait_for = [](const std::atomic<bool>& flag) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!flag && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  };
  // The caller leaves a chunk to the helper, who holds it until the caller has been idle.
  const auto work = [&](std::int64_t) {
    if (caller.is_current()) return wait_for(helped);
    helped = true;
    wait_for(idled);
  };
  parallel_for(2, 2, work, [&] {
    EXPECT_TRUE(caller.is_current());
    idled = true;
  });
  EXPECT_TRUE(idled);
}

TEST(Team, RunsEveryChunkOnceInEveryCall) {
  for (int threads : {1, 2, 5}) {
    Team team(threads);
    EXPECT_EQ(team.size(), threads);
    for (std::int64_t chunks : {0, 1, 2, 3, 100, 1, 7}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(chunks));
      team.run(chunks, [&](std::int64_t k, int member) {
        EXPECT_TRUE(member >= 0 && member < threads);
        ++visits[static_cast<std::size_t>(k)];
      });
      for (const std::atomic<int>& count : visits) EXPECT_EQ(count, 1);
    }
  }
}

TEST(Team, WhatOneCallWroteTheNextCallReads) {
  Team team(3);
  std::vector<int> values(64, 0);
  for (int round = 1; round <= 200; ++round) {
    team.run(64, [&](std::int64_t k, int) {
      // Written by another member, perhaps, in the round before.
      EXPECT_EQ(values[static_cast<std::size_t>(63 - k)], round - 1);
    });
    team.run(64, [&](std::int64_t k, int) { values[static_cast<std::size_t>(k)] = round; });
  }
}

TEST(Team, NoTwoChunksOfOneMemberOverlap) {
  Team team(4);
  std::vector<std::atomic<int>> busy(4);
  team.run(500, [&](std::int64_t, int member) {
    EXPECT_EQ(++busy[static_cast<std::size_t>(member)], 1);
    --busy[static_cast<std::size_t>(member)];
  });
}

TEST(Team, AnExceptionComesBackAndTheTeamCanBeUsedAgain) {
  Team team(3);
  for (int attempt = 0; attempt < 3; ++attempt) {
    EXPECT_THROW(team.run(50,
                          [](std::int64_t k, int) {
                            if (k == 7) throw std::runtime_error("chunk 7");
                          }),
                 std::runtime_error);
    std::atomic<int> visits{0};
    team.run(50, [&](std::int64_t, int) { ++visits; });
    EXPECT_EQ(visits, 50);
  }
}

}  // namespace
}  // namespace monge

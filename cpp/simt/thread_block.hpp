// A block of one std::thread per CUDA thread, for finding what is wrong with a kernel.
//
// Threads of a block meet at a barrier that the thread sanitizer understands, so a barrier that is
// missing in a body shows as a data race. Blocks run at the same time, so that what one block hides
// from another shows too. What stops the process, with a message:
// - a barrier that not all threads of the block reach, or where they come from different lines;
// - a shuffle whose partner does not come within a minute.
// Atomics and shuffles are relaxed: as on the device, they order nothing but themselves.
//
// A warp has Lanes threads, a power of two; with few lanes, small blocks have several warps.
#pragma once

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "simt/block.hpp"
#include "simt/serial_block.hpp"

namespace monge::simt {

template <int Lanes>
class ThreadBlock {
 public:
  static constexpr int lanes = Lanes;
  static_assert(Lanes > 0 && (Lanes & (Lanes - 1)) == 0);

  /// What the threads of one block share.
  class State {
   public:
    State(std::int64_t block, std::int64_t blocks, int threads)
        : block_(block),
          blocks_(blocks),
          threads_(threads),
          barrier_(threads),
          mail_(static_cast<std::size_t>(threads) * Lanes * 2),
          line_(static_cast<std::size_t>(threads)) {
      if (threads <= 0 || threads % Lanes != 0) stop("a block is whole warps, not", threads, 0);
    }
    /// A thread has come to its end; a barrier that others come to from now on is an error.
    void leave() {
      left_.store(true, std::memory_order_relaxed);
      barrier_.arrive_and_drop();
    }

   private:
    friend class ThreadBlock;
    const std::int64_t block_, blocks_;
    const int threads_;
    std::barrier<> barrier_;
    // Registers on their way from one thread to another: [from][bit][parity of the count], each the
    // count of shuffles and the value. Relaxed, as a shuffle on the device: orders no memory.
    std::vector<std::atomic<std::uint64_t>> mail_;
    std::vector<std::atomic<unsigned>> line_;  // of the barrier that each thread waits at
    std::atomic<bool> left_{false};
    std::mutex mutex_;  // of arrays_
    SharedArrays arrays_;
  };

  ThreadBlock(State& state, int rank) : state_(state), rank_(rank) {}

  int rank() const { return rank_; }
  int size() const { return state_.threads_; }
  std::int64_t block() const { return state_.block_; }
  std::int64_t blocks() const { return state_.blocks_; }

  void sync(unsigned line = __builtin_LINE()) {  // of the call; clang 14 has no source_location
    line_of(rank_).store(line, std::memory_order_relaxed);
    state_.barrier_.arrive_and_wait();
    const int neighbour = (rank_ + 1) % size();
    const unsigned other = line_of(neighbour).load(std::memory_order_relaxed);
    if (state_.left_.load(std::memory_order_relaxed)) {
      stop("divergent barrier: a thread has ended, others wait at line", line, other);
    }
    if (other != line) {
      stop("divergent barrier: threads of one block wait at lines", line, other);
    }
    state_.barrier_.arrive_and_wait();  // all have looked
  }

  template <class T>
  T* shared(int count) {
    const std::lock_guard<std::mutex> lock(state_.mutex_);
    if (asked_ == state_.arrays_.size()) {
      state_.arrays_.add(static_cast<std::size_t>(count) * sizeof(T));
    }
    return reinterpret_cast<T*>(state_.arrays_[asked_++]);
  }

  template <class T>
  T shuffle_xor(T value, int mask) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8);
    std::uint32_t halves[sizeof(T) / 4];
    std::memcpy(halves, &value, sizeof(T));
    for (std::uint32_t& half : halves) half = exchange(half, mask);
    std::memcpy(&value, halves, sizeof(T));
    return value;
  }

  int atomic_add(int* p, int value) {
    return std::atomic_ref<int>(*p).fetch_add(value, std::memory_order_relaxed);
  }
  void atomic_max(Word* p, Word value) {
    const std::atomic_ref<Word> word(*p);
    Word seen = word.load(std::memory_order_relaxed);
    while (seen < value && !word.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
    }
  }

 private:
  static constexpr std::chrono::seconds patience{60};

  [[noreturn]] static void stop(const char* what, std::int64_t a, std::int64_t b) {
    std::fprintf(stderr, "simt: %s %lld, %lld\n", what, static_cast<long long>(a),
                 static_cast<long long>(b));
    std::abort();
  }
  std::atomic<unsigned>& line_of(int rank) { return state_.line_[static_cast<std::size_t>(rank)]; }

  std::atomic<std::uint64_t>& mail(int from, int mask, std::uint32_t count) {
    return state_
        .mail_[(static_cast<std::size_t>(from) * Lanes + static_cast<std::size_t>(mask)) * 2 +
               (count & 1)];
  }
  std::uint32_t exchange(std::uint32_t value, int mask) {
    const std::uint32_t count = ++sent_[mask];
    mail(rank_, mask, count).store(std::uint64_t{count} << 32 | value, std::memory_order_relaxed);
    const auto& in = mail(rank_ ^ mask, mask, count);
    std::uint64_t got = in.load(std::memory_order_relaxed);
    if (got >> 32 == count) return static_cast<std::uint32_t>(got);
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while ((got = in.load(std::memory_order_relaxed)) >> 32 != count) {
      if (std::chrono::steady_clock::now() > deadline) {
        stop("divergent shuffle: no partner for thread, distance", rank_, mask);
      }
      std::this_thread::yield();
    }
    return static_cast<std::uint32_t>(got);
  }

  State& state_;
  int rank_;
  std::size_t asked_ = 0;           // shared arrays so far
  std::uint32_t sent_[Lanes] = {};  // shuffles so far, by mask
};

static_assert(Block<ThreadBlock<4>>);

/// Threads that run at once, at most; two blocks always do.
inline constexpr std::int64_t most_threads = 128;

/// Runs body(block) for all blocks, several of them at the same time.
template <int Lanes, class Body>
void launch_threads(std::int64_t blocks, int threads, const Body& body) {
  const std::int64_t together = std::max<std::int64_t>(2, most_threads / threads);
  for (std::int64_t first = 0; first < blocks; first += together) {
    std::deque<typename ThreadBlock<Lanes>::State> states;
    std::vector<std::thread> running;
    for (std::int64_t b = first; b < std::min(blocks, first + together); ++b) {
      states.emplace_back(b, blocks, threads);
    }
    for (auto& state : states) {
      for (int rank = 0; rank < threads; ++rank) {
        running.emplace_back([&state, &body, rank] {
          ThreadBlock<Lanes> block(state, rank);
          body(block);
          state.leave();
        });
      }
    }
    for (std::thread& thread : running) thread.join();
  }
}

}  // namespace monge::simt

// The only file that knows about threads.
//
// Work is cut into chunks that depend on the problem alone, so results do not depend on the number
// of threads. Threads are joined before the call returns: nothing outlives it, and fork is safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace monge {

/// Calls work(chunk) for every chunk in [0, chunks), on at most `threads` threads, the calling
/// one included. The first exception is rethrown here after all threads have ended; chunks not
/// yet begun are then skipped.
template <class Work>
void parallel_for(std::int64_t chunks, int threads, const Work& work) {
  if (chunks <= 1 || threads <= 1) {
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) work(chunk);
    return;
  }
  std::atomic<std::int64_t> next{0};
  std::exception_ptr error;
  std::mutex error_mutex;
  const auto run = [&] {
    for (;;) {
      const std::int64_t chunk = next.fetch_add(1, std::memory_order_relaxed);
      if (chunk >= chunks) return;
      try {
        work(chunk);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(error_mutex);
        if (!error) error = std::current_exception();
        next.store(chunks, std::memory_order_relaxed);
      }
    }
  };
  struct Joiner {
    std::vector<std::thread> threads;
    ~Joiner() {
      for (std::thread& thread : threads) thread.join();
    }
  };
  {
    Joiner helpers;
    const std::int64_t wanted = (threads < chunks ? threads : chunks) - 1;
    helpers.threads.reserve(static_cast<std::size_t>(wanted));
    for (std::int64_t t = 0; t < wanted; ++t) helpers.threads.emplace_back(run);
    run();
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace monge

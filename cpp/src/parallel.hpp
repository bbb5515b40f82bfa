// The only file that knows about threads.
//
// Work is cut into chunks that depend on the problem alone, so results do not depend on the number
// of threads. Threads are joined before the call returns: nothing outlives it, and fork is safe.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace monge {

/// Tells the thread that made it from all others.
class CallingThread {
 public:
  bool is_current() const { return std::this_thread::get_id() == id_; }

 private:
  std::thread::id id_ = std::this_thread::get_id();
};

/// Calls work(chunk) for every chunk in [0, chunks), on at most `threads` threads, the calling
/// one included. While that one waits for the others' last chunks it calls idle() every 20 ms, so
/// that a caller's callbacks go on. The first exception is rethrown here after all threads have
/// ended; chunks not yet begun are then skipped.
template <class Work, class Idle>
void parallel_for(std::int64_t chunks, int threads, const Work& work, const Idle& idle) {
  if (chunks <= 1 || threads <= 1) {
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) work(chunk);
    return;
  }
  std::atomic<std::int64_t> next{0};
  std::mutex mutex;
  std::condition_variable ended;
  std::int64_t running = (threads < chunks ? threads : chunks) - 1;
  std::exception_ptr error;
  const auto run = [&] {
    try {
      for (;;) {
        const std::int64_t chunk = next.fetch_add(1, std::memory_order_relaxed);
        if (chunk >= chunks) return;
        work(chunk);
      }
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex);
      if (!error) error = std::current_exception();
      next.store(chunks, std::memory_order_relaxed);
    }
  };
  const auto help = [&] {
    run();
    const std::lock_guard<std::mutex> lock(mutex);
    --running;
    ended.notify_one();
  };
  struct Joiner {
    std::vector<std::thread> threads;
    ~Joiner() {
      for (std::thread& thread : threads) thread.join();
    }
  } helpers;
  helpers.threads.reserve(static_cast<std::size_t>(running));
  for (std::int64_t t = running; t > 0; --t) helpers.threads.emplace_back(help);
  run();
  std::unique_lock<std::mutex> lock(mutex);
  while (!ended.wait_for(lock, std::chrono::milliseconds(20), [&] { return running == 0; })) {
    lock.unlock();
    idle();
    lock.lock();
  }
  if (error) std::rethrow_exception(error);
}

template <class Work>
void parallel_for(std::int64_t chunks, int threads, const Work& work) {
  parallel_for(chunks, threads, work, [] {});
}

}  // namespace monge

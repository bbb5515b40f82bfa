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
#include <functional>
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

/// Something that the first of several threads to need it makes.
class Once {
 public:
  template <class Work>
  void run(const Work& work) {
    std::call_once(done_, work);
  }

 private:
  std::once_flag done_;
};

/// Chunks handed out in ascending order to several threads, until one of them throws. Whatever was
/// handed out is run to its end, so the lowest chunk that throws is the same for any number of
/// threads, and its exception is the one kept.
class Chunks {
 public:
  explicit Chunks(std::int64_t count) : count_(count) {}

  /// Calls work(chunk) until none is left. Any number of threads call this.
  template <class Work>
  void run(const Work& work) {
    for (std::int64_t chunk; (chunk = next_.fetch_add(1, std::memory_order_relaxed)) < count_;) {
      try {
        work(chunk);
      } catch (...) {
        keep(chunk, std::current_exception());
      }
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void keep(std::int64_t chunk, const std::exception_ptr& error) {
    next_.store(count_, std::memory_order_relaxed);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (error_ && failed_ < chunk) return;
    failed_ = chunk;
    error_ = error;
  }

  std::int64_t count_;
  std::atomic<std::int64_t> next_{0};
  std::mutex mutex_;
  std::int64_t failed_ = 0;
  std::exception_ptr error_;
};

/// Calls work(chunk) for every chunk in [0, chunks), on at most `threads` threads, the calling
/// one included. While that one waits for the others' last chunks it calls idle() every 20 ms, so
/// that a caller's callbacks go on. The exception of the lowest chunk that throws is rethrown here
/// after all threads have ended; chunks not yet begun are then skipped.
template <class Work, class Idle>
void parallel_for(std::int64_t chunks, int threads, const Work& work, const Idle& idle) {
  if (chunks <= 1 || threads <= 1) {
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) work(chunk);
    return;
  }
  Chunks queue(chunks);
  std::mutex mutex;
  std::condition_variable ended;
  std::int64_t running = (threads < chunks ? threads : chunks) - 1;
  const auto help = [&] {
    queue.run(work);
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
  queue.run(work);
  std::unique_lock<std::mutex> lock(mutex);
  while (!ended.wait_for(lock, std::chrono::milliseconds(20), [&] { return running == 0; })) {
    lock.unlock();
    idle();
    lock.lock();
  }
  queue.rethrow();
}

template <class Work>
void parallel_for(std::int64_t chunks, int threads, const Work& work) {
  parallel_for(chunks, threads, work, [] {});
}

/// Threads that stay for the length of one solve, for work too short to start threads for. They
/// sleep between calls; the destructor ends them.
class Team {
 public:
  explicit Team(int threads) {
    for (int t = 1; t < threads; ++t) helpers_.emplace_back([this, t] { help(t); });
  }
  ~Team() {
    quit_ = true;
    wake();
    for (std::thread& helper : helpers_) helper.join();
  }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return static_cast<int>(helpers_.size()) + 1; }

  /// Calls work(chunk, member) for every chunk in [0, chunks), member in [0, size()) being the
  /// thread that runs it. Exceptions as in parallel_for.
  template <class Work>
  void run(std::int64_t chunks, const Work& work) {
    if (helpers_.empty() || chunks <= 1) {
      for (std::int64_t chunk = 0; chunk < chunks; ++chunk) work(chunk, 0);
      return;
    }
    busy_.store(size() - 1, std::memory_order_relaxed);
    Chunks queue(chunks);
    job_ = [&](int member) { queue.run([&](std::int64_t chunk) { work(chunk, member); }); };
    wake();
    job_(0);
    for (int left; (left = busy_.load(std::memory_order_acquire)) > 0;) busy_.wait(left);
    queue.rethrow();
  }

 private:
  void wake() {
    call_.fetch_add(1, std::memory_order_release);
    call_.notify_all();
  }
  void help(int member) {
    for (std::uint32_t seen = 0;;) {
      call_.wait(seen, std::memory_order_acquire);
      seen = call_.load(std::memory_order_acquire);
      if (quit_) return;
      job_(member);
      if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_one();
    }
  }

  std::vector<std::thread> helpers_;
  std::function<void(int)> job_;
  std::atomic<std::uint32_t> call_{0};
  std::atomic<int> busy_{0};
  std::atomic<bool> quit_{false};
};

}  // namespace monge

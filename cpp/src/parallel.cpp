#include "parallel.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>

namespace monge {
namespace {

/// Chunks handed out in ascending order to several threads, until one of them throws. Whatever was
/// handed out is run to its end, so the lowest chunk that throws is the same for any number of
/// threads, and its exception is the one kept.
class Chunks {
 public:
  explicit Chunks(std::int64_t count) : count_(count) {}

  /// Calls work(chunk) until none is left. Any number of threads call this.
  void run(FunctionRef<void(std::int64_t)> work) {
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

}  // namespace

void parallel_for(std::int64_t chunks, int threads, FunctionRef<void(std::int64_t)> work,
                  FunctionRef<void()> idle) {
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

Team::Team(int threads) {
  for (int t = 1; t < threads; ++t) helpers_.emplace_back([this, t] { help(t); });
}

Team::~Team() {
  quit_ = true;
  wake();
  for (std::thread& helper : helpers_) helper.join();
}

void Team::run(std::int64_t chunks, FunctionRef<void(std::int64_t, int)> work) {
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

void Team::wake() {
  call_.fetch_add(1, std::memory_order_release);
  call_.notify_all();
}

void Team::help(int member) {
  for (std::uint32_t seen = 0;;) {
    call_.wait(seen, std::memory_order_acquire);
    seen = call_.load(std::memory_order_acquire);
    if (quit_) return;
    job_(member);
    if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_one();
  }
}

}  // namespace monge

// What a solve may use and when it must stop: threads, memory, deadline, and the caller's
// callbacks. A solver receives one Context and keeps no other state outside its result.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

namespace monge {

/// Threads that this process may use: MONGE_NUM_THREADS if set, else the CPU affinity.
int usable_threads();

/// Physical memory of this machine in bytes; 0 if the system does not tell.
std::size_t physical_memory();

enum class Interruption { none, time_limit, cancelled };

/// How far a solve has come, for progress callbacks.
struct Progress {
  std::string_view phase;  ///< what the solver is doing
  double fraction = 0;     ///< of this phase, 0 to 1
};

class Context {
 public:
  using Clock = std::chrono::steady_clock;

  int threads = 0;               ///< 0: usable_threads()
  double rtol = 0;               ///< a solver may stop at this certified relative gap
  std::size_t memory_limit = 0;  ///< bytes of working memory; 0: half of the machine's
  std::optional<Clock::time_point> deadline;
  std::function<bool()> stop;  ///< returns true to cancel
  std::function<void(const Progress&)> progress;

  int thread_count() const { return threads > 0 ? threads : usable_threads(); }

  /// memory_limit, or what stands for it; infinite if the system does not tell.
  double memory_bound() const;

  /// Throws MemoryLimitExceeded, saying what needs how much, if `bytes` is over the limit.
  void require_memory(double bytes, std::string_view what) const;

  /// Cheap enough for every row scan: looks at the clock, and calls `stop` and `progress` at
  /// most every 20 ms. Once interrupted, stays so. For the thread that the caller called on.
  Interruption poll(const Progress& progress_now);

  /// What poll() has found; for any thread.
  Interruption interruption() const { return interruption_.load(std::memory_order_relaxed); }

 private:
  std::atomic<Interruption> interruption_{Interruption::none};
  Clock::time_point next_callback_{};
};

}  // namespace monge

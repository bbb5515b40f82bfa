// With parallel.cpp the only file that knows about threads.
//
// Work is cut into chunks that depend on the problem alone, so results do not depend on the number
// of threads. Threads are joined before the call returns: nothing outlives it, and fork is safe.
// The work of a chunk is called through a pointer: no chunk is so short that the call would count,
// and what starts, feeds and joins threads is compiled once instead of for every loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace monge {

/// What std::function is, without a copy: calls a function object that must outlive it. For
/// parameters.
template <class Signature>
class FunctionRef;
template <class... Arguments>
class FunctionRef<void(Arguments...)> {
 public:
  template <class Function>
    requires(!std::is_same_v<Function, FunctionRef>)
  FunctionRef(const Function& function)  // NOLINT(google-explicit-constructor)
      : object_(std::addressof(function)), call_([](const void* object, Arguments... arguments) {
          static_cast<void>((*static_cast<const Function*>(object))(arguments...));
        }) {}

  void operator()(Arguments... arguments) const { call_(object_, arguments...); }

 private:
  const void* object_;
  void (*call_)(const void*, Arguments...);
};

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

/// Calls work(chunk) for every chunk in [0, chunks), on at most `threads` threads, the calling
/// one included. While that one waits for the others' last chunks it calls idle() every 20 ms, so
/// that a caller's callbacks go on. The exception of the lowest chunk that throws is rethrown here
/// after all threads have ended; chunks not yet begun are then skipped.
void parallel_for(std::int64_t chunks, int threads, FunctionRef<void(std::int64_t)> work,
                  FunctionRef<void()> idle);

inline void parallel_for(std::int64_t chunks, int threads, FunctionRef<void(std::int64_t)> work) {
  parallel_for(chunks, threads, work, [] {});
}

/// Threads that stay for the length of one solve, for work too short to start threads for. They
/// sleep between calls; the destructor ends them.
class Team {
 public:
  explicit Team(int threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return static_cast<int>(helpers_.size()) + 1; }

  /// Calls work(chunk, member) for every chunk in [0, chunks), member in [0, size()) being the
  /// thread that runs it. Exceptions as in parallel_for.
  void run(std::int64_t chunks, FunctionRef<void(std::int64_t, int)> work);

 private:
  void wake();
  void help(int member);

  std::vector<std::thread> helpers_;
  std::function<void(int)> job_;
  std::atomic<std::uint32_t> call_{0};
  std::atomic<int> busy_{0};
  std::atomic<bool> quit_{false};
};

}  // namespace monge

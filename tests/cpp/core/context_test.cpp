#include "monge/core/context.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <thread>

#include "expect_certified.hpp"
#include "monge/core/error.hpp"

namespace monge {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// MONGE_NUM_THREADS for the length of a test.
class ThreadsVariable {
 public:
  explicit ThreadsVariable(const char* value) {
    if (const char* old = std::getenv(name)) old_ = old;
    set(value);
  }
  ThreadsVariable(const ThreadsVariable&) = delete;
  ThreadsVariable& operator=(const ThreadsVariable&) = delete;
  ~ThreadsVariable() { set(old_ ? old_->c_str() : nullptr); }

 private:
  static constexpr const char* name = "MONGE_NUM_THREADS";

  static void set(const char* value) {
#if defined(_WIN32)
    _putenv_s(name, value ? value : "");
#else
    if (value) {
      setenv(name, value, 1);
    } else {
      unsetenv(name);
    }
#endif
  }
  std::optional<std::string> old_;
};

TEST(UsableThreads, TheVariableDecidesWhereItIsSet) {
  const ThreadsVariable variable("3");
  EXPECT_EQ(usable_threads(), 3);
  EXPECT_EQ(Context{}.thread_count(), 3);
}

TEST(UsableThreads, WithoutTheVariableThereIsAtLeastOne) {
  const ThreadsVariable variable(nullptr);
  EXPECT_GE(usable_threads(), 1);
}

TEST(UsableThreads, AVariableThatIsNoCountIsRefused) {
  for (const char* value : {"0", "-1", "two", "2x", "99999999999999999999"}) {
    const ThreadsVariable variable(value);
    const std::string message = message_of<InvalidArgument>([] { usable_threads(); });
    EXPECT_NE(message.find("MONGE_NUM_THREADS"), std::string::npos) << message;
    EXPECT_NE(message.find(value), std::string::npos) << message;
  }
}

TEST(Context, AnExplicitCountOfThreadsWinsOverTheVariable) {
  const ThreadsVariable variable("3");
  Context context;
  context.threads = 5;
  EXPECT_EQ(context.thread_count(), 5);
}

TEST(Context, MemoryUpToTheLimitIsGrantedAndMoreRefused) {
  Context context;
  context.memory_limit = 1000;
  EXPECT_NO_THROW(context.require_memory(1000, "a thing"));
  const std::string message =
      message_of<MemoryLimitExceeded>([&] { context.require_memory(1001, "a thing"); });
  EXPECT_NE(message.find("a thing"), std::string::npos) << message;
}

TEST(Context, WithoutALimitHalfOfTheMachineIsTheLimit) {
  if (physical_memory() == 0) GTEST_SKIP() << "this system does not tell its memory";
  const double all = static_cast<double>(physical_memory());
  EXPECT_NO_THROW(Context{}.require_memory(0.49 * all, "half"));
  EXPECT_THROW(Context{}.require_memory(0.51 * all, "more than half"), MemoryLimitExceeded);
}

TEST(Context, PollWithNothingToWatchIsNeverAnInterruption) {
  Context context;
  EXPECT_EQ(context.poll({"test", 0}), Interruption::none);
  EXPECT_EQ(context.interruption(), Interruption::none);
}

TEST(Context, APassedDeadlineInterruptsAndStays) {
  Context context;
  context.deadline = Context::Clock::now() - milliseconds(1);
  EXPECT_EQ(context.poll({"test", 0}), Interruption::time_limit);
  context.deadline.reset();
  EXPECT_EQ(context.poll({"test", 0}), Interruption::time_limit);
}

TEST(Context, AFutureDeadlineDoesNotInterrupt) {
  Context context;
  context.deadline = Context::Clock::now() + hours(1);
  EXPECT_EQ(context.poll({"test", 0}), Interruption::none);
}

TEST(Context, StopCancelsAtTheFirstPollAndStays) {
  Context context;
  int calls = 0;
  context.stop = [&] {
    ++calls;
    return true;
  };
  EXPECT_EQ(context.poll({"test", 0}), Interruption::cancelled);
  EXPECT_EQ(context.poll({"test", 0}), Interruption::cancelled);
  EXPECT_EQ(calls, 1);
}

TEST(Context, ProgressHearsPhaseAndFractionAtMostEveryTwentyMilliseconds) {
  Context context;
  int calls = 0;
  context.progress = [&](const Progress& now) {
    ++calls;
    EXPECT_EQ(now.phase, "test");
    EXPECT_EQ(now.fraction, 0.25);
  };
  const auto start = Context::Clock::now();
  for (int k = 0; k < 100; ++k) context.poll({"test", 0.25});
  const auto elapsed = Context::Clock::now() - start;
  EXPECT_GE(calls, 1);
  EXPECT_LE(calls, 1 + elapsed / milliseconds(20));
  std::this_thread::sleep_for(milliseconds(21));
  const int before = calls;
  context.poll({"test", 0.25});
  EXPECT_EQ(calls, before + 1);
}

}  // namespace
}  // namespace monge

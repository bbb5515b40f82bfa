// What lets Python interrupt work in the core: signals, a progress callback, a time limit.
#pragma once

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "bindings.hpp"
#include "monge/core/context.hpp"

namespace monge::bindings {

/// Lets Python interrupt a solve: signals, and the caller's progress callback. A Python exception
/// stops the solve and is rethrown after it.
class Interrupter {
 public:
  explicit Interrupter(std::optional<py::function> progress) : progress_(std::move(progress)) {}

  void attach(Context& context) {
    context.stop = [this] { return stop_; };
    context.progress = [this](const Progress& now) { stop_ = stop_ || call(now); };
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  bool call(const Progress& now) {
    const py::gil_scoped_acquire gil;
    try {
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      if (!progress_) return false;
      const py::object answer = (*progress_)(std::string(now.phase), now.fraction);
      return answer.is(py::bool_(false));
    } catch (...) {
      error_ = std::current_exception();
      return true;
    }
  }

  std::optional<py::function> progress_;
  std::exception_ptr error_;
  bool stop_ = false;
};

inline Context::Clock::time_point deadline_in(double seconds) {
  constexpr double longest = 1e9;  // beyond, the clock would overflow: thirty years
  return Context::Clock::now() + std::chrono::duration_cast<Context::Clock::duration>(
                                     std::chrono::duration<double>(std::min(seconds, longest)));
}

}  // namespace monge::bindings

// Lets Python interrupt a computation of the core.
#pragma once

#include <exception>
#include <optional>
#include <string>

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

}  // namespace monge::bindings

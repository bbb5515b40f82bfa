// Misuse throws; an outcome is a Status. These are the only exceptions that monge throws on
// purpose (std::bad_alloc can pass through).
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace monge {

/// An argument breaks a rule. The message names the argument, the rule and what came.
class InvalidArgument : public std::invalid_argument {
 public:
  InvalidArgument(std::string_view argument, std::string_view rule, std::string_view received)
      : std::invalid_argument(std::string(argument) + " must " + std::string(rule) + "; got " +
                              std::string(received)) {}

  /// The same error, found in one of several problems.
  InvalidArgument(std::string_view where, const InvalidArgument& error)
      : std::invalid_argument(std::string(where) + ": " + error.what()) {}
};

/// The problem is well formed, but no (or not this) registered solver serves it.
class Unsupported : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
  Unsupported(std::string_view where, const Unsupported& error)
      : std::invalid_argument(std::string(where) + ": " + error.what()) {}
};

/// A working set would not fit in the memory that the context allows.
class MemoryLimitExceeded : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace monge

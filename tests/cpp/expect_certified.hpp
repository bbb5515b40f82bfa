// What every optimal solution must show, whichever solver it is from.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "monge/solver/solve.hpp"

namespace monge {

inline void expect_certified(const Solution& solution) {
  EXPECT_EQ(name_of(solution.status), "optimal");
  EXPECT_LE(solution.certificate.relative_gap, 1e-9);
  EXPECT_GE(solution.certificate.relative_gap, -1e-9);
  EXPECT_LE(solution.certificate.marginal_error, 1e-12);
  for (double mass : solution.plan.mass) EXPECT_GT(mass, 0);
}

inline Certificate certificate_of(const Problem& problem, const Result& result) {
  Context context;
  context.threads = 1;
  return certify(problem, result, context);
}

/// `actual` is `expected` up to 1e-9 of its size.
inline void expect_close(double actual, double expected) {
  EXPECT_NEAR(actual, expected, 1e-9 * std::fabs(expected));
}

/// The message of the `Error` that `action` throws; "" and a failure if it throws none.
template <class Error, class Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing of that type was thrown";
  return "";
}

}  // namespace monge

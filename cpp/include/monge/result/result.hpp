// What a solver returns: a plan, potentials, how it ended, and counters that explain its work.
// It holds no cost and no gap: a solver never grades itself (see certificate.hpp).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "monge/core/context.hpp"
#include "monge/result/plan.hpp"

namespace monge {

enum class Status {
  optimal,           ///< exact to rounding
  within_tolerance,  ///< stopped at the gap that was asked for
  iteration_limit,   ///< a limit of the solver's own was hit, such as a last epsilon, or of double
                     ///< precision; the plan is feasible, not proved optimal
  time_limit,        ///< the deadline passed; the plan is feasible, not optimal
  cancelled,         ///< the caller asked to stop; the plan is feasible, not optimal
  infeasible,        ///< forbidden pairs leave no plan; the plan is empty
};

constexpr std::string_view name_of(Status status) {
  switch (status) {
    case Status::optimal: return "optimal";
    case Status::within_tolerance: return "within_tolerance";
    case Status::iteration_limit: return "iteration_limit";
    case Status::time_limit: return "time_limit";
    case Status::cancelled: return "cancelled";
    case Status::infeasible: return "infeasible";
  }
  return "";
}

/// The status of a solve that was interrupted.
constexpr Status status_of(Interruption interruption) {
  return interruption == Interruption::time_limit ? Status::time_limit : Status::cancelled;
}

/// Counters in the order in which they were set.
using Stats = std::vector<std::pair<std::string, double>>;

struct Result {
  Plan plan;
  std::vector<double> f;  ///< row potentials
  std::vector<double> g;  ///< column potentials; f_i + g_j <= C_ij up to rounding
  Status status = Status::optimal;
  Stats stats;

  /// The same result with rows and columns exchanged.
  void transpose() {
    std::swap(plan.rows, plan.cols);
    std::swap(f, g);
  }
};

}  // namespace monge

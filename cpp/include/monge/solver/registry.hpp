// The one list of solvers. Tests, benchmarks, Python, the command line and the documentation
// iterate over it; a solver exists by being listed in registry.cpp.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "monge/result/result.hpp"
#include "monge/solver/options.hpp"

namespace monge {

/// What a solver serves, as data: one function turns it into one uniform refusal.
struct Capabilities {
  bool assignment = false;        ///< Kind::assignment, rectangular ones included
  bool transport = false;         ///< Kind::transport
  bool dense = false;             ///< a dense cost matrix
  bool clouds = false;            ///< two point clouds
  bool any_masses = false;        ///< else a transport needs n == m and equal masses
  bool partial = false;           ///< transports that leave mass unmatched (Slack)
  int max_dim = 0;                ///< of clouds; 0: any
  bool convex_line_only = false;  ///< clouds of dimension 1 whose cost is convex on the line
  bool warm_potentials = false;   ///< starts from given potentials
  bool warm_plan = false;         ///< starts from a given plan, too
};

/// For which sizes of point clouds "auto" takes a solver, and for which allowed gaps; measured, see
/// docs/performance.md. An explicit solver="..." is not held to it.
struct AutoRange {
  double least_pairs = 0;
  double most_pairs = 1.0 * max_index * max_index;
  bool any_size_by_products = false;  ///< most_pairs is for costs that no products give
  double least_rtol = 0;              ///< below, others are as fast and exact
};

struct SolverEntry {
  std::string_view name;
  std::string_view summary;
  Capabilities capabilities;
  AutoRange auto_range;
  std::vector<OptionInfo> options;
  std::function<Result(const Problem&, const OptionMap&, Context&)> solve;
};

/// All solvers, in the order in which "auto" prefers them.
std::span<const SolverEntry> solvers();

/// Why this solver cannot serve this (validated) problem; nothing if it can.
std::optional<std::string> refusal(const SolverEntry& solver, const Problem& problem);

/// The solver of that name; "auto" is the first that serves `problem`, with its warm start, and is
/// in its range for a gap of `rtol` (a line is sorted all the same, which needs no start). Throws
/// InvalidArgument for an unknown name and Unsupported, listing what every solver can, where none
/// or not this one can.
const SolverEntry& select_solver(std::string_view name, const Problem& problem, double rtol = 0);

}  // namespace monge

#include "monge/solver/registry.hpp"

#include "kernels/cost_bounds.hpp"
#include "monge/core/error.hpp"
#include "monge/core/text.hpp"
#include "monge/solver/auction.hpp"
#include "monge/solver/hungarian.hpp"
#include "monge/solver/multiscale_hungarian.hpp"
#include "monge/solver/multiscale_simplex.hpp"
#include "monge/solver/network_simplex.hpp"
#include "monge/solver/sorting_1d.hpp"
#include "monge/solver/spatial_auction.hpp"

namespace monge {
namespace {

template <class Options>
SolverEntry entry(std::string_view name, std::string_view summary, Capabilities capabilities,
                  AutoRange auto_range, Result (*solve)(const Problem&, const Options&, Context&)) {
  return {name,
          summary,
          capabilities,
          auto_range,
          describe_options<Options>(),
          [name, solve](const Problem& problem, const OptionMap& given, Context& context) {
            return solve(problem, parse_options<Options>(name, given), context);
          }};
}

const std::vector<SolverEntry>& list() {
  static const std::vector<SolverEntry> entries{
      entry("sorting_1d", "points on a line, any masses: sorting, O((n + m) log (n + m))",
            {.transport = true, .clouds = true, .any_masses = true, .convex_line_only = true}, {},
            solve_sorting_1d),
      entry("spatial_auction",
            "clouds of n = m points and equal masses, dimension 1 to 8: auction in a kd-tree, O(n) "
            "memory",
            {.transport = true, .clouds = true, .max_dim = spatial_max_dim},
            {.least_pairs = 384.0 * 384.0, .most_pairs = 8192.0 * 8192.0, .least_rtol = 3e-3},
            solve_spatial_auction),
      entry(
          "multiscale_hungarian",
          "clouds of n = m points and equal masses, dimension 1 to 8: shortest augmenting paths on "
          "candidate arcs, coarse to fine, O(n) memory",
          {.transport = true,
           .clouds = true,
           .max_dim = spatial_max_dim,
           .warm_potentials = true,
           .warm_plan = true},
          {.least_pairs = 384.0 * 384.0}, solve_multiscale_hungarian),
      entry("multiscale_simplex",
            "clouds of any masses and sizes, dimension 1 to 8: network simplex on candidate arcs, "
            "coarse to fine, O(n + m) memory",
            {.transport = true,
             .clouds = true,
             .any_masses = true,
             .partial = true,
             .max_dim = spatial_max_dim,
             .warm_potentials = true,
             .warm_plan = true},
            {.least_pairs = 512.0 * 512.0}, solve_multiscale_simplex),
      entry("hungarian",
            "assignment and transport of n = m equal masses: shortest augmenting paths, O(n^3)",
            {.assignment = true,
             .transport = true,
             .dense = true,
             .clouds = true,
             .warm_potentials = true,
             .warm_plan = true},
            {.most_pairs = 16384.0 * 16384.0, .any_size_by_products = true},  // a matrix of 2 GiB
            solve_hungarian),
      entry("auction",
            "assignment and transport of n = m equal masses: candidate lists, epsilon scaling, "
            "exact finish",
            {.assignment = true, .transport = true, .dense = true, .clouds = true}, {},
            solve_auction),
      entry("network_simplex",
            "transport of any masses and sizes by a cost matrix: network simplex on candidate arcs",
            {.transport = true,
             .dense = true,
             .clouds = true,
             .any_masses = true,
             .partial = true,
             .warm_potentials = true,
             .warm_plan = true},
            {}, solve_network_simplex),
  };
  return entries;
}

bool in_auto_range(const SolverEntry& solver, const Problem& problem, double rtol) {
  const AutoRange& range = solver.auto_range;
  if (rtol < range.least_rtol) return false;
  const double pairs = 1.0 * problem.rows() * problem.cols();
  if (!problem.clouds()) return true;
  const bool unlimited =
      range.any_size_by_products && kernels::CostBounds::may_serve(*problem.clouds());
  return pairs >= range.least_pairs && (pairs <= range.most_pairs || unlimited);
}

bool convex_line(const Problem& problem) {
  return problem.clouds() && problem.dim() == 1 &&
         std::visit([](const auto& cost) { return cost.convex_on_line(); }, problem.clouds()->cost);
}

std::string all_summaries() {
  std::string text;
  for (const SolverEntry& solver : solvers()) {
    text += "\n  " + std::string(solver.name) + ": " + std::string(solver.summary);
  }
  return text;
}

}  // namespace

std::span<const SolverEntry> solvers() { return list(); }

std::optional<std::string> refusal(const SolverEntry& solver, const Problem& problem) {
  const Capabilities& can = solver.capabilities;
  if (problem.kind == Kind::assignment && !can.assignment) return "it does not solve assignments";
  if (problem.kind == Kind::transport && !can.transport) return "it does not solve transports";
  if (problem.dense() && !can.dense) return "it takes point clouds, not a cost matrix";
  if (problem.clouds() && !can.clouds) return "it takes a cost matrix, not point clouds";
  if (problem.partial() && !can.partial) return "it moves all mass, and leaves none unmatched";
  if (can.convex_line_only && !convex_line(problem)) {
    return "it needs points in dimension 1 and a cost that is convex on the line";
  }
  if (can.max_dim > 0 && problem.dim() > can.max_dim) {
    return "it needs points in dimension at most " + std::to_string(can.max_dim);
  }
  if (problem.kind == Kind::transport && !can.any_masses && !problem.permutation) {
    return "it needs as many rows as columns and equal masses on each side";
  }
  if (problem.warm_start.has_plan() && !can.warm_plan) return "it takes no plan to start from";
  if (problem.warm_start.has_potentials() && !can.warm_potentials) {
    return "it takes no potentials to start from";
  }
  return std::nullopt;
}

const SolverEntry& select_solver(std::string_view name, const Problem& problem, double rtol) {
  Problem cold = problem;
  cold.warm_start = {};
  std::vector<std::string_view> names{"auto"};
  for (const SolverEntry& solver : solvers()) {
    names.push_back(solver.name);
    if (name != "auto" && name != solver.name) continue;
    // Sorting a line is faster than any start could make another solver.
    const bool needs_no_start = name == "auto" && solver.capabilities.convex_line_only;
    const std::optional<std::string> reason = refusal(solver, needs_no_start ? cold : problem);
    if (name == "auto") {
      if (!reason && in_auto_range(solver, problem, rtol)) return solver;
      continue;
    }
    if (!reason) return solver;
    throw Unsupported("solver \"" + std::string(name) + "\" cannot serve this problem (" +
                      problem.describe() + "): " + *reason +
                      ". The solvers are:" + all_summaries());
  }
  if (name != "auto")
    throw InvalidArgument("solver", "be one of " + join_quoted(names), quoted(name));
  throw Unsupported("no solver serves this problem yet (" + problem.describe() +
                    "). The solvers are:" + all_summaries());
}

}  // namespace monge

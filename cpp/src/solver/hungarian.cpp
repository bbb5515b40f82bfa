#include "monge/solver/hungarian.hpp"

#include <cmath>
#include <vector>

#include "kernels/cost_rows.hpp"
#include "kernels/oriented.hpp"
#include "solver/augmenting_paths.hpp"
#include "solver/listed_assignment.hpp"
#include "solver/warm_start.hpp"

namespace monge {
namespace {

/// Shorter rows are swept as fast as lists of them.
constexpr Index least_listed = 512;

/// Potentials g of the search's columns, which are the caller's rows if `transposed`. Warm starts
/// are of transports: n == m.
std::vector<double> warm_potentials(const Problem& problem, bool transposed, Context& context) {
  std::vector<double> g = warm_prices(problem, context);
  for (double& value : g) value = -value;
  if (!transposed) return g;
  std::vector<double> f = kernels::row_minima(problem, g, context);
  for (double& value : f) {
    if (!std::isfinite(value)) value = 0;  // a forbidden row, or one not reached
  }
  return f;
}

/// The plan's column of each row of the search, -1 without one.
std::vector<Index> preferred_columns(const Problem& problem, bool transposed) {
  const WarmStart& start = problem.warm_start;
  const std::span<const Index> rows = transposed ? start.cols : start.rows;
  const std::span<const Index> cols = transposed ? start.rows : start.cols;
  std::vector<Index> preferred(static_cast<std::size_t>(problem.rows()), -1);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    preferred[static_cast<std::size_t>(rows[k])] = cols[k];
  }
  return preferred;
}

/// On whole rows, from prices that lists have left.
template <class T>
Result finish_on_rows(const MatrixView<T>& c, std::vector<double> g, double mass,
                      const HungarianOptions& options, Context& context) {
  AugmentingPaths<T> search(c, context);
  return search.result(search.resume(std::move(g), options.row_reduction_scans), mass);
}

template <class T>
Result solve_rows(const MatrixView<T>& c, double mass, const HungarianOptions& options,
                  Context& context) {
  if (c.rows != c.cols || c.rows < least_listed) {
    AugmentingPaths<T> search(c, context);
    return search.result(search.run(options.row_reduction_scans), mass);
  }
  const MatrixRows<T> rows(c);
  ListedAssignment lists(rows, options.row_reduction_scans, false, context);
  if (const auto status = lists.run()) return lists.result(*status, mass);
  return finish_on_rows(c, lists.potentials_of_columns(), mass, options, context);
}

/// On whole rows, from where an earlier solution has ended.
template <class T>
Result solve_rows_from(const Problem& problem, const kernels::Oriented<T>& oriented, double mass,
                       const HungarianOptions& options, Context& context) {
  const bool transposed = oriented.transposed;
  AugmentingPaths<T> search(oriented.rows, context);
  const Status status =
      search.resume(warm_potentials(problem, transposed, context), options.row_reduction_scans,
                    preferred_columns(problem, transposed));
  return search.result(status, mass);
}

template <class T>
Result solve_matrix(const Problem& problem, const MatrixView<T>& c, double mass,
                    const HungarianOptions& options, Context& context) {
  const kernels::Oriented<T> oriented = kernels::orient(c, context);
  Result result = problem.warm_start.empty()
                      ? solve_rows(oriented.rows, mass, options, context)
                      : solve_rows_from(problem, oriented, mass, options, context);
  if (oriented.transposed) result.transpose();
  return result;
}

Result solve_clouds(const Problem& problem, double mass, const HungarianOptions& options,
                    Context& context) {
  const PointClouds& clouds = *problem.clouds();
  const Index n = problem.rows(), m = problem.cols();
  const bool no_room =
      8.0 * static_cast<double>(n) * static_cast<double>(m) > context.memory_bound();
  const auto bounds = clouds.bounds ? clouds.bounds : kernels::CostBounds::make(clouds);
  // Lists start from nothing: where there is room for whole rows, a given start is worth more.
  if (!bounds || n != m || (!problem.warm_start.empty() && !no_room)) {
    const kernels::Lines<double> matrix = kernels::cost_matrix(clouds, context);
    // If forming it was interrupted, so is the search at its first step.
    return solve_matrix(problem, row_major(matrix.data(), n, m), mass, options, context);
  }
  bounds->keep(context);
  const BoundedRows rows(*bounds);
  ListedAssignment lists(rows, options.row_reduction_scans, no_room, context);
  if (const auto status = lists.run()) return lists.result(*status, mass);
  const kernels::Lines<double> matrix = kernels::cost_matrix(clouds, context);
  return finish_on_rows(row_major(matrix.data(), n, m), lists.potentials_of_columns(), mass,
                        options, context);
}

}  // namespace

Result solve_hungarian(const Problem& problem, const HungarianOptions& options, Context& context) {
  const double mass =
      problem.kind == Kind::assignment || problem.rows() == 0 ? 1 : problem.row_mass(0);
  if (problem.clouds()) return solve_clouds(problem, mass, options, context);
  return std::visit([&](const auto& c) { return solve_matrix(problem, c, mass, options, context); },
                    problem.dense()->values);
}

}  // namespace monge

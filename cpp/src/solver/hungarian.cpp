#include "monge/solver/hungarian.hpp"

#include <vector>

#include "kernels/cost_rows.hpp"
#include "kernels/oriented.hpp"
#include "solver/augmenting_paths.hpp"
#include "solver/listed_assignment.hpp"

namespace monge {
namespace {

/// Shorter rows are swept as fast as lists of them.
constexpr Index least_listed = 512;

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

template <class T>
Result solve_matrix(const MatrixView<T>& c, double mass, const HungarianOptions& options,
                    Context& context) {
  const kernels::Oriented<T> oriented = kernels::orient(c, context);
  Result result = solve_rows(oriented.rows, mass, options, context);
  if (oriented.transposed) result.transpose();
  return result;
}

Result solve_clouds(const Problem& problem, double mass, const HungarianOptions& options,
                    Context& context) {
  const PointClouds& clouds = *problem.clouds();
  const Index n = problem.rows(), m = problem.cols();
  const auto bounds = clouds.bounds ? clouds.bounds : kernels::CostBounds::make(clouds);
  if (!bounds || n != m) {
    const std::vector<double> matrix = kernels::cost_matrix(clouds, context);
    // If forming it was interrupted, so is the search at its first step.
    return solve_matrix(row_major(matrix.data(), n, m), mass, options, context);
  }
  bounds->keep(context);
  const BoundedRows rows(*bounds);
  const bool no_room =
      8.0 * static_cast<double>(n) * static_cast<double>(m) > context.memory_bound();
  ListedAssignment lists(rows, options.row_reduction_scans, no_room, context);
  if (const auto status = lists.run()) return lists.result(*status, mass);
  const std::vector<double> matrix = kernels::cost_matrix(clouds, context);
  return finish_on_rows(row_major(matrix.data(), n, m), lists.potentials_of_columns(), mass,
                        options, context);
}

}  // namespace

Result solve_hungarian(const Problem& problem, const HungarianOptions& options, Context& context) {
  const double mass =
      problem.kind == Kind::assignment || problem.rows() == 0 ? 1 : problem.row_mass(0);
  if (problem.clouds()) return solve_clouds(problem, mass, options, context);
  return std::visit([&](const auto& c) { return solve_matrix(c, mass, options, context); },
                    problem.dense()->values);
}

}  // namespace monge

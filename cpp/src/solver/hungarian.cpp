#include "monge/solver/hungarian.hpp"

#include <cmath>
#include <vector>

#include "kernels/cost_rows.hpp"
#include "kernels/oriented.hpp"
#include "solver/augmenting_paths.hpp"
#include "solver/warm_start.hpp"

namespace monge {
namespace {

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

template <class T>
Result solve_matrix(const Problem& problem, const MatrixView<T>& c, double mass,
                    const HungarianOptions& options, Context& context) {
  const kernels::Oriented<T> oriented = kernels::orient(c, context);
  AugmentingPaths<T> search(oriented.rows, context);
  const double scans = options.row_reduction_scans;
  const bool transposed = oriented.transposed;
  const Status status = problem.warm_start.empty()
                            ? search.run(scans)
                            : search.resume(warm_potentials(problem, transposed, context), scans,
                                            preferred_columns(problem, transposed));
  Result result = search.result(status, mass);
  if (oriented.transposed) result.transpose();
  return result;
}

}  // namespace

Result solve_hungarian(const Problem& problem, const HungarianOptions& options, Context& context) {
  const double mass =
      problem.kind == Kind::assignment || problem.rows() == 0 ? 1 : problem.row_mass(0);
  if (const PointClouds* clouds = problem.clouds()) {
    const std::vector<double> matrix = kernels::cost_matrix(*clouds, context);
    // If forming it was interrupted, so is the search at its first step.
    return solve_matrix(problem, row_major(matrix.data(), problem.rows(), problem.cols()), mass,
                        options, context);
  }
  return std::visit([&](const auto& c) { return solve_matrix(problem, c, mass, options, context); },
                    problem.dense()->values);
}

}  // namespace monge

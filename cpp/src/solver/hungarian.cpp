#include "monge/solver/hungarian.hpp"

#include <vector>

#include "kernels/cost_rows.hpp"
#include "kernels/oriented.hpp"
#include "solver/augmenting_paths.hpp"

namespace monge {
namespace {

template <class T>
Result solve_matrix(const MatrixView<T>& c, double mass, const HungarianOptions& options,
                    Context& context) {
  const kernels::Oriented<T> oriented = kernels::orient(c, context);
  AugmentingPaths<T> search(oriented.rows, context);
  Result result = search.result(search.run(options.row_reduction_scans), mass);
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
    return solve_matrix(row_major(matrix.data(), problem.rows(), problem.cols()), mass, options,
                        context);
  }
  return std::visit([&](const auto& c) { return solve_matrix(c, mass, options, context); },
                    problem.dense()->values);
}

}  // namespace monge

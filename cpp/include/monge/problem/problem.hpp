// A discrete transport problem: who is to be matched with whom, at what cost.
//
// Either a dense cost matrix C (n, m), or two clouds of points x (n, dim), y (m, dim) and a ground
// cost, so that C_ij = c(x_i, y_j) need never be formed. A Problem is a view: the caller keeps the
// arrays alive while it is in use.
//
//   transport:  minimise sum_ij P_ij C_ij  over P >= 0,  P 1 = a,  P' 1 = b;
//   assignment: minimise sum_i C_i,s(i) over matchings of min(n, m) pairs, one unit of mass each;
//               where n != m, the surplus of the larger side stays free.
//
// Entries of +inf in a dense cost forbid a pair.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "monge/core/types.hpp"
#include "monge/cost/ground_cost.hpp"

namespace monge {

namespace kernels {
class CostBounds;
}

struct DenseCost {
  AnyMatrixView values;
};

struct PointClouds {
  AnyMatrixView x;
  AnyMatrixView y;
  GroundCost cost;
  bool line = false;  ///< numbers on a line: error messages call them u and v
  /// Of clouds of many coordinates: bounds on their costs, which solve() lets solver and
  /// certificate share; null: whoever needs them computes them. A function of the other members.
  std::shared_ptr<kernels::CostBounds> bounds = nullptr;
};

enum class Kind { transport, assignment };

struct Problem {
  std::variant<DenseCost, PointClouds> geometry;
  Masses a;  ///< empty: uniform, 1 / n each. Assignments take none.
  Masses b;
  Kind kind = Kind::transport;

  /// b is multiplied by this so that both totals agree to the last bit; validate() sets it.
  double b_scale = 1;
  /// validate() found n == m and all masses equal: the optimum is a permutation.
  bool permutation = false;

  Index rows() const;
  Index cols() const;
  /// Coordinates of a point; 0 for a dense cost.
  int dim() const;
  const PointClouds* clouds() const { return std::get_if<PointClouds>(&geometry); }
  const DenseCost* dense() const { return std::get_if<DenseCost>(&geometry); }

  double row_mass(Index i) const;
  double col_mass(Index j) const;
  double total_mass() const;

  /// "transport between clouds of 3 and 4 points in dimension 2, cost "euclidean", with masses"
  std::string describe() const;
};

/// C_ij of either geometry, one entry at a time.
double cost_at(const Problem& problem, Index i, Index j);

}  // namespace monge

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
//
// A transport may leave mass where it is (Slack). The totals of a and b are then free:
//
//   P 1 <= a,  P' 1 <= b,  and either exactly a given mass moves, sum_ij P_ij = s,
//   or any mass may stay, at a price per unit: + alpha (a - P 1)' 1 + beta (b - P' 1)' 1.
#pragma once

#include <memory>
#include <span>
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

/// Exactly this much mass moves, at least cost.
struct MovedMass {
  double mass = 0;
};

/// Mass may stay, at these prices per unit.
struct UnmatchedCost {
  double of_a = 0;
  double of_b = 0;
};

/// What of a transport may stay where it is. std::monostate: nothing.
using Slack = std::variant<std::monostate, MovedMass, UnmatchedCost>;

/// What the solution of a similar problem is worth to a solver: where to begin. Any finite numbers
/// and any pairs will do: they change how long a solve takes, never what it answers.
struct WarmStart {
  std::span<const double> f, g;       ///< potentials; where g is given, f follows from it
  std::span<const Index> rows, cols;  ///< the pairs of a plan; they need potentials, too

  bool has_potentials() const { return !f.empty() || !g.empty(); }
  bool has_plan() const { return !rows.empty() || !cols.empty(); }
  bool empty() const { return !has_potentials() && !has_plan(); }
};

struct Problem {
  std::variant<DenseCost, PointClouds> geometry;
  Masses a;  ///< empty: uniform, 1 / n each. Assignments take none.
  Masses b;
  Kind kind = Kind::transport;
  Slack slack{};
  WarmStart warm_start{};  ///< of transports

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
  bool partial() const { return !std::holds_alternative<std::monostate>(slack); }
  const MovedMass* moved_mass() const { return std::get_if<MovedMass>(&slack); }
  const UnmatchedCost* unmatched_cost() const { return std::get_if<UnmatchedCost>(&slack); }

  double row_mass(Index i) const;
  double col_mass(Index j) const;
  /// Of a, or the number of pairs of an assignment.
  double total_mass() const;
  /// Of b, with b_scale.
  double total_col_mass() const;

  /// "transport between clouds of 3 and 4 points in dimension 2, cost "euclidean", with masses"
  std::string describe() const;
};

/// C_ij of either geometry, one entry at a time.
double cost_at(const Problem& problem, Index i, Index j);

}  // namespace monge

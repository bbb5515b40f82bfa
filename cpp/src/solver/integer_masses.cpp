#include "solver/integer_masses.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace monge {
namespace {

bool all_equal(Masses masses) {
  return masses.empty() || std::all_of(masses.begin(), masses.end(),
                                       [&](double mass) { return mass == masses.front(); });
}

template <class MassOf>
std::vector<Flow> rounded(Index n, double total, const MassOf& mass_of) {
  std::vector<Flow> flows(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) {
    const double mass = mass_of(i);
    if (mass == 0) continue;
    flows[static_cast<std::size_t>(i)] =
        std::max<Flow>(1, std::llrint(std::ldexp(mass / total, 60)));
  }
  return flows;
}

Flow sum_of(const std::vector<Flow>& masses) {
  return std::accumulate(masses.begin(), masses.end(), Flow{0});
}

/// The largest atom of the smaller side takes the balance.
void balance(IntegerMasses& masses) {
  const Flow difference = sum_of(masses.a) - sum_of(masses.b);
  std::vector<Flow>& smaller = difference > 0 ? masses.b : masses.a;
  *std::max_element(smaller.begin(), smaller.end()) += std::abs(difference);
}

/// Up to a few roundings of sums.
bool same(double one, double other) {
  return std::fabs(one - other) <= 0x1p-50 * std::max(one, other);
}

/// Equal masses in units of which each has a few; empty if they have no such unit.
IntegerMasses equal_units(const Problem& problem) {
  const Index n = problem.rows(), m = problem.cols();
  if (!all_equal(problem.a) || !all_equal(problem.b)) return {};
  const bool same_atoms = problem.row_mass(0) == problem.col_mass(0);
  if (!same_atoms && !same(problem.total_mass(), problem.total_col_mass())) return {};
  const Index divisor = std::gcd(n, m);
  return {std::vector<Flow>(static_cast<std::size_t>(n), same_atoms ? 1 : m / divisor),
          std::vector<Flow>(static_cast<std::size_t>(m), same_atoms ? 1 : n / divisor)};
}

/// Multiplies all masses, so that there are some 2^60 units in all.
void refine_units(IntegerMasses& masses) {
  const Flow factor = (Flow{1} << 60) / std::max(sum_of(masses.a), sum_of(masses.b));
  for (std::vector<Flow>* side : {&masses.a, &masses.b}) {
    for (Flow& mass : *side) mass *= factor;
  }
}

/// The mass that moves, in the units of the atoms.
double moved_units(const Problem& problem, const IntegerMasses& masses) {
  const double share = problem.moved_mass()->mass / problem.total_mass();
  return share * static_cast<double>(sum_of(masses.a));
}

IntegerMasses partial_masses(const Problem& problem) {
  const double total_a = problem.total_mass(), total_b = problem.total_col_mass();
  IntegerMasses masses = equal_units(problem);
  const bool equal = !masses.a.empty();
  if (!equal) {
    const double total = std::max(total_a, total_b);
    masses.a = rounded(problem.rows(), total, [&](Index i) { return problem.row_mass(i); });
    masses.b = rounded(problem.cols(), total, [&](Index j) { return problem.col_mass(j); });
    if (same(total_a, total_b)) balance(masses);
  }
  const MovedMass* moved = problem.moved_mass();
  if (!moved) return masses;
  const double units = moved_units(problem, masses);
  if (equal && !same(units, std::round(units))) refine_units(masses);
  const Flow most = std::min(sum_of(masses.a), sum_of(masses.b));
  masses.moved = same(moved->mass, std::min(total_a, total_b))
                     ? most
                     : std::min<Flow>(most, std::llrint(moved_units(problem, masses)));
  return masses;
}

}  // namespace

IntegerMasses integer_masses(const Problem& problem) {
  if (problem.partial()) return partial_masses(problem);
  const Index n = problem.rows(), m = problem.cols();
  if (all_equal(problem.a) && all_equal(problem.b)) {
    const Index divisor = std::gcd(n, m);
    return {std::vector<Flow>(static_cast<std::size_t>(n), m / divisor),
            std::vector<Flow>(static_cast<std::size_t>(m), n / divisor)};
  }
  const double total = problem.total_mass();
  IntegerMasses masses{rounded(n, total, [&](Index i) { return problem.row_mass(i); }),
                       rounded(m, total, [&](Index j) { return problem.col_mass(j); })};
  balance(masses);
  return masses;
}

}  // namespace monge

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

}  // namespace

IntegerMasses integer_masses(const Problem& problem) {
  const Index n = problem.rows(), m = problem.cols();
  if (all_equal(problem.a) && all_equal(problem.b)) {
    const Index divisor = std::gcd(n, m);
    return {std::vector<Flow>(static_cast<std::size_t>(n), m / divisor),
            std::vector<Flow>(static_cast<std::size_t>(m), n / divisor)};
  }
  const double total = problem.total_mass();
  IntegerMasses masses{rounded(n, total, [&](Index i) { return problem.row_mass(i); }),
                       rounded(m, total, [&](Index j) { return problem.col_mass(j); })};
  const Flow difference = std::accumulate(masses.a.begin(), masses.a.end(), Flow{0}) -
                          std::accumulate(masses.b.begin(), masses.b.end(), Flow{0});
  std::vector<Flow>& smaller = difference > 0 ? masses.b : masses.a;
  *std::max_element(smaller.begin(), smaller.end()) += std::abs(difference);
  return masses;
}

}  // namespace monge

// Masses as integers, so that a simplex decides exactly what is empty.
#pragma once

#include <vector>

#include "monge/problem/problem.hpp"
#include "solver/transport_tree.hpp"

namespace monge {

struct IntegerMasses {
  std::vector<Flow> a, b;  ///< equal sums, unless mass may stay
  Flow moved = 0;          ///< the mass that moves, if it is given
};

/// Equal masses on both sides become small integers without rounding. Others are rounded to 2^-60
/// of the total, the largest atom taking the balance. An atom of any mass gets at least one unit,
/// so that it takes part in the tree, and its potentials are optimal however little it weighs.
///
/// Where mass may stay, the larger total has 2^60 units, and what moves is a multiple of equal
/// masses if it is one to rounding: whole atoms then move or stay.
IntegerMasses integer_masses(const Problem& problem);

}  // namespace monge

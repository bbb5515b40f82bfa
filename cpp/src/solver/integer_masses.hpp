// Masses as integers, so that a simplex decides exactly what is empty.
#pragma once

#include <vector>

#include "monge/problem/problem.hpp"
#include "solver/transport_tree.hpp"

namespace monge {

struct IntegerMasses {
  std::vector<Flow> a, b;  ///< equal sums
};

/// Equal masses on both sides become small integers without rounding. Others are rounded to 2^-60
/// of the total, the largest atom taking the balance; atoms below 2^-61 of the total become 0.
IntegerMasses integer_masses(const Problem& problem);

}  // namespace monge

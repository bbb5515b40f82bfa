// Ground costs are functions of the length of a difference, when it lies along one axis.
#pragma once

#include "monge/cost/ground_cost.hpp"

namespace monge {

/// The cost of two points that differ by `length` in one coordinate.
inline double cost_of_length(const GroundCost& cost, double length) {
  const double zero = 0;
  return evaluate(cost, &length, &zero, 1);
}

}  // namespace monge

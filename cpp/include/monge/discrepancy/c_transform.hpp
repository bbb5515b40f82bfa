// Problem. The c-transform of g, f_i = min_j (c(x_i, y_j) - g_j): the largest f for which (f, g)
// is feasible in the dual problem of transport, and the j that attains it.
//
// Algorithm. Up to dimension 8, from 2^19 pairs on, a search in a tree over y with prices -g
// (kernels/least_columns.hpp); else a sweep over all pairs, whose costs are never stored.
//
// Complexity and memory. O(n m d) at worst, O(n + m) memory; the tree takes about O(log m) per row
// where g follows a potential.
//
// Guarantee. Costs are evaluated in double; of equal values the lowest j. Determinism and threads:
// rows are shared out among threads; the answer does not depend on their number.
//
// Reference. Villani, Topics in Optimal Transportation (2003), section 2.4.
#pragma once

#include <vector>

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"

namespace monge {

struct CTransform {
  std::vector<double> f;
  std::vector<Index> argmin;
};

/// `problem`: validated clouds. Throws InvalidArgument unless g has a finite number per point of y.
/// After an interruption (Context), rows that were not reached have f = -max g and argmin 0.
CTransform c_transform(const Problem& problem, const std::vector<double>& g, Context& context);

}  // namespace monge

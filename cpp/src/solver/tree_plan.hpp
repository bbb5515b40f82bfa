// From an optimal tree to the caller's result.
#pragma once

#include <vector>

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "monge/result/result.hpp"
#include "solver/pricing_rounds.hpp"
#include "solver/spare_nodes.hpp"
#include "solver/transport_tree.hpp"

namespace monge {

/// Flows on the tree from the given masses, leaves first: rounded once each, however many there
/// are. Row i of the tree is the caller's rows[i], column j the caller's cols[j]; what spare nodes
/// exchange is left out.
Plan plan_of(const Problem& problem, TransportTree& tree, const std::vector<Index>& rows,
             const std::vector<Index>& cols, const SpareNodes& spare = {});

/// The caller's potentials. A column that the tree lacks, for it has no mass, gets a feasible
/// one that changes no f: min_i (C_ij - f_i) over the rows of the tree, but no more than the
/// others' largest, lest a cost of 1e32 drown them. A row without mass gets 0: no one asks for it
/// (certify computes f from g).
void set_potentials(const Problem& problem, const Duals& duals, const std::vector<Index>& rows,
                    const std::vector<Index>& cols, Context& context, Result& result);

}  // namespace monge

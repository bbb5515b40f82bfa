// Equal points of a cloud as one atom.
//
// Where many points lie on one place, candidate lists hold copies of it and nothing else, and
// pivots move mass among copies at no gain. The transport of the distinct points, with the masses
// of all that lie there, costs the same; its tree is divided among the members of each atom,
// leaves first, which takes no further pivot.
#pragma once

#include <memory>
#include <vector>

#include "solver/level_cloud.hpp"
#include "solver/pricing_rounds.hpp"
#include "solver/spare_nodes.hpp"

namespace monge {

struct MergedCloud {
  LevelCloud cloud;            ///< the distinct points, in kd order
  std::vector<Index> atom;     ///< of each point of the cloud that was merged
  std::vector<Index> members;  ///< points of that cloud; those of atom k from begin[k] on
  std::vector<Index> begin;    ///< one more than atoms

  bool all_differ() const { return atom.size() == cloud.mass.size(); }
};

/// O(n log n). A cloud whose points all differ stays as it is.
MergedCloud merged(const LevelCloud& cloud);

/// The tree of x and y, given that of their atoms, whose potentials become those of the members.
std::unique_ptr<TransportTree> divided(TransportTree& tree, Duals& duals, const LevelCloud& x,
                                       const MergedCloud& x_atoms, const LevelCloud& y,
                                       const MergedCloud& y_atoms, const SpareNodes& spare);

}  // namespace monge

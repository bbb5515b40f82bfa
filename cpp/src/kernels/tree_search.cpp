#include "kernels/tree_search.hpp"

#include <algorithm>

#include "kernels/tree_view.hpp"

namespace monge::kernels {

void TreeSearch::find(const double* x, const double* price, double limit, int wanted, Scratch& s,
                      Scan& out) const {
  // The next one after the wanted ones is the threshold for all others.
  wanted = std::min(wanted, most_wanted - 1);
  s.hits.resize(static_cast<std::size_t>(wanted) + 1);
  const Index found =
      scan_kernels().f64.least(cost_, x, view_of(tree_, price), limit, wanted + 1, s.hits.data());
  out.threshold = found > wanted ? s.hits[static_cast<std::size_t>(wanted)].value : limit;
  out.found.clear();
  s.point.resize(static_cast<std::size_t>(tree_.dim()));
  for (Index k = 0; k < found && k < wanted; ++k) {
    const Index column = s.hits[static_cast<std::size_t>(k)].column;
    for (std::size_t a = 0; a < s.point.size(); ++a) {
      s.point[a] = tree_.values()[a * tree_.stride() + static_cast<std::size_t>(column)];
    }
    out.found.push_back({evaluate(cost_, x, s.point.data(), tree_.dim()), column});
  }
}

}  // namespace monge::kernels

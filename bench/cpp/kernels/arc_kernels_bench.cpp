// Pricing of arcs: most are not violated, as in a simplex between pivots.
#include "kernels/arc_kernels.hpp"

#include <memory>
#include <random>

#include "tables.hpp"

namespace monge::kernels {
namespace {

constexpr Index arcs_per_row = 24;

struct Arcs {
  Arcs(Index rows, bool shifts) : n(rows), shifted(shifts) {
    std::mt19937_64 random(1);
    const auto below = [&](Index bound) {
      return static_cast<Index>(random() % std::size_t(bound));
    };
    for (Index i = 0; i < n; ++i) {
      for (Index k = 0; k < arcs_per_row; ++k) {
        columns.push_back(below(n));
        costs.push_back(static_cast<double>(random() >> 11) * 0x1p-53);
      }
      begin.push_back(columns.size());
    }
    found.resize(static_cast<std::size_t>(n));
    violated_rows.resize(found.size());
    columns.resize(columns.size() + arc_padding, 0);
    costs.resize(costs.size() + arc_padding, 0);
    for (Index v = 0; v < 2 * n; ++v) {
      own.push_back(v < n ? 0.01 : 0.0);  // one arc of a hundred is violated
      block.push_back(below(16));
    }
  }
  PotentialsView potentials() const {
    return {own.data(), shifted ? shift.data() : nullptr, block.data(), n};
  }
  std::vector<double> run(const ArcKernels& table) {
    const std::size_t count =
        table.most_violated_of_rows({begin.data(), columns.data(), costs.data()}, potentials(), {},
                                    0, n, violated_rows.data(), found.data());
    return {static_cast<double>(count), static_cast<double>(count ? found[count - 1] : 0)};
  }

  Index n;
  bool shifted;
  std::vector<std::size_t> begin{0}, found;
  std::vector<Index> columns, block, violated_rows;
  std::vector<double> costs, own, shift = std::vector<double>(16, 0.125);
};

bool register_all() {
  for (Index n : {1024, 65536}) {
    for (bool shifted : {false, true}) {
      const MakeRun<ArcKernels> make = [=]() -> RunOfTable<ArcKernels> {
        auto arcs = std::make_shared<Arcs>(n, shifted);
        return [=](const ArcKernels& table) { return arcs->run(table); };
      };
      const std::string name = shifted ? "arcs/violated/shifted/" : "arcs/violated/";
      register_for_tables(name + std::to_string(n), all_arc_kernels(), make, n * arcs_per_row);
    }
  }
  return true;
}

[[maybe_unused]] const bool registered = register_all();

}  // namespace
}  // namespace monge::kernels

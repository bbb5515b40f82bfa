// Tiles of the entropic kernel: one block of rows against all columns, by form and precision.
#include "kernels/tile_kernels.hpp"

#include <memory>
#include <random>

#include "kernels/gibbs_kernel.hpp"
#include "tables.hpp"

namespace monge::kernels {
namespace {

constexpr Index n = 2048;
constexpr int dim = 3;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Points of the unit cube, potentials 0; exponents down to -90.
struct Tiles {
  explicit Tiles(const GroundCost& cost)
      : x(cloud(1)), y(cloud(2)), kernel(x, y, cost, team, context) {
    kernel.set(30, std::vector<double>(at(n), 0), std::vector<double>(at(n), 0));
    for (Index t = 0; t < kernel.col_blocks(); ++t) tiles.push_back(t);
  }
  static KdCloud cloud(unsigned seed) {
    std::mt19937_64 random(seed);
    std::vector<double> points(at(n) * dim);
    for (double& value : points) value = static_cast<double>(random() >> 11) * 0x1p-53;
    return make_kd_cloud(row_major(points.data(), n, dim), 8);
  }
  Index count() const { return static_cast<Index>(tiles.size()); }

  Context context;
  Team team{1};
  KdCloud x, y;
  GibbsKernel kernel;
  std::vector<Index> tiles;
};

/// The vectors of one precision.
template <class T>
struct Sums {
  explicit Sums(const Tiles& t)
      : v(at(t.count()) * tile_cols, 1),
        weight(tile_rows, 1),
        terms(at(t.count()) * tile_size, static_cast<T>(0.5)) {}
  Lines<T> v, weight, terms;
};

template <class T>
using Member = TileSums<T> TileKernels::*;

template <class T>
void register_sums(const std::string& precision, Member<T> member, double tolerance) {
  for (const char* cost_name : {"sqeuclidean", "euclidean"}) {
    const auto make_of = [=](const auto& run) -> MakeRun<TileKernels> {
      return [=]() -> RunOfTable<TileKernels> {
        auto tiles = std::make_shared<Tiles>(make_ground_cost(cost_name, 1));
        auto sums = std::make_shared<Sums<T>>(*tiles);
        return [=](const TileKernels& table) { return run(table.*member, *tiles, *sums); };
      };
    };
    const auto fill = [](const TileSums<T>& kernels, const Tiles& t, Sums<T>& s) {
      std::vector<double> rows(tile_rows);
      kernels.fill(t.kernel.pairs(), 0, t.tiles.data(), t.count(), s.v.data(), s.terms.data(),
                   rows.data(), nullptr);
      return rows;
    };
    const std::string name = std::string(cost_name) + "/" + precision;
    register_for_tables("tile/fill/" + name, all_tile_kernels(), make_of(fill), n * tile_rows,
                        tolerance);
    if (cost_name != std::string("sqeuclidean")) continue;  // what follows knows no cost
    const auto gather = [](const TileSums<T>& kernels, const Tiles& t, Sums<T>& s) {
      std::vector<double> columns(at(t.count()) * tile_cols, 0);
      kernels.gather(s.terms.data(), t.tiles.data(), t.count(), s.weight.data(), columns.data());
      return columns;
    };
    register_for_tables("tile/gather/" + precision, all_tile_kernels(), make_of(gather),
                        n * tile_rows, tolerance);
  }
}

bool register_all() {
  register_sums("single", &TileKernels::single, 1e-5);
  register_sums("fast", &TileKernels::fast, 1e-9);
  register_sums("precise", &TileKernels::precise, 1e-12);
  return true;
}

[[maybe_unused]] const bool registered = register_all();

}  // namespace
}  // namespace monge::kernels

// Searches of a priced tree, by what is wanted: the least few of many points, all below a limit,
// and one leaf alone.
#include "kernels/scan_kernels.hpp"

#include <limits>
#include <memory>
#include <random>

#include "geometry/kd_cloud.hpp"
#include "kernels/tree_view.hpp"
#include "tables.hpp"

namespace monge::kernels {
namespace {

constexpr int dim = 3;
constexpr Index searches = 64;
constexpr Index wanted = 16;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Points of the unit cube in kd order; prices nearly follow a potential, as a solver's do.
template <class T>
struct Searched {
  explicit Searched(Index size) : n(size), hits(at(size)) {
    std::mt19937_64 random(1);
    const auto draw = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
    std::vector<double> rows(at(n) * dim);
    for (double& value : rows) value = draw();
    const KdCloud cloud = make_kd_cloud(row_major(rows.data(), n, dim), TreeShape::block);
    const std::vector<T> points(cloud.values.begin(), cloud.values.end());
    for (Index j = 0; j < n; ++j) {
      price.push_back(static_cast<T>(cloud.values[at(j)] + draw() / 1024));
    }
    for (Index k = 0; k < searches * dim; ++k) from.push_back(static_cast<T>(draw()));
    tree = std::make_unique<PricedTreeOf<T>>(points, dim, n);
    tree->refit(price.data());
    view = view_of(*tree, price.data());
    for (Index k = 0; k < searches; ++k) limits.push_back(least_value(k));
  }

  /// The value of the last of those wanted.
  T least_value(Index k) {
    const ScansOf<T>& scans = of(*all_scan_kernels().front());
    const Index found = scans.least(cost, point(k), view, infinity, wanted, hits.data());
    return hits[at(found) - 1].value;
  }
  const T* point(Index k) const { return from.data() + k * dim; }

  static const ScansOf<T>& of(const ScanKernels& table) {
    if constexpr (sizeof(T) == 4) {
      return table.f32;
    } else {
      return table.f64;
    }
  }

  static constexpr T infinity = std::numeric_limits<T>::infinity();
  Index n;
  GroundCost cost = SqEuclidean{};
  std::vector<T> price, from, limits;
  std::vector<Hit<T>> hits;
  std::unique_ptr<PricedTreeOf<T>> tree;
  TreeView<T> view;
};

/// search(scans, setting, k) finds hits for point k and returns how many.
template <class T, class Search>
void register_search(const std::string& name, Index n, const Search& search) {
  const MakeRun<ScanKernels> make = [=]() -> RunOfTable<ScanKernels> {
    auto s = std::make_shared<Searched<T>>(n);
    return [=](const ScanKernels& table) {
      std::vector<double> answer;
      for (Index k = 0; k < searches; ++k) {
        const Index found = search(Searched<T>::of(table), *s, k);
        answer.push_back(found);
        answer.push_back(found ? s->hits[at(found) - 1].value : 0);
      }
      return answer;
    };
  };
  const std::string precision = sizeof(T) == 4 ? "f32" : "f64";
  register_for_tables(name + "/" + precision + "/" + std::to_string(n), all_scan_kernels(), make,
                      searches);
}

template <class T>
void register_searches() {
  const auto least = [](const ScansOf<T>& scans, Searched<T>& s, Index k) {
    return scans.least(s.cost, s.point(k), s.view, s.infinity, wanted, s.hits.data());
  };
  const auto least_within = [](const ScansOf<T>& scans, Searched<T>& s, Index k) {
    return scans.least(s.cost, s.point(k), s.view, s.limits[at(k)], wanted, s.hits.data());
  };
  const auto below = [](const ScansOf<T>& scans, Searched<T>& s, Index k) {
    return scans.below(s.cost, s.point(k), s.view, s.limits[at(k)], s.hits.data());
  };
  register_search<T>("leaf/below", TreeShape::block, below);
  for (Index n : {1024, 65536}) {
    register_search<T>("tree/least", n, least);
    register_search<T>("tree/least_within", n, least_within);
    register_search<T>("tree/below", n, below);
  }
}

[[maybe_unused]] const bool registered =
    (register_searches<float>(), register_searches<double>(), true);

}  // namespace
}  // namespace monge::kernels

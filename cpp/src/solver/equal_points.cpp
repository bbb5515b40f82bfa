#include "solver/equal_points.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <numeric>

#include "geometry/kd_order.hpp"
#include "solver/starting_tree.hpp"

namespace monge {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

std::uint64_t hash(const double* point, int dim) {
  std::uint64_t mixed = 0;
  for (int a = 0; a < dim; ++a) {
    const auto bits = std::bit_cast<std::uint64_t>(point[a] + 0.0);  // -0 equals 0
    mixed = (mixed ^ bits) * 0x9e3779b97f4a7c15;
    mixed ^= mixed >> 32;
  }
  return mixed;
}

std::vector<std::uint64_t> hashes(const LevelCloud& cloud) {
  std::vector<std::uint64_t> all;
  all.reserve(cloud.mass.size());
  for (Index i = 0; i < cloud.n(); ++i) all.push_back(hash(cloud.point(i), cloud.dim));
  return all;
}

/// Whether no value comes twice: a table with open addressing.
bool all_differ(const std::vector<std::uint64_t>& values) {
  const std::size_t size = std::bit_ceil(2 * values.size() + 1);
  std::vector<std::uint64_t> table(size, 0);  // 0: free; the value 0 itself is kept as 1
  for (std::uint64_t value : values) {
    const std::uint64_t kept = std::max<std::uint64_t>(value, 1);
    std::size_t place = value & (size - 1);
    while (table[place] != 0 && table[place] != kept) place = (place + 1) & (size - 1);
    if (table[place] == kept) return false;
    table[place] = kept;
  }
  return true;
}

/// Points, equal ones next to each other.
std::vector<Index> by_place(const LevelCloud& cloud, const std::vector<std::uint64_t>& hashes) {
  struct Key {
    std::uint64_t hash;
    Index point;
  };
  std::vector<Key> keys;
  keys.reserve(at(cloud.n()));
  for (Index i = 0; i < cloud.n(); ++i) keys.push_back({hashes[at(i)], i});
  std::sort(keys.begin(), keys.end(), [&](const Key& s, const Key& t) {
    if (s.hash != t.hash) return s.hash < t.hash;
    const double *p = cloud.point(s.point), *q = cloud.point(t.point);
    const auto [differ, other] = std::mismatch(p, p + cloud.dim, q);
    return differ == p + cloud.dim ? s.point < t.point : *differ < *other;
  });
  std::vector<Index> points;
  points.reserve(keys.size());
  for (const Key& key : keys) points.push_back(key.point);
  return points;
}

/// The first of each run of equal points, and the end of the last.
std::vector<Index> runs(const LevelCloud& cloud, const std::vector<Index>& points) {
  std::vector<Index> begin;
  for (std::size_t k = 0; k < points.size(); ++k) {
    const double* point = cloud.point(points[k]);
    if (k > 0 && std::equal(point, point + cloud.dim, cloud.point(points[k - 1]))) continue;
    begin.push_back(static_cast<Index>(k));
  }
  begin.push_back(static_cast<Index>(points.size()));
  return begin;
}

MergedCloud unmerged(const LevelCloud& cloud) {
  MergedCloud same{cloud, std::vector<Index>(cloud.mass.size()), {}, {}};
  std::iota(same.atom.begin(), same.atom.end(), 0);
  same.members = same.atom;
  same.begin = same.atom;
  same.begin.push_back(cloud.n());
  return same;
}

/// The members of an atom that still have mass to give or to take, one after the other.
class Members {
 public:
  explicit Members(const MergedCloud& atoms) : atoms_(atoms), next_(atoms.begin) {}

  /// -1 if there is none. The atom after the last is the spare node.
  template <class Open>
  Index next_open(Index atom, const Open& open) {
    if (atom == atoms_.cloud.n()) {
      const Index spare = static_cast<Index>(atoms_.atom.size());
      return open(spare) ? spare : -1;
    }
    Index& next = next_[at(atom)];
    while (next < atoms_.begin[at(atom) + 1] && !open(atoms_.members[at(next)])) ++next;
    return next < atoms_.begin[at(atom) + 1] ? atoms_.members[at(next)] : -1;
  }

 private:
  const MergedCloud& atoms_;
  std::vector<Index> next_;
};

/// Of the members; a spare node keeps its own.
std::vector<double> of_members(const std::vector<double>& of_atoms, const MergedCloud& atoms) {
  std::vector<double> potentials;
  potentials.reserve(atoms.atom.size() + 1);
  for (Index atom : atoms.atom) potentials.push_back(of_atoms[at(atom)]);
  if (of_atoms.size() > atoms.cloud.mass.size()) potentials.push_back(of_atoms.back());
  return potentials;
}

}  // namespace

MergedCloud merged(const LevelCloud& cloud) {
  const std::vector<std::uint64_t> known = hashes(cloud);
  if (all_differ(known)) return unmerged(cloud);
  const std::vector<Index> points = by_place(cloud, known), places = runs(cloud, points);
  const Index atoms = static_cast<Index>(places.size()) - 1;
  if (atoms == cloud.n()) return unmerged(cloud);
  std::vector<double> by_axis;
  for (int a = 0; a < cloud.dim; ++a) {
    for (Index k = 0; k < atoms; ++k) by_axis.push_back(cloud.point(points[at(places[at(k)])])[a]);
  }
  MergedCloud all{{{}, {}, cloud.dim}, std::vector<Index>(cloud.mass.size()), {}, {}};
  for (Index k : kd_order(by_axis.data(), at(atoms), cloud.dim, atoms, 2)) {
    all.begin.push_back(static_cast<Index>(all.members.size()));
    const double* point = cloud.point(points[at(places[at(k)])]);
    all.cloud.points.insert(all.cloud.points.end(), point, point + cloud.dim);
    Flow mass = 0;
    for (Index member = places[at(k)]; member < places[at(k) + 1]; ++member) {
      const Index i = points[at(member)];
      mass += cloud.mass[at(i)];
      all.atom[at(i)] = all.cloud.n();
      all.members.push_back(i);
    }
    all.cloud.mass.push_back(mass);
  }
  all.begin.push_back(cloud.n());
  return all;
}

std::unique_ptr<TransportTree> divided(TransportTree& tree, Duals& duals, const LevelCloud& x,
                                       const MergedCloud& x_atoms, const LevelCloud& y,
                                       const MergedCloud& y_atoms, const SpareNodes& spare) {
  const std::vector<Flow> a = spare.rows_of(x.mass), b = spare.cols_of(y.mass);
  auto all =
      std::make_unique<TransportTree>(static_cast<Index>(a.size()), static_cast<Index>(b.size()));
  StartingTree start(a, b, *all);
  Members rows(x_atoms), cols(y_atoms);
  const std::vector<Index> order = tree.preorder();
  for (auto v = order.rbegin(); v != order.rend(); ++v) {
    if (tree.parent(*v) == tree.root()) continue;
    for (;;) {
      const Index i = rows.next_open(tree.arc_row(*v), [&](Index k) { return start.row_open(k); });
      const Index j = cols.next_open(tree.arc_col(*v), [&](Index k) { return start.col_open(k); });
      if (i < 0 || j < 0) break;
      start.join(i, j, tree.arc_cost(*v), tree.is_row(*v));
    }
  }
  duals = {of_members(duals.u, x_atoms), of_members(duals.p, y_atoms)};
  // Nothing is left to join: what remains is hung to the root.
  start.finish([](Index, Index) { return 0.0; }, duals.u, duals.p);
  return all;
}

}  // namespace monge

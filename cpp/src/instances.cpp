#include "monge/instances.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>

#include "monge/core/error.hpp"
#include "monge/core/text.hpp"

namespace monge {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// std::mt19937_64 gives the same bits everywhere; the standard distributions do not, so these do.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  Index below(Index n) { return static_cast<Index>(engine_() % static_cast<std::uint64_t>(n)); }
  double normal() {  // Box and Muller 1958
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  double exponential() { return -std::log(1 - uniform()); }

 private:
  std::mt19937_64 engine_;
};

using Points = std::vector<double>;

template <class Draw>
Points points(Index n, int dim, const Draw& draw) {
  Points p(static_cast<std::size_t>(n) * static_cast<std::size_t>(dim));
  for (double& value : p) value = draw();
  return p;
}

Points uniform_cube(Random& random, Index n, int dim) {
  return points(n, dim, [&] { return random.uniform(); });
}

Points gaussian(Random& random, Index n, int dim) {
  return points(n, dim, [&] { return random.normal(); });
}

Points sphere(Random& random, Index n) {
  Points p = gaussian(random, n, 3);
  for (std::size_t i = 0; i < p.size(); i += 3) {
    const double radius = std::hypot(p[i], p[i + 1], p[i + 2]);
    for (std::size_t k = 0; k < 3; ++k) p[i + k] /= radius > 0 ? radius : 1;
  }
  return p;
}

Points torus(Random& random, Index n) {
  Points p;
  for (Index i = 0; i < n; ++i) {
    const double u = random.uniform(0, 2 * std::numbers::pi);
    const double v = random.uniform(0, 2 * std::numbers::pi);
    const double ring = 1 + 0.4 * std::cos(v);
    p.insert(p.end(), {ring * std::cos(u), ring * std::sin(u), 0.4 * std::sin(v)});
  }
  return p;
}

std::vector<Index> permutation(Random& random, Index n) {
  std::vector<Index> order(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) order[static_cast<std::size_t>(i)] = i;
  for (Index i = n; i > 1; --i) {
    std::swap(order[static_cast<std::size_t>(i - 1)],
              order[static_cast<std::size_t>(random.below(i))]);
  }
  return order;
}

Points shuffled(Random& random, const Points& p, int dim) {
  const std::size_t d = static_cast<std::size_t>(dim);
  Points q(p.size());
  std::size_t to = 0;
  for (Index from : permutation(random, static_cast<Index>(p.size() / d))) {
    std::copy_n(p.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(from) * d), d,
                q.begin() + static_cast<std::ptrdiff_t>(to));
    to += d;
  }
  return q;
}

Instance clouds(Points x, Points y, int dim, GroundCost cost, std::optional<double> optimum = {}) {
  Instance instance;
  instance.n = static_cast<Index>(x.size() / static_cast<std::size_t>(dim));
  instance.m = static_cast<Index>(y.size() / static_cast<std::size_t>(dim));
  instance.x = std::move(x);
  instance.y = std::move(y);
  instance.dim = dim;
  instance.cost = cost;
  instance.optimum = optimum;
  return instance;
}

template <class Draw>
Instance dense(Index n, Index m, Kind kind, const Draw& draw, std::optional<double> optimum = {}) {
  Instance instance;
  instance.n = n;
  instance.m = m;
  instance.kind = kind;
  instance.optimum = optimum;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < m; ++j) instance.cost_matrix.push_back(draw(i, j));
  }
  return instance;
}

std::vector<double> dirichlet(Random& random, Index n) {
  std::vector<double> mass(static_cast<std::size_t>(n));
  double total = 0;
  for (double& value : mass) total += value = random.exponential();
  for (double& value : mass) value /= total;
  return mass;
}

// Integer lattice points, and the same shifted by half a cell: every cost is tied many times.
Instance lattice(Index n) {
  const Index side = std::max<Index>(1, static_cast<Index>(std::ceil(std::cbrt(n))));
  Points x, y;
  for (Index i = 0; i < n; ++i) {
    const Index row = i / side, layer = row / side;
    const double p[3] = {static_cast<double>(i % side), static_cast<double>(row % side),
                         static_cast<double>(layer)};
    x.insert(x.end(), p, p + 3);
    y.insert(y.end(), {p[0] + 0.5, p[1] + 0.5, p[2] + 0.5});
  }
  return clouds(x, y, 3, Cityblock{}, 1.5);
}

Instance translated(std::uint64_t seed, Index n) {
  Random random(seed);
  const Points x = uniform_cube(random, n, 3);
  const double shift[3] = {0.5, -2, 1};
  Points y = shuffled(random, x, 3);
  for (std::size_t k = 0; k < y.size(); ++k) y[k] += shift[k % 3];
  return clouds(x, y, 3, SqEuclidean{}, 5.25);
}

Instance clustered(std::uint64_t seed, Index n) {
  Random random(seed);
  const Points centres = uniform_cube(random, 8, 3);
  const auto draw = [&] {
    Points p;
    for (Index i = 0; i < n; ++i) {
      const std::size_t c = 3 * static_cast<std::size_t>(random.below(8));
      for (std::size_t k = 0; k < 3; ++k) p.push_back(centres[c + k] + 0.01 * random.normal());
    }
    return p;
  };
  Points x = draw();
  return clouds(std::move(x), draw(), 3, Chebyshev{});
}

Instance collinear(std::uint64_t seed, Index n) {
  Random random(seed);
  const auto draw = [&] {
    Points p;
    for (Index i = 0; i < n; ++i) {
      const double t = random.uniform();
      p.insert(p.end(), {t, 2 * t, -t});
    }
    return p;
  };
  Points x = draw();
  return clouds(std::move(x), draw(), 3, Euclidean{});
}

Instance with_affine(std::uint64_t seed, Index n, double scale, double offset, GroundCost cost) {
  Random random(seed);
  const auto draw = [&] { return offset + scale * random.uniform(); };
  Points x = points(n, 3, draw);
  return clouds(std::move(x), points(n, 3, draw), 3, cost);
}

Instance anisotropic(std::uint64_t seed, Index n) {
  Random random(seed);
  const auto draw = [&] {
    Points p = gaussian(random, n, 3);
    for (std::size_t k = 0; k < p.size(); ++k) p[k] *= std::pow(1e-3, static_cast<double>(k % 3));
    return p;
  };
  Points x = draw();
  return clouds(std::move(x), draw(), 3, EuclideanPower{3});
}

Instance outliers(std::uint64_t seed, Index n) {
  Random random(seed);
  Points x = uniform_cube(random, n, 3), y = uniform_cube(random, n, 3);
  y[0] = 1000;
  x[x.size() - 1] = -500;
  return clouds(std::move(x), std::move(y), 3, SqEuclidean{});
}

Instance near_identical(std::uint64_t seed, Index n) {
  Random random(seed);
  Points x = sphere(random, n), y = x;
  for (double& value : y) value += 1e-4 * random.normal();
  return clouds(std::move(x), std::move(y), 3, Euclidean{});
}

Instance duplicates(std::uint64_t seed, Index n) {
  Random random(seed);
  const auto draw = [&] { return static_cast<double>(random.below(2)); };
  Points x = points(n, 3, draw);
  return clouds(std::move(x), points(n, 3, draw), 3, SqEuclidean{});
}

Instance line(std::uint64_t seed, Index n, GroundCost cost, bool masses) {
  Random random(seed);
  const Index m = n + n / 3 + 1;
  Points x = gaussian(random, n, 1);
  Instance instance = clouds(std::move(x), uniform_cube(random, m, 1), 1, cost);
  if (masses) {
    instance.a = dirichlet(random, n);
    instance.b = dirichlet(random, m);
    for (std::size_t i = 1; i < instance.a.size(); i += 5) instance.a[i] = 0;
    double total = 0;
    for (double mass : instance.a) total += mass;
    for (double& mass : instance.a) mass /= total;
  }
  return instance;
}

// Integer atoms: many points share a position, and cumulative masses of both sides coincide.
Instance line_atoms(std::uint64_t seed, Index n) {
  Random random(seed);
  const auto draw = [&] { return static_cast<double>(random.below(4)); };
  Points x = points(n, 1, draw);
  return clouds(std::move(x), points(2 * n, 1, draw), 1, SqEuclidean{});
}

Instance dense_forbidden(std::uint64_t seed, Index n, Index m, Kind kind) {
  Random random(seed);
  const std::vector<Index> planted = permutation(random, m);
  return dense(n, m, kind, [&](Index i, Index j) {
    const double cost = random.uniform(), coin = random.uniform();
    return coin < 0.7 && planted[static_cast<std::size_t>(i)] != j ? infinity : cost;
  });
}

const std::vector<InstanceFamily>& list() {
  static const std::vector<InstanceFamily> families{
      {"uniform_cube", "uniform points of the unit cube",
       [](Index n, std::uint64_t seed) { return with_affine(seed, n, 1, 0, SqEuclidean{}); }},
      {"sphere_to_torus", "a sphere onto a torus",
       [](Index n, std::uint64_t seed) {
         Random random(seed);
         Points x = sphere(random, n);
         return clouds(std::move(x), torus(random, n), 3, Euclidean{});
       }},
      {"gaussian_6d", "standard normal points in dimension 6",
       [](Index n, std::uint64_t seed) {
         Random random(seed);
         Points x = gaussian(random, n, 6);
         return clouds(std::move(x), gaussian(random, n, 6), 6, SqEuclidean{});
       }},
      {"identical", "a cloud and itself in another order: cost 0",
       [](Index n, std::uint64_t seed) {
         Random random(seed);
         const Points x = gaussian(random, n, 3);
         return clouds(x, shuffled(random, x, 3), 3, Euclidean{}, 0.0);
       }},
      {"translated", "a cloud and itself translated: cost |t|^2",
       [](Index n, std::uint64_t seed) { return translated(seed, n); }},
      {"near_identical", "a cloud and itself with a little noise",
       [](Index n, std::uint64_t seed) { return near_identical(seed, n); }},
      {"far_apart", "clouds a hundred diameters apart",
       [](Index n, std::uint64_t seed) {
         Instance instance = with_affine(seed, n, 1, 0, Euclidean{});
         for (double& value : instance.y) value += 100;
         return instance;
       }},
      {"clustered", "eight tight clusters",
       [](Index n, std::uint64_t seed) { return clustered(seed, n); }},
      {"lattice", "a lattice and itself shifted by half a cell: ties everywhere",
       [](Index n, std::uint64_t) { return lattice(n); }},
      {"duplicates", "points at the eight corners of a cube",
       [](Index n, std::uint64_t seed) { return duplicates(seed, n); }},
      {"collinear", "points of a line in space",
       [](Index n, std::uint64_t seed) { return collinear(seed, n); }},
      {"anisotropic", "axes of scale 1, 1e-3 and 1e-6",
       [](Index n, std::uint64_t seed) { return anisotropic(seed, n); }},
      {"outliers", "two far outliers",
       [](Index n, std::uint64_t seed) { return outliers(seed, n); }},
      {"large_offset", "coordinates near 1e8",
       [](Index n, std::uint64_t seed) { return with_affine(seed, n, 1, 1e8, Euclidean{}); }},
      {"tiny_scale", "coordinates of size 1e-12",
       [](Index n, std::uint64_t seed) { return with_affine(seed, n, 1e-12, 0, SqEuclidean{}); }},
      {"line", "a line, unequal sizes, uniform masses",
       [](Index n, std::uint64_t seed) { return line(seed, n, Euclidean{}, false); }},
      {"line_masses", "a line, random masses, some of them zero",
       [](Index n, std::uint64_t seed) { return line(seed, n, EuclideanPower{1.5}, true); }},
      {"line_atoms", "a line with four positions",
       [](Index n, std::uint64_t seed) { return line_atoms(seed, n); }},
      {"dense_uniform", "uniform costs",
       [](Index n, std::uint64_t seed) {
         Random random(seed);
         return dense(n, n, Kind::transport, [&](Index, Index) { return random.uniform(); });
       }},
      {"dense_integer", "integer costs 0 to 9, of either sign: ties",
       [](Index n, std::uint64_t seed) {
         Random random(seed);
         return dense(n, n, Kind::transport, [&](Index, Index) { return random.below(10) - 4.0; });
       }},
      {"dense_constant", "one cost for all pairs",
       [](Index n, std::uint64_t) {
         return dense(n, n, Kind::assignment, [](Index, Index) { return 3.0; }, 3.0 * n);
       }},
      {"dense_lognormal", "lognormal costs, sigma 5: eight orders of magnitude",
       [](Index n, std::uint64_t seed) {
         Random random(seed);
         return dense(n, n, Kind::transport,
                      [&](Index, Index) { return std::exp(5 * random.normal()); });
       }},
      {"dense_huge_next_to_one", "costs of 1e32 next to 1: a planted optimum",
       [](Index n, std::uint64_t seed) {
         Random random(seed);
         const std::vector<Index> planted = permutation(random, n);
         return dense(
             n, n, Kind::transport,
             [&](Index i, Index j) {
               return planted[static_cast<std::size_t>(i)] == j ? 1.0 : 1e32;
             },
             1.0);
       }},
      {"dense_forbidden", "seven of ten pairs forbidden",
       [](Index n, std::uint64_t seed) { return dense_forbidden(seed, n, n, Kind::transport); }},
      {"dense_wide", "assignment of fewer rows than columns, some pairs forbidden",
       [](Index n, std::uint64_t seed) {
         return dense_forbidden(seed, n, n + n / 2 + 1, Kind::assignment);
       }},
      {"dense_tall", "assignment of more rows than columns",
       [](Index n, std::uint64_t seed) {
         Random random(seed);
         return dense(n + n / 2 + 1, n, Kind::assignment,
                      [&](Index, Index) { return random.normal(); });
       }},
  };
  return families;
}

}  // namespace

Problem Instance::problem() const {
  Problem problem;
  if (dim > 0) {
    problem.geometry = PointClouds{row_major(x.data(), n, dim), row_major(y.data(), m, dim), cost};
  } else {
    problem.geometry = DenseCost{row_major(cost_matrix.data(), n, m)};
  }
  problem.a = a;
  problem.b = b;
  problem.kind = kind;
  return problem;
}

std::span<const InstanceFamily> instance_families() { return list(); }

Instance generate_instance(std::string_view family, Index n, std::uint64_t seed) {
  if (n < 1) throw InvalidArgument("n", "be at least 1", std::to_string(n));
  std::vector<std::string_view> names;
  for (const InstanceFamily& candidate : instance_families()) {
    if (candidate.name == family) return candidate.generate(n, seed);
    names.push_back(candidate.name);
  }
  throw InvalidArgument("the family of instances", "be one of " + join_quoted(names),
                        quoted(family));
}

}  // namespace monge

// Problem. Sliced Wasserstein costs of a batch: for every problem and direction W_p^p between the
// two clouds' projections, and what gradients need. In dimension 1 with the direction 1, transport
// on a line.
//
// Algorithm. A block takes one problem and direction at a time: projects both clouds, sorts the
// projections in shared memory (block_sort.hpp; in scratch if they do not fit), and walks the
// monotone plan (line_transport.hpp). The derivative of W_p^p by each projection is kept, if
// wanted, and sliced_gradient_body turns those of all directions into gradients by the points,
// without atomics.
//
// Complexity. O((n + m) (d + log^2(n + m))) per problem and direction.
//
// Numerics. Points are measured from the first point of x; projections are floats, costs and sums
// double. Determinism: the same bits in any context, for any number of threads and blocks.
//
// Reference. N. Bonneel, J. Rabin, G. Peyre and H. Pfister, Sliced and Radon Wasserstein
// barycenters of measures, J. Math. Imaging Vis. 51 (2015).
#pragma once

#include <cmath>
#include <cstdint>

#include "simt/block.hpp"
#include "simt/kernels/line_transport.hpp"
#include "simt/kernels/ranges.hpp"
#include "simt/kernels/slices.hpp"

namespace monge::simt {

struct SlicedArgs {
  const float* x = nullptr;  ///< all problems' points, row-major
  const float* y = nullptr;
  Ranges rows, cols;
  std::int64_t dim = 1;
  const float* directions = nullptr;  ///< (n_directions, dim), the same for all problems
  std::int64_t problems = 0, n_directions = 0;
  const float* x_mass = nullptr;  ///< per row, of total 1 in each problem; null: uniform
  const float* y_mass = nullptr;
  double p = 2;
  int capacity = 1;         ///< words of shared memory for keys and cumulative masses, at least 1
  Word* scratch = nullptr;  ///< `scratch_words` per block; not read if all problems fit in shared
  std::int64_t scratch_words = 0;
  double* cost = nullptr;    ///< (problems, n_directions)
  float* x_slope = nullptr;  ///< per problem (n_directions, rows of the problem); null: not wanted
  float* y_slope = nullptr;
};

/// Words that a problem of n and m points needs, in shared memory or scratch.
MONGE_SIMT_HOST std::int64_t sliced_words(const SlicedArgs& args, std::int64_t n, std::int64_t m) {
  return n + m + (args.x_mass ? n : 0) + (args.y_mass ? m : 0);
}

constexpr std::int64_t sliced_shared_bytes(int capacity) {
  return shared_bytes(sizeof(Word) * capacity, sizeof(double) * sum_parts);
}

/// The keys of a cloud's projections, from `origin`.
template <Block B>
MONGE_SIMT void project(B& k, const float* points, std::int64_t count, std::int64_t dim,
                        const float* origin, const float* direction, Word* keys) {
  for (std::int64_t i = k.rank(); i < count; i += k.size()) {
    float sum = 0;
    for (std::int64_t a = 0; a < dim; ++a) {
      sum = fmaf(points[i * dim + a] - origin[a], direction[a], sum);
    }
    keys[i] = sort_key(sum, static_cast<std::uint32_t>(i));
  }
}

/// Any number of blocks: each takes every blocks()-th pair of problem and direction.
template <Block B>
MONGE_SIMT void sliced_body(B& k, const SlicedArgs& args) {
  Word* const shared = k.template shared<Word>(args.capacity);
  double* const parts = k.template shared<double>(sum_parts);
  for (std::int64_t task = k.block(); task < args.problems * args.n_directions;
       task += k.blocks()) {
    const std::int64_t problem = task / args.n_directions, l = task % args.n_directions;
    const std::int64_t row = args.rows.begin(problem), n = args.rows.size(problem);
    const std::int64_t col = args.cols.begin(problem), m = args.cols.size(problem);
    const float* direction = args.directions + l * args.dim;
    const float* origin = n > 0 ? args.x + row * args.dim : args.y + col * args.dim;

    const bool fits = sliced_words(args, n, m) <= args.capacity;
    Word* const x_keys = fits ? shared : args.scratch + k.block() * args.scratch_words;
    Word* const y_keys = x_keys + n;
    auto* const x_ends = args.x_mass ? reinterpret_cast<double*>(y_keys + m) : nullptr;
    auto* const y_ends =
        args.y_mass ? reinterpret_cast<double*>(y_keys + m + (args.x_mass ? n : 0)) : nullptr;

    project(k, args.x + row * args.dim, n, args.dim, origin, direction, x_keys);
    project(k, args.y + col * args.dim, m, args.dim, origin, direction, y_keys);
    k.sync();
    block_sort(k, x_keys, n);
    block_sort(k, y_keys, m);
    if (x_ends) cumulative_masses(k, x_keys, n, args.x_mass + row, x_ends, parts);
    if (y_ends) cumulative_masses(k, y_keys, m, args.y_mass + col, y_ends, parts);

    const SortedList u{x_keys, n, x_ends}, v{y_keys, m, y_ends};
    const double cost = line_cost(k, u, v, args.p, parts);
    if (k.rank() == 0) args.cost[task] = cost;
    if (args.x_slope) line_slopes(k, u, v, args.p, args.x_slope + row * args.n_directions + l * n);
    if (args.y_slope) line_slopes(k, v, u, args.p, args.y_slope + col * args.n_directions + l * m);
    k.sync();  // before the keys of the next pair
  }
}

struct SlicedGradientArgs {
  const float* slope = nullptr;  ///< of one side, as sliced_body writes it
  Ranges points;                 ///< of that side
  std::int64_t dim = 1;
  const float* directions = nullptr;
  std::int64_t n_directions = 0;
  Slices slices;
  const float* scale = nullptr;  ///< per problem: times the gradient of the mean over directions
  float* gradient = nullptr;     ///< per point, row-major
};

/// slices.slices blocks per problem.
template <Block B>
MONGE_SIMT void sliced_gradient_body(B& k, const SlicedGradientArgs& args) {
  const std::int64_t problem = args.slices.problem(k.block());
  const std::int64_t begin = args.points.begin(problem), n = args.points.size(problem);
  const std::int64_t first = args.slices.first(k.block());
  const std::int64_t numbers = args.slices.count(k.block(), n) * args.dim;
  const float* slope = args.slope + begin * args.n_directions;
  const double scale =
      (args.scale ? args.scale[problem] : 1.0) / static_cast<double>(args.n_directions);
  for (std::int64_t t = k.rank(); t < numbers; t += k.size()) {
    const std::int64_t i = first + t / args.dim, a = t % args.dim;
    double sum = 0;
    for (std::int64_t l = 0; l < args.n_directions; ++l) {
      sum += static_cast<double>(slope[l * n + i]) * args.directions[l * args.dim + a];
    }
    args.gradient[(begin + i) * args.dim + a] = static_cast<float>(scale * sum);
  }
}

}  // namespace monge::simt

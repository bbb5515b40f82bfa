#include "kernels/gibbs_kernel.hpp"

#include <cmath>
#include <numeric>

#include "kernels/cloud_products.hpp"

namespace monge::kernels {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Beyond, boxes hardly bound anything.
constexpr int bounded_max_dim = 8;

void round_to(const Lines<double>& exact, Lines<float>& rounded) {
  rounded.resize(exact.size());
  for (std::size_t k = 0; k < exact.size(); ++k) rounded[k] = static_cast<float>(exact[k]);
}

bool centred_form(const GroundCost& cost, int dim) {
  return std::holds_alternative<SqEuclidean>(cost) && dim <= centred_max_dim;
}

/// A power of 2 that brings the extent of the clouds to about 1, and with it what the centred form
/// has in single precision into its range; the results are the same to the bit.
double unit_of(const KdCloud& x, const KdCloud& y) {
  double extent = 0;
  for (std::size_t k = 0; k < static_cast<std::size_t>(x.dim); ++k) {
    double low = infinity, high = -infinity;
    for (const KdCloud* cloud : {&x, &y}) {
      const double* axis = cloud->values.data() + k * at(cloud->n);
      const auto [least, most] = std::minmax_element(axis, axis + cloud->n);
      low = std::min(low, *least);
      high = std::max(high, *most);
    }
    extent = std::max(extent, high - low);
  }
  return extent > 0 ? std::exp2(-std::ilogb(extent)) : 1;
}

/// Solves the dim normal equations in place, by elimination; `ridge` keeps blocks that lie on a
/// plane or a line regular.
void solve_ridge(int dim, double (&m)[centred_max_dim][centred_max_dim + 1], double* q) {
  double trace = 0;
  for (int k = 0; k < dim; ++k) trace += m[k][k];
  if (!(trace > 0)) return;
  for (int k = 0; k < dim; ++k) m[k][k] += 1e-3 * trace;
  for (int p = 0; p < dim; ++p) {
    for (int r = p + 1; r < dim; ++r) {
      const double factor = m[r][p] / m[p][p];
      for (int k = p; k < dim; ++k) m[r][k] -= factor * m[p][k];
      m[r][centred_max_dim] -= factor * m[p][centred_max_dim];
    }
  }
  for (int p = dim - 1; p >= 0; --p) {
    q[p] = m[p][centred_max_dim];
    for (int k = p + 1; k < dim; ++k) q[p] -= m[p][k] * q[k];
    q[p] /= m[p][p];
  }
}

}  // namespace

TiledSide::TiledSide(const KdCloud& cloud, Index size, bool centred, double unit)
    : n_(cloud.n),
      block_(size),
      blocks_((cloud.n + size - 1) / size),
      dim_(cloud.dim),
      centred_(centred) {
  const std::size_t dim = static_cast<std::size_t>(dim_);
  points_.resize(dim * padded());
  centre_.resize(dim * at(blocks_));
  half_.resize(dim * at(blocks_));
  for (std::size_t k = 0; k < dim; ++k) {
    const double* axis = cloud.values.data() + k * at(n_);
    double* out = points_.data() + k * padded();
    for (Index b = 0; b < blocks_; ++b) {
      const Index begin = b * block_, end = std::min(n_, begin + block_);
      const auto [low, high] = std::minmax_element(axis + begin, axis + end);
      const double centre = *low + 0.5 * (*high - *low);
      centre_[k * at(blocks_) + at(b)] = unit * centre;
      half_[k * at(blocks_) + at(b)] = unit * std::max(*high - centre, centre - *low);
      const double origin = centred_ ? centre : 0;
      for (Index i = begin; i < begin + block_; ++i)
        out[i] = unit * ((i < end ? axis[i] : centre) - origin);
    }
  }
  if (centred_) round_to(points_, single_);
}

double TiledSide::square_radius() const {
  double largest = 0;
  for (Index b = 0; b < blocks_; ++b) {
    double square = 0;
    for (std::size_t k = at(b); k < half_.size(); k += at(blocks_)) square += half_[k] * half_[k];
    largest = std::max(largest, square);
  }
  return largest;
}

TiledPoints TiledSide::points() const {
  return {points_.data(), single_.data(), centre_.data(), half_.data(), padded(), blocks_};
}

TiledPotential TiledSide::potential() const {
  return {value_.data(), value_single_.data(), offset_.data(), slope_.data(), largest_.data()};
}

void TiledSide::set(const std::vector<double>& potential, double scale) {
  value_.resize(padded());
  largest_.resize(at(blocks_));
  if (centred_) {
    offset_.resize(at(blocks_));
    slope_.resize(static_cast<std::size_t>(dim_) * at(blocks_));
  }
  for (Index b = 0; b < blocks_; ++b) {
    const Index begin = b * block_, end = std::min(n_, begin + block_);
    for (Index i = begin; i < begin + block_; ++i)
      value_[at(i)] = i < end ? std::max(potential[at(i)], no_exponent) : no_exponent;
    if (centred_) fit_block(b, potential.data(), scale);
    largest_[at(b)] = *std::max_element(value_.begin() + begin, value_.begin() + begin + block_);
  }
  if (centred_) round_to(value_, value_single_);
}

// Least squares of F_i - scale |d_i|^2 by an affine function of d_i, over the atoms that are there.
void TiledSide::fit_block(Index b, const double* potential, double scale) {
  const Index begin = b * block_, end = std::min(n_, begin + block_);
  const auto d = [&](int k, Index i) {
    return points_[static_cast<std::size_t>(k) * padded() + at(i)];
  };
  double target[tile_cols], mean = 0, middle[centred_max_dim] = {}, q[centred_max_dim] = {};
  int present = 0;
  for (Index i = begin; i < end; ++i) {
    double square = 0;
    for (int k = 0; k < dim_; ++k) square += d(k, i) * d(k, i);
    target[i - begin] = potential[i] - scale * square;
    if (!(potential[i] > no_exponent)) continue;
    ++present;
    mean += target[i - begin];
    for (int k = 0; k < dim_; ++k) middle[k] += d(k, i);
  }
  if (present > 0) {
    mean /= present;
    for (double& value : middle) value /= present;
  }
  double m[centred_max_dim][centred_max_dim + 1] = {};
  for (Index i = begin; i < end; ++i) {
    if (!(potential[i] > no_exponent)) continue;
    for (int p = 0; p < dim_; ++p) {
      const double away = d(p, i) - middle[p];
      for (int k = 0; k < dim_; ++k) m[p][k] += away * (d(k, i) - middle[k]);
      m[p][centred_max_dim] += away * (target[i - begin] - mean);
    }
  }
  solve_ridge(dim_, m, q);
  double offset = mean;
  for (int k = 0; k < dim_; ++k) {
    offset -= q[k] * middle[k];
    slope_[static_cast<std::size_t>(k) * at(blocks_) + at(b)] = q[k];
  }
  offset_[at(b)] = offset;
  for (Index i = begin; i < end; ++i) {
    if (!(potential[i] > no_exponent)) continue;
    double rest = target[i - begin] - offset;
    for (int k = 0; k < dim_; ++k) rest -= q[k] * d(k, i);
    value_[at(i)] = rest;
  }
}

bool matrix_pays(const PointClouds& clouds, const Context& context) {
  constexpr double most_bytes = 1 << 30;
  constexpr int least_dim = 17;
  const double bytes =
      8.0 * static_cast<double>(rows_of(clouds.x)) * static_cast<double>(rows_of(clouds.y));
  const bool costly =
      cols_of(clouds.x) >= least_dim || std::holds_alternative<EuclideanPower>(clouds.cost);
  return costly && bytes <= std::min(most_bytes, 0.25 * context.memory_bound());
}

Lines<double> gibbs_matrix(const PointClouds& clouds, double epsilon, Context& context) {
  constexpr double error_of_exponents = 1e-9;
  return cost_matrix_within(error_of_exponents * epsilon, clouds, context);
}

GibbsKernel::GibbsKernel(const KdCloud& x, const KdCloud& y, const GroundCost& cost, Team& team,
                         Context& context)
    : unit_(centred_form(cost, x.dim) ? unit_of(x, y) : 1),
      x_(x, tile_rows, centred_form(cost, x.dim), unit_),
      y_(y, tile_cols, centred_form(cost, x.dim), unit_),
      bounded_(x.dim <= bounded_max_dim),
      team_(&team),
      context_(&context) {
  pairs_.form = centred_form(cost, x.dim) ? TilePairs::Form::centred : TilePairs::Form::direct;
  pairs_.dim = x.dim;
  pairs_.cost = cost;
  pairs_.x = x_.points();
  pairs_.y = y_.points();
  square_radius_ = x_.square_radius() + y_.square_radius();
}

GibbsKernel::GibbsKernel(const AnyMatrixView& matrix, Team& team, Context& context)
    : x_(static_cast<Index>(rows_of(matrix)), tile_rows),
      y_(static_cast<Index>(cols_of(matrix)), tile_cols),
      team_(&team),
      context_(&context) {
  pairs_.form = TilePairs::Form::matrix;
  pairs_.matrix = matrix;
  pairs_.y.blocks = y_.blocks();
}

double GibbsKernel::single_error(double scale) const {
  constexpr double roundoff = 0x1p-24, typical_exponent = 16;
  if (pairs_.form != TilePairs::Form::centred) return typical_exponent * roundoff;
  // Numbers of the centred form are as large as the parts of squared distances within blocks.
  return (4 + 2 * (scale / (unit_ * unit_)) * square_radius_) * roundoff;
}

void GibbsKernel::set(double scale, const std::vector<double>& f, const std::vector<double>& g) {
  pairs_.scale = scale / (unit_ * unit_);
  x_.set(f, pairs_.scale);
  y_.set(g, pairs_.scale);
  pairs_.f = x_.potential();
  pairs_.g = y_.potential();
}

void GibbsKernel::select(double limit, Index rows, Lines<Index>& tiles, Lines<double>& bounds,
                         Index& count) const {
  if (!bounded_ || limit == -infinity) {
    if (tiles.size() == at(y_.blocks()) && count == y_.blocks()) return;
    tiles.resize(at(y_.blocks()));
    std::iota(tiles.begin(), tiles.end(), 0);
    count = y_.blocks();
    return;
  }
  tiles.resize(at(y_.blocks()) + 1);  // one more: rejected ones are overwritten
  bounds.resize(at(y_.blocks()) + 1);
  count = tile_kernels().select(pairs_, rows, limit, tiles.data(), bounds.data());
}

void GibbsKernel::sum_chunks(std::int64_t chunks, std::vector<double>& columns) {
  const std::size_t padded = y_.padded();
  columns.assign(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(padded));
  for (std::size_t chunk = 1; chunk < static_cast<std::size_t>(chunks); ++chunk) {
    const double* part = partial_.data() + chunk * padded;
    for (std::size_t j = 0; j < padded; ++j) columns[j] += part[j];
  }
}

std::vector<double> GibbsKernel::log_sums(double scale, const std::vector<double>& g) {
  set(scale, std::vector<double>(at(x_.size()), 0), g);
  std::vector<double> out(x_.padded(), -infinity);
  visit_blocks<double>(
      [&](BlockOfTerms<double>& work) {
        select(-infinity, work.block, work.tiles, work.bounds, work.count);
        tile_kernels().log_sums(pairs_, work.block, work.tiles.data(), work.count,
                                out.data() + at(work.block) * tile_rows);
      },
      nullptr);
  out.resize(at(x_.size()));
  return out;
}

std::vector<double> GibbsKernel::transform(double scale, std::vector<double> guess,
                                           const std::vector<double>& g) {
  constexpr double most = 0x1p30, least = 0x1p-10;  // of a row's sum whose guess was near enough
  constexpr double negligible = 1e-9;               // of its mean term
  set(scale, guess, g);
  bool near = true;
  pass<float>(
      Digits::single, std::log2(negligible / cols()), ones<float>().data(), false,
      [&](BlockOfTerms<float>& work) {
        const Index first = work.block * tile_rows;
        for (Index i = 0; i < tile_rows && first + i < rows(); ++i) {
          const double sum = work.sums[i];
          guess[at(first + i)] = sum > least && sum < most
                                     ? guess[at(first + i)] - std::log2(sum)
                                     : std::numeric_limits<double>::quiet_NaN();
        }
      },
      nullptr);
  for (double value : guess) near = near && !std::isnan(value);
  if (near) return guess;
  guess = log_sums(scale, g);
  for (double& value : guess) value = -value;
  return guess;
}

}  // namespace monge::kernels

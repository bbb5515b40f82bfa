// Compiled once per instruction set, with MONGE_KERNELS naming the table (see kernels.cmake).
//
// The loops over the 32 columns of a tile are plain: compilers vectorise them fully, and did so
// better than vectors held in registers by hand.
#include "kernels/tile_kernels.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#ifndef MONGE_KERNELS
#error "MONGE_KERNELS must name the table, MONGE_INSTRUCTION_SET its instruction set"
#endif

#if defined(__GNUC__) && !defined(__clang__)
#define MONGE_IVDEP _Pragma("GCC ivdep")
#define MONGE_UNROLL _Pragma("GCC unroll 16")
#else
#define MONGE_IVDEP
#define MONGE_UNROLL
#endif
#if defined(__GNUC__)
#define MONGE_INLINE inline __attribute__((always_inline))
#else
#define MONGE_INLINE inline
#endif

namespace monge::kernels {
namespace {

// Polynomials of least relative error for 2^r on [-1/2, 1/2].
struct Single {
  using Value = float;
  using Bits = std::int32_t;
  static constexpr int degree = 5, shift = 23;
  static constexpr float magic = 0x1.8p23F, low = -80, high = 126;
  static constexpr float c[] = {1.0000000716547142F,    0.6931469670650352F,
                                0.24022119723710719F,   0.055507132718556444F,
                                0.0096755413431213275F, 0.0013276472631950876F};
};
struct Double {
  using Value = double;
  using Bits = std::int64_t;
  static constexpr int shift = 52;
  static constexpr double magic = 0x1.8p52, low = -300, high = 1022;
};
struct Fast : Double {
  static constexpr int degree = 7;
  static constexpr double c[] = {
      0.99999999996168176,   0.69314718072844461,   0.24022651198157891,    0.055504103534569235,
      0.0096180272536438103, 0.0013333922556294352, 0.00015469291148894633, 1.5201923227886917e-05};
};
struct Precise : Double {
  static constexpr int degree = 11;
  static constexpr double c[] = {1,
                                 0.69314718055994529,
                                 0.24022650695910155,
                                 0.055504108664819925,
                                 0.0096181291075883354,
                                 0.0013333558146789923,
                                 0.00015403530462514432,
                                 1.5252733489988525e-05,
                                 1.32154330896764e-06,
                                 1.0178198021671931e-07,
                                 7.0741056135081431e-09,
                                 4.4352827069572772e-10};
};

/// 2^t; at least 2^low, which is nothing beside 1 but far from the subnormal numbers, whose
/// products are slow; and at most 2^high. Adding and subtracting `magic` rounds to an integer,
/// whose bits are then added to the exponent.
template <class Exp>
MONGE_INLINE typename Exp::Value exp2_of(typename Exp::Value t) {
  using T = typename Exp::Value;
  using Bits = typename Exp::Bits;
  t = t < Exp::low ? Exp::low : t;
  t = t > Exp::high ? Exp::high : t;
  const T rounded = t + Exp::magic, r = t - (rounded - Exp::magic);
  T p = Exp::c[Exp::degree];
  MONGE_UNROLL
  for (int k = Exp::degree - 1; k >= 0; --k) p = p * r + Exp::c[k];
  const Bits power = std::bit_cast<Bits>(rounded), bits = std::bit_cast<Bits>(p);
  return std::bit_cast<T>(static_cast<Bits>(bits + (power << Exp::shift)));
}

template <class T>
MONGE_INLINE const T* in_precision(const double* exact, const float* single) {
  if constexpr (sizeof(T) == 4) {
    return single;
  } else {
    return exact;
  }
}

// A source opens a tile and then gives its rows of exponents.

/// Squared distances in dimension D, centred.
template <class T, int D>
class Centred {
 public:
  Centred(const TilePairs& pairs, Index block)
      : p_(pairs), block_(static_cast<std::size_t>(block)) {}

  MONGE_INLINE void open(Index tile) {
    const std::size_t J = static_cast<std::size_t>(tile), rows = block_ * tile_rows;
    const std::size_t x_blocks = static_cast<std::size_t>(p_.x.blocks),
                      y_blocks = static_cast<std::size_t>(p_.y.blocks);
    const double twice = 2 * p_.scale;
    double square = 0;
    T ex[D], ey[D];
    const T* x[D];
    for (std::size_t k = 0; k < D; ++k) {
      const double apart = p_.x.centre[k * x_blocks + block_] - p_.y.centre[k * y_blocks + J];
      square += apart * apart;
      ex[k] = static_cast<T>(p_.f.slope[k * x_blocks + block_] - twice * apart);
      ey[k] = static_cast<T>(p_.g.slope[k * y_blocks + J] + twice * apart);
      x[k] = in_precision<T>(p_.x.points, p_.x.single) + k * p_.x.stride + rows;
      y_[k] = in_precision<T>(p_.y.points, p_.y.single) + k * p_.y.stride + J * tile_cols;
    }
    const T constant = static_cast<T>(p_.f.offset[block_] + p_.g.offset[J] - p_.scale * square);
    const T* f = in_precision<T>(p_.f.value, p_.f.single) + rows;
    g_ = in_precision<T>(p_.g.value, p_.g.single) + J * tile_cols;
    for (std::size_t i = 0; i < tile_rows; ++i) {
      T sum = constant + f[i];
      for (std::size_t k = 0; k < D; ++k) {
        sum += ex[k] * x[k][i];
        w_[k][i] = ey[k] + static_cast<T>(twice) * x[k][i];
      }
      a_[i] = sum;
    }
  }

  MONGE_INLINE void exponents(int i, T* u) const {
    const T a = a_[i];
    MONGE_IVDEP
    for (int j = 0; j < tile_cols; ++j) {
      T sum = g_[j] + a;
      for (int k = 0; k < D; ++k) sum += w_[k][i] * y_[k][j];
      u[j] = sum;
    }
  }

 private:
  const TilePairs& p_;
  std::size_t block_;
  T a_[tile_rows], w_[D][tile_rows];
  const T* y_[D];
  const T* g_;
};

/// Any ground cost, from coordinates; exponents in double.
template <class T, class Cost>
class Direct {
 public:
  Direct(const TilePairs& pairs, Index block)
      : p_(pairs), cost_(*std::get_if<Cost>(&pairs.cost)), row_(block * tile_rows) {}

  MONGE_INLINE void open(Index tile) { column_ = tile * tile_cols; }

  MONGE_INLINE void exponents(int i, T* u) const {
    alignas(64) double sum[tile_cols] = {};
    const double* x = p_.x.points + row_ + i;
    const double* y = p_.y.points + column_;
    for (int k = 0; k < p_.dim; ++k, x += p_.x.stride, y += p_.y.stride) {
      const double value = *x;
      MONGE_IVDEP
      for (int j = 0; j < tile_cols; ++j) sum[j] = cost_.step(sum[j], value - y[j]);
    }
    const double f = p_.f.value[row_ + i], scale = p_.scale;
    const double* g = p_.g.value + column_;
    MONGE_IVDEP
    for (int j = 0; j < tile_cols; ++j)
      u[j] = static_cast<T>((f + g[j]) - scale * cost_.finish(sum[j]));
  }

 private:
  const TilePairs& p_;
  Cost cost_;
  Index row_, column_ = 0;
};

/// Costs that are read, of type C.
template <class T, class C>
class Matrix {
 public:
  Matrix(const TilePairs& pairs, Index block)
      : p_(pairs), c_(*std::get_if<MatrixView<C>>(&pairs.matrix)), row_(block * tile_rows) {}

  MONGE_INLINE void open(Index tile) { column_ = tile * tile_cols; }

  MONGE_INLINE void exponents(int i, T* u) const {
    const double f = p_.f.value[row_ + i], scale = p_.scale;
    const double* g = p_.g.value + column_;
    const std::int64_t row = row_ + i < c_.rows ? row_ + i : c_.rows - 1;
    const C* c = c_.data + row * c_.row_stride + column_;
    C padded[tile_cols];
    if (column_ + tile_cols > c_.cols) {  // the last tile may be cut
      const int count = static_cast<int>(c_.cols - column_);
      for (int j = 0; j < tile_cols; ++j) padded[j] = j < count ? c[j] : 0;
      c = padded;
    }
    MONGE_IVDEP
    for (int j = 0; j < tile_cols; ++j)
      u[j] = static_cast<T>((f + g[j]) - scale * static_cast<double>(c[j]));
  }

 private:
  const TilePairs& p_;
  MatrixView<C> c_;
  std::int64_t row_, column_ = 0;
};

/// Calls visit(source) with the source that `pairs` ask for.
template <class T, class Visit>
MONGE_INLINE void with_source(const TilePairs& pairs, Index block, const Visit& visit) {
  const auto direct = [&]<class Cost>(const Cost&) {
    Direct<T, Cost> source(pairs, block);
    visit(source);
  };
  const auto centred = [&]<int D>(std::integral_constant<int, D>) {
    Centred<T, D> source(pairs, block);
    visit(source);
  };
  const auto matrix = [&]<class C>(C) {
    Matrix<T, C> source(pairs, block);
    visit(source);
  };
  if (pairs.form == TilePairs::Form::centred) {
    if (pairs.dim == 1) return centred(std::integral_constant<int, 1>{});
    if (pairs.dim == 2) return centred(std::integral_constant<int, 2>{});
    return centred(std::integral_constant<int, 3>{});
  }
  if (pairs.form == TilePairs::Form::matrix)
    return pairs.matrix.index() == 0 ? matrix(0.0F) : matrix(0.0);
  std::visit(direct, pairs.cost);
}

template <class Exp, bool with_moments, class Source, class T = typename Exp::Value>
MONGE_INLINE void fill_from(Source& source, const Index* tiles, Index count, const T* v, T* terms,
                            double* sums, double* moments) {
  alignas(64) T total[tile_rows][tile_cols] = {};
  alignas(64) T moment[with_moments ? tile_rows : 1][tile_cols] = {};
  for (Index t = 0; t < count; ++t, terms += tile_size) {
    source.open(tiles[t]);
    const T* weights = v + static_cast<std::size_t>(tiles[t]) * tile_cols;
    for (int i = 0; i < tile_rows; ++i) {
      alignas(64) T u[tile_cols];
      source.exponents(i, u);
      T* out = terms + i * tile_cols;
      T* sum = total[i];
      MONGE_IVDEP
      for (int j = 0; j < tile_cols; ++j) {
        const T p = exp2_of<Exp>(u[j]);
        out[j] = p;
        sum[j] += p * weights[j];
        // The clamp: terms too small for their exponent are as good as 0.
        if constexpr (with_moments) moment[i][j] += p * weights[j] * (u[j] < Exp::low ? 0 : u[j]);
      }
    }
  }
  for (int i = 0; i < tile_rows; ++i) {
    sums[i] = 0;
    for (T value : total[i]) sums[i] += static_cast<double>(value);
    if constexpr (with_moments) {
      moments[i] = 0;
      for (T value : moment[i]) moments[i] += static_cast<double>(value);
    }
  }
}

template <class Exp, class T = typename Exp::Value>
void fill(const TilePairs& pairs, Index block, const Index* tiles, Index count, const T* v,
          T* terms, double* sums, double* moments) {
  with_source<T>(pairs, block, [&](auto& source) {
    if constexpr (Exp::degree == 11) {  // the only one whose moments are asked for
      if (moments) {
        return fill_from<Exp, true>(source, tiles, count, v, terms, sums, moments);
      }
    }
    fill_from<Exp, false>(source, tiles, count, v, terms, sums, moments);
  });
}

template <class T>
void gather(const T* terms, const Index* tiles, Index count, const T* weight, double* q) {
  for (Index t = 0; t < count; ++t, terms += tile_size) {
    double* out = q + static_cast<std::size_t>(tiles[t]) * tile_cols;
    MONGE_IVDEP
    for (int j = 0; j < tile_cols; ++j) {
      T even = 0, odd = 0;
      MONGE_UNROLL
      for (int i = 0; i < tile_rows; i += 2) {
        even += weight[i] * terms[i * tile_cols + j];
        odd += weight[i + 1] * terms[(i + 1) * tile_cols + j];
      }
      out[j] += static_cast<double>(even + odd);
    }
  }
}

template <class T>
void multiply(const T* terms, const Index* tiles, Index count, const T* v, double* sums) {
  alignas(64) T total[tile_rows][tile_cols] = {};
  for (Index t = 0; t < count; ++t, terms += tile_size) {
    const T* weights = v + static_cast<std::size_t>(tiles[t]) * tile_cols;
    MONGE_UNROLL
    for (int i = 0; i < tile_rows; ++i) {
      MONGE_IVDEP
      for (int j = 0; j < tile_cols; ++j) total[i][j] += terms[i * tile_cols + j] * weights[j];
    }
  }
  for (int i = 0; i < tile_rows; ++i) {
    sums[i] = 0;
    for (T value : total[i]) sums[i] += static_cast<double>(value);
  }
}

/// log2 of a sum whose terms come in any order and size: the sum over the largest exponent so far.
struct LogSum {
  double top = no_exponent;
  double sum = 0;

  MONGE_INLINE void add(const double* u) {
    double lanes[8];
    for (int l = 0; l < 8; ++l) lanes[l] = u[l];
    for (int j = 8; j < tile_cols; j += 8) {
      for (int l = 0; l < 8; ++l) lanes[l] = u[j + l] > lanes[l] ? u[j + l] : lanes[l];
    }
    double largest = lanes[0];
    for (double value : lanes) largest = value > largest ? value : largest;
    if (largest <= top - 80) return;  // 32 terms of 2^-80 are below rounding
    if (largest > top) {
      sum *= exp2_of<Precise>(top - largest);
      top = largest;
    }
    double parts[8] = {};
    for (int j = 0; j < tile_cols; j += 8) {
      for (int l = 0; l < 8; ++l) parts[l] += exp2_of<Fast>(u[j + l] - top);
    }
    for (double part : parts) sum += part;
  }
  double value() const {
    return top > no_exponent / 2 ? top + std::log2(sum) : -std::numeric_limits<double>::infinity();
  }
};

void log_sums(const TilePairs& pairs, Index block, const Index* tiles, Index count, double* out) {
  with_source<double>(pairs, block, [&](auto& source) {
    LogSum rows[tile_rows];
    for (Index t = 0; t < count; ++t) {
      source.open(tiles[t]);
      for (int i = 0; i < tile_rows; ++i) {
        alignas(64) double u[tile_cols];
        source.exponents(i, u);
        rows[i].add(u);
      }
    }
    for (int i = 0; i < tile_rows; ++i) out[i] = rows[i].value();
  });
}

constexpr Index bound_block = 64;

/// bounds[l] >= u_ij of all pairs of the row block and the column block first + l, l < 64, by
/// interval arithmetic on the centred form. Blocks past the end repeat the last one.
template <int D>
MONGE_INLINE void centred_bounds(const TilePairs& p, std::size_t I, std::size_t first,
                                 std::size_t count, double* bounds) {
  const std::size_t x_blocks = static_cast<std::size_t>(p.x.blocks),
                    y_blocks = static_cast<std::size_t>(p.y.blocks);
  const double twice = 2 * p.scale;
  MONGE_IVDEP
  for (std::size_t l = 0; l < count; ++l) {
    const std::size_t J = first + l;
    double bound = p.g.offset[J] + p.g.largest[J], square = 0;
    for (std::size_t k = 0; k < D; ++k) {
      const double apart = p.x.centre[k * x_blocks + I] - p.y.centre[k * y_blocks + J];
      const double hx = p.x.half[k * x_blocks + I], hy = p.y.half[k * y_blocks + J];
      square += apart * apart;
      bound += std::fabs(p.f.slope[k * x_blocks + I] - twice * apart) * hx +
               std::fabs(p.g.slope[k * y_blocks + J] + twice * apart) * hy + twice * hx * hy;
    }
    bounds[l] = bound - p.scale * square;
  }
}

/// The same from the gap between the two boxes.
template <class Cost>
MONGE_INLINE void box_bounds(const Cost& cost, const TilePairs& p, std::size_t I, std::size_t first,
                             std::size_t count, double* bounds) {
  double sum[bound_block] = {};
  for (std::size_t k = 0; k < static_cast<std::size_t>(p.dim); ++k) {
    const std::size_t mine = k * static_cast<std::size_t>(p.x.blocks) + I;
    const double centre = p.x.centre[mine], half = p.x.half[mine];
    const double* centres = p.y.centre + k * static_cast<std::size_t>(p.y.blocks) + first;
    const double* halves = p.y.half + k * static_cast<std::size_t>(p.y.blocks) + first;
    for (std::size_t l = 0; l < count; ++l) {
      const double gap = std::fabs(centre - centres[l]) - half - halves[l];
      sum[l] = cost.step(sum[l], gap > 0 ? gap : 0);
    }
  }
  for (std::size_t l = 0; l < count; ++l)
    bounds[l] = p.g.largest[first + l] - p.scale * cost.finish(sum[l]);
}

Index select(const TilePairs& pairs, Index block, double limit, Index* tiles, double* bounds) {
  const std::size_t I = static_cast<std::size_t>(block),
                    blocks = static_cast<std::size_t>(pairs.y.blocks);
  const bool centred = pairs.form == TilePairs::Form::centred;
  const double of_rows = pairs.f.largest[I] + (centred ? pairs.f.offset[I] : 0);
  Index found = 0;
  for (std::size_t first = 0; first < blocks; first += bound_block) {
    const std::size_t count = blocks - first < bound_block ? blocks - first : bound_block;
    double chunk[bound_block];
    if (centred) {
      if (pairs.dim == 1) centred_bounds<1>(pairs, I, first, count, chunk);
      if (pairs.dim == 2) centred_bounds<2>(pairs, I, first, count, chunk);
      if (pairs.dim == 3) centred_bounds<3>(pairs, I, first, count, chunk);
    } else {
      const auto run = [&](const auto& cost) { box_bounds(cost, pairs, I, first, count, chunk); };
      std::visit(run, pairs.cost);
    }
    for (std::size_t l = 0; l < count; ++l) {
      tiles[found] = static_cast<Index>(first + l);
      bounds[found] = chunk[l] + of_rows;
      found += bounds[found] > limit;
    }
  }
  return found;
}

TileSummary summarise(const float* terms, const float* weight) {
  // Terms are >= 0: their bits order like integers, and integers have a vector maximum.
  std::int32_t largest = 0;
  for (int e = 0; e < tile_size; ++e) {
    const std::int32_t bits = std::bit_cast<std::int32_t>(terms[e]);
    largest = bits > largest ? bits : largest;
  }
  float sums[tile_cols] = {};
  for (int i = 0; i < tile_rows; ++i) {
    for (int j = 0; j < tile_cols; ++j) sums[j] += weight[i] * terms[i * tile_cols + j];
  }
  float total = 0;
  for (float sum : sums) total += sum;
  return {std::bit_cast<float>(largest), total};
}

template <class Exp, class T = typename Exp::Value>
constexpr TileSums<T> tile_sums{fill<Exp>, gather<T>, multiply<T>};

bool supported() {
#if defined(MONGE_CPU_FEATURE)
  return __builtin_cpu_supports(MONGE_CPU_FEATURE) != 0 && __builtin_cpu_supports("fma") != 0;
#else
  return true;
#endif
}

}  // namespace

extern const TileKernels MONGE_KERNELS;
const TileKernels MONGE_KERNELS{MONGE_INSTRUCTION_SET,
                                supported,
                                tile_sums<Single>,
                                tile_sums<Fast>,
                                tile_sums<Precise>,
                                log_sums,
                                select,
                                summarise};

}  // namespace monge::kernels

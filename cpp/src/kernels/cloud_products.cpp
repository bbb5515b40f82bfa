#include "kernels/cloud_products.hpp"

#include <array>
#include <span>

namespace monge::kernels {
namespace {

constexpr int lanes = 8;  // sums that do not wait for each other

/// The mean of some points of both clouds: any point near them serves.
std::vector<double> middle(const AnyMatrixView& x, const AnyMatrixView& y) {
  constexpr std::int64_t most_points = 32;
  std::vector<double> centre(static_cast<std::size_t>(cols_of(x)), 0);
  double count = 0;
  const auto first_point = coordinates(x, 0);  // differences keep the digits of clouds far away
  for (const AnyMatrixView* cloud : {&x, &y}) {
    std::visit(
        [&](const auto& view) {
          const std::int64_t step = std::max<std::int64_t>(1, view.rows / most_points);
          for (std::int64_t i = 0; i < view.rows; i += step, ++count) {
            for (std::int64_t k = 0; k < view.cols; ++k) {
              centre[static_cast<std::size_t>(k)] +=
                  static_cast<double>(view(i, k)) - first_point[static_cast<std::size_t>(k)];
            }
          }
        },
        *cloud);
  }
  for (std::size_t k = 0; k < centre.size(); ++k) centre[k] = first_point[k] + centre[k] / count;
  return centre;
}

double sum_of_squares(std::span<const double> values) {
  std::array<double, lanes> sums{};
  std::size_t k = 0;
  for (; k + lanes <= values.size(); k += lanes) {
    for (std::size_t l = 0; l < lanes; ++l) sums[l] += values[k + l] * values[k + l];
  }
  double sum = 0;
  for (; k < values.size(); ++k) sum += values[k] * values[k];
  for (double part : sums) sum += part;
  return sum;
}

template <class T>
Panels<T> pack(const AnyMatrixView& points, const std::vector<double>& centre, Index size,
               double factor, double shift) {
  Panels<T> packed;
  packed.size = size;
  packed.dim = cols_of(points);
  const std::int64_t rows = rows_of(points), panels = (rows + size - 1) / size;
  const std::size_t step = static_cast<std::size_t>(size), dim = centre.size();
  packed.values.resize(static_cast<std::size_t>(panels) * step * dim);
  for (std::size_t k = static_cast<std::size_t>(rows / size) * step * dim; k < packed.values.size();
       ++k)
    packed.values[k] = 0;
  packed.squares.assign(static_cast<std::size_t>(panels) * step, 0);
  constexpr std::size_t together = 4;  // points of a panel written side by side
  static_assert(product_rows % together == 0 && product_cols % together == 0);
  std::vector<double> away(together * dim);
  const auto write = [&](std::int64_t first, std::size_t count) {
    T* out = packed.values.data() + static_cast<std::size_t>(first / size) * step * dim +
             static_cast<std::size_t>(first % size);
    for (std::size_t k = 0; k < dim; ++k) {
      for (std::size_t l = 0; l < count; ++l) out[k * step + l] = static_cast<T>(away[l * dim + k]);
    }
  };
  std::visit(
      [&](const auto& view) {
        for (std::int64_t first = 0; first < rows; first += together) {
          const std::int64_t end = std::min(rows, first + std::int64_t{together});
          for (std::int64_t i = first; i < end; ++i) {
            const auto* point = view.data + i * view.row_stride;
            double* mine = away.data() + static_cast<std::size_t>(i - first) * dim;
            const auto from_centre = [&](std::int64_t stride) {
              for (std::size_t k = 0; k < dim; ++k) {
                mine[k] =
                    static_cast<double>(point[static_cast<std::int64_t>(k) * stride]) - centre[k];
              }
            };
            if (view.col_stride == 1) {
              from_centre(1);  // a constant: the loop vectorises
            } else {
              from_centre(view.col_stride);
            }
            const double square = sum_of_squares({mine, dim});
            packed.squares[static_cast<std::size_t>(i)] = static_cast<T>(factor * square - shift);
            packed.largest = std::max(packed.largest, square);
          }
          if (end - first == together) {
            write(first, together);
          } else {
            write(first, static_cast<std::size_t>(end - first));
          }
        }
      },
      points);
  return packed;
}

/// Part of the coordinates up to which rows are kept sparse: a coordinate of such a row costs twice
/// what one of a dense row does.
constexpr double sparse_part = 0.3;

/// On each axis the most frequent value of some points of x, if there are many more and these
/// differ from it in less than sparse_part of their coordinates; else nothing.
std::vector<double> background(const AnyMatrixView& x) {
  constexpr std::int64_t samples = 32, least_rows = 8 * samples;
  const std::int64_t rows = rows_of(x), dim = cols_of(x);
  if (rows < least_rows) return {};
  std::vector<double> values(static_cast<std::size_t>(dim)), sample(samples);
  std::int64_t same = 0;
  std::visit(
      [&](const auto& view) {
        for (std::int64_t k = 0; k < dim; ++k) {
          for (std::int64_t s = 0; s < samples; ++s)
            sample[static_cast<std::size_t>(s)] = view(s * rows / samples, k);
          // Without equal neighbours no value is frequent.
          if (std::adjacent_find(sample.begin(), sample.end()) != sample.end())
            std::sort(sample.begin(), sample.end());
          std::int64_t most = 0, equal = 0;
          for (std::size_t s = 0; s < sample.size(); ++s) {
            equal = s > 0 && sample[s] == sample[s - 1] ? equal + 1 : 1;
            if (equal > most) {
              most = equal;
              values[static_cast<std::size_t>(k)] = sample[s];
            }
          }
          same += most;
        }
      },
      x);
  const double differing = 1 - static_cast<double>(same) / static_cast<double>(dim * samples);
  if (differing > sparse_part) values.clear();
  return values;
}

/// What pack() makes of the rows of x but the values, which go to `rows`.
Panels<double> pack_sparse(const AnyMatrixView& points, const std::vector<double>& centre,
                           double factor, double shift, SparseRows& rows) {
  Panels<double> packed;
  packed.size = product_rows;
  packed.dim = cols_of(points);
  const std::int64_t count = rows_of(points), dim = packed.dim;
  const std::int64_t runs = (dim + product_run - 1) / product_run;
  packed.squares.resize(static_cast<std::size_t>(count));
  std::visit(
      [&](const auto& view) {
        const std::int64_t stride = view.col_stride;
        std::size_t entries = 0;
        for (std::int64_t i = 0; i < count; ++i) {
          const std::size_t needed = entries + static_cast<std::size_t>(dim + runs);
          if (rows.values.size() < needed) {
            rows.values.resize(2 * needed);
            rows.axes.resize(2 * needed);
          }
          const auto* point = view.data + i * view.row_stride;
          const double* from = centre.data();
          double* values = rows.values.data();
          std::uint8_t* axes = rows.axes.data();
          const std::size_t first = entries;
          for (std::int64_t begin = 0; begin < dim; begin += product_run) {
            rows.starts.push_back(static_cast<std::int64_t>(entries));
            const std::int64_t end = std::min(dim, begin + product_run);
            for (std::int64_t k = begin; k < end; ++k) {
              const double away = static_cast<double>(point[k * stride]) - from[k];
              values[entries] = away;
              axes[entries] = static_cast<std::uint8_t>(k - begin);
              entries += away != 0 ? 1 : 0;
            }
            if ((static_cast<std::int64_t>(entries) - rows.starts.back()) % 2 != 0) {
              values[entries] = 0;
              axes[entries++] = 0;
            }
          }
          const double square = sum_of_squares({values + first, entries - first});
          packed.squares[static_cast<std::size_t>(i)] = factor * square - shift;
          packed.largest = std::max(packed.largest, square);
        }
        rows.starts.push_back(static_cast<std::int64_t>(entries));
      },
      points);
  return packed;
}

/// The relative error of squared distances in double, by |x|^2 + |y|^2.
double double_error(std::int64_t dim) {
  constexpr double roundoff = 0x1p-53;
  return product_error(dim, roundoff) + static_cast<double>(3 * dim + 16) * roundoff;
}

/// How far a cost can be off if squared distances in [near, far] are wrong by `wrong`: costs are
/// convex or concave functions of them, whose slope is largest at an end.
double worst_error(const GroundCost& cost, double near, double far, double wrong) {
  return std::visit(
      [&](const auto& c) {
        return std::max(c.finish(near + wrong) - c.finish(near),
                        c.finish(far + wrong) - c.finish(far));
      },
      cost);
}

}  // namespace

bool is_power_of_euclidean(const GroundCost& cost) {
  return !std::holds_alternative<Cityblock>(cost) && !std::holds_alternative<Chebyshev>(cost);
}

template <class T>
CloudProducts<T>::CloudProducts(const AnyMatrixView& x, const AnyMatrixView& y, double factor,
                                double shift)
    : rows_(static_cast<Index>(rows_of(x))), cols_(static_cast<Index>(rows_of(y))) {
  std::vector<double> centre;
  if constexpr (sizeof(T) == sizeof(double)) {
    centre = background(x);
    if (!centre.empty()) x_ = pack_sparse(x, centre, factor, shift, sparse_);
  }
  if (!sparse()) {
    centre = middle(x, y);
    x_ = pack<T>(x, centre, product_rows, factor, shift);
  }
  y_ = pack<T>(y, centre, product_cols, factor, shift);
  stride_ = y_.squares.size();
}

template <>
void CloudProducts<double>::sparse_squares(Index first, double* out) const {
  const auto& kernels = product_kernels();
  const std::int64_t runs = (y_.dim + product_run - 1) / product_run;
  const Index count = std::min(block_rows, rows_ - first);
  // Beyond the last run there is nothing to fetch.
  const auto fetched = [&](const double* ahead) {
    const std::ptrdiff_t left = y_.values.data() + y_.values.size() - ahead;
    return left >= product_cols * product_run ? ahead : y_.values.data();
  };
  for (std::size_t j = 0; j < stride_; j += product_cols) {
    const double* y = y_.panel(static_cast<std::int64_t>(j) / product_cols);
    for (std::int64_t run = 0; run < runs; ++run) {
      const std::int64_t begin = run * product_run;
      const double* next = y + std::min(begin + product_run, y_.dim) * product_cols;
      kernels.sparse_squares({sparse_.values.data(), sparse_.axes.data(),
                              sparse_.starts.data() + first * runs + run, runs},
                             count, x_.squares.data() + first, y + begin * product_cols,
                             y_.squares.data() + j, fetched(next), begin, y_.dim, out + j, stride_);
    }
  }
}

template <class T>
void CloudProducts<T>::squares(Index first, T* out) const {
  if constexpr (sizeof(T) == sizeof(double)) {
    if (sparse()) return sparse_squares(first, out);
  }
  dense_squares(first, out);
}

template <class T>
void CloudProducts<T>::dense_squares(Index first, T* out) const {
  const auto& kernel = product_kernels().of<T>();
  const std::int64_t begin = first / product_rows,
                     end = (std::min<std::int64_t>(rows_, first + block_rows) + product_rows - 1) /
                           product_rows;
  // Beyond the last run there is nothing to fetch.
  const auto fetched = [&](const T* ahead) {
    const std::ptrdiff_t left = y_.values.data() + y_.values.size() - ahead;
    return left > fetched_ahead + product_run ? ahead : y_.values.data();
  };
  for (std::size_t j = 0; j < stride_; j += product_cols) {
    const T* y = y_.panel(static_cast<std::int64_t>(j) / product_cols);
    // Run by run: one of y stays in the first-level cache while those of x pass, and each of these
    // fetches its part of the next.
    for (std::int64_t axis = 0; axis < x_.dim; axis += product_run) {
      const T* next = fetched(y + std::min(axis + product_run, x_.dim) * product_cols);
      for (std::int64_t p = begin; p < end; ++p) {
        kernel.squares(x_.panel(p), x_.squares.data() + p * product_rows, y, y_.squares.data() + j,
                       fetched(next + (p - begin) * fetched_ahead), axis, x_.dim,
                       out + static_cast<std::size_t>((p - begin) * product_rows) * stride_ + j,
                       stride_);
      }
    }
  }
}

template class CloudProducts<float>;
template class CloudProducts<double>;

Lines<double> cost_matrix_within(double error, const PointClouds& clouds, Context& context) {
  if (cols_of(clouds.x) < least_product_dim || !is_power_of_euclidean(clouds.cost))
    return cost_matrix(clouds, context);
  const CloudProducts<double> products(clouds.x, clouds.y, 1, 0);
  const double wrong = double_error(cols_of(clouds.x)) * products.extent();
  const double near = 0x1p24 * wrong;  // relative to smaller distances, the error is not small
  if (!(worst_error(clouds.cost, near, 2 * products.extent(), wrong) <= error))
    return cost_matrix(clouds, context);
  const std::size_t n = static_cast<std::size_t>(products.rows());
  const std::size_t m = static_cast<std::size_t>(products.cols());
  require_matrix(n, m, context);
  Lines<double> matrix(n * m);
  const bool complete = products.for_each_block(context, [&](Index first, Index end) {
    Lines<double> tiles(static_cast<std::size_t>(products.block_rows) * products.stride());
    products.squares(first, tiles.data());
    const double* squares = tiles.data();
    std::vector<Index> doubtful;
    for (Index i = first; i < end; ++i, squares += products.stride()) {
      double* row = matrix.data() + static_cast<std::size_t>(i) * m;
      std::visit(
          [&](const auto& cost) {
            for (std::size_t j = 0; j < m; ++j) row[j] = cost.finish(squares[j]);
          },
          clouds.cost);
      doubtful.clear();
      for (std::size_t j = 0; j < m; ++j) {
        if (squares[j] < near) doubtful.push_back(static_cast<Index>(j));
      }
      if (doubtful.empty()) continue;
      const std::vector<Index> same(doubtful.size(), i);
      std::vector<double> exact(doubtful.size());
      row_kernels().squared_distances(clouds.x, clouds.y, same.data(), doubtful.data(),
                                      static_cast<Index>(doubtful.size()), exact.data());
      std::visit(
          [&](const auto& cost) {
            for (std::size_t k = 0; k < doubtful.size(); ++k)
              row[static_cast<std::size_t>(doubtful[k])] = cost.finish(exact[k]);
          },
          clouds.cost);
    }
  });
  if (!complete) std::fill(matrix.begin(), matrix.end(), 0.0);
  return matrix;
}

}  // namespace monge::kernels

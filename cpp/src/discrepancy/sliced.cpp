#include "monge/discrepancy/sliced.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

#include "kernels/line_transport.hpp"
#include "kernels/row_kernels.hpp"
#include "kernels/sorting.hpp"
#include "monge/core/exact_sum.hpp"
#include "parallel.hpp"

namespace monge {
namespace {

using kernels::Lines;
using kernels::LineSide;
using kernels::SortScratch;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// A cloud measured from `origin`, in tiles of points stored by axis.
template <class T>
class TiledCloud {
 public:
  static constexpr std::int64_t tile = kernels::tile_points<T>;

  TiledCloud(const AnyMatrixView& points, const std::vector<double>& origin)
      : n_(rows_of(points)), dim_(cols_of(points)), values_(at(padded_size() * dim_)) {
    std::visit(
        [&](const auto& view) {
          for (std::int64_t i = 0; i < n_; ++i) {
            T* out = place(i);
            for (std::int64_t a = 0; a < dim_; ++a)
              out[a * tile] = static_cast<T>(static_cast<double>(view(i, a)) - origin[at(a)]);
          }
        },
        points);
    for (std::int64_t i = n_; i < padded_size(); ++i) {
      for (std::int64_t a = 0; a < dim_; ++a) place(i)[a * tile] = 0;
    }
  }

  std::int64_t size() const { return n_; }
  std::int64_t dim() const { return dim_; }

  /// Numbers per direction in projections: the points, and what fills the last tile.
  std::int64_t padded_size() const { return (n_ + tile - 1) / tile * tile; }

  /// out[k * padded_size() + i] = direction k . point i
  void project(const T* directions, std::int64_t count, T* out) const {
    const auto& kernels = kernels::row_kernels().lines<T>();
    for (std::int64_t i = 0; i < n_; i += tile) {
      const T* points = values_.data() + i * dim_;
      kernels.project_tile(points, i + tile < n_ ? points + tile * dim_ : points,
                           static_cast<int>(dim_), directions, static_cast<Index>(count), out + i,
                           at(padded_size()));
    }
  }

  /// The largest coordinate, by size.
  T largest() const {
    // Of integers, which compare as the sizes of floats do and need no care for NaN.
    using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
    Bits most = 0;
    for (T value : values_)
      most = std::max(most, std::bit_cast<Bits>(value) & std::numeric_limits<Bits>::max());
    return std::bit_cast<T>(most);
  }

  /// sums[a] += sum_i weights[i] * coordinate a of point i
  void add_moments(const std::vector<double>& weights, std::vector<double>& sums) const {
    for (std::int64_t i = 0; i < n_; i += tile) {
      const std::int64_t count = std::min(tile, n_ - i);
      for (std::int64_t a = 0; a < dim_; ++a) {
        const T* axis = values_.data() + i * dim_ + a * tile;
        double sum = 0;
        for (std::int64_t k = 0; k < count; ++k) sum += weights[at(i + k)] * axis[k];
        sums[at(a)] += sum;
      }
    }
  }

 private:
  /// Coordinate 0 of point i; the others follow at every `tile`.
  T* place(std::int64_t i) { return values_.data() + i / tile * tile * dim_ + i % tile; }

  std::int64_t n_, dim_;
  Lines<T> values_;
};

std::vector<double> first_point(const AnyMatrixView& points) {
  std::vector<double> point;
  std::visit(
      [&](const auto& view) {
        for (std::int64_t a = 0; a < view.cols; ++a) point.push_back(view(0, a));
      },
      points);
  return point;
}

/// One side of projections: the numbers, and what sorting them takes.
template <class T>
struct ProjectedSide {
  Lines<T> projections;  ///< of a group of directions, padded
  std::vector<double> values, masses;
  std::vector<Index> order;
  SortScratch scratch;

  /// Sorts projection k of the group, keeping the order.
  void sort(const T* given, std::int64_t n) {
    order.resize(at(n));
    values.resize(at(n));
    kernels::sort_positions(given, n, order.data(), scratch);
    for (std::int64_t i = 0; i < n; ++i) values[at(i)] = given[order[at(i)]];
  }
};

/// Two clouds ready to be projected, in the precision of T.
template <class T>
class Slicer {
 public:
  Slicer(const Problem& problem, const Directions& directions, Context& context)
      : problem_(problem),
        context_(context),
        x_(problem.clouds()->x, first_point(problem.clouds()->x)),
        y_(problem.clouds()->y, first_point(problem.clouds()->x)),
        count_(directions.rows),
        weighted_(!problem.a.empty() || !problem.b.empty()),
        total_(problem.total_mass()) {
    for (std::int64_t k = 0; k < directions.rows; ++k) {
      for (std::int64_t a = 0; a < directions.cols; ++a)
        directions_.push_back(static_cast<T>(directions(k, a)));
    }
  }

  const TiledCloud<T>& x() const { return x_; }
  const TiledCloud<T>& y() const { return y_; }
  std::int64_t count() const { return count_; }
  bool weighted() const { return weighted_; }
  double total() const { return total_; }
  const Problem& problem() const { return problem_; }
  const T* direction(std::int64_t k) const { return directions_.data() + k * x_.dim(); }

  /// Directions that are projected together. Many read the points seldom, which counts in many
  /// dimensions; few leave their projections in the second-level cache until they are sorted.
  std::int64_t group() const {
    const std::int64_t threads = context_.thread_count();
    const std::int64_t each = (count_ + threads - 1) / threads;
    const std::int64_t most = x_.dim() < 16 ? 16 : 64;
    const std::int64_t numbers = (most << 19) / static_cast<std::int64_t>(sizeof(T));
    const std::int64_t fitting = numbers / (x_.size() + y_.size()) / 4 * 4;
    return std::clamp<std::int64_t>(std::min(fitting, each), 1, most);
  }

  /// Both sides of a thread's work.
  struct Sides {
    ProjectedSide<T> x, y;
  };

  /// Calls work(chunk, sides) for chunks on the context's threads, until it is interrupted.
  template <class Work>
  void for_each(std::int64_t chunks, const Work& work) const {
    const double operations = static_cast<double>(count_) *
                              static_cast<double>(x_.size() + y_.size()) *
                              static_cast<double>(x_.dim() + 20);
    const std::int64_t useful = operations < 1e6 ? 1 : chunks;
    Team team(static_cast<int>(std::min<std::int64_t>(useful, context_.thread_count())));
    std::vector<Sides> sides(at(team.size()));
    team.run(chunks, [&](std::int64_t chunk, int member) {
      const Interruption found =
          member == 0 ? context_.poll({"projections", 0}) : context_.interruption();
      if (found == Interruption::none) work(chunk, sides[at(member)]);
    });
  }

  /// The projections of `count` directions into the sides.
  void project(const T* directions, std::int64_t count, Sides& sides) const {
    sides.x.projections.resize(at(count * x_.padded_size()));
    sides.y.projections.resize(at(count * y_.padded_size()));
    x_.project(directions, count, sides.x.projections.data());
    y_.project(directions, count, sides.y.projections.data());
  }

  /// Number `in_group` of the projections that the sides hold.
  T* projection_of_x(ProjectedSide<T>& x, std::int64_t in_group) const {
    return x.projections.data() + in_group * x_.padded_size();
  }
  T* projection_of_y(ProjectedSide<T>& y, std::int64_t in_group) const {
    return y.projections.data() + in_group * y_.padded_size();
  }

  /// Calls visit(k, in_group) for each direction k of [first, end), its projections being number
  /// in_group of those that the sides then hold.
  template <class Visit>
  void for_each_of(std::int64_t first, std::int64_t end, Sides& sides, const Visit& visit) const {
    for (std::int64_t begin = first; begin < end; begin += group()) {
      const std::int64_t some = std::min(group(), end - begin);
      project(direction(begin), some, sides);
      for (std::int64_t k = 0; k < some; ++k) visit(begin + k, k);
    }
  }

  /// Calls visit(k, in_group, sides) for every direction k, groups on several threads.
  template <class Visit>
  void for_each_direction(const Visit& visit) const {
    const std::int64_t size = group();
    for_each((count_ + size - 1) / size, [&](std::int64_t chunk, Sides& sides) {
      for_each_of(chunk * size, std::min(count_, (chunk + 1) * size), sides,
                  [&](std::int64_t k, std::int64_t in_group) { visit(k, in_group, sides); });
    });
  }

  double cost(std::int64_t in_group, Sides& sides, const GroundCost& cost) const {
    ProjectedSide<T>&x = sides.x, &y = sides.y;
    const std::int64_t n = x_.size(), m = y_.size();
    if (!weighted_) {
      T *u = projection_of_x(x, in_group), *v = projection_of_y(y, in_group);
      kernels::sort_values(u, n, x.scratch);
      kernels::sort_values(v, m, y.scratch);
      return kernels::line_cost(LineSide<T>{{u, at(n)}, {}}, LineSide<T>{{v, at(m)}, {}}, total_,
                                cost);
    }
    sort(in_group, sides);
    return kernels::line_cost(LineSide<double>{x.values, x.masses},
                              LineSide<double>{y.values, y.masses}, total_, cost);
  }

  /// The same with slopes, in the order of the points: of W_p^p by each projected point.
  double slopes(std::int64_t in_group, Sides& sides, double p, std::vector<double>& by_x,
                std::vector<double>& by_y) const {
    sort(in_group, sides);
    const ProjectedSide<T>&x = sides.x, &y = sides.y;
    std::vector<double> u(at(x_.size())), v(at(y_.size()));
    const double cost = kernels::line_cost_and_slopes({x.values, x.masses}, {y.values, y.masses},
                                                      total_, p, u.data(), v.data());
    by_x.resize(u.size());
    by_y.resize(v.size());
    for (std::size_t i = 0; i < u.size(); ++i) by_x[at(x.order[i])] = u[i];
    for (std::size_t j = 0; j < v.size(); ++j) by_y[at(y.order[j])] = v[j];
    return cost;
  }

 private:
  void sort(std::int64_t in_group, Sides& sides) const {
    sides.x.sort(projection_of_x(sides.x, in_group), x_.size());
    sides.y.sort(projection_of_y(sides.y, in_group), y_.size());
    sides.x.masses = kernels::row_masses(problem_, sides.x.order);
    sides.y.masses = kernels::col_masses(problem_, sides.y.order);
  }

  const Problem& problem_;
  Context& context_;
  TiledCloud<T> x_, y_;
  std::vector<T> directions_;
  std::int64_t count_;
  bool weighted_;
  double total_;
};

double norm(const std::vector<double>& v) {
  double sum = 0;
  for (double value : v) sum += value * value;
  return std::sqrt(sum);
}

/// Scales v to length 1; false if it has none.
bool normalise(std::vector<double>& v) {
  double size = 0;
  for (double value : v) size = std::max(size, std::fabs(value));
  if (!(size > 0) || !std::isfinite(size)) return false;
  for (double& value : v) value /= size;  // so that squares neither overflow nor vanish
  const double length = norm(v);
  for (double& value : v) value /= length;
  return true;
}

/// Ascent of W_p^p over the sphere, from one start.
class Ascent {
 public:
  Ascent(const Slicer<double>& slicer, double p, Slicer<double>::Sides& sides)
      : slicer_(slicer), p_(p), sides_(sides) {}

  MaxSliced run(std::vector<double> start, int max_iterations) {
    MaxSliced best{0, std::move(start), 0};
    std::vector<double> gradient;
    best.cost = evaluate(best.direction, gradient);
    while (best.iterations < max_iterations && normalise(gradient)) {
      const double before = best.cost;
      if (!step(best, gradient)) break;
      ++best.iterations;
      if (best.cost - before <= least_improvement * best.cost) break;
    }
    return best;
  }

 private:
  static constexpr double least_improvement = 1e-9;
  static constexpr double least_step = 1e-6;

  /// Moves `best` towards `gradient` by the first step that improves it, and replaces `gradient`.
  bool step(MaxSliced& best, std::vector<double>& gradient) {
    for (double s = 1; s >= least_step; s /= 2) {
      std::vector<double> direction(gradient.size()), next;
      for (std::size_t a = 0; a < direction.size(); ++a) {
        direction[a] = (1 - s) * best.direction[a] + s * gradient[a];
      }
      if (!normalise(direction)) continue;
      const double cost = evaluate(direction, next);
      if (cost > best.cost) {
        best.cost = cost;
        best.direction = std::move(direction);
        gradient = std::move(next);
        return true;
      }
    }
    return false;
  }

  double evaluate(const std::vector<double>& direction, std::vector<double>& gradient) {
    slicer_.project(direction.data(), 1, sides_);
    const double cost = slicer_.slopes(0, sides_, p_, by_x_, by_y_);
    gradient.assign(direction.size(), 0);
    slicer_.x().add_moments(by_x_, gradient);
    slicer_.y().add_moments(by_y_, gradient);
    return cost;
  }

  const Slicer<double>& slicer_;
  double p_;
  Slicer<double>::Sides& sides_;
  std::vector<double> by_x_, by_y_;
};

std::vector<double> difference_of_means(const Slicer<double>& slicer) {
  std::vector<double> a(at(slicer.x().size())), b(at(slicer.y().size()));
  for (std::size_t i = 0; i < a.size(); ++i)
    a[i] = slicer.problem().row_mass(static_cast<Index>(i));
  for (std::size_t j = 0; j < b.size(); ++j)
    b[j] = -slicer.problem().col_mass(static_cast<Index>(j));
  std::vector<double> difference(at(slicer.x().dim()));
  slicer.x().add_moments(a, difference);
  slicer.y().add_moments(b, difference);
  return difference;
}

template <class T>
std::vector<double> costs_of(const Slicer<T>& slicer, double p) {
  const GroundCost cost = kernels::line_power(p);
  std::vector<double> costs(at(slicer.count()));
  slicer.for_each_direction([&](std::int64_t k, std::int64_t in_group, auto& sides) {
    costs[at(k)] = slicer.cost(in_group, sides, cost);
  });
  return costs;
}

template <class T>
SlicedOrder order_of(const Slicer<T>& slicer) {
  const std::int64_t n = slicer.x().size(), m = slicer.y().size();
  SlicedOrder order;
  order.x.resize(at(slicer.count() * n));
  order.y.resize(at(slicer.count() * m));
  slicer.for_each_direction([&](std::int64_t k, std::int64_t in_group, auto& sides) {
    kernels::sort_positions(slicer.projection_of_x(sides.x, in_group), n, order.x.data() + k * n,
                            sides.x.scratch);
    kernels::sort_positions(slicer.projection_of_y(sides.y, in_group), m, order.y.data() + k * m,
                            sides.y.scratch);
  });
  return order;
}

/// Parts of the directions whose gradients are summed up one by one: they do not depend on the
/// number of threads.
std::int64_t parts_of(std::int64_t count) { return std::min<std::int64_t>(8, count); }

/// sum_k slope_ki direction_k over directions k, for each point i. Some directions at a time, as
/// the product of two matrices: one at a time would be limited by memory.
class SlopeSums {
 public:
  SlopeSums(std::int64_t n, std::int64_t dim)
      : n_(n),
        dim_(dim),
        most_(most_held(dim)),
        slopes_(at((n + tile - 1) / tile * tile * most_)),
        directions_(at(dim * most_)),
        by_axis_(at(dim * most_)),
        part_(at(dim * tile)),
        sums_(at(n * dim)) {}

  /// Directions that are held at a time.
  static std::int64_t most_held(std::int64_t dim) { return dim < 16 ? 8 : 64; }

  template <class T>
  void add(const std::vector<double>& slopes, const T* direction) {
    for (std::int64_t i = 0; i < n_; i += tile) {
      double* out = slopes_.data() + i * most_ + held_ * tile;
      const std::int64_t count = std::min(tile, n_ - i);
      for (std::int64_t k = 0; k < count; ++k) out[k] = slopes[at(i + k)];
    }
    std::copy_n(direction, dim_, directions_.begin() + held_ * dim_);
    if (++held_ == most_) flush();
  }

  /// Row-major (n, dim).
  std::vector<double> take() {
    flush();
    return std::move(sums_);
  }

 private:
  static constexpr std::int64_t tile = kernels::tile_points<double>;

  void flush() {
    if (held_ == 0) return;
    for (std::int64_t a = 0; a < dim_; ++a) {
      for (std::int64_t k = 0; k < held_; ++k)
        by_axis_[at(a * held_ + k)] = directions_[at(k * dim_ + a)];
    }
    const auto& kernels = kernels::row_kernels().lines<double>();
    for (std::int64_t i = 0; i < n_; i += tile) {
      const double* points = slopes_.data() + i * most_;
      kernels.project_tile(points, i + tile < n_ ? points + tile * most_ : points,
                           static_cast<int>(held_), by_axis_.data(), static_cast<Index>(dim_),
                           part_.data(), at(tile));
      const std::int64_t count = std::min(tile, n_ - i);
      for (std::int64_t k = 0; k < count; ++k) {
        for (std::int64_t a = 0; a < dim_; ++a)
          sums_[at((i + k) * dim_ + a)] += part_[at(a * tile + k)];
      }
    }
    held_ = 0;
  }

  std::int64_t n_, dim_, most_, held_ = 0;
  Lines<double> slopes_;                      ///< of the directions held, in tiles of points
  std::vector<double> directions_, by_axis_;  ///< those held, by direction; at last, by axis
  std::vector<double> part_, sums_;
};

template <class T>
SlicedGradient gradient_of(const Slicer<T>& slicer, double p) {
  const std::int64_t n = slicer.x().size(), m = slicer.y().size(), dim = slicer.x().dim();
  const std::int64_t count = slicer.count(), parts = parts_of(count);
  SlicedGradient gradient;
  gradient.costs.resize(at(count));
  gradient.x.resize(at(n * dim));
  gradient.y.resize(at(m * dim));
  std::vector<std::vector<double>> of_x(at(parts)), of_y(at(parts));
  slicer.for_each(parts, [&](std::int64_t part, auto& sides) {
    std::vector<double> by_x, by_y;
    SlopeSums x_sums(n, dim), y_sums(m, dim);
    slicer.for_each_of(part * count / parts, (part + 1) * count / parts, sides,
                       [&](std::int64_t k, std::int64_t in_group) {
                         gradient.costs[at(k)] = slicer.slopes(in_group, sides, p, by_x, by_y);
                         x_sums.add(by_x, slicer.direction(k));
                         y_sums.add(by_y, slicer.direction(k));
                       });
    of_x[at(part)] = x_sums.take();
    of_y[at(part)] = y_sums.take();
  });
  const double share = 1 / static_cast<double>(count);
  for (std::int64_t part = 0; part < parts; ++part) {
    for (std::size_t k = 0; k < of_x[at(part)].size(); ++k)
      gradient.x[k] += share * of_x[at(part)][k];
    for (std::size_t k = 0; k < of_y[at(part)].size(); ++k)
      gradient.y[k] += share * of_y[at(part)][k];
  }
  return gradient;
}

bool are_floats(const AnyMatrixView& points) {
  return std::holds_alternative<MatrixView<float>>(points);
}

/// work(slicer) of clouds in their own precision: in float unless their projections or the rounding
/// of these may leave its range.
template <class Work>
auto with_slicer(const Problem& problem, const Directions& directions, Context& context,
                 const Work& work) {
  constexpr float least = 0x1p-96F, most = 0x1p90F;
  if (are_floats(problem.clouds()->x) && are_floats(problem.clouds()->y)) {
    const Slicer<float> slicer(problem, directions, context);
    const float extent = std::max(slicer.x().largest(), slicer.y().largest());
    if (extent > least && extent < most) return work(slicer);
  }
  return work(Slicer<double>(problem, directions, context));
}

}  // namespace

std::vector<double> sliced_costs(const Problem& problem, const Directions& directions, double p,
                                 Context& context) {
  return with_slicer(problem, directions, context,
                     [&](const auto& slicer) { return costs_of(slicer, p); });
}

SlicedOrder sliced_order(const Problem& problem, const Directions& directions, Context& context) {
  const std::int64_t points = std::int64_t{problem.rows()} + problem.cols();
  context.require_memory(4.0 * static_cast<double>(directions.rows) * static_cast<double>(points),
                         "the order of " + std::to_string(points) + " points in " +
                             std::to_string(directions.rows) + " directions");
  return with_slicer(problem, directions, context,
                     [](const auto& slicer) { return order_of(slicer); });
}

SlicedGradient sliced_gradient(const Problem& problem, const Directions& directions, double p,
                               Context& context) {
  const std::int64_t points = std::int64_t{problem.rows()} + problem.cols();
  const std::int64_t parts = parts_of(directions.rows);
  const std::int64_t numbers =
      (parts + 1) * directions.cols +
      std::min<std::int64_t>(parts, context.thread_count()) * SlopeSums::most_held(directions.cols);
  context.require_memory(8.0 * static_cast<double>(points) * static_cast<double>(numbers),
                         "the gradient of " + std::to_string(points) + " points in dimension " +
                             std::to_string(directions.cols));
  return with_slicer(problem, directions, context,
                     [&](const auto& slicer) { return gradient_of(slicer, p); });
}

MaxSliced max_sliced(const Problem& problem, const Directions& directions, double p, int starts,
                     int max_iterations, Context& context) {
  // In double whatever the points are: the ascent ends with changes of 1e-9.
  const Slicer<double> slicer(problem, directions, context);
  const std::vector<double> costs = costs_of(slicer, p);
  std::vector<std::int64_t> best(costs.size());
  std::iota(best.begin(), best.end(), 0);
  std::stable_sort(best.begin(), best.end(),
                   [&](std::int64_t k, std::int64_t l) { return costs[at(k)] > costs[at(l)]; });
  best.resize(std::min(best.size(), at(starts)));
  std::vector<std::vector<double>> from;
  from.reserve(best.size() + 1);
  for (std::int64_t k : best) {
    from.emplace_back(slicer.direction(k), slicer.direction(k) + slicer.x().dim());
  }
  if (std::vector<double> means = difference_of_means(slicer); normalise(means)) {
    from.push_back(std::move(means));
  }
  std::vector<MaxSliced> found(from.size());
  slicer.for_each(static_cast<std::int64_t>(from.size()), [&](std::int64_t k, auto& sides) {
    found[at(k)] = Ascent(slicer, p, sides).run(from[at(k)], max_iterations);
  });
  return *std::max_element(found.begin(), found.end(),
                           [](const MaxSliced& a, const MaxSliced& b) { return a.cost < b.cost; });
}

}  // namespace monge

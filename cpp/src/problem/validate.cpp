#include "monge/problem/validate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "monge/core/error.hpp"
#include "monge/core/exact_sum.hpp"
#include "monge/core/text.hpp"

namespace monge {
namespace {

constexpr double largest_cost = 1e300;
/// Masses are integers to a simplex: what moves must be of many units.
constexpr double smallest_share = 1e-12;
constexpr double largest_extent = 1e140;
constexpr double smallest_extent = 1e-140;

void check_count(std::string_view argument, std::int64_t count, std::int64_t least,
                 std::string_view what) {
  if (count < least || count > max_index) {
    throw InvalidArgument(
        argument, "have from " + std::to_string(least) + " to 2147483647 " + std::string(what),
        std::to_string(count));
  }
}

std::string at(std::int64_t i) { return "[" + std::to_string(i) + "]"; }
std::string at(std::int64_t i, std::int64_t j) {
  return "[" + std::to_string(i) + ", " + std::to_string(j) + "]";
}

struct Box {
  std::vector<double> low, high;
  explicit Box(std::size_t dim)
      : low(dim, std::numeric_limits<double>::infinity()),
        high(dim, -std::numeric_limits<double>::infinity()) {}
};

template <class T>
[[noreturn]] void refuse_points(const MatrixView<T>& points, std::string_view argument, bool line) {
  std::int64_t i = 0, k = 0;
  while (std::isfinite(points(i, k))) {
    if (++k == points.cols) {
      ++i;
      k = 0;
    }
  }
  throw InvalidArgument(
      argument, "have finite coordinates",
      to_text(points(i, k)) + " at " + std::string(argument) + (line ? at(i) : at(i, k)));
}

/// Grows a box by rows of coordinates; false if one of them is not finite. No branch, and numbers
/// as the points are: the loop over a row vectorises.
template <class T>
bool grow_by_rows(Box& box, const MatrixView<T>& points) {
  const std::size_t dim = box.low.size();
  std::vector<T> lows(dim, std::numeric_limits<T>::infinity()),
      highs(dim, -std::numeric_limits<T>::infinity());
  std::vector<T> poisons(dim, 0);  // what is not finite makes it NaN
  T *low = lows.data(), *high = highs.data(), *poison = poisons.data();
  const auto grow_row = [&](const T* row, std::int64_t stride) {
    for (std::int64_t k = 0; k < points.cols; ++k) {
      const T value = row[k * stride];
      low[k] = value < low[k] ? value : low[k];
      high[k] = value > high[k] ? value : high[k];
      poison[k] += value * 0;
    }
  };
  for (std::int64_t i = 0; i < points.rows; ++i) {
    const T* row = points.data + i * points.row_stride;
    if (points.col_stride == 1) {
      grow_row(row, 1);  // a constant
    } else {
      grow_row(row, points.col_stride);
    }
  }
  T found = 0;
  for (std::size_t k = 0; k < dim; ++k) {
    box.low[k] = std::min(box.low[k], static_cast<double>(lows[k]));
    box.high[k] = std::max(box.high[k], static_cast<double>(highs[k]));
    found += poisons[k];
  }
  return found == 0;
}

/// Grows a box. Several points in a row of memory are taken as one of many coordinates.
template <class T>
void grow(Box& box, const MatrixView<T>& points, std::string_view argument, bool line) {
  const std::int64_t dim = points.cols, together = 32 / dim;
  MatrixView<T> rest = points;
  bool finite = true;
  if (together > 1 && (dim == 1 || points.col_stride == 1) && points.row_stride == dim) {
    const std::int64_t rows = points.rows / together;
    Box wide(static_cast<std::size_t>(together * dim));
    finite =
        grow_by_rows(wide, MatrixView<T>{points.data, rows, together * dim, together * dim, 1});
    for (std::size_t k = 0; rows > 0 && k < wide.low.size(); ++k) {
      const std::size_t axis = k % box.low.size();
      box.low[axis] = std::min(box.low[axis], wide.low[k]);
      box.high[axis] = std::max(box.high[axis], wide.high[k]);
    }
    rest.data += rows * together * dim;
    rest.rows -= rows * together;
  }
  if (!(grow_by_rows(box, rest) && finite)) refuse_points(points, argument, line);
}

void check_extent(const PointClouds& clouds, const Box& box) {
  const int dim = static_cast<int>(box.low.size());
  const std::string where = clouds.line ? " of u and v" : " of x and y";
  double side = 0;  // the extent underflows to 0 before the side does
  for (std::size_t k = 0; k < box.low.size(); ++k) side = std::max(side, box.high[k] - box.low[k]);
  const double extent = evaluate(Euclidean{}, box.low.data(), box.high.data(), dim);
  if (!(extent <= largest_extent) || (side > 0 && extent < smallest_extent)) {
    throw InvalidArgument(
        "the extent" + where,
        "be 0 or from 1e-140 to 1e140, so that squared distances neither overflow nor vanish",
        to_text(std::isfinite(extent) ? std::max(extent, side) : side) + " (rescale the points)");
  }
  const double cost = evaluate(clouds.cost, box.low.data(), box.high.data(), dim);
  if (!(cost <= largest_cost) || (side > 0 && cost < 1 / largest_cost)) {
    throw InvalidArgument("the cost across the extent" + where, "be 0 or from 1e-300 to 1e300",
                          to_text(cost) + " (rescale the points)");
  }
}

void check_clouds(const PointClouds& clouds) {
  const std::string_view x_name = clouds.line ? "u" : "x", y_name = clouds.line ? "v" : "y";
  check_count(x_name, rows_of(clouds.x), 1, "points");
  check_count(y_name, rows_of(clouds.y), 1, "points");
  const std::int64_t dim = cols_of(clouds.x);
  check_count(x_name, dim, 1, "coordinates per point");
  if (cols_of(clouds.y) != dim) {
    throw InvalidArgument(
        y_name, "have the dimension of " + std::string(x_name) + ", " + std::to_string(dim),
        "dimension " + std::to_string(cols_of(clouds.y)));
  }
  Box box(static_cast<std::size_t>(dim));
  std::visit([&](const auto& x) { grow(box, x, x_name, clouds.line); }, clouds.x);
  std::visit([&](const auto& y) { grow(box, y, y_name, clouds.line); }, clouds.y);
  check_extent(clouds, box);
}

/// NaN fails every comparison.
template <class T>
bool invalid(T value, T limit) {
  return !(std::fabs(value) <= limit) && !(value == std::numeric_limits<T>::infinity());
}

/// Whether a row has no entry but finite ones of at most `limit` in size. No branch, and a mask as
/// wide as the entries: the loop vectorises, and takes no longer than reading the row.
template <class T>
bool row_within(const T* row, std::int64_t count, T limit) {
  using Mask = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  Mask found = 0;
  for (std::int64_t j = 0; j < count; ++j) found = std::fabs(row[j]) <= limit ? found : Mask{1};
  return found == 0;
}

template <class T>
bool row_valid(const MatrixView<T>& c, std::int64_t i, T limit) {
  const T* row = c.data + i * c.row_stride;
  if (c.col_stride == 1 && row_within(row, c.cols, limit)) return true;
  bool valid = true;
  for (std::int64_t j = 0; j < c.cols; ++j) valid &= !invalid(row[j * c.col_stride], limit);
  return valid;
}

template <class T>
[[noreturn]] void refuse_row(const MatrixView<T>& c, std::int64_t i, T limit) {
  std::int64_t j = 0;
  while (!invalid(c(i, j), limit)) ++j;
  const double value = c(i, j);
  throw InvalidArgument("cost_matrix",
                        std::isfinite(value) ? "have finite entries of at most 1e300 in size"
                                             : "have no NaN or -inf entries (+inf forbids a pair)",
                        to_text(value) + " at cost_matrix" + at(i, j));
}

void check_dense(const DenseCost& dense, Kind kind) {
  const std::int64_t least = kind == Kind::assignment ? 0 : 1;
  check_count("cost_matrix", rows_of(dense.values), least, "rows");
  check_count("cost_matrix", cols_of(dense.values), least, "columns");
  std::visit(
      [&](const auto& c) {
        using T = std::decay_t<decltype(c(0, 0))>;
        // Sums along a path must not overflow; an assignment takes what SciPy's takes.
        const double most = std::numeric_limits<T>::max();
        const T limit =
            static_cast<T>(kind == Kind::assignment ? most : std::min(most, largest_cost));
        for (std::int64_t i = 0; i < c.rows; ++i) {
          if (!row_valid(c, i, limit)) refuse_row(c, i, limit);
        }
      },
      dense.values);
}

/// Returns the total.
double check_masses(std::string_view argument, Masses masses, Index count) {
  if (masses.empty()) return 1;
  if (masses.size() != static_cast<std::size_t>(count)) {
    throw InvalidArgument(argument, "have one mass per point, " + std::to_string(count),
                          std::to_string(masses.size()));
  }
  ExactSum sum;
  for (std::size_t i = 0; i < masses.size(); ++i) {
    if (!(masses[i] >= 0) || !std::isfinite(masses[i])) {
      throw InvalidArgument(
          argument, "have finite masses >= 0",
          to_text(masses[i]) + " at " + std::string(argument) + at(static_cast<std::int64_t>(i)));
    }
    sum.add(masses[i]);
  }
  const double total = sum.value();
  if (!(total > 0)) throw InvalidArgument(argument, "have a positive total mass", "0");
  if (!(total <= largest_cost) || total < 1 / largest_cost) {
    throw InvalidArgument(argument, "have a total mass from 1e-300 to 1e300", to_text(total));
  }
  return total;
}

void check_potentials(std::string_view argument, std::span<const double> values, Index count) {
  if (values.empty()) return;
  if (values.size() != static_cast<std::size_t>(count)) {
    throw InvalidArgument(argument, "have one number per point, " + std::to_string(count),
                          std::to_string(values.size()));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw InvalidArgument(
          argument, "be finite",
          to_text(values[i]) + " at " + std::string(argument) + at(static_cast<std::int64_t>(i)));
    }
  }
}

void check_pairs(std::string_view argument, std::span<const Index> indices, Index count) {
  for (std::size_t k = 0; k < indices.size(); ++k) {
    if (indices[k] < 0 || indices[k] >= count) {
      throw InvalidArgument(argument, "be from 0 to " + std::to_string(count - 1),
                            std::to_string(indices[k]) + " at " + std::string(argument) +
                                at(static_cast<std::int64_t>(k)));
    }
  }
}

void check_warm_start(const WarmStart& start, Index rows, Index cols) {
  check_potentials("f of the potentials", start.f, rows);
  check_potentials("g of the potentials", start.g, cols);
  if (!start.has_plan()) return;
  if (!start.has_potentials()) {
    throw InvalidArgument("a plan to start from", "come with potentials", "a plan alone");
  }
  if (start.rows.size() != start.cols.size()) {
    throw InvalidArgument(
        "a plan to start from", "have as many rows as columns",
        std::to_string(start.rows.size()) + " and " + std::to_string(start.cols.size()));
  }
  check_pairs("rows of the plan", start.rows, rows);
  check_pairs("cols of the plan", start.cols, cols);
}

bool all_equal(Masses masses) {
  return masses.empty() || std::all_of(masses.begin(), masses.end(),
                                       [&](double mass) { return mass == masses.front(); });
}

void check_slack(Slack& slack, double total_a, double total_b) {
  if (MovedMass* moved = std::get_if<MovedMass>(&slack)) {
    const double most = std::min(total_a, total_b);
    const double least = smallest_share * std::max(total_a, total_b);
    if (!(moved->mass >= 0 && moved->mass <= most * (1 + mass_tolerance))) {
      throw InvalidArgument(
          "mass", "be from 0 to the smaller of the total masses of a and b, " + to_text(most),
          to_text(moved->mass));
    }
    if (moved->mass > 0 && moved->mass < least) {
      throw InvalidArgument("mass",
                            "be 0 or at least 1e-12 of the larger total mass, " + to_text(least),
                            to_text(moved->mass));
    }
    moved->mass = std::min(moved->mass, most);
  }
  if (const UnmatchedCost* price = std::get_if<UnmatchedCost>(&slack)) {
    for (double value : {price->of_a, price->of_b}) {
      if (!(value >= 0 && value <= largest_cost)) {
        throw InvalidArgument("unmatched_cost", "have prices from 0 to 1e300", to_text(value));
      }
    }
  }
}

}  // namespace

Problem validate(Problem problem, Totals totals) {
  if (const PointClouds* clouds = problem.clouds()) {
    check_clouds(*clouds);
  } else {
    check_dense(*problem.dense(), problem.kind);
  }
  if (problem.kind == Kind::assignment) {
    if (!problem.a.empty() || !problem.b.empty()) {
      throw InvalidArgument("an assignment", "have no masses", "masses");
    }
    if (problem.partial()) {
      throw InvalidArgument("an assignment", "leave no mass but the surplus of its larger side",
                            "a mass that moves, or prices of unmatched mass");
    }
    if (!problem.warm_start.empty()) {
      throw InvalidArgument("an assignment", "have no warm start", "one");
    }
    return problem;
  }
  check_warm_start(problem.warm_start, problem.rows(), problem.cols());
  const double total_a = check_masses("a", problem.a, problem.rows());
  const double total_b = check_masses("b", problem.b, problem.cols());
  if (problem.partial()) {
    if (!problem.warm_start.empty()) {
      throw InvalidArgument("a transport that may leave mass", "have no warm start", "one");
    }
    check_slack(problem.slack, total_a, total_b);
  }
  if (totals == Totals::free || problem.partial()) return problem;
  if (std::fabs(total_a - total_b) > mass_tolerance * std::max(total_a, total_b)) {
    throw InvalidArgument(
        "the total masses of a and b", "agree within 1e-6 relative",
        to_text(total_a) + " and " + to_text(total_b) + " (omitted masses total 1)");
  }
  problem.b_scale = total_a / total_b;
  problem.permutation =
      problem.rows() == problem.cols() && all_equal(problem.a) && all_equal(problem.b);
  return problem;
}

}  // namespace monge

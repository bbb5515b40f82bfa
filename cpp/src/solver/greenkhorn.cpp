#include "solver/greenkhorn.hpp"

#include <algorithm>
#include <cmath>

#include "monge/core/error.hpp"

namespace monge {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// A sum below this part of its mass has lost terms, or digits, to underflow.
constexpr double least_part = 1e-200;

/// One side of the problem: masses, potentials over epsilon, and the plan's sums.
struct Side {
  std::vector<double> mass, potential, sum;
  explicit Side(std::vector<double> masses)
      : mass(std::move(masses)), potential(mass.size(), 0), sum(mass.size(), 0) {}

  /// How far off an atom is; 0 where it has no mass.
  double distance(std::size_t k) const {
    if (!(mass[k] > 0)) return 0;
    return sum[k] > 0 ? sum[k] - mass[k] + mass[k] * std::log(mass[k] / sum[k]) : infinity;
  }
  std::size_t furthest() const {
    std::size_t best = 0;
    double most = -1;
    for (std::size_t k = 0; k < mass.size(); ++k) {
      const double d = distance(k);
      if (d > most) {
        most = d;
        best = k;
      }
    }
    return best;
  }
  double error() const {
    double total = 0;
    for (std::size_t k = 0; k < mass.size(); ++k) total += std::fabs(sum[k] - mass[k]);
    return total;
  }
};

std::vector<double> masses(const Problem& problem, bool rows) {
  const Index count = rows ? problem.rows() : problem.cols();
  std::vector<double> all;
  all.reserve(static_cast<std::size_t>(count));
  for (Index k = 0; k < count; ++k) all.push_back(rows ? problem.row_mass(k) : problem.col_mass(k));
  return all;
}

template <class C>
class Greenkhorn {
 public:
  Greenkhorn(const Problem& problem, const MatrixView<C>& costs, double epsilon)
      : costs_(costs),
        epsilon_(epsilon),
        rows_(masses(problem, true)),
        cols_(masses(problem, false)) {}

  EntropicResult run(const SinkhornOptions& options, Context& context);

 private:
  double exponent(std::size_t i, std::size_t j) const {
    return rows_.potential[i] + cols_.potential[j] -
           static_cast<double>(costs_(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j))) /
               epsilon_;
  }
  double entry(std::size_t i, std::size_t j) const {
    const double mass = rows_.mass[i] * cols_.mass[j];
    return mass > 0 ? mass * std::exp(exponent(i, j)) : 0;
  }
  /// The potential of a row at which it is right, whatever the size of exponents.
  void fit_row(std::size_t i);
  void fit_column(std::size_t j);
  void compute_sums();
  void scale(Side& mine, Side& other, std::size_t k, bool row);

  MatrixView<C> costs_;
  double epsilon_;
  Side rows_, cols_;
};

template <class C>
void Greenkhorn<C>::fit_row(std::size_t i) {
  rows_.potential[i] = 0;
  double top = -infinity, sum = 0;
  for (std::size_t j = 0; j < cols_.mass.size(); ++j) {
    if (cols_.mass[j] > 0) top = std::max(top, exponent(i, j));
  }
  if (!(top > -infinity)) return;
  for (std::size_t j = 0; j < cols_.mass.size(); ++j) {
    if (cols_.mass[j] > 0) sum += cols_.mass[j] * std::exp(exponent(i, j) - top);
  }
  rows_.potential[i] = -(top + std::log(sum));
}

template <class C>
void Greenkhorn<C>::fit_column(std::size_t j) {
  cols_.potential[j] = 0;
  double top = -infinity, sum = 0;
  for (std::size_t i = 0; i < rows_.mass.size(); ++i) {
    if (rows_.mass[i] > 0) top = std::max(top, exponent(i, j));
  }
  if (!(top > -infinity)) return;
  for (std::size_t i = 0; i < rows_.mass.size(); ++i) {
    if (rows_.mass[i] > 0) sum += rows_.mass[i] * std::exp(exponent(i, j) - top);
  }
  cols_.potential[j] = -(top + std::log(sum));
}

template <class C>
void Greenkhorn<C>::compute_sums() {
  std::fill(rows_.sum.begin(), rows_.sum.end(), 0.0);
  std::fill(cols_.sum.begin(), cols_.sum.end(), 0.0);
  for (std::size_t i = 0; i < rows_.mass.size(); ++i) {
    for (std::size_t j = 0; j < cols_.mass.size(); ++j) {
      const double p = entry(i, j);
      rows_.sum[i] += p;
      cols_.sum[j] += p;
    }
  }
}

template <class C>
void Greenkhorn<C>::scale(Side& mine, Side& other, std::size_t k, bool row) {
  const auto add = [&](double sign) {
    double total = 0;
    for (std::size_t l = 0; l < other.mass.size(); ++l) {
      const double p = row ? entry(k, l) : entry(l, k);
      other.sum[l] += sign * p;
      total += p;
    }
    return total;
  };
  const double sum = add(-1);  // not mine.sum[k], of which cancellation may have left nothing
  if (sum > least_part * mine.mass[k] && std::isfinite(sum)) {
    mine.potential[k] += std::log(mine.mass[k] / sum);
  } else if (row) {
    fit_row(k);
  } else {
    fit_column(k);
  }
  mine.sum[k] = add(1);
}

template <class C>
EntropicResult Greenkhorn<C>::run(const SinkhornOptions& options, Context& context) {
  const double total = [&] {
    double sum = 0;
    for (double mass : rows_.mass) sum += mass;
    return sum;
  }();
  for (std::size_t i = 0; i < rows_.mass.size(); ++i) fit_row(i);
  compute_sums();
  std::int64_t steps = 0, passes = 0;
  const std::int64_t per_pass = static_cast<std::int64_t>(rows_.mass.size() + cols_.mass.size());
  const auto error = [&] { return (rows_.error() + cols_.error()) / total; };
  bool reached = error() <= options.rtol;
  while (!reached && passes < options.max_iterations) {
    if (context.poll({"greenkhorn", 0}) != Interruption::none) break;
    const std::size_t i = rows_.furthest(), j = cols_.furthest();
    if (rows_.distance(i) >= cols_.distance(j)) {
      scale(rows_, cols_, i, true);
    } else {
      scale(cols_, rows_, j, false);
    }
    if (++steps % per_pass == 0) {
      compute_sums();
      ++passes;
    }
    if (error() <= options.rtol) {
      compute_sums();  // the decision is made on fresh sums
      reached = error() <= options.rtol;
    }
  }
  for (std::size_t i = 0; i < rows_.mass.size(); ++i) {
    if (!(rows_.mass[i] > 0)) fit_row(i);
  }
  for (std::size_t j = 0; j < cols_.mass.size(); ++j) {
    if (!(cols_.mass[j] > 0)) fit_column(j);
  }
  compute_sums();
  EntropicResult result;
  double moved = 0;
  const auto take = [&](const Side& side, std::vector<double>& out) {
    for (std::size_t k = 0; k < side.mass.size(); ++k) {
      out.push_back(epsilon_ * side.potential[k]);
      if (side.mass[k] > 0) result.value += side.mass[k] * out.back();
    }
  };
  take(rows_, result.f);
  take(cols_, result.g);
  for (double sum : rows_.sum) moved += sum;
  result.value -= epsilon_ * (moved - total * total);
  result.error = error();
  const Interruption interruption = context.interruption();
  result.status = reached                              ? Status::within_tolerance
                  : interruption != Interruption::none ? status_of(interruption)
                                                       : Status::iteration_limit;
  result.stats = {{"steps", static_cast<double>(steps)}, {"passes", static_cast<double>(passes)}};
  return result;
}

}  // namespace

EntropicResult solve_greenkhorn(const Problem& problem, const SinkhornOptions& options,
                                Context& context) {
  const DenseCost* dense = problem.dense();
  if (!dense) throw Unsupported("method \"greenkhorn\" needs a cost matrix; got point clouds");
  return std::visit(
      [&](const auto& costs) {
        using C = std::decay_t<decltype(costs(0, 0))>;
        return Greenkhorn<C>(problem, costs, options.epsilon).run(options, context);
      },
      dense->values);
}

}  // namespace monge

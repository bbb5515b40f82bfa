#include "monge/solver/sinkhorn.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>

#include "kernels/cost_rows.hpp"
#include "kernels/oriented.hpp"
#include "monge/core/error.hpp"
#include "monge/core/text.hpp"
#include "solver/anderson.hpp"
#include "solver/coarse_newton.hpp"
#include "solver/cost_of_length.hpp"
#include "solver/entropic_level.hpp"
#include "solver/greenkhorn.hpp"
#include "solver/semi_dual_newton.hpp"

namespace monge {
namespace {

using kernels::GibbsKernel;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Index group_size = 8;
constexpr Index coarsest = 400;
/// Dimension up to which neighbours are near each other, and coarse levels worth their while.
constexpr int coarse_max_dim = 8;
/// From one stage's epsilon to the next. Without coarse resolutions early stages are not cheap:
/// where epsilon is large (above this part of the mean cost), it is the first, and extrapolation
/// takes fewer passes than Newton's steps, normally fewer than these.
constexpr double epsilon_factor = 2, large_epsilon = 0.02;
constexpr std::int64_t extrapolated_passes = 60;
/// Error at which an intermediate stage is good enough.
constexpr double stage_error = 0.05;
/// ... of few pairs, on the way to a small epsilon: one atom is more than 5 % there, and what a
/// stage leaves in the wrong place comes away at a part of an epsilon per pass, of the next ones.
constexpr double few_pairs = 1e5, few_pairs_error = 1e-4;
/// ... and at which the last coarse resolution is, whose error the finest begins with.
constexpr double last_coarse_error = 1e-4;
/// For the terms of the Hessian, or of a pass. More is slower: memory touched for the first time
/// costs more than the exponentials that it saves.
constexpr std::size_t cache_bytes = 16 << 20;
constexpr std::size_t anderson_window = 10;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// The mean of a sample of finite costs, the same on every run; 0 if there are none.
double mean_cost(const Problem& problem) {
  constexpr Index samples = 32;
  const Index n = problem.rows(), m = problem.cols();
  double sum = 0;
  int count = 0;
  for (Index i = 0; i < std::min(n, samples); ++i) {
    for (Index j = 0; j < std::min(m, samples); ++j) {
      const double c =
          cost_at(problem, static_cast<Index>(std::int64_t{i} * n / std::min(n, samples)),
                  static_cast<Index>(std::int64_t{j} * m / std::min(m, samples)));
      if (!std::isfinite(c)) continue;
      sum += std::fabs(c);
      ++count;
    }
  }
  return count > 0 ? sum / count : 0;
}

std::vector<double> masses(const Problem& problem, bool rows) {
  const Index count = rows ? problem.rows() : problem.cols();
  std::vector<double> all(at(count));
  for (Index k = 0; k < count; ++k) all[at(k)] = rows ? problem.row_mass(k) : problem.col_mass(k);
  return all;
}

std::vector<double> in_order(const std::vector<double>& values, const std::vector<Index>& order) {
  if (order.empty()) return values;
  std::vector<double> sorted;
  sorted.reserve(order.size());
  for (Index k : order) sorted.push_back(values[at(k)]);
  return sorted;
}

std::vector<double> as_given(const std::vector<double>& values, const std::vector<Index>& order) {
  if (order.empty()) return values;
  std::vector<double> given(values.size());
  for (std::size_t k = 0; k < values.size(); ++k) given[at(order[k])] = values[k];
  return given;
}

/// Potentials of one side and the log2 of its masses, as log_sums() takes them.
std::vector<double> log_weights(const std::vector<double>& potential,
                                const std::vector<double>& mass, double scale) {
  std::vector<double> logs(mass.size(), -infinity);
  for (std::size_t k = 0; k < mass.size(); ++k) {
    if (mass[k] > 0) logs[k] = scale * potential[k] + std::log2(mass[k]);
  }
  return logs;
}

/// Potentials of groups, for all points of the groups: at most `most`.
std::vector<double> spread(const std::vector<double>& values, std::size_t most) {
  std::vector<double> fine;
  for (std::size_t i = 0; i < std::min(most, group_size * values.size()); ++i)
    fine.push_back(values[i / group_size]);
  return fine;
}

/// A cloud with masses at one resolution.
struct Weighted {
  KdCloud cloud;
  std::vector<double> mass;
  double variance = 0;  ///< mean square distance of the points from their group's centre
};

Weighted coarser(const Weighted& fine) {
  Weighted coarse;
  coarse.cloud.n = (fine.cloud.n + group_size - 1) / group_size;
  coarse.cloud.dim = fine.cloud.dim;
  coarse.mass.assign(at(coarse.cloud.n), 0);
  double total = 0, spread = 0;
  for (std::size_t i = 0; i < fine.mass.size(); ++i) {
    coarse.mass[i / group_size] += fine.mass[i];
    total += fine.mass[i];
  }
  for (int k = 0; k < fine.cloud.dim; ++k) {
    const double* axis = fine.cloud.values.data() + at(k) * at(fine.cloud.n);
    for (Index begin = 0; begin < fine.cloud.n; begin += group_size) {
      const Index end = std::min(fine.cloud.n, begin + group_size);
      const double mass = coarse.mass[at(begin / group_size)];
      double offset = 0;
      for (Index i = begin; i < end; ++i) {
        const double weight = mass > 0 ? fine.mass[at(i)] / mass : 1.0 / (end - begin);
        offset += weight * (axis[i] - axis[begin]);
      }
      for (Index i = begin; i < end; ++i) {
        const double away = axis[i] - axis[begin] - offset;
        spread += fine.mass[at(i)] * away * away;
      }
      coarse.cloud.values.push_back(axis[begin] + offset);
    }
  }
  coarse.variance = fine.variance + spread / total;
  return coarse;
}

/// One resolution of the problem; the finest comes first.
struct Resolution {
  Weighted x, y;
  std::unique_ptr<GibbsKernel> kernel;
};

class Sinkhorn {
 public:
  Sinkhorn(const Problem& problem, const SinkhornOptions& options, Context& context)
      : problem_(problem),
        options_(options),
        context_(context),
        team_(static_cast<double>(problem.rows()) * problem.cols() < 1e5 ? 1
                                                                         : context.thread_count()),
        mean_(mean_cost(problem)) {}

  EntropicResult run();

 private:
  void make_resolutions();
  void make_matrix_kernel(const AnyMatrixView& matrix);
  bool improve(EntropicLevel& level, double tolerance);
  bool improve_plainly(EntropicLevel& level, double tolerance);
  bool improve_by_anderson(EntropicLevel& level, double tolerance, std::int64_t most_passes);
  bool extrapolates() const;
  void carry_over(const Resolution& coarse, const Resolution& fine, double epsilon);
  bool coarse_serves(const Resolution& fine) const;
  double stage_epsilon(std::size_t k) const;
  double stage_tolerance(std::size_t k, double epsilon) const;
  bool solve_resolution(std::size_t k);
  void extend_columns();
  EntropicResult result();

  const Problem& problem_;
  const SinkhornOptions& options_;
  Context& context_;
  Team team_;
  double mean_;
  std::vector<Resolution> resolutions_;
  kernels::Lines<double> matrix_;  ///< of clouds whose entries cost too much to compute twice
  std::unique_ptr<CoarseNewton> coarse_newton_;  ///< of the finest, while that is solved
  kernels::AdjacentRows rows_;
  std::vector<double> f_, g_;  ///< of the resolution last solved
  double epsilon_ = 0;         ///< of the stage last solved
  double error_ = 1, value_ = 0;
  bool started_ = false, converged_ = false;
  std::int64_t passes_ = 0, products_ = 0, steps_ = 0,
               coarse_steps_ = 0;  ///< at the finest resolution
};

void Sinkhorn::make_matrix_kernel(const AnyMatrixView& matrix) {
  Resolution only;
  only.x.mass = masses(problem_, true);
  only.y.mass = masses(problem_, false);
  only.kernel = std::make_unique<GibbsKernel>(matrix, team_, context_);
  resolutions_.push_back(std::move(only));
}

void Sinkhorn::make_resolutions() {
  if (const DenseCost* dense = problem_.dense()) {
    return make_matrix_kernel(rows_.of(dense->values, context_));
  }
  const PointClouds& clouds = *problem_.clouds();
  if (kernels::matrix_pays(clouds, context_)) {
    matrix_ = kernels::gibbs_matrix(clouds, options_.epsilon, context_);
    return make_matrix_kernel(row_major<double>(matrix_.data(), problem_.rows(), problem_.cols()));
  }
  Resolution finest;
  finest.x.cloud = make_kd_cloud(clouds.x, group_size);
  finest.y.cloud = make_kd_cloud(clouds.y, group_size);
  finest.x.mass = in_order(masses(problem_, true), finest.x.cloud.order);
  finest.y.mass = in_order(masses(problem_, false), finest.y.cloud.order);
  resolutions_.push_back(std::move(finest));
  while (problem_.dim() <= coarse_max_dim &&
         std::max(resolutions_.back().x.cloud.n, resolutions_.back().y.cloud.n) > coarsest) {
    Resolution next;
    next.x = coarser(resolutions_.back().x);
    next.y = coarser(resolutions_.back().y);
    resolutions_.push_back(std::move(next));
  }
  for (Resolution& one : resolutions_) {
    one.kernel =
        std::make_unique<GibbsKernel>(one.x.cloud, one.y.cloud, clouds.cost, team_, context_);
  }
}

bool Sinkhorn::improve_plainly(EntropicLevel& level, double tolerance) {
  while (!(level.error <= tolerance)) {
    if (level.passes >= options_.max_iterations) return false;
    for (Index j = 0; j < level.kernel().cols(); ++j) level.G[at(j)] += level.column_step(j);
    if (!level.update_rows(level.error)) return false;
  }
  return true;
}

bool Sinkhorn::improve_by_anderson(EntropicLevel& level, double tolerance,
                                   std::int64_t most_passes) {
  Anderson anderson(anderson_window, level.b());
  double best = infinity;
  std::vector<double> best_G;
  int plain_steps = 0;
  while (!(level.error <= tolerance)) {
    if (level.passes >= most_passes) return false;
    if (!(level.error <= 3 * best)) {  // extrapolation went astray: begin again from the best
      plain_steps = 20;
      level.G = best_G;
      if (!level.update_rows(best)) return false;
      best = level.error;
    }
    if (level.error < best) {
      best = level.error;
      best_G = level.G;
    }
    std::vector<double> step(level.G.size());
    for (std::size_t j = 0; j < step.size(); ++j)
      step[j] = level.column_step(static_cast<Index>(j));
    if (plain_steps > 0) {
      --plain_steps;
      anderson.forget();
    }
    level.G = anderson.next(level.G, std::move(step));
    if (!level.update_rows(level.error)) return false;
  }
  return true;
}

bool Sinkhorn::improve(EntropicLevel& level, double tolerance) {
  const bool balanced = std::isinf(options_.penalty);
  if (options_.method == "sinkhorn") return improve_plainly(level, tolerance);
  if (options_.method == "anderson" || !balanced)
    return improve_by_anderson(level, tolerance, options_.max_iterations);
  if (coarse_newton_) {
    const bool reached = coarse_newton_->run(level, tolerance, options_.max_iterations);
    coarse_steps_ += coarse_newton_->steps;
    coarse_newton_.reset();
    if (reached || level.interrupted()) return reached;
  }
  if (options_.method == "auto" && extrapolates()) {
    const std::int64_t most = std::min(extrapolated_passes, options_.max_iterations);
    if (improve_by_anderson(level, tolerance, most)) return true;
    if (level.interrupted()) return false;
  }
  SemiDualNewton newton(level, cache_bytes);
  const bool reached = newton.run(tolerance, options_.max_iterations);
  if (level.kernel().rows() == problem_.rows() && level.kernel().cols() == problem_.cols()) {
    products_ += newton.products;
    steps_ += newton.steps;
  }
  if (!reached && options_.method == "auto" && !level.interrupted())
    return improve_by_anderson(level, tolerance, options_.max_iterations);
  return reached;
}

/// Soft c-transforms of the coarse potentials, each side's from the other's.
void Sinkhorn::carry_over(const Resolution& coarse, const Resolution& fine, double epsilon) {
  const GroundCost& cost = problem_.clouds()->cost;
  const double scale = std::numbers::log2e / epsilon;
  const double damping =
      std::isinf(options_.penalty) ? 1 : options_.penalty / (options_.penalty + epsilon);
  const auto transform = [&](GibbsKernel& between, std::vector<double> guess, const Weighted& from,
                             const std::vector<double>& potential) {
    for (double& value : guess) value *= scale / damping;
    std::vector<double> values =
        between.transform(scale, std::move(guess), log_weights(potential, from.mass, scale));
    for (double& value : values) value *= damping / scale;
    return values;
  };
  auto to_columns =
      std::make_unique<GibbsKernel>(fine.y.cloud, coarse.x.cloud, cost, team_, context_);
  std::vector<double> f, g = transform(*to_columns, spread(g_, fine.y.mass.size()), coarse.x, f_);
  {
    GibbsKernel to_rows(fine.x.cloud, coarse.y.cloud, cost, team_, context_);
    f = transform(to_rows, spread(f_, fine.x.mass.size()), coarse.y, g_);
  }
  if (context_.interruption() != Interruption::none) return;
  coarse_newton_.reset();
  if (coarse_serves(fine)) {
    auto level = std::make_unique<EntropicLevel>(*coarse.kernel, coarse.x.mass, coarse.y.mass,
                                                 options_.penalty);
    level->start(epsilon, f_, g_);
    std::vector<double> G(g);
    for (double& value : G) value *= scale;
    to_columns->set(scale, G, log_weights(f_, coarse.x.mass, scale));
    coarse_newton_ = std::make_unique<CoarseNewton>(std::move(level), std::move(to_columns),
                                                    group_size, cache_bytes);
  }
  f_ = std::move(f);
  g_ = std::move(g);
}

/// Whether the resolution below `fine` was solved at the epsilon wanted, and its Hessian may serve.
bool Sinkhorn::coarse_serves(const Resolution& fine) const {
  return &fine == &resolutions_.front() && epsilon_ == options_.epsilon &&
         std::isinf(options_.penalty) && (options_.method == "auto" || options_.method == "newton");
}

/// Whether the one stage is that of the epsilon wanted.
bool Sinkhorn::extrapolates() const {
  const bool apt = options_.method == "auto" || options_.method == "anderson";
  return apt && !resolutions_.back().kernel->bounded() && options_.epsilon > large_epsilon * mean_;
}

/// The epsilon that resolution k is solved down to.
double Sinkhorn::stage_epsilon(std::size_t k) const {
  if (k == 0) return options_.epsilon;
  const Resolution& one = resolutions_[k];
  const double length = std::sqrt(std::max(one.x.variance, one.y.variance));
  return std::max(options_.epsilon, cost_of_length(problem_.clouds()->cost, length));
}

double Sinkhorn::stage_tolerance(std::size_t k, double epsilon) const {
  if (k == 1 && epsilon == options_.epsilon) return last_coarse_error;
  const bool few = static_cast<double>(problem_.rows()) * problem_.cols() <= few_pairs;
  return few && options_.epsilon < large_epsilon * mean_ ? few_pairs_error : stage_error;
}

bool Sinkhorn::solve_resolution(std::size_t k) {
  Resolution& one = resolutions_[k];
  EntropicLevel level(*one.kernel, one.x.mass, one.y.mass, options_.penalty, cache_bytes);
  const double last = std::min(stage_epsilon(k), epsilon_);
  for (double epsilon = epsilon_;; epsilon = std::max(last, epsilon / epsilon_factor)) {
    if (epsilon < 1.2 * last) epsilon = last;
    const bool final_stage = k == 0 && epsilon == options_.epsilon;
    level.precise = final_stage && options_.rtol < 1e-8;
    level.tolerance = final_stage ? options_.rtol : stage_tolerance(k, epsilon);
    if (started_) {
      level.start(epsilon, f_, g_);
    } else {
      level.start(epsilon, std::vector<double>(one.x.mass.size(), mean_),
                  std::vector<double>(one.y.mass.size(), 0));
    }
    if (level.interrupted()) return false;
    bool reached = level.update_rows(started_ && !final_stage ? 1 : 0.5);
    reached = reached && improve(level, level.tolerance);
    started_ = true;
    epsilon_ = epsilon;
    f_ = level.f();
    g_ = level.g();
    if (k == 0) {
      error_ = level.error;
      passes_ = level.passes;
      value_ = level.value();
      converged_ = reached && final_stage;
    }
    if (context_.interruption() != Interruption::none) return false;
    if (epsilon == last) return true;
  }
}

/// Potentials of columns without mass, which no sum has needed: the soft c-transform of f_.
void Sinkhorn::extend_columns() {
  const Resolution& one = resolutions_.front();
  const double scale = std::numbers::log2e / epsilon_;
  const std::vector<double> from = log_weights(f_, one.x.mass, scale);
  std::vector<Index> absent;
  for (Index j = 0; j < problem_.cols(); ++j) {
    if (!(one.y.mass[at(j)] > 0)) absent.push_back(j);
  }
  if (absent.empty() || context_.interruption() != Interruption::none) return;
  std::vector<double> logs;
  if (one.x.cloud.n > 0) {
    KdCloud points;
    points.n = static_cast<Index>(absent.size());
    points.dim = one.y.cloud.dim;
    for (int k = 0; k < points.dim; ++k) {
      for (Index j : absent)
        points.values.push_back(one.y.cloud.values[at(k) * at(one.y.cloud.n) + at(j)]);
    }
    GibbsKernel between(points, one.x.cloud, problem_.clouds()->cost, team_, context_);
    logs = between.log_sums(scale, from);
  } else {
    for (Index j : absent) {
      double top = -infinity, sum = 0;
      const auto exponent = [&](Index i) { return from[at(i)] - scale * cost_at(problem_, i, j); };
      for (Index i = 0; i < problem_.rows(); ++i) top = std::max(top, exponent(i));
      for (Index i = 0; i < problem_.rows() && top > -infinity; ++i)
        sum += std::exp2(exponent(i) - top);
      logs.push_back(top + std::log2(sum));
    }
  }
  const double damping =
      std::isinf(options_.penalty) ? 1 : options_.penalty / (options_.penalty + epsilon_);
  for (std::size_t k = 0; k < absent.size(); ++k) g_[at(absent[k])] = -damping * logs[k] / scale;
}

EntropicResult Sinkhorn::result() {
  EntropicResult result;
  const Resolution& finest = resolutions_.front();
  // Interrupted at a coarse resolution: its potentials stand for those of their groups.
  while (f_.size() != finest.x.mass.size() || g_.size() != finest.y.mass.size()) {
    if (f_.empty()) f_.assign(finest.x.mass.size(), 0);
    if (g_.empty()) g_.assign(finest.y.mass.size(), 0);
    if (f_.size() != finest.x.mass.size()) f_ = spread(f_, finest.x.mass.size());
    if (g_.size() != finest.y.mass.size()) g_ = spread(g_, finest.y.mass.size());
  }
  result.f = as_given(f_, finest.x.cloud.order);
  result.g = as_given(g_, finest.y.cloud.order);
  // What an earlier stage was worth says nothing of this epsilon.
  const bool arrived = epsilon_ == options_.epsilon && passes_ > 0 && std::isfinite(error_);
  result.value = arrived ? value_ : std::numeric_limits<double>::quiet_NaN();
  result.error = arrived ? error_ : infinity;
  const Interruption interruption = context_.interruption();
  result.status = converged_                           ? Status::within_tolerance
                  : interruption != Interruption::none ? status_of(interruption)
                                                       : Status::iteration_limit;
  result.stats = {{"passes", static_cast<double>(passes_)},
                  {"hessian_products", static_cast<double>(products_)},
                  {"newton_steps", static_cast<double>(steps_)},
                  {"coarse_newton_steps", static_cast<double>(coarse_steps_)},
                  {"resolutions", static_cast<double>(resolutions_.size())},
                  {"epsilon_reached", epsilon_},
                  {"dropped_mass", finest.kernel->bounded() ? negligible_mass : 0.0}};
  return result;
}

EntropicResult Sinkhorn::run() {
  make_resolutions();
  epsilon_ = extrapolates() ? options_.epsilon : std::max(options_.epsilon, mean_);
  for (std::size_t k = resolutions_.size(); k-- > 0;) {
    if (started_) carry_over(resolutions_[k + 1], resolutions_[k], epsilon_);
    if (context_.interruption() != Interruption::none || !solve_resolution(k)) break;
  }
  if (f_.size() == resolutions_.front().x.mass.size()) extend_columns();
  return result();
}

bool all_finite(const AnyMatrixView& values) {
  return std::visit(
      [](auto view) {
        using T = std::decay_t<decltype(view(0, 0))>;
        if (view.row_stride == 1) view = view.transposed();
        bool finite = true;
        for (std::int64_t i = 0; i < view.rows && finite; ++i) {
          const T* row = view.data + i * view.row_stride;
          int infinite = 0;
          for (std::int64_t j = 0; j < view.cols; ++j)
            infinite |= std::fabs(row[j * view.col_stride]) > std::numeric_limits<T>::max();
          finite = infinite == 0;
        }
        return finite;
      },
      values);
}

/// Whether a row or column with mass has no partner with mass.
bool isolated(const Problem& problem) {
  if (!problem.dense() || all_finite(problem.dense()->values)) return false;
  const Index n = problem.rows(), m = problem.cols();
  std::vector<char> row_met(at(n), 0), col_met(at(m), 0);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < m; ++j) {
      if (std::isinf(cost_at(problem, i, j))) continue;
      if (problem.col_mass(j) > 0) row_met[at(i)] = 1;
      if (problem.row_mass(i) > 0) col_met[at(j)] = 1;
    }
  }
  for (Index i = 0; i < n; ++i) {
    if (problem.row_mass(i) > 0 && !row_met[at(i)]) return true;
  }
  for (Index j = 0; j < m; ++j) {
    if (problem.col_mass(j) > 0 && !col_met[at(j)]) return true;
  }
  return false;
}

/// Exponents must be numbers whose rounding does not drown them.
void check_epsilon(const Problem& problem, double epsilon) {
  constexpr double most = 1e12;
  const double mean = mean_cost(problem);
  if (mean / epsilon > most) {
    throw InvalidArgument("epsilon", "be at least 1e-12 of the mean cost, " + to_text(mean / most),
                          to_text(epsilon));
  }
}

}  // namespace

EntropicResult solve_sinkhorn(const Problem& problem, const SinkhornOptions& options,
                              Context& context) {
  check_epsilon(problem, options.epsilon);
  const bool balanced = std::isinf(options.penalty);
  if (!balanced && (options.method == "newton" || options.method == "greenkhorn")) {
    throw Unsupported("method \"" + options.method +
                      "\" is for balanced transport; with a penalty on the marginals use "
                      "\"anderson\" or \"sinkhorn\"");
  }
  if (balanced && isolated(problem)) {
    EntropicResult result;
    result.f.assign(at(problem.rows()), 0);
    result.g.assign(at(problem.cols()), 0);
    result.value = result.error = infinity;
    result.status = Status::infeasible;
    return result;
  }
  if (options.method == "greenkhorn") return solve_greenkhorn(problem, options, context);
  return Sinkhorn(problem, options, context).run();
}

}  // namespace monge

#include "monge/solver/network_simplex.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "kernels/cost_rows.hpp"
#include "kernels/oriented.hpp"
#include "solver/integer_masses.hpp"
#include "solver/pricing_rounds.hpp"
#include "solver/row_scanners.hpp"
#include "solver/spare_nodes.hpp"
#include "solver/starting_tree.hpp"
#include "solver/tree_plan.hpp"
#include "solver/warm_start.hpp"

namespace monge {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t rows_per_chunk = 16;
/// Empty arcs dearer than the dearest one in use by this factor are cut out of the tree.
constexpr double too_dear = 1e6;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// The rows and columns that have mass, and where they are in the matrix.
struct Support {
  std::vector<Index> rows, cols;
  std::vector<Flow> a, b;

  explicit Support(const IntegerMasses& masses) {
    keep(masses.a, rows, a);
    keep(masses.b, cols, b);
  }

 private:
  static void keep(const std::vector<Flow>& all, std::vector<Index>& where,
                   std::vector<Flow>& kept) {
    for (std::size_t k = 0; k < all.size(); ++k) {
      if (all[k] == 0) continue;
      where.push_back(static_cast<Index>(k));
      kept.push_back(all[k]);
    }
  }
};

/// The simplex over a matrix. Rows of the tree are those of the support; columns of the matrix
/// without mass have an infinite price.
template <class T>
class DenseSimplex {
 public:
  DenseSimplex(const MatrixView<T>& c, const Support& support, const SpareNodes& spare,
               const WarmStart& warm_start, const NetworkSimplexOptions& options, Team& team,
               Context& context, RoundCounters& counters)
      : c_(c),
        support_(support),
        spare_(spare),
        warm_start_(warm_start),
        options_(options),
        team_(team),
        context_(context),
        counters_(counters),
        a_(spare.rows_of(support.a)),
        b_(spare.cols_of(support.b)),
        tree_(std::make_unique<TransportTree>(static_cast<Index>(a_.size()),
                                              static_cast<Index>(b_.size()))) {
    position_.assign(at(c.cols), -1);
    for (Index j = 0; j < cols(); ++j) position_[at(support.cols[at(j)])] = j;
  }

  /// Prices of matrix columns for the candidates to be chosen by.
  void set_prices(const std::vector<double>& prices) {
    duals_.p.clear();
    for (Index j : support_.cols) duals_.p.push_back(prices[at(j)]);
  }

  /// A tree by the given plan's pairs and greedy joins of candidates.
  void start() {
    CandidateArcs arcs = candidates();
    StartingTree start(a_, b_, *tree_);
    const auto cost_of = [&](Index i, Index j) { return cost(i, j); };
    spare_.fill(start, duals_);
    if (!warm_start_.empty()) {
      std::vector<Pair> pairs = given_pairs();
      if (pairs.empty()) pairs = StartingTree::forest(arcs, duals_.u, duals_.p);
      start.join_leaves_first(pairs, cost_of);
    }
    start.join_greedily(arcs, duals_.u, duals_.p);
    start.finish(cost_of, duals_.u, duals_.p);
    arcs.add(spare_.arc_between(rows(), cols()));
    arcs_ = std::make_unique<CandidateArcs>(std::move(arcs));
  }

  /// The tree of another matrix over the same support, without the arcs that cost +inf here.
  template <class Other>
  void start_from(const Other& other) {
    arcs_ = std::make_unique<CandidateArcs>(candidates());
    for (Index v = 0; v < tree_->root(); ++v) {
      Index parent = other.parent(v);
      double c = 0;
      if (parent != tree_->root()) c = cost(other.arc_row(v), other.arc_col(v));
      if (parent == tree_->root() || !(c < infinity)) {
        parent = tree_->root();
        c = tree_->is_row(v) ? duals_.u[at(v)] : duals_.p[at(v - tree_->rows())];
      }
      tree_->attach(v, parent, parent == tree_->root() ? 0 : other.flow(v), c);
    }
    tree_->finish_start();
  }

  void optimise(double rtol) {
    const RoundOptions options{static_cast<Index>(options_.violated_kept), rtol};
    const auto price = [this](const Duals& duals, const Tolerance& tolerance) {
      return price_all(duals, tolerance);
    };
    do {
      duals_ = monge::optimise(*tree_, *arcs_, a_, price, options, team_, context_, counters_);
    } while (context_.interruption() == Interruption::none && cut_dear_arcs());
  }

  TransportTree& tree() { return *tree_; }
  const Duals& duals() const { return duals_; }

 private:
  Index rows() const { return static_cast<Index>(support_.rows.size()); }
  Index cols() const { return static_cast<Index>(support_.cols.size()); }
  double cost(Index i, Index j) const {
    return spare_.cost(i, j, rows(), cols(), [this](Index row, Index col) {
      return static_cast<double>(c_(support_.rows[at(row)], support_.cols[at(col)]));
    });
  }

  /// Prices by matrix column: +inf where there is no mass.
  std::vector<double> spread(const std::vector<double>& p) const {
    std::vector<double> prices(at(c_.cols), infinity);
    for (Index j = 0; j < cols(); ++j) prices[at(support_.cols[at(j)])] = p[at(j)];
    return prices;
  }

  template <class Work>
  void for_chunks(const Work& work) const {
    team_.run((rows() + rows_per_chunk - 1) / rows_per_chunk, [&](std::int64_t chunk, int member) {
      if (member == 0) context_.poll({"pricing", 0});
      if (context_.interruption() != Interruption::none) return;
      const std::int64_t first = chunk * rows_per_chunk;
      work(static_cast<Index>(first),
           static_cast<Index>(std::min<std::int64_t>(rows(), first + rows_per_chunk)), at(chunk));
    });
  }

  /// The warm start's pairs of rows and columns with mass that are not forbidden.
  std::vector<Pair> given_pairs() const {
    std::vector<Index> row_at(at(c_.rows), -1);
    for (Index i = 0; i < rows(); ++i) row_at[at(support_.rows[at(i)])] = i;
    std::vector<Pair> pairs;
    for (std::size_t k = 0; k < warm_start_.rows.size(); ++k) {
      const Index i = row_at[at(warm_start_.rows[k])], j = position_[at(warm_start_.cols[k])];
      if (i >= 0 && j >= 0 && cost(i, j) < infinity) pairs.push_back({i, j});
    }
    return pairs;
  }

  /// u_i = min_j C_ij + p_j, where p_j = -min_i C_ij unless prices were set; the best few arcs of
  /// each row, and the best one of each column.
  CandidateArcs candidates() {
    if (duals_.p.empty()) duals_.p = column_prices();
    duals_.u.assign(a_.size(), 0);
    if (spare_.joined()) spare_.clip(duals_);
    const std::vector<double> prices = spread(duals_.p);
    const DenseScanner<T> scanner(c_);
    const int wanted = static_cast<int>(std::min<std::int64_t>(options_.row_candidates, cols()));
    std::vector<std::vector<Arc>> parts(at((rows() + rows_per_chunk - 1) / rows_per_chunk));
    for_chunks([&](Index first, Index end, std::size_t chunk) {
      typename DenseScanner<T>::Scratch scratch;
      kernels::Scan scan;
      for (Index i = first; i < end; ++i) {
        scanner.scan(support_.rows[at(i)], prices.data(), infinity, wanted, scratch, scan);
        double least = infinity;
        for (const kernels::Candidate& found : scan.found) {
          if (!(found.cost < infinity)) continue;
          parts[chunk].push_back({i, position_[at(found.column)], found.cost});
          least = std::min(least, found.cost + prices[at(found.column)]);
        }
        duals_.u[at(i)] = least < infinity ? least : 0;
      }
    });
    CandidateArcs arcs(tree_->rows());
    std::vector<Arc> all;
    for (const std::vector<Arc>& part : parts) all.insert(all.end(), part.begin(), part.end());
    arcs.add(all);
    add_best_of_columns(arcs);
    arcs.add(spare_.arcs(rows(), cols()));
    if (spare_.joined()) spare_.clip(duals_);
    return arcs;
  }

  std::vector<double> column_prices() const {
    std::vector<double> least(at(c_.cols), infinity);
    std::vector<Index> where(at(c_.cols), -1);
    for (Index i : support_.rows) {
      kernels::row_kernels().of<T>().column_minima(row(i), i, least.data(), where.data(),
                                                   static_cast<Index>(c_.cols));
    }
    std::vector<double> p(b_.size());
    for (Index j = 0; j < cols(); ++j) {
      const double value = least[at(support_.cols[at(j)])];
      p[at(j)] = value < infinity ? -value : 0;
    }
    return p;
  }

  void add_best_of_columns(CandidateArcs& arcs) {
    std::vector<double> least(at(c_.cols), infinity);
    std::vector<Index> best(at(c_.cols), -1);
    for (Index i = 0; i < rows(); ++i) {
      const T* costs = row(support_.rows[at(i)]);
      const double u = duals_.u[at(i)];
      for (std::int64_t j = 0; j < c_.cols; ++j) {
        const double value = static_cast<double>(costs[j]) - u;
        best[at(j)] = value < least[at(j)] ? i : best[at(j)];
        least[at(j)] = std::min(value, least[at(j)]);
      }
    }
    std::vector<Arc> more;
    for (Index j = 0; j < cols(); ++j) {
      const Index i = best[at(support_.cols[at(j)])];
      if (i < 0) continue;
      const Index* known = arcs.cols();
      const Index* end = known + arcs.end(i);
      if (std::find(known + arcs.begin(i), end, j) == end) more.push_back({i, j, cost(i, j)});
    }
    arcs.add(more);
    if (warm_start_.empty()) return;
    std::vector<double> column_least;
    column_least.reserve(support_.cols.size());
    for (Index j : support_.cols) column_least.push_back(least[at(j)]);
    make_concave(duals_, column_least);
  }

  const T* row(Index i) const { return c_.data + i * c_.row_stride; }

  Pricing price_all(const Duals& duals, const Tolerance& tolerance) const {
    const std::vector<double> prices = spread(duals.p);
    Pricing pricing{
        std::vector<std::vector<Violation>>(at((rows() + rows_per_chunk - 1) / rows_per_chunk)),
        std::vector<double>(at(rows()), 0.0)};
    const auto& kernels = kernels::row_kernels().of<T>();
    const Index m = static_cast<Index>(c_.cols);
    for_chunks([&](Index first, Index end, std::size_t chunk) {
      std::vector<double> minima(at((m + kernels::group - 1) / kernels::group)), values(at(m));
      std::vector<Index> columns(at(m));
      for (Index i = first; i < end; ++i) {
        const T* costs = row(support_.rows[at(i)]);
        const double u = duals.u[at(i)];
        kernels.group_minima(costs, prices.data(), m, minima.data());
        const Index found = kernels.collect(costs, prices.data(), minima.data(), u, m,
                                            columns.data(), values.data());
        double& worst = pricing.row_worst[at(i)];
        for (Index k = 0; k < found; ++k) {
          const Index j = position_[at(columns[at(k)])];
          const double c = static_cast<double>(costs[columns[at(k)]]);
          const double p = duals.p[at(j)], reduced = c - u + p;
          worst = std::min(worst, reduced);
          if (tolerance.violated(reduced, c, u, p)) {
            pricing.parts[chunk].push_back({reduced, {i, j, c}});
          }
        }
      }
    });
    spare_.price(duals, pricing);
    return pricing;
  }

  /// True if empty arcs were cut whose cost hides the potentials' digits.
  bool cut_dear_arcs() {
    double used = 0;
    for (Index v = 0; v < tree_->root(); ++v) {
      if (tree_->flow(v) > 0) used = std::max(used, std::fabs(tree_->arc_cost(v)));
    }
    bool cut = false;
    for (Index v = 0; v < tree_->root(); ++v) {
      if (tree_->parent(v) == tree_->root() || tree_->flow(v) > 0) continue;
      if (!(std::fabs(tree_->arc_cost(v)) > too_dear * used)) continue;
      tree_->attach(v, tree_->root(), 0, 0);
      cut = true;
    }
    if (cut) tree_->finish_start();
    return cut && !std::exchange(has_cut_, true);
  }

  MatrixView<T> c_;
  const Support& support_;
  const SpareNodes& spare_;
  const WarmStart& warm_start_;
  const NetworkSimplexOptions& options_;
  Team& team_;
  Context& context_;
  RoundCounters& counters_;
  std::vector<Flow> a_, b_;  ///< with the spare nodes
  std::unique_ptr<TransportTree> tree_;
  std::unique_ptr<CandidateArcs> arcs_;
  std::vector<Index> position_;  ///< of a matrix column among the columns with mass
  Duals duals_;
  bool has_cut_ = false;
};

template <class T>
bool any_forbidden(const MatrixView<T>& c, const Support& support) {
  for (Index i : support.rows) {
    for (Index j : support.cols) {
      if (!(c(i, j) < std::numeric_limits<T>::infinity())) return true;
    }
  }
  return false;
}

template <class T>
double dearest(const MatrixView<T>& c, const Support& support) {
  double most = -infinity;
  for (Index i : support.rows) {
    for (Index j : support.cols) most = std::max(most, static_cast<double>(c(i, j)));
  }
  return most;
}

/// Cost 1 for forbidden pairs, 0 for others.
template <class T>
std::vector<float> forbidden_pairs(const MatrixView<T>& c, Context& context) {
  context.require_memory(4.0 * static_cast<double>(c.rows) * static_cast<double>(c.cols),
                         "the feasibility problem of a cost matrix with forbidden pairs");
  std::vector<float> matrix(at(c.rows * c.cols));
  for (std::int64_t i = 0; i < c.rows; ++i) {
    for (std::int64_t j = 0; j < c.cols; ++j) {
      matrix[at(i * c.cols + j)] = c(i, j) < std::numeric_limits<T>::infinity() ? 0.0f : 1.0f;
    }
  }
  return matrix;
}

template <class T>
Result solve_matrix(const Problem& problem, const MatrixView<T>& c,
                    const NetworkSimplexOptions& options, Context& context) {
  const IntegerMasses masses = integer_masses(problem);
  const Support support(masses);
  const SpareNodes spare(problem, masses, problem.unmatched_cost() ? dearest(c, support) : 0);
  Team team(context.thread_count());
  RoundCounters counters;
  const auto result_of = [&](auto& simplex, Status status) {
    Result result;
    result.status = status;
    if (status != Status::infeasible) {
      result.plan = plan_of(problem, simplex.tree(), support.rows, support.cols, spare);
    }
    set_potentials(problem, spare.settled(simplex.duals()), support.rows, support.cols, context,
                   result);
    result.stats = stats_of(counters);
    return result;
  };

  const WarmStart& warm = problem.warm_start;
  DenseSimplex<T> simplex(c, support, spare, warm, options, team, context, counters);
  if (!warm.empty()) simplex.set_prices(warm_prices(problem, context));
  if (!spare.joined() && any_forbidden(c, support)) {
    const std::vector<float> forbidden = forbidden_pairs(c, context);
    DenseSimplex<float> first(row_major(forbidden.data(), c.rows, c.cols), support, spare, warm,
                              options, team, context, counters);
    first.start();
    first.optimise(0);
    if (context.interruption() != Interruption::none) {
      return result_of(first, status_of(context.interruption()));
    }
    if (tree_cost(first.tree()) > 0) return result_of(first, Status::infeasible);
    simplex.start_from(first.tree());
  } else {
    simplex.start();
  }
  simplex.optimise(context.rtol);
  if (context.interruption() != Interruption::none) {
    return result_of(simplex, status_of(context.interruption()));
  }
  return result_of(simplex, context.rtol > 0 ? Status::within_tolerance : Status::optimal);
}

}  // namespace

Result solve_network_simplex(const Problem& problem, const NetworkSimplexOptions& options,
                             Context& context) {
  if (const PointClouds* clouds = problem.clouds()) {
    const kernels::Lines<double> matrix = kernels::cost_matrix(*clouds, context);
    return solve_matrix(problem, row_major(matrix.data(), problem.rows(), problem.cols()), options,
                        context);
  }
  return std::visit(
      [&](auto c) {
        kernels::Oriented<std::decay_t<decltype(c(0, 0))>> packed{c, false, {}};
        if (c.col_stride != 1 && c.cols > 1) kernels::pack(packed, context);
        return solve_matrix(problem, packed.rows, options, context);
      },
      problem.dense()->values);
}

}  // namespace monge

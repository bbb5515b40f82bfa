#include "solver/tree_plan.hpp"

#include <algorithm>
#include <limits>

#include "kernels/cost_rows.hpp"
#include "monge/core/exact_sum.hpp"

namespace monge {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// The numbers in [0, n) that are not in `listed`.
std::vector<Index> others(Index n, const std::vector<Index>& listed) {
  std::vector<char> is_listed(at(n));
  for (Index i : listed) is_listed[at(i)] = true;
  std::vector<Index> rest;
  for (Index i = 0; i < n; ++i) {
    if (!is_listed[at(i)]) rest.push_back(i);
  }
  return rest;
}

std::vector<double> gathered(const AnyMatrixView& points, const std::vector<Index>& which) {
  std::vector<double> values;
  std::visit(
      [&](const auto& view) {
        for (Index i : which) {
          for (std::int64_t a = 0; a < view.cols; ++a) values.push_back(view(i, a));
        }
      },
      points);
  return values;
}

/// min_i (C_ij - u_i) over rows[i], for every j of `cols`.
std::vector<double> column_minima(const Problem& problem, const std::vector<double>& u,
                                  const std::vector<Index>& rows, const std::vector<Index>& cols,
                                  Context& context) {
  if (const PointClouds* clouds = problem.clouds()) {
    const std::vector<double> x = gathered(clouds->x, rows), y = gathered(clouds->y, cols);
    const int dim = problem.dim();
    Problem swapped;
    swapped.geometry =
        PointClouds{row_major(y.data(), static_cast<Index>(cols.size()), dim),
                    row_major(x.data(), static_cast<Index>(rows.size()), dim), clouds->cost};
    return kernels::row_minima(swapped, u, context);
  }
  std::vector<double> minima(cols.size(), std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < cols.size(); ++j) {
      minima[j] = std::min(minima[j], cost_at(problem, rows[i], cols[j]) - u[i]);
    }
  }
  return minima;
}

}  // namespace

Plan plan_of(const Problem& problem, TransportTree& tree, const std::vector<Index>& rows,
             const std::vector<Index>& cols, const SpareNodes& spare) {
  const Index n = static_cast<Index>(rows.size()), m = static_cast<Index>(cols.size());
  std::vector<ExactSum> excess(at(tree.root()) + 1);
  for (Index i = 0; i < n; ++i) excess[at(i)].add(problem.row_mass(rows[at(i)]));
  for (Index j = 0; j < m; ++j) {
    excess[at(tree.column(j))].add(-problem.col_mass(cols[at(j)]));
  }
  if (spare.has_row()) excess[at(n)] = spare.row_mass();
  if (spare.has_col()) {
    excess[at(tree.column(m))] = {-spare.col_mass().hi, -spare.col_mass().lo};
  }
  Plan plan;
  const std::vector<Index> order = tree.preorder();
  for (auto v = order.rbegin(); v != order.rend(); ++v) {
    if (tree.parent(*v) == tree.root()) continue;
    ExactSum& parent = excess[at(tree.parent(*v))];
    parent.add(excess[at(*v)].hi);
    parent.add(excess[at(*v)].lo);
    if (tree.arc_row(*v) == n || tree.arc_col(*v) == m) continue;
    const double sent = excess[at(*v)].value(), mass = tree.is_row(*v) ? sent : -sent;
    if (mass > 0 && tree.flow(*v) > 0) {
      plan.add(rows[at(tree.arc_row(*v))], cols[at(tree.arc_col(*v))], mass);
    }
  }
  return plan;
}

void set_potentials(const Problem& problem, const Duals& duals, const std::vector<Index>& rows,
                    const std::vector<Index>& cols, Context& context, Result& result) {
  result.f.assign(at(problem.rows()), 0);
  result.g.assign(at(problem.cols()), 0);
  for (std::size_t i = 0; i < rows.size(); ++i) result.f[at(rows[i])] = duals.u[i];
  for (std::size_t j = 0; j < cols.size(); ++j) result.g[at(cols[j])] = -duals.p[j];
  const std::vector<Index> empty = others(problem.cols(), cols);
  if (empty.empty()) return;
  const std::vector<double> minima = column_minima(problem, duals.u, rows, empty, context);
  const double largest = -*std::min_element(duals.p.begin(), duals.p.end());
  for (std::size_t k = 0; k < empty.size(); ++k) {
    result.g[at(empty[k])] = std::min(minima[k], largest);
  }
}

}  // namespace monge

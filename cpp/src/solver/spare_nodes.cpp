#include "solver/spare_nodes.hpp"

#include <algorithm>
#include <numeric>

namespace monge {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

Flow sum_of(const std::vector<Flow>& masses) {
  return std::accumulate(masses.begin(), masses.end(), Flow{0});
}

/// The numbers in [0, n), those of the highest value first.
template <class ValueOf>
std::vector<Index> highest_first(Index n, const ValueOf& value_of) {
  std::vector<Index> order(at(n));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](Index s, Index t) { return value_of(s) > value_of(t); });
  return order;
}

}  // namespace

SpareNodes::SpareNodes(const Problem& problem, const IntegerMasses& masses, double dearest) {
  if (!problem.partial()) return;
  price_ = problem.unmatched_cost();
  joined_ = price_ && price_->of_a + price_->of_b <= dearest;
  const Flow a = sum_of(masses.a), b = sum_of(masses.b);
  const Flow moved = joined_ ? 0 : price_ ? std::min(a, b) : masses.moved;
  row_ = b - moved;
  col_ = a - moved;
  if (joined_) {
    row_cost_ = price_->of_b;
    col_cost_ = price_->of_a;
  }
  for (Index i = 0; i < problem.rows(); ++i) col_mass_.add(problem.row_mass(i));
  for (Index j = 0; j < problem.cols(); ++j) row_mass_.add(problem.col_mass(j));
  const double amount = joined_  ? 0
                        : price_ ? std::min(problem.total_mass(), problem.total_col_mass())
                                 : problem.moved_mass()->mass;
  row_mass_.add(-amount);
  col_mass_.add(-amount);
}

std::vector<Flow> SpareNodes::rows_of(std::vector<Flow> a) const {
  if (has_row()) a.push_back(row_);
  return a;
}

std::vector<Flow> SpareNodes::cols_of(std::vector<Flow> b) const {
  if (has_col()) b.push_back(col_);
  return b;
}

std::vector<Arc> SpareNodes::arcs(Index n, Index m) const {
  std::vector<Arc> all;
  for (Index i = 0; has_col() && i < n; ++i) all.push_back({i, m, col_cost_});
  for (Index j = 0; has_row() && j < m; ++j) all.push_back({n, j, row_cost_});
  return all;
}

std::vector<Arc> SpareNodes::arc_between(Index n, Index m) const {
  return joined_ ? std::vector<Arc>{{n, m, 0}} : std::vector<Arc>{};
}

void SpareNodes::clip(Duals& duals) const {
  if (has_row()) {
    const double least = duals.u.back() - row_cost_;
    for (Index j = 0; j < cols(duals); ++j) duals.p[at(j)] = std::max(duals.p[at(j)], least);
  }
  if (has_col()) {
    const double most = duals.p.back() + col_cost_;
    for (Index i = 0; i < rows(duals); ++i) duals.u[at(i)] = std::min(duals.u[at(i)], most);
  }
}

void SpareNodes::fill(StartingTree& start, const Duals& duals) const {
  if (joined_) return;
  const Index n = rows(duals), m = cols(duals);
  if (has_col()) {
    for (Index i : highest_first(n, [&](Index i) { return duals.u[at(i)]; })) {
      if (start.col_open(m)) start.join(i, m, col_cost_);
    }
  }
  if (has_row()) {
    for (Index j : highest_first(m, [&](Index j) { return -duals.p[at(j)]; })) {
      if (start.row_open(n)) start.join(n, j, row_cost_);
    }
  }
}

void SpareNodes::price(const Duals& duals, Pricing& pricing) const {
  const Index n = rows(duals), m = cols(duals);
  pricing.row_worst.resize(duals.u.size(), 0.0);
  const auto look = [&](const std::vector<Arc>& arcs) {
    for (const Arc& arc : arcs) {
      double& worst = pricing.row_worst[at(arc.row)];
      worst = std::min(worst, arc.cost - duals.u[at(arc.row)] + duals.p[at(arc.col)]);
    }
  };
  look(arcs(n, m));
  look(arc_between(n, m));
}

double SpareNodes::shift(const Duals& duals) const {
  if (!price_) return 0;
  if (has_col()) return price_->of_a - col_cost_ - duals.p.back();
  if (has_row()) return row_cost_ - duals.u.back() - price_->of_b;
  // All mass moves: as little as respects both prices.
  const double least = -*std::min_element(duals.p.begin(), duals.p.end()) - price_->of_b;
  const double most = price_->of_a - *std::max_element(duals.u.begin(), duals.u.end());
  return std::max(least, std::min(0.0, most));
}

Duals SpareNodes::settled(Duals duals) const {
  const double amount = shift(duals);
  if (has_row()) duals.u.pop_back();
  if (has_col()) duals.p.pop_back();
  if (amount != 0) {
    for (double& u : duals.u) u += amount;
    for (double& p : duals.p) p += amount;
  }
  return duals;
}

}  // namespace monge

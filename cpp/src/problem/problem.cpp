#include "monge/problem/problem.hpp"

#include "monge/core/exact_sum.hpp"
#include "monge/core/text.hpp"

namespace monge {
namespace {

double total(Masses masses) {
  if (masses.empty()) return 1;
  ExactSum sum;
  for (double mass : masses) sum.add(mass);
  return sum.value();
}

}  // namespace

Index Problem::rows() const {
  return static_cast<Index>(rows_of(clouds() ? clouds()->x : dense()->values));
}

Index Problem::cols() const {
  return static_cast<Index>(clouds() ? rows_of(clouds()->y) : cols_of(dense()->values));
}

int Problem::dim() const { return clouds() ? static_cast<int>(cols_of(clouds()->x)) : 0; }

double Problem::row_mass(Index i) const {
  if (kind == Kind::assignment) return 1;
  return a.empty() ? 1.0 / rows() : a[static_cast<std::size_t>(i)];
}

double Problem::col_mass(Index j) const {
  if (kind == Kind::assignment) return 1;
  return (b.empty() ? 1.0 / cols() : b[static_cast<std::size_t>(j)]) * b_scale;
}

double Problem::total_mass() const {
  if (kind == Kind::assignment) return rows() < cols() ? rows() : cols();
  return total(a);
}

double Problem::total_col_mass() const {
  return kind == Kind::assignment ? total_mass() : total(b) * b_scale;
}

std::string Problem::describe() const {
  const std::string n = std::to_string(rows());
  const std::string m = std::to_string(cols());
  std::string text = kind == Kind::assignment ? "assignment" : "transport";
  if (clouds()) {
    text += " between clouds of " + n + " and " + m + " points in dimension " +
            std::to_string(dim()) + ", cost " + quoted(name_of(clouds()->cost));
  } else {
    text += " by a dense " + n + " x " + m + " cost matrix";
  }
  if (kind == Kind::transport) {
    text += a.empty() && b.empty() ? ", uniform masses"
            : permutation          ? ", equal masses"
                                   : ", given masses";
  }
  if (const MovedMass* moved = moved_mass()) {
    text += ", of which " + to_text(moved->mass) + " moves";
  } else if (const UnmatchedCost* price = unmatched_cost()) {
    text += ", unmatched mass at " + to_text(price->of_a) + " and " + to_text(price->of_b);
  }
  return text;
}

double cost_at(const Problem& problem, Index i, Index j) {
  if (const DenseCost* dense = problem.dense()) {
    return std::visit([&](const auto& c) { return static_cast<double>(c(i, j)); }, dense->values);
  }
  const PointClouds& clouds = *problem.clouds();
  return std::visit(
      [&](const auto& x, const auto& y, const auto& cost) {
        double sum = 0;
        for (std::int64_t k = 0; k < x.cols; ++k) {
          sum = cost.step(sum, static_cast<double>(x(i, k)) - static_cast<double>(y(j, k)));
        }
        return cost.finish(sum);
      },
      clouds.x, clouds.y, clouds.cost);
}

}  // namespace monge

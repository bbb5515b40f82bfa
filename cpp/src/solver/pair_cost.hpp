// The ground cost of single pairs, many of them: what evaluate() gives, to the bit, with the choice
// by cost and dimension made once.
#pragma once

#include <type_traits>

#include "monge/cost/ground_cost.hpp"

namespace monge {

class PairCost {
 public:
  /// `cost` must live as long.
  PairCost(const GroundCost& cost, int dim)
      : cost_(cost),
        dim_(dim),
        function_(std::visit(
            [dim](const auto& c) {
              using Cost = std::decay_t<decltype(c)>;
              return dim == 3 ? of<Cost, 3> : dim == 2 ? of<Cost, 2> : of<Cost, 0>;
            },
            cost)) {}

  double operator()(const double* x, const double* y) const { return function_(cost_, x, y, dim_); }

 private:
  /// D is the dimension where the compiler should know it, else 0.
  template <class Cost, int D>
  static double of(const GroundCost& any, const double* x, const double* y, int dim) {
    const Cost& cost = *std::get_if<Cost>(&any);
    double sum = 0;
    for (int a = 0; a < (D > 0 ? D : dim); ++a) sum = cost.step(sum, x[a] - y[a]);
    return cost.finish(sum);
  }

  const GroundCost& cost_;
  int dim_;
  double (*function_)(const GroundCost&, const double*, const double*, int);
};

}  // namespace monge

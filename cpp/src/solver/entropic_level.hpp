// Entropic transport at one resolution and one epsilon: potentials, and the fused Sinkhorn pass
// that every method of sinkhorn.hpp is made of.
//
// In units of log2: F_i = scale f_i and G_j = scale g_j + log2 b_j, scale = log2(e) / epsilon, so
// that P_ij = a_i p_ij, p_ij = 2^(F_i + G_j - scale C_ij), and rows are right when their p sum
// to 1.
//
// Where no tile can be left out and all terms fit into `cache_bytes` in single precision, they are
// kept: a later pass in single precision multiplies them by what the potentials have changed by
// since, and takes no exponentials.
#pragma once

#include <vector>

#include "kernels/gibbs_kernel.hpp"

namespace monge {

/// Terms below this part of a row's mean term may be left out of a sum: the sums of a row lose at
/// most this part of its mass.
inline constexpr double negligible_mass = 1e-9;

class EntropicLevel {
 public:
  /// Masses per row and column. `penalty` is rho of the marginals' KL penalty; infinite: balanced.
  EntropicLevel(kernels::GibbsKernel& kernel, std::vector<double> a, std::vector<double> b,
                double penalty, std::size_t cache_bytes = 0);

  kernels::GibbsKernel& kernel() { return kernel_; }
  const std::vector<double>& a() const { return a_; }
  const std::vector<double>& b() const { return b_; }
  double scale() const { return scale_; }
  double total() const { return total_; }
  bool interrupted() const { return kernel_.context().interruption() != Interruption::none; }

  /// Takes potentials in units of cost.
  void start(double epsilon, const std::vector<double>& f, const std::vector<double>& g);
  std::vector<double> f() const;
  std::vector<double> g() const;  ///< where b_j = 0: not meaningful

  /// One pass: rows are updated, then `columns` and `error` are those after it. `expected` is
  /// the error expected: while it is large, single precision does. False if interrupted, which
  /// leaves all as it was.
  bool update_rows(double expected);

  /// What a Sinkhorn update would add to G_j; 0 where b_j = 0.
  double column_step(Index j) const;

  /// The dual's value: of the regularised optimum a lower bound, right to second order.
  double value() const;

  /// log2 of the least term that a row's sum needs.
  double limit(double part) const;

  std::vector<double> F, G;
  std::vector<double> columns;  ///< sum_i P_ij
  double error = 1;  ///< infinite before the first pass; L1 distance of the columns' sums from
                     ///< b_j, or with a penalty from b_j exp(-g_j / rho), over the mass
  std::int64_t passes = 0;
  double tolerance = 0;  ///< of the error: what meets it is measured in double
  bool precise = false;  ///< exponentials to rounding, nothing left out

 private:
  bool pass(kernels::Digits digits, double part, std::vector<double>& sums,
            std::vector<double>& cols);
  template <class T>
  bool pass_in(kernels::Digits digits, double part, std::vector<double>& sums,
               std::vector<double>& cols);
  bool cached_pass(std::vector<double>& sums, std::vector<double>& cols);
  template <class T>
  void weigh_rows(Index block, const double* block_sums, const double* factors,
                  std::vector<double>& sums, T* weight) const;
  double updated_row(Index i, double sum) const;
  /// What the sum of column j is at the optimum, by the potentials as they are.
  double column_target(Index j) const;

  /// Terms in single precision, by row blocks, and the potentials that they were taken at.
  struct Kept {
    bool fits = false, filled = false;
    kernels::Lines<float> terms;
    std::vector<double> F, G;
  };

  kernels::GibbsKernel& kernel_;
  std::vector<double> a_, b_, log_b_;
  Kept kept_;
  double penalty_, scale_ = 1, damping_ = 1, total_ = 1, least_row_ = 1;
};

}  // namespace monge

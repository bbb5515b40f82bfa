// Sums and inner products in twice the working precision, for numbers that certify others.
//
// Method: error-free transformations TwoSum (Knuth) and TwoProduct (by fused multiply-add),
// accumulated as in Ogita, Rump and Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput.
// 26 (2005), algorithms Sum2 and Dot2. The result is as accurate as if computed in 106 bits and
// rounded once: |error| <= u |sum| + n^2 u^2 sum |terms|, u = 2^-53.
#pragma once

#include <cmath>

namespace monge {

/// An unevaluated sum hi + lo; |lo| is at most half a unit in the last place of hi after
/// renormalising.
struct ExactSum {
  double hi = 0;
  double lo = 0;

  void add(double value) {
    const double sum = hi + value;
    const double part = sum - hi;
    lo += (hi - (sum - part)) + (value - part);
    hi = sum;
  }
  void add_product(double x, double y) {
    const double product = x * y;
    add(product);
    if (std::isfinite(product)) lo += std::fma(x, y, -product);
  }
  /// The sum rounded to double. An infinite or NaN sum is returned as such.
  double value() const { return std::isfinite(hi) ? hi + lo : hi; }
};

}  // namespace monge

#include "geometry/kd_order.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

namespace monge {
namespace {

struct Halving {
  const double* values;
  std::size_t stride;
  int dim;
  Index block;
  std::vector<Index>& order;

  const double* widest_axis(Index begin, Index end) const {
    const double* widest = values;
    double width = -1;
    for (int a = 0; a < dim; ++a) {
      const double* axis = values + static_cast<std::size_t>(a) * stride;
      double low = axis[order[static_cast<std::size_t>(begin)]], high = low;
      for (Index k = begin + 1; k < end; ++k) {
        const double value = axis[order[static_cast<std::size_t>(k)]];
        low = std::min(low, value);
        high = std::max(high, value);
      }
      if (high - low > width) {
        width = high - low;
        widest = axis;
      }
    }
    return widest;
  }

  void halve(Index begin, Index end) const {
    if (end - begin <= block) {
      std::sort(order.begin() + begin, order.begin() + end);
      return;
    }
    const auto blocks = static_cast<std::uint32_t>((end - begin + block - 1) / block);
    const Index middle = begin + block * static_cast<Index>(std::bit_ceil(blocks) / 2);
    const double* axis = widest_axis(begin, end);
    std::nth_element(
        order.begin() + begin, order.begin() + middle, order.begin() + end,
        [axis](Index i, Index j) { return axis[i] < axis[j] || (axis[i] == axis[j] && i < j); });
    halve(begin, middle);
    halve(middle, end);
  }
};

}  // namespace

std::vector<Index> kd_order(const double* values, std::size_t stride, int dim, Index n,
                            Index block) {
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  Halving{values, stride, dim, block, order}.halve(0, n);
  return order;
}

}  // namespace monge

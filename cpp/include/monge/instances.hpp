// The problem generators that tests and benchmarks share, in C++ and Python alike.
//
// Each family draws one kind of difficulty; where the optimum has a closed form, the instance
// carries it. The same name, size and seed give the same numbers on every platform.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "monge/problem/problem.hpp"

namespace monge {

/// A problem that owns its numbers.
struct Instance {
  std::vector<double> x, y;         ///< clouds, row-major; empty for a dense cost
  std::vector<double> cost_matrix;  ///< row-major; empty for clouds
  std::vector<double> a, b;         ///< empty: uniform
  Index n = 0, m = 0;
  int dim = 0;  ///< 0 for a dense cost
  GroundCost cost;
  Kind kind = Kind::transport;
  std::optional<double> optimum;  ///< the least cost where it is known in closed form

  /// A view of this instance, valid while it lives.
  Problem problem() const;
};

struct InstanceFamily {
  std::string_view name;
  std::string_view summary;
  std::function<Instance(Index n, std::uint64_t seed)> generate;  ///< n >= 1: the size
};

/// All families.
std::span<const InstanceFamily> instance_families();

/// Throws InvalidArgument for an unknown name or n < 1.
Instance generate_instance(std::string_view family, Index n, std::uint64_t seed);

}  // namespace monge

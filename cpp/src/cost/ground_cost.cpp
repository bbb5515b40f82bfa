#include "monge/cost/ground_cost.hpp"

#include <optional>
#include <utility>

#include "monge/core/error.hpp"
#include "monge/core/text.hpp"

namespace monge {
namespace {

template <std::size_t... I>
std::vector<std::string_view> names(std::index_sequence<I...>) {
  return {std::variant_alternative_t<I, GroundCost>::name...};
}

template <std::size_t... I>
std::optional<GroundCost> find(std::string_view name, std::index_sequence<I...>) {
  std::optional<GroundCost> found;
  (void)((std::variant_alternative_t<I, GroundCost>::name == name
              ? (found = GroundCost(std::in_place_index<I>), true)
              : false) ||
         ...);
  return found;
}

constexpr auto all = std::make_index_sequence<std::variant_size_v<GroundCost>>{};

}  // namespace

std::vector<std::string_view> ground_cost_names() { return names(all); }

GroundCost make_ground_cost(std::string_view name, double power) {
  std::optional<GroundCost> cost = find(name, all);
  if (!cost) {
    throw InvalidArgument("cost", "be one of " + join_quoted(ground_cost_names()), quoted(name));
  }
  if (auto* with_power = std::get_if<EuclideanPower>(&*cost)) {
    if (!(power > 0) || !std::isfinite(power)) {
      throw InvalidArgument("the power of cost \"euclidean_power\"", "be finite and positive",
                            to_text(power));
    }
    with_power->power = power;
  }
  return *cost;
}

std::string_view name_of(const GroundCost& cost) {
  return std::visit([](const auto& c) { return c.name; }, cost);
}

}  // namespace monge

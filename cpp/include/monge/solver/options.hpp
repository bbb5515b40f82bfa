// Options are data: each XOptions struct lists its fields once, and from that list come parsing
// with unknown names refused, the registry's description, the command line and the documentation.
//
//   struct AuctionOptions {
//     double epsilon_ratio = 5;
//     static constexpr auto fields() {
//       return std::array{field<&AuctionOptions::epsilon_ratio>(
//           "epsilon_ratio", "factor between two phases' epsilon", 1.5, 100)};
//     }
//   };
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "monge/core/error.hpp"
#include "monge/core/text.hpp"

namespace monge {

using OptionValue = std::variant<bool, std::int64_t, double, std::string>;

/// Options as a caller passes them, by name.
using OptionMap = std::map<std::string, OptionValue, std::less<>>;

/// A field of an options struct, without the struct's type.
struct OptionInfo {
  std::string_view name;
  std::string_view meaning;
  OptionValue default_value;
  double least;  ///< bounds of a number; infinite where there is none
  double most;
  std::span<const std::string_view> choices;  ///< of a text; empty where any will do
};

/// One field of an options struct, reached through two functions made from its member pointer.
template <class Options>
struct Field {
  std::string_view name;
  std::string_view meaning;
  double least;
  double most;
  std::span<const std::string_view> choices;
  OptionValue (*get)(const Options&);
  void (*set)(Options&, const OptionValue&);
};

template <class Options, class T>
Options owner_of(T Options::*);

/// Field of the member `M`, which must have one of OptionValue's types.
template <auto M, class Options = decltype(owner_of(M))>
constexpr Field<Options> field(std::string_view name, std::string_view meaning,
                               double least = -std::numeric_limits<double>::infinity(),
                               double most = std::numeric_limits<double>::infinity(),
                               std::span<const std::string_view> choices = {}) {
  return {name,
          meaning,
          least,
          most,
          choices,
          [](const Options& options) { return OptionValue(options.*M); },
          [](Options& options, const OptionValue& value) {
            options.*M = std::get<std::decay_t<decltype(options.*M)>>(value);
          }};
}

/// Field of a text member that takes one of `choices`, which must outlive all use of the field.
template <auto M, class Options = decltype(owner_of(M))>
constexpr Field<Options> choice(std::string_view name, std::string_view meaning,
                                std::span<const std::string_view> choices) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return field<M>(name, meaning, -infinity, infinity, choices);
}

/// A solver without options.
struct NoOptions {
  static constexpr std::array<Field<NoOptions>, 0> fields() { return {}; }
};

template <class Options>
std::vector<OptionInfo> describe_options() {
  std::vector<OptionInfo> infos;
  const Options defaults{};
  for (const Field<Options>& f : Options::fields()) {
    infos.push_back({f.name, f.meaning, f.get(defaults), f.least, f.most, f.choices});
  }
  return infos;
}

/// Throws InvalidArgument unless `value` has the option's type (a whole number serves as a real
/// one) and lies within its bounds. Returns it in the option's type.
OptionValue checked_option(const OptionInfo& info, const OptionValue& value);

/// Throws InvalidArgument for the first name in `given` that `infos` does not list.
void refuse_unknown_options(std::string_view solver, const std::vector<OptionInfo>& infos,
                            const OptionMap& given);

/// "12", "0.5", "true", "text"
std::string to_text(const OptionValue& value);

template <class Options>
Options parse_options(std::string_view solver, const OptionMap& given) {
  const std::vector<OptionInfo> infos = describe_options<Options>();
  refuse_unknown_options(solver, infos, given);
  Options options;
  std::size_t k = 0;
  for (const Field<Options>& f : Options::fields()) {
    const OptionInfo& info = infos[k++];
    const auto found = given.find(info.name);
    if (found == given.end()) continue;
    f.set(options, checked_option(info, found->second));
  }
  return options;
}

}  // namespace monge

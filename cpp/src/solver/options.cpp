#include "monge/solver/options.hpp"

#include <algorithm>

namespace monge {
namespace {

std::string_view type_name(const OptionValue& value) {
  constexpr std::array<std::string_view, 4> names{"true or false", "a whole number", "a number",
                                                  "a text"};
  return names[value.index()];
}

double as_number(const OptionValue& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return 0;
}

std::string bounds(const OptionInfo& info) {
  std::string text;
  if (std::isfinite(info.least)) text += " of at least " + to_text(info.least);
  if (std::isfinite(info.most))
    text += (text.empty() ? " of at most " : " and at most ") + to_text(info.most);
  return text;
}

}  // namespace

std::string to_text(const OptionValue& value) {
  if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&value)) return to_text(*real);
  return quoted(std::get<std::string>(value));
}

OptionValue checked_option(const OptionInfo& info, const OptionValue& value) {
  OptionValue converted = value;
  if (std::holds_alternative<double>(info.default_value) &&
      std::holds_alternative<std::int64_t>(value)) {
    converted = static_cast<double>(std::get<std::int64_t>(value));
  }
  if (!info.choices.empty()) {
    const std::vector<std::string_view> choices(info.choices.begin(), info.choices.end());
    const auto* text = std::get_if<std::string>(&converted);
    if (text && std::find(choices.begin(), choices.end(), *text) != choices.end()) return converted;
    throw InvalidArgument("option \"" + std::string(info.name) + "\"",
                          "be one of " + join_quoted(choices), to_text(value));
  }
  const double number = as_number(converted);
  if (converted.index() != info.default_value.index() ||
      !(number >= info.least && number <= info.most)) {
    throw InvalidArgument("option \"" + std::string(info.name) + "\"",
                          "be " + std::string(type_name(info.default_value)) + bounds(info),
                          to_text(value));
  }
  return converted;
}

void refuse_unknown_options(std::string_view solver, const std::vector<OptionInfo>& infos,
                            const OptionMap& given) {
  for (const auto& [name, value] : given) {
    bool known = false;
    std::vector<std::string_view> names;
    for (const OptionInfo& info : infos) {
      known = known || info.name == name;
      names.push_back(info.name);
    }
    if (!known) {
      throw InvalidArgument("options of solver \"" + std::string(solver) + "\"",
                            names.empty() ? "be none" : "be among " + join_quoted(names),
                            quoted(name));
    }
  }
}

}  // namespace monge

// Words for messages: numbers, names and lists as a reader expects them.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace monge {

inline std::string to_text(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.10g", value);
  return text;
}

inline std::string quoted(std::string_view name) { return '"' + std::string(name) + '"'; }

inline std::string join_quoted(const std::vector<std::string_view>& names) {
  std::string text;
  for (std::string_view name : names) text += (text.empty() ? "" : ", ") + quoted(name);
  return text;
}

}  // namespace monge

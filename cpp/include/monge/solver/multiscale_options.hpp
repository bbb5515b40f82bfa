// What both multiscale solvers let be chosen: how many candidate arcs there are.
#pragma once

#include "monge/solver/options.hpp"

namespace monge {

struct MultiscaleOptions {
  std::int64_t row_candidates = 8;
  std::int64_t column_candidates = 6;
  std::int64_t violated_kept = 4;

  static constexpr auto fields() {
    using Options = MultiscaleOptions;
    return std::array{
        field<&Options::row_candidates>("row_candidates", "arcs per row to begin with", 1, 64),
        field<&Options::column_candidates>("column_candidates", "arcs per column to begin with", 1,
                                           64),
        field<&Options::violated_kept>(
            "violated_kept", "violated arcs of a row that become candidates at a time", 1, 64)};
  }
};

}  // namespace monge

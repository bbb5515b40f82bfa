// monge._core.Problem: a problem and the arrays that it views.
#pragma once

#include <string>
#include <vector>

#include "bindings.hpp"
#include "monge/problem/problem.hpp"

namespace monge::bindings {

struct BoundProblem {
  Problem problem;
  std::vector<py::object> arrays;  ///< kept alive for the views in `problem`
};

}  // namespace monge::bindings

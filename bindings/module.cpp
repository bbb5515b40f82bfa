// The extension module monge._core: registration alone. Each bind_*.cpp binds one subject.
#include "bindings.hpp"

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled core of monge. Private: use the functions of the package monge.";
  m.attr("__version__") = MONGE_VERSION;
  monge::bindings::register_problem(m);
  monge::bindings::register_solve(m);
  monge::bindings::register_entropic(m);
  monge::bindings::register_line(m);
  monge::bindings::register_discrepancy(m);
  monge::bindings::register_instances(m);
}

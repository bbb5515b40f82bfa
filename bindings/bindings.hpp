// What the bind_*.cpp share: numpy arrays as views, vectors as numpy arrays.
#pragma once

#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "monge/core/types.hpp"

namespace monge::bindings {

namespace py = pybind11;

void register_problem(py::module_& m);
void register_entropic(py::module_& m);
void register_solve(py::module_& m);
void register_line(py::module_& m);
void register_discrepancy(py::module_& m);
void register_instances(py::module_& m);

/// A vector becomes a numpy array without a copy; the array owns it.
template <class T>
py::array_t<T> to_numpy(std::vector<T>&& vector) {
  auto owned = std::make_unique<std::vector<T>>(std::move(vector));
  const T* data = owned->data();
  const py::ssize_t size = static_cast<py::ssize_t>(owned->size());
  py::capsule owner(owned.get(), [](void* p) { delete static_cast<std::vector<T>*>(p); });
  owned.release();
  return py::array_t<T>({size}, {static_cast<py::ssize_t>(sizeof(T))}, data, owner);
}

/// Views of what python/monge/problem.py has made sure of: aligned native float32 or float64,
/// the right number of axes, strides of whole elements. The array must outlive the view.
AnyMatrixView matrix_view(const py::array& array);
std::span<const double> vector_view(const py::array_t<double>& array);

}  // namespace monge::bindings

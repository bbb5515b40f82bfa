// A dense cost matrix as solvers read it: by rows of adjacent entries; of an assignment, n <= m.
#pragma once

#include <algorithm>
#include <type_traits>
#include <variant>
#include <vector>

#include "monge/core/context.hpp"
#include "monge/core/types.hpp"

namespace monge::kernels {

/// Rows of adjacent entries, n <= m, of a matrix that may be the caller's, transposed or packed.
template <class T>
struct Oriented {
  MatrixView<T> rows;
  bool transposed = false;
  std::vector<T> packed;
};

template <class T>
void pack(Oriented<T>& oriented, Context& context) {
  MatrixView<T>& c = oriented.rows;
  context.require_memory(
      static_cast<double>(sizeof(T)) * static_cast<double>(c.rows) * static_cast<double>(c.cols),
      "packing a strided cost matrix");
  oriented.packed.resize(static_cast<std::size_t>(c.rows * c.cols));
  constexpr std::int64_t tile = 32;  // a tile of both orders fits in the first-level cache
  for (std::int64_t i0 = 0; i0 < c.rows; i0 += tile) {
    if (context.poll({"packing", 0}) != Interruption::none) break;
    for (std::int64_t j0 = 0; j0 < c.cols; j0 += tile) {
      for (std::int64_t i = i0; i < std::min(c.rows, i0 + tile); ++i) {
        for (std::int64_t j = j0; j < std::min(c.cols, j0 + tile); ++j) {
          oriented.packed[static_cast<std::size_t>(i * c.cols + j)] = c(i, j);
        }
      }
    }
  }
  c = row_major(oriented.packed.data(), c.rows, c.cols);
}

template <class T>
Oriented<T> orient(const MatrixView<T>& c, Context& context) {
  Oriented<T> oriented;
  oriented.transposed =
      c.rows > c.cols || (c.rows == c.cols && c.col_stride != 1 && c.row_stride == 1);
  oriented.rows = oriented.transposed ? c.transposed() : c;
  if (oriented.rows.col_stride != 1 && oriented.rows.cols > 1) pack(oriented, context);
  return oriented;
}

/// A matrix of either type by rows of adjacent entries: the caller's, or packed and kept here.
class AdjacentRows {
 public:
  AnyMatrixView of(AnyMatrixView values, Context& context) {
    std::visit(
        [&](auto& view) {
          if (view.col_stride == 1 || view.cols == 1) return;
          auto& kept = kept_.emplace<Oriented<std::decay_t<decltype(view(0, 0))>>>();
          kept.rows = view;
          pack(kept, context);
          view = kept.rows;
        },
        values);
    return values;
  }

 private:
  std::variant<Oriented<float>, Oriented<double>> kept_;
};

}  // namespace monge::kernels

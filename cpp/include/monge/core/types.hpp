// Index, views and masses: the vocabulary types that every layer shares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

namespace monge {

/// Index of a row (source atom) or a column (target atom).
using Index = std::int32_t;

/// The largest number of rows or columns that an Index can count.
inline constexpr Index max_index = 0x7fffffff;

/// A read-only view of a row-major or strided matrix; it owns nothing.
/// Strides count elements, not bytes, and may be zero or negative.
template <class T>
struct MatrixView {
  const T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::ptrdiff_t row_stride = 0;
  std::ptrdiff_t col_stride = 1;

  const T& operator()(std::int64_t i, std::int64_t j) const {
    return data[i * row_stride + j * col_stride];
  }
  MatrixView transposed() const { return {data, cols, rows, col_stride, row_stride}; }
};

/// A view of contiguous rows: element (i, j) is data[i * cols + j].
template <class T>
MatrixView<T> row_major(const T* data, std::int64_t rows, std::int64_t cols) {
  return {data, rows, cols, cols, 1};
}

/// A matrix of either precision. The precision is the caller's; nothing is converted.
using AnyMatrixView = std::variant<MatrixView<float>, MatrixView<double>>;

inline std::int64_t rows_of(const AnyMatrixView& matrix) {
  return std::visit([](const auto& view) { return view.rows; }, matrix);
}
inline std::int64_t cols_of(const AnyMatrixView& matrix) {
  return std::visit([](const auto& view) { return view.cols; }, matrix);
}

/// The masses of a discrete measure; empty means uniform (1 / n each).
using Masses = std::span<const double>;

}  // namespace monge

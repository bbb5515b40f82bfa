// A transport plan as triplets (row, column, mass); at most n + m - 1 of them from an exact solver.
#pragma once

#include <vector>

#include "monge/core/types.hpp"

namespace monge {

struct Plan {
  std::vector<Index> rows;
  std::vector<Index> cols;
  std::vector<double> mass;

  std::size_t size() const { return rows.size(); }
  void reserve(std::size_t count) {
    rows.reserve(count);
    cols.reserve(count);
    mass.reserve(count);
  }
  void add(Index row, Index col, double amount) {
    rows.push_back(row);
    cols.push_back(col);
    mass.push_back(amount);
  }
};

}  // namespace monge

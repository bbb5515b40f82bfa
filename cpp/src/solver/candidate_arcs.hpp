// The arcs among which a simplex looks for one to enter: some of all pairs, sorted by row.
#pragma once

#include <vector>

#include "kernels/arc_kernels.hpp"
#include "monge/core/types.hpp"

namespace monge {

struct Arc {
  Index row, col;
  double cost;
};

class CandidateArcs {
 public:
  explicit CandidateArcs(Index rows)
      : begin_(static_cast<std::size_t>(rows) + 1, 0),
        cols_(kernels::arc_padding),
        costs_(kernels::arc_padding) {}

  /// Adds arcs; those of a row keep their order. The caller adds no arc twice.
  void add(const std::vector<Arc>& arcs) {
    std::vector<std::size_t> begin(begin_.size(), 0);
    for (const Arc& arc : arcs) ++begin[static_cast<std::size_t>(arc.row) + 1];
    for (std::size_t i = 1; i < begin.size(); ++i) {
      begin[i] += begin[i - 1] + (begin_[i] - begin_[i - 1]);
    }
    std::vector<Index> cols(begin.back() + kernels::arc_padding);
    std::vector<double> costs(begin.back() + kernels::arc_padding);
    std::vector<std::size_t> fill(begin.begin(), begin.end() - 1);
    for (std::size_t i = 0; i + 1 < begin_.size(); ++i) {
      for (std::size_t k = begin_[i]; k < begin_[i + 1]; ++k, ++fill[i]) {
        cols[fill[i]] = cols_[k];
        costs[fill[i]] = costs_[k];
      }
    }
    for (const Arc& arc : arcs) {
      const std::size_t k = fill[static_cast<std::size_t>(arc.row)]++;
      cols[k] = arc.col;
      costs[k] = arc.cost;
    }
    begin_ = std::move(begin);
    cols_ = std::move(cols);
    costs_ = std::move(costs);
  }

  Index rows() const { return static_cast<Index>(begin_.size()) - 1; }
  std::size_t size() const { return begin_.back(); }
  std::size_t begin(Index i) const { return begin_[static_cast<std::size_t>(i)]; }
  std::size_t end(Index i) const { return begin_[static_cast<std::size_t>(i) + 1]; }
  Index col(std::size_t k) const { return cols_[k]; }
  double cost(std::size_t k) const { return costs_[k]; }
  const Index* cols() const { return cols_.data(); }
  const double* costs() const { return costs_.data(); }
  kernels::ArcsView view() const { return {begin_.data(), cols_.data(), costs_.data()}; }

 private:
  std::vector<std::size_t> begin_;
  std::vector<Index> cols_;
  std::vector<double> costs_;
};

}  // namespace monge

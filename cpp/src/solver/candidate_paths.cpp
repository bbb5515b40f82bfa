#include "solver/candidate_paths.hpp"

#include <algorithm>

namespace monge {
namespace {

/// Rows that bid in turn, each thrown out by the one before.
constexpr int bids_in_turn = 16;

}  // namespace

CandidatePaths::CandidatePaths(Index n, const std::vector<double>& prices)
    : columns_(at(n)), held_(at(n)), closed_(at(n)) {
  for (std::size_t j = 0; j < prices.size(); ++j) columns_[j].price = prices[j];
}

std::vector<double> CandidatePaths::prices() const {
  std::vector<double> prices;
  prices.reserve(columns_.size());
  for (const Column& column : columns_) prices.push_back(column.price);
  return prices;
}

double CandidatePaths::least_value(const CandidateArcs& arcs, Index i) const {
  double least = infinity;
  for (std::size_t k = arcs.begin(i); k < arcs.end(i); ++k) {
    least = std::min(least, arcs.cost(k) + price(arcs.col(k)));
  }
  return least;
}

void CandidatePaths::hold(Index i, Index j, double cost) {
  held_[at(i)] = {cost, j};
  columns_[at(j)].owner = i;
}

void CandidatePaths::take_best(const CandidateArcs& arcs, const std::vector<Index>& preferred) {
  const auto take = [&](Index i, bool any) {
    if (holds(i)) return;
    const double least = least_value(arcs, i);
    for (std::size_t k = arcs.begin(i); k < arcs.end(i); ++k) {
      const Index j = arcs.col(k);
      if (arcs.cost(k) + price(j) != least || columns_[at(j)].owner >= 0) continue;
      if (!any && j != preferred[at(i)]) continue;
      hold(i, j, arcs.cost(k));
      return;
    }
  };
  if (!preferred.empty()) {
    for (Index i = 0; i < arcs.rows(); ++i) take(i, false);
  }
  for (Index i = 0; i < arcs.rows(); ++i) take(i, true);
}

void CandidatePaths::bid(const CandidateArcs& arcs) {
  for (Index start = 0; start < arcs.rows(); ++start) {
    Index i = start;
    for (int turn = 0; turn < bids_in_turn && i >= 0 && !holds(i); ++turn) i = bid(arcs, i);
  }
}

Index CandidatePaths::bid(const CandidateArcs& arcs, Index i) {
  double first = infinity, second = infinity;
  std::size_t best = 0;
  for (std::size_t k = arcs.begin(i); k < arcs.end(i); ++k) {
    const double value = arcs.cost(k) + price(arcs.col(k));
    if (value < first) {
      second = first;
      first = value;
      best = k;
    } else {
      second = std::min(second, value);
    }
  }
  if (second == infinity) return -1;
  const Index j = arcs.col(best), thrown_out = columns_[at(j)].owner;
  if (thrown_out >= 0) {
    if (!(first < second)) return -1;  // a tie: left to the paths
    held_[at(thrown_out)].column = -1;
  }
  columns_[at(j)].price += second - first;
  hold(i, j, arcs.cost(best));
  return thrown_out;
}

bool CandidatePaths::augment_all(const CandidateArcs& arcs, std::int64_t most_arcs,
                                 Context& context) {
  for (Index i = 0; i < arcs.rows(); ++i) {
    if (holds(i)) continue;
    const double done = static_cast<double>(i) / arcs.rows();
    if (context.poll({"shortest augmenting paths", done}) != Interruption::none) return false;
    if (counters_.arcs > most_arcs) return false;
    search(arcs, i);
  }
  return true;
}

// The inner loop of the whole method: most arcs lead no nearer than what is known, and are
// dismissed by their column's distance alone.
void CandidatePaths::enter(const CandidateArcs& arcs, Index i, double distance, double own) {
  const std::size_t end = arcs.end(i);
  const Index* cols = arcs.cols();
  const double* costs = arcs.costs();
  Column* columns = columns_.data();
  const double base = distance - own;
  ++counters_.scans;
  counters_.arcs += static_cast<std::int64_t>(end - arcs.begin(i));
  for (std::size_t k = arcs.begin(i); k < end; ++k) {
    const Index j = cols[k];
    Column& column = columns[j];
    // Rounding may make a reduced cost negative, never a distance smaller than where it began.
    const double reached = std::max(distance, base + (costs[k] + column.price));
    if (reached >= std::min(nearest_end_, column.distance)) continue;  // one branch, not two
    if (column.distance == infinity) touched_.push_back(j);
    column.distance = reached;
    column.cost = costs[k];
    column.row = i;
    if (column.owner < 0 || closed_[at(j)]) {
      nearest_end_ = reached;
      end_ = j;
    } else if (reached == distance) {
      tight_.push_back(j);
    } else {
      queue_.push({reached, j});
    }
  }
}

Index CandidatePaths::next(double& distance) {
  if (distance < nearest_end_ && !tight_.empty()) {
    const Index j = tight_.back();
    tight_.pop_back();
    return j;
  }
  while (!queue_.empty() && queue_.nearest().distance < nearest_end_) {
    const NearestFirst::Reached nearest = queue_.pop();
    if (nearest.distance > columns_[at(nearest.column)].distance) continue;  // reached better since
    distance = nearest.distance;
    return nearest.column;
  }
  return -1;
}

void CandidatePaths::search(const CandidateArcs& arcs, Index start) {
  ++counters_.paths;
  queue_.clear();
  tight_.clear();
  touched_.clear();
  finished_.clear();
  nearest_end_ = infinity;
  end_ = -1;
  double distance = 0;
  enter(arcs, start, distance, least_value(arcs, start));
  for (Index j = next(distance); j >= 0; j = next(distance)) {
    finished_.push_back(j);
    const Index owner = columns_[at(j)].owner;
    enter(arcs, owner, distance, value(owner));
  }
  if (end_ < 0) {
    close(start);
  } else if (!closed_[at(end_)]) {
    for (Index j : finished_) {
      Column& column = columns_[at(j)];
      column.price += nearest_end_ - column.distance;
    }
    flip(start);
  }
  for (Index j : touched_) columns_[at(j)].distance = infinity;
}

void CandidatePaths::flip(Index start) {
  for (Index j = end_;;) {
    const Column& column = columns_[at(j)];
    const Index i = column.row, next = held_[at(i)].column;
    hold(i, j, column.cost);
    if (i == start) return;
    j = next;
  }
}

void CandidatePaths::close(Index start) {
  closed_rows_.push_back(start);
  for (Index j : touched_) {
    closed_[at(j)] = true;
    closed_rows_.push_back(columns_[at(j)].owner);
  }
}

void CandidatePaths::reopen() {
  closed_rows_.clear();
  std::fill(closed_.begin(), closed_.end(), false);
}

void CandidatePaths::know(const Arc& arc) {
  Held& held = held_[at(arc.row)];
  if (held.column < 0 || arc.cost + price(arc.col) >= value(arc.row)) return;
  columns_[at(held.column)].owner = -1;
  held.column = -1;
}

}  // namespace monge

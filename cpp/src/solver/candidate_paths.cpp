#include "solver/candidate_paths.hpp"

#include <algorithm>
#include <utility>

namespace monge {

CandidatePaths::CandidatePaths(Index n, std::vector<double> prices)
    : price_(std::move(prices)),
      held_(at(n)),
      owner_(at(n), -1),
      closed_(at(n)),
      distance_(at(n), infinity),
      by_(at(n)) {}

double CandidatePaths::least_value(const CandidateArcs& arcs, Index i) const {
  double least = infinity;
  for (std::size_t k = arcs.begin(i); k < arcs.end(i); ++k) {
    least = std::min(least, arcs.cost(k) + price_[at(arcs.col(k))]);
  }
  return least;
}

void CandidatePaths::take_best(const CandidateArcs& arcs, const std::vector<Index>& preferred) {
  const auto take = [&](Index i, bool any) {
    if (holds(i)) return;
    const double least = least_value(arcs, i);
    for (std::size_t k = arcs.begin(i); k < arcs.end(i); ++k) {
      const Index j = arcs.col(k);
      if (arcs.cost(k) + price_[at(j)] != least || owner_[at(j)] >= 0) continue;
      if (!any && j != preferred[at(i)]) continue;
      held_[at(i)] = {arcs.cost(k), j};
      owner_[at(j)] = i;
      return;
    }
  };
  if (!preferred.empty()) {
    for (Index i = 0; i < arcs.rows(); ++i) take(i, false);
  }
  for (Index i = 0; i < arcs.rows(); ++i) take(i, true);
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
  const double *costs = arcs.costs(), *price = price_.data();
  double* known = distance_.data();
  const double base = distance - own;
  ++counters_.scans;
  counters_.arcs += static_cast<std::int64_t>(end - arcs.begin(i));
  for (std::size_t k = arcs.begin(i); k < end; ++k) {
    const std::size_t j = at(cols[k]);
    // Rounding may make a reduced cost negative, never a distance smaller than where it began.
    const double reached = std::max(distance, base + (costs[k] + price[j]));
    if (reached >= nearest_end_ || reached >= known[j]) continue;
    if (known[j] == infinity) touched_.push_back(cols[k]);
    known[j] = reached;
    by_[j] = {costs[k], i};
    if (owner_[j] < 0 || closed_[j]) {
      nearest_end_ = reached;
      end_ = cols[k];
    } else {
      queue_.push({reached, cols[k]});
    }
  }
}

void CandidatePaths::search(const CandidateArcs& arcs, Index start) {
  ++counters_.paths;
  queue_.clear();
  touched_.clear();
  finished_.clear();
  nearest_end_ = infinity;
  end_ = -1;
  enter(arcs, start, 0, least_value(arcs, start));
  while (!queue_.empty() && queue_.nearest().distance < nearest_end_) {
    const auto [distance, j] = queue_.pop();
    if (distance > distance_[at(j)]) continue;  // reached better since
    finished_.push_back(j);
    const Index i = owner_[at(j)];
    enter(arcs, i, distance, value(i));
  }
  if (end_ < 0) {
    close(start);
  } else if (!closed_[at(end_)]) {
    for (Index j : finished_) price_[at(j)] += nearest_end_ - distance_[at(j)];
    flip(start);
  }
  for (Index j : touched_) distance_[at(j)] = infinity;
}

void CandidatePaths::flip(Index start) {
  for (Index j = end_;;) {
    const auto [cost, i] = by_[at(j)];
    const Index next = held_[at(i)].column;
    held_[at(i)] = {cost, j};
    owner_[at(j)] = i;
    if (i == start) return;
    j = next;
  }
}

void CandidatePaths::close(Index start) {
  closed_rows_.push_back(start);
  for (Index j : touched_) {
    closed_[at(j)] = true;
    closed_rows_.push_back(owner_[at(j)]);
  }
}

void CandidatePaths::reopen() {
  closed_rows_.clear();
  std::fill(closed_.begin(), closed_.end(), false);
}

void CandidatePaths::release(Index i) {
  if (!holds(i)) return;
  owner_[at(held_[at(i)].column)] = -1;
  held_[at(i)].column = -1;
}

}  // namespace monge

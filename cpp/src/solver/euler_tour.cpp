#include "solver/euler_tour.hpp"

#include <algorithm>
#include <cmath>

namespace monge {

EulerTour::EulerTour(Index tokens, Index vertices, std::vector<double>& potential)
    : capacity_(std::max<Index>(64, static_cast<Index>(0.4 * std::sqrt(tokens)))),
      vertices_(vertices),
      potential_(potential),
      block_of_(at(tokens)) {}

Index EulerTour::new_block() {
  if (!unused_.empty()) {
    const Index block = unused_.back();
    unused_.pop_back();
    return block;
  }
  length_.push_back(0);
  next_.push_back(none);
  previous_.push_back(none);
  shift_.push_back(0);
  tokens_.resize(tokens_.size() + at(capacity_));
  return static_cast<Index>(length_.size()) - 1;
}

void EulerTour::link(Index left, Index right) {
  if (left != none) next_[at(left)] = right;
  if (right != none) previous_[at(right)] = left;
}

// The first block holds the root's vertex and is never dropped.
void EulerTour::drop(Index block) {
  link(previous_[at(block)], next_[at(block)]);
  length_[at(block)] = 0;
  unused_.push_back(block);
}

void EulerTour::push_back(Index token) {
  if (tail_ == none || length_[at(tail_)] >= capacity_ / 2) {
    const Index block = new_block();
    if (head_ == none) head_ = block;
    link(tail_, block);
    tail_ = block;
  }
  append(tail_, token);
}

Index EulerTour::split(Index block, Index k) {
  const Index other = new_block();
  const Index count = length_[at(block)] - k;
  std::copy_n(tokens_of(block) + k, count, tokens_of(other));
  for (Index t = 0; t < count; ++t) block_of_[at(tokens_of(other)[t])] = other;
  length_[at(other)] = count;
  length_[at(block)] = k;
  shift_[at(other)] = shift_[at(block)];
  const Index right = next_[at(block)];
  link(block, other);
  next_[at(other)] = none;
  link(other, right);
  return other;
}

Index EulerTour::position(Index token) {
  const Index* tokens = tokens_of(block_of_[at(token)]);
  return static_cast<Index>(std::find(tokens, tokens + capacity_, token) - tokens);
}

Index EulerTour::split_before(Index token) {
  const Index k = position(token), block = block_of_[at(token)];
  return k > 0 ? split(block, k) : block;
}

Index EulerTour::split_after(Index token) {
  const Index k = position(token) + 1, block = block_of_[at(token)];
  if (k < length_[at(block)]) split(block, k);
  return block;
}

void EulerTour::append(Index block, Index token) {
  if (length_[at(block)] == capacity_) block = split(block, capacity_ / 2);
  tokens_of(block)[length_[at(block)]++] = token;
  block_of_[at(token)] = block;
}

void EulerTour::merge_with_next(Index block) {
  const Index other = next_[at(block)];
  if (other == none || length_[at(block)] + length_[at(other)] > capacity_ * 3 / 4) return;
  const double change = shift_[at(other)] - shift_[at(block)];
  Index* end = tokens_of(block) + length_[at(block)];
  for (Index t = 0; t < length_[at(other)]; ++t) {
    const Index token = tokens_of(other)[t];
    end[t] = token;
    block_of_[at(token)] = block;
    potential_[at(std::min(token, vertices_))] += change;
  }
  length_[at(block)] += length_[at(other)];
  drop(other);
}

void EulerTour::shift_blocks(Index first, Index end, double shift) {
  for (Index block = first; block != end; block = next_[at(block)]) shift_[at(block)] += shift;
}

void EulerTour::rehang(Index enter, Index leave, Index child, Index parent, double shift,
                       bool shift_others) {
  // Cut the run out. The root's vertex is to its left, so there is a block on that side.
  Index first = split_before(enter), last = split_after(leave);
  const Index left = previous_[at(first)];
  link(left, next_[at(last)]);
  if (next_[at(last)] == none) next_[at(left)] = none;
  previous_[at(first)] = next_[at(last)] = none;

  // Its two edge tokens stand at its ends whatever its rotation: take them off.
  Index* front = tokens_of(first);
  std::copy(front + 1, front + length_[at(first)], front);
  --length_[at(first)];
  --length_[at(last)];
  if (length_[at(first)] == 0) {
    const Index emptied = first;
    first = next_[at(emptied)];
    drop(emptied);
  }
  if (length_[at(last)] == 0) {
    const Index emptied = last;
    last = previous_[at(emptied)];
    next_[at(last)] = none;
    drop(emptied);
  }

  // Rotate.
  Index seam = none;
  const Index turn = split_before(child);
  if (next_[at(last)] != none) last = next_[at(last)];
  if (turn != first) {
    const Index before = previous_[at(turn)];
    next_[at(before)] = previous_[at(turn)] = none;
    link(last, first);
    seam = last;
    first = turn;
    last = before;
  }

  // Insert, shift, and put the edge tokens back.
  const Index host = split_after(parent);
  const Index right = next_[at(host)];
  link(host, first);
  next_[at(last)] = none;
  link(last, right);
  if (shift_others) {
    shift_blocks(head_, first, -shift);
    shift_blocks(right, none, -shift);
  } else {
    shift_blocks(first, right, shift);
  }
  append(last, leave);
  append(host, enter);

  const auto mend = [&](Index block) {
    if (block != none && length_[at(block)] > 0) merge_with_next(block);
  };
  const Index end_block = block_of_[at(leave)];
  mend(end_block);
  if (seam != end_block) mend(seam);
  mend(block_of_[at(enter)]);
  mend(left);
}

void EulerTour::settle() {
  for (Index vertex = 0; vertex < vertices_; ++vertex) {
    potential_[at(vertex)] += shift_[at(block_of_[at(vertex)])];
  }
  std::fill(shift_.begin(), shift_.end(), 0.0);
}

}  // namespace monge

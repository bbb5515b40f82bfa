// The Euler tour of a rooted tree, with potentials that a whole subtree's can be shifted at once.
//
// The tour is a sequence of tokens: one for every vertex, and two for the edge to its parent, one
// where the tour enters the subtree and one where it leaves. A subtree is a run of tokens; hanging
// it under another node, by another of its vertices, is to cut the run out, to rotate it and to
// insert it elsewhere. The sequence is a doubly linked list of blocks of O(sqrt N) tokens, and
// every block has one number that is added to the potentials of its vertices: a subtree of any size
// is moved and shifted in O(sqrt N).
#pragma once

#include <vector>

#include "monge/core/types.hpp"

namespace monge {

class EulerTour {
 public:
  /// Tokens are numbers below `tokens`; vertices are those below `vertices`, whose potentials are
  /// `potential`[vertex] + shift_of(vertex). `potential` lives as long as the tour and has one more
  /// entry, to which is added what concerns no vertex.
  EulerTour(Index tokens, Index vertices, std::vector<double>& potential);

  /// Builds the tour, token by token; the root's vertex comes first.
  void push_back(Index token);

  /// Moves the run from `enter` to `leave`, two tokens of an edge, behind the vertex `parent`,
  /// rotated so that the vertex `child` follows `enter`. Adds `shift` to the potentials of the run,
  /// or subtracts it from all others, which are fewer if `shift_others` is chosen well.
  void rehang(Index enter, Index leave, Index child, Index parent, double shift, bool shift_others);

  const double* shifts() const { return shift_.data(); }
  /// Where a vertex's shift is.
  const Index* blocks() const { return block_of_.data(); }

  /// Adds all shifts to the potentials.
  void settle();

 private:
  static constexpr Index none = -1;
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
  Index* tokens_of(Index block) { return tokens_.data() + at(block) * at(capacity_); }

  Index new_block();
  void link(Index left, Index right);
  void drop(Index block);
  /// Splits off the tokens from position k on; returns their block.
  Index split(Index block, Index k);
  Index position(Index token);
  Index split_before(Index token);  ///< returns the block that now begins with token
  Index split_after(Index token);   ///< returns the block that now ends with token
  void append(Index block, Index token);
  void merge_with_next(Index block);
  void shift_blocks(Index first, Index end, double shift);

  Index capacity_, vertices_, head_ = none, tail_ = none;
  std::vector<double>& potential_;
  std::vector<Index> tokens_, length_, next_, previous_, block_of_, unused_;
  std::vector<double> shift_;
};

}  // namespace monge

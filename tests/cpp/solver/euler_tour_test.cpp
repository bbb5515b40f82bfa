#include "solver/euler_tour.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

namespace monge {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// The same tour as one plain sequence of tokens. Vertex 0 is the root; the edge above vertex v has
/// the tokens vertices + 2 (v - 1) and the next one.
class PlainTour {
 public:
  PlainTour(Index vertices, bool chain, unsigned seed)
      : potential(at(vertices)), random_(seed), vertices_(vertices) {
    std::vector<std::vector<Index>> children(at(vertices));
    for (Index v = 1; v < vertices; ++v) {
      children[chain ? at(v) - 1 : random_() % at(v)].push_back(v);
      potential[at(v)] = static_cast<double>(random_() % 1000);
    }
    // Without recursion: a chain is deep.
    std::vector<std::pair<Index, std::size_t>> path{{0, 0}};
    sequence.push_back(0);
    while (!path.empty()) {
      auto& [v, next] = path.back();
      if (next == children[at(v)].size()) {
        if (v != 0) sequence.push_back(edge(v) + 1);
        path.pop_back();
        continue;
      }
      const Index child = children[at(v)][next++];
      sequence.insert(sequence.end(), {edge(child), child});
      path.push_back({child, 0});
    }
  }

  struct Rehang {
    Index enter, leave, child, parent;
    double shift;
    bool shift_others;
  };

  /// A random subtree, to hang by any of its vertices under any other one. After rotations either
  /// token of an edge may be the one where the tour enters.
  Rehang draw() {
    const Index lower = edge(1 + static_cast<Index>(random_() % at(vertices_ - 1)));
    auto enter = find(lower), leave = find(lower + 1);
    if (leave < enter) std::swap(enter, leave);
    std::vector<Index> inside, outside;
    for (auto token = sequence.begin(); token != sequence.end(); ++token) {
      if (*token < vertices_) (token > enter && token < leave ? inside : outside).push_back(*token);
    }
    return {*enter,
            *leave,
            inside[random_() % inside.size()],
            outside[random_() % outside.size()],
            static_cast<double>(random_() % 100) - 50,
            random_() % 2 == 0};
  }

  void rehang(const Rehang& move) {
    const auto first = find(move.enter), last = find(move.leave);
    std::vector<Index> run(first + 1, last);
    sequence.erase(first, last + 1);
    std::rotate(run.begin(), std::find(run.begin(), run.end(), move.child), run.end());
    for (Index token : move.shift_others ? sequence : run) {
      if (token < vertices_) potential[at(token)] += move.shift_others ? -move.shift : move.shift;
    }
    run.insert(run.begin(), move.enter);
    run.push_back(move.leave);
    sequence.insert(find(move.parent) + 1, run.begin(), run.end());
  }

  std::vector<Index> sequence;
  std::vector<double> potential;

 private:
  Index edge(Index v) const { return vertices_ + 2 * (v - 1); }
  std::vector<Index>::iterator find(Index token) {
    return std::find(sequence.begin(), sequence.end(), token);
  }

  std::mt19937_64 random_;
  Index vertices_;
};

std::vector<double> shifted(const EulerTour& tour, const std::vector<double>& potential) {
  std::vector<double> sums;
  for (std::size_t v = 0; v + 1 < potential.size(); ++v) {
    sums.push_back(potential[v] + tour.shifts()[tour.blocks()[v]]);
  }
  return sums;
}

TEST(EulerTour, RandomRehangsShiftWhatAPlainSequenceShifts) {
  for (const auto& [vertices, moves] : {std::pair{2, 20}, {3, 50}, {40, 300}, {700, 250}}) {
    for (bool chain : {false, true}) {
      SCOPED_TRACE(std::to_string(vertices) + (chain ? " in a chain" : " in a random tree"));
      PlainTour plain(vertices, chain, 5);
      std::vector<double> potential = plain.potential;
      potential.push_back(0);  // what concerns no vertex
      EulerTour tour(vertices + 2 * (vertices - 1), vertices, potential);
      for (Index token : plain.sequence) tour.push_back(token);
      for (int k = 0; k < moves; ++k) {
        const PlainTour::Rehang move = plain.draw();
        plain.rehang(move);
        tour.rehang(move.enter, move.leave, move.child, move.parent, move.shift, move.shift_others);
        ASSERT_EQ(shifted(tour, potential), plain.potential) << "after " << k + 1 << " moves";
      }
      tour.settle();
      EXPECT_EQ(shifted(tour, potential), plain.potential);
      potential.pop_back();
      EXPECT_EQ(potential, plain.potential);
    }
  }
}

}  // namespace
}  // namespace monge

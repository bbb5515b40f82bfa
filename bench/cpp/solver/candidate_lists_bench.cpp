// What a bid of the auction does: the two best of a row's list; and keeping the list of a scan.
#include "solver/candidate_lists.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <stdexcept>

namespace monge {
namespace {

constexpr Index rows = 1024, columns = 65536;

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

double uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

/// Scans of twice as many columns as a list keeps.
struct Scans {
  explicit Scans(int size) : lists(rows, size), price(at(columns)), scans(at(rows)) {
    std::mt19937_64 random(1);
    for (double& p : price) p = uniform(random);
    for (Scan& scan : scans) {
      scan.threshold = 3;
      for (int k = 0; k < 2 * size; ++k) {
        scan.found.push_back({uniform(random), static_cast<Index>(random() % at(columns))});
      }
    }
    keep_all();
    for (Index i = 0; i < rows; ++i) verify(i);
  }
  void keep_all() {
    for (Index i = 0; i < rows; ++i) lists.keep(i, scans[at(i)], price.data());
  }
  void verify(Index i) const {
    std::vector<double> values;
    for (const Candidate& c : scans[at(i)].found) values.push_back(c.cost + price[at(c.column)]);
    std::sort(values.begin(), values.end());
    const BestTwo two = lists.best_two(i, price.data());
    if (two.first != values[0] || two.second != values[1]) {
      throw std::runtime_error("the best two of a list are not the least of its scan");
    }
  }
  CandidateLists lists;
  std::vector<double> price;
  std::vector<Scan> scans;
};

void bid(benchmark::State& state) {
  const Scans s(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    for (Index i = 0; i < rows; ++i) {
      benchmark::DoNotOptimize(s.lists.best_two(i, s.price.data()));
    }
  }
  state.SetItemsProcessed(state.iterations() * rows);
}

void keep(benchmark::State& state) {
  Scans s(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    s.keep_all();
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * rows);
}

BENCHMARK(bid)->Name("lists/bid")->Arg(16)->Arg(32);
BENCHMARK(keep)->Name("lists/keep")->Arg(16)->Arg(32);

}  // namespace
}  // namespace monge

// Registers a benchmark for each table of kernels that this CPU runs.
#pragma once

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/row_kernels.hpp"

namespace monge::kernels {

/// Runs a kernel of the table once; the answer, or part of it, is what two tables must agree on.
template <class Table>
using RunOfTable = std::function<std::vector<double>(const Table&)>;

/// A case owns what it runs on: made by make() when its benchmark runs, not before.
template <class Table>
using MakeRun = std::function<RunOfTable<Table>()>;

inline bool agree(const std::vector<double>& a, const std::vector<double>& b, double tolerance) {
  if (a.size() != b.size()) return false;
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (!(a[k] == b[k] || std::abs(a[k] - b[k]) <= tolerance * std::abs(b[k]))) return false;
  }
  return true;
}

/// "kernel/NAME/INSTRUCTION_SET": verified against the narrowest table, within a relative
/// `tolerance` (0: the same bits), then timed. `items` is what a run processes.
template <class Table>
void register_for_tables(const std::string& name, std::span<const Table* const> tables,
                         const MakeRun<Table>& make, std::int64_t items, double tolerance = 0) {
  for (std::size_t k = 0; k < tables.size(); ++k) {
    const Table* table = tables[k];
    if (!table->supported()) continue;
    // All kinds of tables are compiled for the same instruction sets, in the same order.
    const std::string instruction_set(all_row_kernels()[k]->instruction_set);
    const auto time = [=](benchmark::State& state) {
      const RunOfTable<Table> run = make();
      if (!agree(run(*table), run(*tables.front()), tolerance)) {
        throw std::runtime_error(name + " differs from the baseline");
      }
      for (auto _ : state) benchmark::DoNotOptimize(run(*table));
      state.SetItemsProcessed(state.iterations() * items);
    };
    benchmark::RegisterBenchmark(("kernel/" + name + "/" + instruction_set).c_str(), time);
  }
}

}  // namespace monge::kernels

// Sorting of numbers and of positions, and the sweep for nearest points, each verified before it is
// timed.
#include "kernels/sorting.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <stdexcept>

#include "kernels/least_columns.hpp"

namespace monge::kernels {
namespace {

template <class T>
std::vector<T> normal_numbers(std::int64_t count) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> draw;
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& value : values) value = static_cast<T>(draw(random));
  return values;
}

template <class T>
void time_sort(benchmark::State& state, void (*sort)(T*, std::int64_t, SortScratch&)) {
  const std::vector<T> given = normal_numbers<T>(state.range(0));
  SortScratch scratch;
  std::vector<T> values;
  for (auto _ : state) {
    values = given;
    sort(values.data(), state.range(0), scratch);
    benchmark::DoNotOptimize(values.data());
  }
  if (!std::is_sorted(values.begin(), values.end())) throw std::runtime_error("not sorted");
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

template <class T>
void sort_by_values(benchmark::State& state) {
  time_sort<T>(state, sort_values);
}
template <class T>
void sort_by_radix(benchmark::State& state) {
  time_sort<T>(state, radix_sort_values);
}

void sort_by_positions(benchmark::State& state) {
  const std::vector<double> values = normal_numbers<double>(state.range(0));
  std::vector<Index> order(values.size());
  SortScratch scratch;
  for (auto _ : state) {
    sort_positions(values.data(), state.range(0), order.data(), scratch);
    benchmark::DoNotOptimize(order.data());
  }
  const auto ascends = [&](Index i, Index j) {
    return values[static_cast<std::size_t>(i)] < values[static_cast<std::size_t>(j)];
  };
  if (!std::is_sorted(order.begin(), order.end(), ascends)) throw std::runtime_error("not sorted");
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void find_nearest(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const std::vector<double> points = normal_numbers<double>(6 * n);
  const AnyMatrixView x = row_major(points.data(), n, 3),
                      y = row_major(points.data() + 3 * n, n, 3);
  Context context;
  context.threads = 1;
  const bool with_columns = state.range(1) != 0;
  if (nearest_points(x, y, false, context).of_x.values !=
      nearest_points(x, y, true, context).of_x.values) {
    throw std::runtime_error("the sweep and the trees differ");
  }
  for (auto _ : state) benchmark::DoNotOptimize(nearest_points(x, y, with_columns, context));
  state.SetItemsProcessed(state.iterations() * 2 * n);
}

BENCHMARK(sort_by_values<double>)->Name("sorting/values")->Arg(1024)->Arg(100'000)->Arg(1'000'000);
BENCHMARK(sort_by_values<float>)->Name("sorting/floats")->Arg(1024)->Arg(100'000)->Arg(1'000'000);
BENCHMARK(sort_by_radix<double>)->Name("sorting/radix")->Arg(1024)->Arg(100'000)->Arg(1'000'000);
BENCHMARK(sort_by_radix<float>)
    ->Name("sorting/radix_floats")
    ->Arg(1024)
    ->Arg(100'000)
    ->Arg(1'000'000);
BENCHMARK(sort_by_positions)->Name("sorting/positions")->Arg(1024)->Arg(100'000)->Arg(1'000'000);
BENCHMARK(find_nearest)->Name("nearest/points")->Args({1024, 0})->Args({1024, 1})->Args({2048, 0});

}  // namespace
}  // namespace monge::kernels

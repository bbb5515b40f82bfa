// Every kernel of every instruction set that this CPU runs, on rows that fit in the first-level
// cache and on rows that do not. Each is compared with the baseline's answer before it is timed.
#include "kernels/row_kernels.hpp"

#include <benchmark/benchmark.h>

#include <functional>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace monge::kernels {
namespace {

constexpr Index lengths[] = {1024, 16384};

std::vector<double> uniform(std::size_t size) {
  std::mt19937_64 random(1);
  std::vector<double> values(size);
  for (double& value : values) value = static_cast<double>(random() >> 11) * 0x1p-53;
  return values;
}

/// One row and what kernels write; `answer` is what two instruction sets must agree on.
template <class T>
struct Row {
  explicit Row(Index length) : n(length), v(uniform(static_cast<std::size_t>(length))) {
    for (std::size_t j = 0; j < v.size(); ++j) c.push_back(static_cast<T>(v[v.size() - 1 - j]));
    key.assign(v.size(), std::numeric_limits<double>::infinity());
    pred.assign(v.size(), -1);
    block_min.assign((v.size() + block - 1) / block, 0);
    minima.assign((v.size() + group - 1) / group, 0);
  }
  Index n;
  std::vector<double> v;
  std::vector<T> c;
  std::vector<double> key, block_min, minima;
  std::vector<Index> pred;
};

template <class T>
using Kernel = std::function<std::vector<double>(const RowKernels&, Row<T>&)>;

template <class T>
struct NamedKernel {
  std::string name;
  Kernel<T> run;  ///< runs the kernel once and returns its answer, or part of it
};

template <class T>
std::vector<NamedKernel<T>> row_cases() {
  return {
      {"min_reduced",
       [](const RowKernels& k, Row<T>& r) {
         return std::vector{k.of<T>().min_reduced(r.c.data(), r.v.data(), r.n)};
       }},
      {"two_smallest",
       [](const RowKernels& k, Row<T>& r) {
         const TwoSmallest two = k.of<T>().two_smallest(r.c.data(), r.v.data(), r.n);
         return std::vector{two.first, two.second, static_cast<double>(two.argmin)};
       }},
      {"column_minima",
       [](const RowKernels& k, Row<T>& r) {
         k.of<T>().column_minima(r.c.data(), 1, r.key.data(), r.pred.data(), r.n);
         return std::vector{r.key.front(), r.key.back()};
       }},
      {"relax",
       [](const RowKernels& k, Row<T>& r) {
         k.of<T>().relax(r.c.data(), r.v.data(), 0.5, 1, r.key.data(), r.pred.data(),
                         r.block_min.data(), r.n);
         return std::vector{r.key.front(), r.key.back(), r.block_min.front()};
       }},
      {"group_minima",
       [](const RowKernels& k, Row<T>& r) {
         k.of<T>().group_minima(r.c.data(), r.v.data(), r.n, r.minima.data());
         return std::vector{r.minima.front(), r.minima.back()};
       }},
      {"group_minima+collect",
       [](const RowKernels& k, Row<T>& r) {
         k.of<T>().group_minima(r.c.data(), r.v.data(), r.n, r.minima.data());
         const Index found = k.of<T>().collect(r.c.data(), r.v.data(), r.minima.data(), 0.1, r.n,
                                               r.pred.data(), r.key.data());
         return std::vector{static_cast<double>(found), r.key.front()};
       }},
  };
}

NamedKernel<double> cost_case(std::string_view cost_name, int dim) {
  const GroundCost cost = make_ground_cost(cost_name, 1.5);
  const std::vector<double> points = uniform(static_cast<std::size_t>(dim) * lengths[1]);
  return {"costs/" + std::string(cost_name) + "/dim:" + std::to_string(dim),
          [cost, points, dim](const RowKernels& k, Row<double>& r) {
            k.costs(cost, points.data(), points.data(), static_cast<std::size_t>(r.n), dim,
                    r.key.data(), r.n);
            return std::vector{r.key.front(), r.key.back()};
          }};
}

template <class T>
void time_kernel(benchmark::State& state, const RowKernels& table, const NamedKernel<T>& kernel,
                 Index n) {
  Row<T> row(n), reference(n);
  if (kernel.run(table, row) != kernel.run(*all_row_kernels().front(), reference)) {
    throw std::runtime_error(kernel.name + " differs from the baseline");
  }
  for (auto _ : state) benchmark::DoNotOptimize(kernel.run(table, row));
  state.SetItemsProcessed(state.iterations() * n);
}

template <class T>
void register_kernel(const NamedKernel<T>& kernel) {
  const std::string precision = sizeof(T) == 4 ? "f32" : "f64";
  for (Index n : lengths) {
    for (const RowKernels* table : all_row_kernels()) {
      if (!table->supported()) continue;
      const std::string name = "kernel/" + kernel.name + "/" + precision + "/" + std::to_string(n) +
                               "/" + std::string(table->instruction_set);
      benchmark::RegisterBenchmark(
          name.c_str(), [table, kernel, n](auto& state) { time_kernel(state, *table, kernel, n); });
    }
  }
}

bool register_all() {
  for (const auto& kernel : row_cases<float>()) register_kernel(kernel);
  for (const auto& kernel : row_cases<double>()) register_kernel(kernel);
  for (std::string_view cost : ground_cost_names()) {
    for (int dim : {2, 3}) register_kernel(cost_case(cost, dim));
  }
  return true;
}

[[maybe_unused]] const bool registered = register_all();

}  // namespace
}  // namespace monge::kernels

// Entropic transport from sphere to torus, by size, epsilon over the mean cost, and method. One
// thread.
//
// The status and the marginals' error are checked before anything is timed; the counters say how
// many passes and Hessian products a solve took.
#include "monge/solver/sinkhorn.hpp"

#include <benchmark/benchmark.h>

#include <stdexcept>
#include <string>

#include "monge/instances.hpp"
#include "monge/problem/validate.hpp"

namespace monge {
namespace {

constexpr double mean_cost = 2.15;  // of this family, within 2 %

EntropicResult solve_once(const Problem& problem, const SinkhornOptions& options) {
  Context context;
  context.threads = 1;
  return solve_sinkhorn(problem, options, context);
}

void time_sinkhorn(benchmark::State& state, Index n, const SinkhornOptions& options) {
  const Instance instance = generate_instance("sphere_to_torus", n, 0);
  Problem problem = instance.problem();
  std::get<PointClouds>(problem.geometry).cost = SqEuclidean{};
  problem = validate(problem);
  const EntropicResult result = solve_once(problem, options);
  if (result.status != Status::within_tolerance || !(result.error <= options.rtol))
    throw std::runtime_error("sinkhorn did not converge: error " + std::to_string(result.error));
  for (auto _ : state) benchmark::DoNotOptimize(solve_once(problem, options));
  for (const auto& [counter, value] : result.stats) state.counters[counter] = value;
}

bool register_all() {
  for (const char* method : {"newton", "anderson"}) {
    for (Index n : {64, 1024, 4096}) {
      for (const double part : {0.05, 0.002}) {
        const SinkhornOptions options{.epsilon = part * mean_cost, .method = method};
        const std::string name = std::string("solver/sinkhorn/") + method +
                                 "/epsilon:" + (part == 0.05 ? "0.05" : "0.002") + "/" +
                                 std::to_string(n);
        benchmark::RegisterBenchmark(name.c_str(), [n, options](auto& state) {
          time_sinkhorn(state, n, options);
        })->Unit(benchmark::kMillisecond);
      }
    }
  }
  return true;
}

[[maybe_unused]] const bool registered = register_all();

}  // namespace
}  // namespace monge

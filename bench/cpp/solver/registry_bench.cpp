// Every solver on every family of instances that it serves, at every size.
//
// The answer is certified before it is timed; a wrong one ends the program. The solver's own
// counters are reported beside the time. One thread.
#include "monge/solver/registry.hpp"

#include <benchmark/benchmark.h>

#include <stdexcept>
#include <string>

#include "monge/instances.hpp"
#include "monge/problem/validate.hpp"
#include "monge/result/certificate.hpp"

namespace monge {
namespace {

constexpr Index sizes[] = {64, 256, 1024, 4096};

Result solve_once(const SolverEntry& solver, const Problem& problem) {
  Context context;
  context.threads = 1;
  return solver.solve(problem, {}, context);
}

void verify(const Problem& problem, const Result& result, const std::string& name) {
  Context context;
  const Certificate certificate = certify(problem, result, context);
  if (result.status != Status::optimal || !(certificate.relative_gap <= 1e-9) ||
      !(certificate.marginal_error <= 1e-12)) {
    throw std::runtime_error(name + " is not optimal: relative gap " +
                             std::to_string(certificate.relative_gap));
  }
}

void time_solver(benchmark::State& state, const SolverEntry& solver, const InstanceFamily& family,
                 Index n, const std::string& name) {
  const Instance instance = family.generate(n, 0);
  const Problem problem = validate(instance.problem());
  const Result result = solve_once(solver, problem);
  verify(problem, result, name);
  for (auto _ : state) benchmark::DoNotOptimize(solve_once(solver, problem));
  for (const auto& [counter, value] : result.stats) state.counters[counter] = value;
}

bool register_all() {
  for (const SolverEntry& solver : solvers()) {
    for (const InstanceFamily& family : instance_families()) {
      const Instance probe = family.generate(2, 0);
      if (refusal(solver, validate(probe.problem()))) continue;
      for (Index n : sizes) {
        const std::string name = "solver/" + std::string(solver.name) + "/" +
                                 std::string(family.name) + "/" + std::to_string(n);
        benchmark::RegisterBenchmark(name.c_str(), [&solver, &family, n, name](auto& state) {
          time_solver(state, solver, family, n, name);
        })->Unit(benchmark::kMicrosecond);
      }
    }
  }
  return true;
}

[[maybe_unused]] const bool registered = register_all();

}  // namespace
}  // namespace monge

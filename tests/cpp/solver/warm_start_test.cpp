#include "solver/warm_start.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "monge/core/error.hpp"
#include "monge/instances.hpp"
#include "monge/solver/registry.hpp"
#include "monge/solver/solve.hpp"
#include "solver/simplex_checks.hpp"
#include "solver/small_transport.hpp"

namespace monge {
namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// A warm start that owns its numbers.
struct Start {
  std::string name;
  std::vector<double> f, g;
  std::vector<Index> rows, cols;

  WarmStart view() const { return {f, g, rows, cols}; }
};

std::vector<double> affine(std::vector<double> values, double factor, double offset) {
  for (double& value : values) value = factor * value + offset;
  return values;
}

/// What a caller may bring: right, right but for a constant or a factor, stale, and nonsense.
std::vector<Start> starts_of(const Problem& problem, const Solution& solution) {
  const auto& [f, g] = std::tie(solution.certificate.f, solution.certificate.g);
  const std::size_t n = at(problem.rows()), m = at(problem.cols());
  std::vector<double> huge = affine(uniform_numbers(m, 7), 2, -1);
  for (double& value : huge) value = value > 0 ? 1.7e308 : -1.7e308;
  std::vector<double> finite_f = f;  // of a row whose pairs are all forbidden it is infinite
  for (double& value : finite_f) value = std::isfinite(value) ? value : 0;
  std::vector<Start> starts{
      {"right", {}, g, {}, {}},
      {"f alone", finite_f, {}, {}, {}},
      {"offset", {}, affine(g, 1, 1e15), {}, {}},
      {"scaled up", {}, affine(g, 1e9, 0), {}, {}},
      {"scaled down", {}, affine(g, 1e-9, 0), {}, {}},
      {"zero", {}, std::vector<double>(m, 0.0), {}, {}},
      {"noise", {}, uniform_numbers(m, 5), {}, {}},
      {"huge", {}, huge, {}, {}},
      {"huge f", std::vector<double>(n, -1.7e308), {}, {}, {}},
  };
  const Plan& plan = solution.plan;
  Start with_plan{"plan", f.size() == n ? finite_f : std::vector<double>{}, g, plan.rows,
                  plan.cols};
  starts.push_back(with_plan);
  with_plan.name = "plan by nonsense";
  with_plan.g = huge;
  starts.push_back(with_plan);
  with_plan.name = "another's plan";
  with_plan.g = g;
  for (Index& col : with_plan.cols) col = problem.cols() - 1 - col;
  starts.push_back(with_plan);
  with_plan.name = "each pair twice";
  with_plan.rows.insert(with_plan.rows.end(), plan.rows.begin(), plan.rows.end());
  with_plan.cols.insert(with_plan.cols.end(), plan.cols.begin(), plan.cols.end());
  starts.push_back(with_plan);
  with_plan = {"all pairs", {}, g, {}, {}};
  for (Index i = 0; i < problem.rows(); ++i) {
    for (Index j = 0; j < problem.cols(); ++j) {
      with_plan.rows.push_back(i);
      with_plan.cols.push_back(j);
    }
  }
  starts.push_back(with_plan);
  return starts;
}

Solution solved(const Problem& problem, std::string_view solver, int threads = 1) {
  Context context;
  context.threads = threads;
  return solve(problem, solver, {}, context);
}

double pivots(const Solution& solution) {
  for (const auto& [name, count] : solution.stats) {
    if (name == "pivots") return count;
  }
  return -1;
}

TEST(WarmStart, NeverChangesTheAnswer) {
  for (const InstanceFamily& family : instance_families()) {
    for (Index n : {1, 2, 40}) {
      const Instance instance = family.generate(n, 3);
      const Problem cold = instance.problem();
      if (cold.kind == Kind::assignment) continue;
      const Solution expected = solved(cold, "auto");
      if (expected.status != Status::optimal) continue;
      for (const Start& start : starts_of(cold, expected)) {
        Problem warm = cold;
        warm.warm_start = start.view();
        for (const SolverEntry& solver : solvers()) {
          if (refusal(solver, validate(warm))) continue;
          SCOPED_TRACE(std::string(solver.name) + " on " + std::string(family.name) +
                       ", n = " + std::to_string(n) + ", from " + start.name);
          const Solution solution = solved(warm, solver.name);
          expect_certified(solution);
          const double cost = expected.certificate.cost;
          EXPECT_NEAR(solution.certificate.cost, cost, 1e-9 * std::fabs(cost));
        }
      }
    }
  }
}

/// Clouds, and the same after every point of x has moved a little.
struct Moved {
  explicit Moved(double step, bool drawn = false)
      : instance(generate_instance("uniform_cube", 700, 1)) {
    if (drawn) {
      instance.a = masses_of_kind("spread", 700, 2);
      instance.b = masses_of_kind("spread", 700, 3);
    }
    before = solved(instance.problem(), "multiscale_simplex");
    const std::vector<double> noise = uniform_numbers(instance.x.size(), 4);
    for (std::size_t k = 0; k < noise.size(); ++k) instance.x[k] += step * (noise[k] - 0.5);
  }
  Problem problem(bool with_plan) const {
    Problem problem = instance.problem();
    problem.warm_start = {before.certificate.f, before.certificate.g, {}, {}};
    if (with_plan) {
      problem.warm_start.rows = before.plan.rows;
      problem.warm_start.cols = before.plan.cols;
    }
    return problem;
  }
  Instance instance;
  Solution before;
};

TEST(WarmStart, OfCloudsMovedALittleSavesMostPivots) {
  for (const char* solver : {"multiscale_simplex", "network_simplex"}) {
    for (bool drawn : {false, true}) {
      SCOPED_TRACE(std::string(solver) + (drawn ? ", drawn masses" : ", equal masses"));
      const Moved moved(1e-3, drawn);
      const Solution cold = solved(moved.instance.problem(), solver);
      const Solution potentials = solved(moved.problem(false), solver);
      const Solution plan = solved(moved.problem(true), solver);
      if (!drawn) {
        EXPECT_LT(pivots(potentials), 0.5 * pivots(cold));
      }
      EXPECT_LT(pivots(plan), 0.25 * pivots(cold));
      EXPECT_NEAR(plan.certificate.cost, cold.certificate.cost, 1e-12 * cold.certificate.cost);
    }
  }
}

TEST(WarmStart, OfCloudsMovedFarIsDroppedForTheColdOne) {
  for (const char* solver : {"multiscale_simplex", "multiscale_hungarian"}) {
    SCOPED_TRACE(solver);
    const Moved moved(3, false);
    const Solution cold = solved(moved.instance.problem(), solver);
    for (bool with_plan : {false, true}) {
      const Solution warm = solved(moved.problem(with_plan), solver);
      EXPECT_EQ(warm.stats, cold.stats);
      EXPECT_LE(warm.certificate.relative_gap, 1e-12);
    }
  }
}

TEST(WarmStart, FromTheSolutionItselfNeedsHardlyAPivot) {
  for (bool drawn : {false, true}) {
    const Moved same(0, drawn);
    EXPECT_LE(pivots(solved(same.problem(true), "multiscale_simplex")), 7);
    EXPECT_LE(pivots(solved(same.problem(true), "network_simplex")), 7);
  }
}

TEST(WarmStart, GivesTheSameOnAnyNumberOfThreads) {
  for (bool with_plan : {false, true}) {
    const Moved moved(1e-2);
    const Solution one = solved(moved.problem(with_plan), "multiscale_simplex", 1);
    const Solution two = solved(moved.problem(with_plan), "multiscale_simplex", 2);
    EXPECT_EQ(one.certificate.f, two.certificate.f);
    EXPECT_EQ(one.plan.cols, two.plan.cols);
    EXPECT_EQ(one.stats, two.stats);
  }
}

TEST(WarmStart, InterruptedAtOnceStillHasAFeasiblePlan) {
  const Moved moved(1e-2);
  for (const SolverEntry& solver : solvers()) {
    const Problem problem = moved.problem(true);
    if (refusal(solver, validate(problem))) continue;
    Context context;
    context.threads = 1;
    context.deadline = Context::Clock::now() - std::chrono::seconds(1);
    const Solution solution = solve(problem, solver.name, {}, context);
    EXPECT_EQ(name_of(solution.status), "time_limit");
    EXPECT_LE(solution.certificate.marginal_error, 1e-12);
  }
}

TEST(WarmStart, CostsOfATransposedViewStartFromTheRightSide) {
  const std::vector<double> costs = uniform_numbers(50 * 50, 1);
  Problem problem;
  problem.geometry = DenseCost{row_major(costs.data(), 50, 50).transposed()};
  const Solution cold = solved(problem, "hungarian");
  problem.warm_start.g = cold.certificate.g;
  const Solution warm = solved(problem, "hungarian");
  EXPECT_EQ(warm.certificate.cost, cold.certificate.cost);
  const auto scans = [](const Solution& solution) {
    return solution.stats[1].second + solution.stats[3].second;
  };
  ASSERT_EQ(cold.stats[1].first, "row_reduction_scans");
  ASSERT_EQ(cold.stats[3].first, "path_scans");
  EXPECT_LT(scans(warm), 0.5 * scans(cold));
}

TEST(WarmStart, AutoTakesWhatCanUseIt) {
  const Moved moved(1e-3);
  const Problem problem = validate(moved.problem(true));
  EXPECT_EQ(select_solver("auto", problem).name, "multiscale_hungarian");
  const Instance line = generate_instance("line", 20, 0);
  Problem on_line = line.problem();
  const std::vector<double> g(at(on_line.cols()), 0.0);
  on_line.warm_start.g = g;
  EXPECT_EQ(select_solver("auto", validate(on_line)).name, "sorting_1d");
  EXPECT_THROW(select_solver("sorting_1d", validate(on_line)), Unsupported);
}

TEST(WarmStart, IsCheckedByNameRuleAndValue) {
  const std::vector<double> costs{1, 2, 3, 4};
  Problem problem;
  problem.geometry = DenseCost{row_major(costs.data(), 2, 2)};
  const std::vector<double> right{0, 1}, three{0, 1, 2},
      infinite{0, std::numeric_limits<double>::infinity()};
  const std::vector<Index> one{1}, two{0, 1}, out{0, 2}, negative{-1, 0};
  const auto message = [&](const WarmStart& start) -> std::string {
    Problem given = problem;
    given.warm_start = start;
    try {
      validate(given);
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message({right, right, two, two}), "");
  EXPECT_EQ(message({right, three, {}, {}}),
            "g of the potentials must have one number per point, 2; got 3");
  EXPECT_EQ(message({infinite, {}, {}, {}}),
            "f of the potentials must be finite; got inf at f of the potentials[1]");
  EXPECT_EQ(message({{}, {}, two, two}),
            "a plan to start from must come with potentials; got a plan alone");
  EXPECT_EQ(message({{}, right, two, one}),
            "a plan to start from must have as many rows as columns; got 2 and 1");
  EXPECT_EQ(message({{}, right, out, two}),
            "rows of the plan must be from 0 to 1; got 2 at rows of the plan[1]");
  EXPECT_EQ(message({{}, right, two, negative}),
            "cols of the plan must be from 0 to 1; got -1 at cols of the plan[0]");
  problem.kind = Kind::assignment;
  EXPECT_EQ(message({{}, right, {}, {}}), "an assignment must have no warm start; got one");
}

TEST(WarmPrices, AreCentredAndWithinTheRangeOfCosts) {
  const std::vector<double> costs{1, 5, 2, 3};
  Problem problem;
  problem.geometry = DenseCost{row_major(costs.data(), 2, 2)};
  const std::vector<double> g{-1e300, 1e300}, close{100, 102};
  Context context;
  problem.warm_start.g = g;
  EXPECT_EQ(warm_prices(problem, context), (std::vector<double>{4, -4}));
  problem.warm_start.g = close;
  EXPECT_EQ(warm_prices(problem, context), (std::vector<double>{1, -1}));
}

TEST(WarmPrices, OfRowPotentialsAreThoseOfTheirTransform) {
  const std::vector<double> costs{1, 5, 2, 3}, f{0, 2};
  Problem problem;
  problem.geometry = DenseCost{row_major(costs.data(), 2, 2)};
  problem.warm_start.f = f;
  Context context;
  // f is 0, 2 up to a constant; g = min(1 - 0, 2 - 2), min(5 - 0, 3 - 2) = 0, 1.
  EXPECT_EQ(warm_prices(problem, context), (std::vector<double>{0.5, -0.5}));
}

TEST(StartingTree, JoinedLeavesFirstIsTheTreeThatThePairsCameFrom) {
  for (const auto& [n, m, units] : {std::tuple{1, 1, 1}, {8, 8, 8}, {5, 11, 30}, {12, 9, 60}}) {
    for (unsigned seed = 0; seed < 20; ++seed) {
      SmallTransport transport(n, m, units, 100, seed);
      TransportTree tree(n, m), again(n, m);
      transport.start(tree);
      std::vector<Pair> pairs;
      std::vector<Flow> expected(transport.matrix.size(), 0), found = expected;
      const auto flows = [&, cols = m](const TransportTree& from, std::vector<Flow>& to) {
        for (Index v = 0; v < from.root(); ++v) {
          if (from.parent(v) == from.root() || from.flow(v) == 0) continue;
          to[at(from.arc_row(v) * cols + from.arc_col(v))] = from.flow(v);
          if (&from == &tree) pairs.push_back({from.arc_row(v), from.arc_col(v)});
        }
      };
      flows(tree, expected);
      StartingTree joins(transport.a, transport.b, again);
      joins.join_leaves_first(pairs, [&](Index i, Index j) { return transport.cost(i, j); });
      const std::vector<double> u(at(n), 0), p(at(m), 0);
      joins.finish([&](Index i, Index j) { return transport.cost(i, j); }, u, p);
      expect_strongly_feasible(again, transport.a, transport.b);
      flows(again, found);
      EXPECT_EQ(found, expected);
    }
  }
}

TEST(StartingTree, JoinedByAnyPairsIsStronglyFeasible) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    SmallTransport transport(7, 10, 25, 100, seed);
    std::vector<Pair> pairs;
    for (int k = 0; k < 30; ++k) {
      pairs.push_back({static_cast<Index>(transport.random() % 7),
                       static_cast<Index>(transport.random() % 10)});
    }
    TransportTree tree(7, 10);
    StartingTree joins(transport.a, transport.b, tree);
    const auto cost_of = [&](Index i, Index j) { return transport.cost(i, j); };
    joins.join_leaves_first(pairs, cost_of);
    joins.finish(cost_of, std::vector<double>(7, 0), std::vector<double>(10, 0));
    expect_strongly_feasible(tree, transport.a, transport.b);
  }
}

}  // namespace
}  // namespace monge

#include "kernels/least_columns.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "monge/instances.hpp"
#include "solver/simplex_checks.hpp"

namespace monge {
namespace {

TEST(LeastColumns, DoNotDependOnTheColumnsNamed) {
  const Index n = 800;
  for (const char* family : {"sphere_to_torus", "lattice", "duplicates"}) {
    const Instance instance = generate_instance(family, n, 0);
    const Problem problem = instance.problem();
    ASSERT_TRUE(kernels::tree_pays(problem.rows(), problem.cols(), problem.dim()));
    const std::vector<double> g = uniform_numbers(static_cast<std::size_t>(problem.cols()), 1);
    Context context;
    const kernels::LeastColumns expected = kernels::least_columns(*problem.clouds(), g, context);
    for (Index step : {0, 1, 13}) {
      std::vector<Index> likely;
      for (Index i = 0; i < problem.rows(); ++i) {
        likely.push_back(i % 5 == 0 ? -1 : (i * step) % problem.cols());
      }
      const auto found = kernels::least_columns(*problem.clouds(), g, context, likely);
      EXPECT_EQ(found.values, expected.values) << family;
      EXPECT_EQ(found.columns, expected.columns) << family;
    }
  }
}

}  // namespace
}  // namespace monge

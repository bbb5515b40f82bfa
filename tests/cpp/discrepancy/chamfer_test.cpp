#include "monge/discrepancy/chamfer.hpp"

#include <gtest/gtest.h>

#include "monge/core/error.hpp"
#include "monge/discrepancy/c_transform.hpp"
#include "monge/problem/validate.hpp"

namespace monge {
namespace {

struct Pair {
  std::vector<double> x, y;
  Problem problem(const GroundCost& cost) const {
    Problem problem;
    problem.geometry =
        PointClouds{row_major(x.data(), static_cast<std::int64_t>(x.size()), 1),
                    row_major(y.data(), static_cast<std::int64_t>(y.size()), 1), cost};
    return validate(problem);
  }
};

TEST(Chamfer, OfAFewNumbers) {
  const Pair pair{{0, 10}, {1, 2, 10}};
  Context context;
  const Chamfer squared = chamfer(pair.problem(SqEuclidean{}), true, context);
  EXPECT_DOUBLE_EQ(squared.value, 0.5 + 5.0 / 3);
  EXPECT_EQ(squared.nearest_y, (std::vector<Index>{0, 2}));
  EXPECT_EQ(squared.nearest_x, (std::vector<Index>{0, 0, 1}));
  EXPECT_DOUBLE_EQ(chamfer(pair.problem(Euclidean{}), false, context).value, 0.5 + 1);
}

TEST(Chamfer, RefusesCostsThatAreNoPowerOfTheDistance) {
  const Pair pair{{0}, {1}};
  Context context;
  EXPECT_THROW((void)chamfer(pair.problem(Cityblock{}), false, context), Unsupported);
}

TEST(CTransform, OfAFewNumbersTakesTheLowestOfTies) {
  const Pair pair{{0, 5}, {1, -1, 5}};
  Context context;
  const CTransform transform = c_transform(pair.problem(Euclidean{}), {0, 0, -3}, context);
  EXPECT_EQ(transform.f, (std::vector<double>{1, 3}));
  EXPECT_EQ(transform.argmin, (std::vector<Index>{0, 2}));
}

TEST(CTransform, RefusesWhatIsNoPotential) {
  const Pair pair{{0, 5}, {1}};
  Context context;
  EXPECT_THROW((void)c_transform(pair.problem(Euclidean{}), {}, context), InvalidArgument);
}

}  // namespace
}  // namespace monge

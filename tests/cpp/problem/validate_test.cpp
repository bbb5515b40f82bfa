#include "monge/problem/validate.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "expect_certified.hpp"
#include "monge/core/error.hpp"

namespace monge {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const double not_a_number = std::nan("");

/// A problem that owns its numbers; the dimension of clouds is 1 unless said.
struct Owned {
  std::vector<double> x{0, 1}, y{2, 3}, matrix{}, a{}, b{};
  int dim = 1, dim_y = 1;
  GroundCost cost = Euclidean{};
  Kind kind = Kind::transport;
  std::int64_t rows = 0;  ///< of `matrix`; 0: clouds

  Problem problem() const {
    Problem problem;
    if (rows > 0) {
      const std::int64_t cols = static_cast<std::int64_t>(matrix.size()) / rows;
      problem.geometry = DenseCost{row_major(matrix.data(), rows, cols)};
    } else {
      problem.geometry = PointClouds{
          row_major(x.data(), static_cast<std::int64_t>(x.size()) / dim, dim),
          row_major(y.data(), static_cast<std::int64_t>(y.size()) / dim_y, dim_y), cost};
    }
    problem.a = a;
    problem.b = b;
    problem.kind = kind;
    return problem;
  }
};

Owned dense(std::vector<double> matrix, std::int64_t rows, Kind kind = Kind::transport) {
  Owned owned;
  owned.matrix = std::move(matrix);
  owned.rows = rows;
  owned.kind = kind;
  return owned;
}

/// Refused with a message that has all of `words`.
void expect_refused(const Owned& owned, const std::vector<std::string>& words) {
  const std::string message = message_of<InvalidArgument>([&] { validate(owned.problem()); });
  for (const std::string& word : words) {
    EXPECT_NE(message.find(word), std::string::npos) << word << " in: " << message;
  }
}

TEST(Validate, CloudsMustHavePoints) {
  expect_refused({.x = {}}, {"x must have", "points", "got 0"});
  expect_refused({.y = {}}, {"y must have", "points", "got 0"});
}

TEST(Validate, CloudsMustShareTheirDimension) {
  expect_refused({.x = {0, 1}, .y = {0, 1}, .dim = 2, .dim_y = 1},
                 {"y must have the dimension of x, 2", "got dimension 1"});
}

TEST(Validate, CoordinatesMustBeFinite) {
  expect_refused({.x = {0, infinity}}, {"x must have finite", "inf at x[1, 0]"});
  expect_refused({.y = {not_a_number, 0}}, {"y must have finite", "nan at y[0, 0]"});
}

TEST(Validate, ExtentsWhoseSquaresOverflowOrVanishAreRefused) {
  expect_refused({.x = {0, 1e141}}, {"extent", "1e+141"});
  expect_refused({.x = {0, 1.7e308}, .y = {-1.7e308, 0}}, {"extent"});
  expect_refused({.x = {0, 1e-141}, .y = {0, 0}}, {"extent", "1e-141"});
  expect_refused({.x = {0, 5e-324}, .y = {0, 0}}, {"extent"});
  EXPECT_NO_THROW(validate(Owned{.x = {0, 1e139}}.problem()));
  EXPECT_NO_THROW(validate(Owned{.x = {0, 1e-139}, .y = {0, 0}}.problem()));
}

TEST(Validate, CloudsOfOnePositionAreFine) {
  EXPECT_NO_THROW(validate(Owned{.x = {7, 7}, .y = {7, 7}}.problem()));
}

TEST(Validate, ACostAcrossTheExtentThatIsTooLargeIsRefused) {
  expect_refused({.x = {0, 1e100}, .cost = EuclideanPower{4}},
                 {"the cost across the extent", "inf"});
}

TEST(Validate, ACostAcrossTheExtentThatVanishesIsRefused) {
  expect_refused({.x = {0, 1e-100}, .y = {0, 0}, .cost = EuclideanPower{4}},
                 {"the cost across the extent", "got 0"});
}

TEST(Validate, NumbersOnALineAreCalledUAndV) {
  Owned owned{.x = {0, not_a_number}};
  Problem problem = owned.problem();
  std::get<PointClouds>(problem.geometry).line = true;
  const std::string message = message_of<InvalidArgument>([&] { validate(problem); });
  EXPECT_NE(message.find("nan at u[1]"), std::string::npos) << message;
}

TEST(Validate, DenseCostsMayBeInfiniteButNotNaNOrMinusInfinite) {
  EXPECT_NO_THROW(validate(dense({1, infinity, infinity, 1}, 2).problem()));
  expect_refused(dense({1, 2, not_a_number, 4}, 2), {"cost_matrix", "nan at cost_matrix[1, 0]"});
  expect_refused(dense({1, -infinity}, 1), {"cost_matrix", "-inf at cost_matrix[0, 1]"});
}

TEST(Validate, FiniteDenseCostsOfATransportAreBoundedThoseOfAnAssignmentNot) {
  expect_refused(dense({1e301}, 1), {"cost_matrix", "1e300", "1e+301"});
  EXPECT_NO_THROW(validate(dense({1e301}, 1, Kind::assignment).problem()));
}

TEST(Validate, AStridedDenseCostIsReadThroughItsStrides) {
  std::vector<double> matrix{1, not_a_number, 2, not_a_number, 3, not_a_number, 4, not_a_number};
  Problem problem;
  problem.geometry = DenseCost{MatrixView<double>{matrix.data(), 2, 2, 4, 2}};
  EXPECT_NO_THROW(validate(problem));
  matrix[6] = not_a_number;
  EXPECT_THROW(validate(problem), InvalidArgument);
}

TEST(Validate, OnlyAnAssignmentMayBeEmpty) {
  Problem problem;
  problem.geometry = DenseCost{row_major<double>(nullptr, 0, 3)};
  EXPECT_THROW(validate(problem), InvalidArgument);
  problem.kind = Kind::assignment;
  EXPECT_NO_THROW(validate(problem));
}

TEST(Validate, MoreRowsThanAnIndexCountsAreRefused) {
  const double point = 0;
  Problem problem;
  problem.geometry = PointClouds{MatrixView<double>{&point, std::int64_t{max_index} + 1, 1, 0, 1},
                                 row_major(&point, 1, 1),
                                 {}};
  EXPECT_THROW(validate(problem), InvalidArgument);
}

TEST(Validate, AnAssignmentTakesNoMasses) {
  Owned owned = dense({1, 2, 3, 4}, 2, Kind::assignment);
  owned.a = {0.5, 0.5};
  expect_refused(owned, {"an assignment", "no masses"});
}

TEST(Validate, MassesMustFitTheirSideBeFiniteNonNegativeAndNotAllZero) {
  expect_refused({.a = {1}}, {"a must have one mass per point, 2", "got 1"});
  expect_refused({.b = {1, 1, 1}}, {"b must have one mass per point, 2", "got 3"});
  expect_refused({.a = {1, -1}}, {"a must have", "-1 at a[1]"});
  expect_refused({.a = {1, not_a_number}}, {"a must have", "nan at a[1]"});
  expect_refused({.b = {infinity, 1}}, {"b must have", "inf at b[0]"});
  expect_refused({.a = {0, 0}}, {"a must have a positive total", "got 0"});
  expect_refused({.a = {1e-301, 0}, .b = {1e-301, 0}}, {"a must have a total mass from"});
}

TEST(Validate, TotalsMustAgreeWithinOnePartInAMillion) {
  expect_refused({.a = {1, 1}, .b = {1, 1.00001}}, {"total masses", "2 and 2.00001"});
  expect_refused({.a = {1, 1}}, {"total masses", "2 and 1", "omitted masses total 1"});
}

TEST(Validate, TotalsThatAgreeAreMadeEqualByScalingB) {
  const Owned owned{.a = {0.5, 0.5}, .b = {0.25, 0.7500005}};
  const Problem problem = validate(owned.problem());
  EXPECT_NE(problem.b_scale, 1);
  EXPECT_NEAR(problem.col_mass(0) + problem.col_mass(1), 1, 1e-15);
}

TEST(Validate, FindsTheTransportsWhoseOptimumIsAPermutation) {
  EXPECT_TRUE(validate(Owned{}.problem()).permutation);
  EXPECT_TRUE(validate(Owned{.a = {3, 3}, .b = {3, 3}}.problem()).permutation);
  EXPECT_FALSE(validate(Owned{.a = {0.4, 0.6}}.problem()).permutation);
  EXPECT_FALSE(validate(Owned{.x = {0, 1, 2}}.problem()).permutation);
}

TEST(Validate, WhereMassMayStayTotalsAreFreeAndTheMassThatMovesIsBounded) {
  const Owned owned{.a = {1, 1}, .b = {1, 4}};
  const auto moving = [&](double mass) {
    Problem problem = owned.problem();
    problem.slack = MovedMass{mass};
    return problem;
  };
  EXPECT_EQ(validate(moving(1.5)).moved_mass()->mass, 1.5);
  EXPECT_EQ(validate(moving(2 * (1 + 1e-7))).moved_mass()->mass, 2);
  EXPECT_EQ(validate(moving(2)).b_scale, 1);
  EXPECT_FALSE(validate(moving(2)).permutation);
  for (double mass : {-0.1, 2.1, infinity, not_a_number}) {
    const std::string message = message_of<InvalidArgument>([&] { validate(moving(mass)); });
    EXPECT_NE(message.find("mass must be from 0 to the smaller"), std::string::npos) << message;
    EXPECT_NE(message.find("of a and b, 2; got"), std::string::npos) << message;
  }
}

TEST(Validate, PricesOfUnmatchedMassAreFiniteAndNotNegative) {
  const Owned owned{.a = {1, 1}, .b = {1, 4}};
  for (double price : {-1.0, infinity, not_a_number}) {
    for (const UnmatchedCost& prices : {UnmatchedCost{price, 1}, UnmatchedCost{1, price}}) {
      Problem problem = owned.problem();
      problem.slack = prices;
      const std::string message = message_of<InvalidArgument>([&] { validate(problem); });
      EXPECT_NE(message.find("unmatched_cost must have prices"), std::string::npos) << message;
    }
  }
  Problem problem = owned.problem();
  problem.slack = UnmatchedCost{0, 1};
  EXPECT_NO_THROW(validate(problem));
}

TEST(Validate, AnAssignmentLeavesNothingByChoice) {
  const Owned owned = dense({1, 2, 3, 4}, 2, Kind::assignment);
  Problem problem = owned.problem();
  problem.slack = MovedMass{1};
  EXPECT_THROW(validate(problem), InvalidArgument);
}

}  // namespace
}  // namespace monge

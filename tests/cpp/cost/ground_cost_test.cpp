#include "monge/cost/ground_cost.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "expect_certified.hpp"
#include "monge/core/error.hpp"

namespace monge {
namespace {

const double x[] = {1, 2, 3};
const double y[] = {4, -2, 3};  // differences -3, 4, 0

TEST(GroundCost, ValuesAreThoseOfTheDefinitions) {
  EXPECT_EQ(evaluate(Euclidean{}, x, y, 3), 5);
  EXPECT_EQ(evaluate(SqEuclidean{}, x, y, 3), 25);
  EXPECT_EQ(evaluate(Cityblock{}, x, y, 3), 7);
  EXPECT_EQ(evaluate(Chebyshev{}, x, y, 3), 4);
  EXPECT_DOUBLE_EQ(evaluate(EuclideanPower{3}, x, y, 3), 125);
  EXPECT_DOUBLE_EQ(evaluate(EuclideanPower{0.5}, x, y, 3), std::sqrt(5.0));
}

TEST(GroundCost, EveryNameMakesTheCostOfThatName) {
  EXPECT_EQ(ground_cost_names().size(), std::variant_size_v<GroundCost>);
  for (std::string_view name : ground_cost_names()) {
    EXPECT_EQ(name_of(make_ground_cost(name, 2)), name);
  }
}

TEST(GroundCost, EveryCostIsZeroAtAPointSymmetricAndTranslationInvariant) {
  const double moved_x[] = {x[0] + 8, x[1] + 8, x[2] + 8};
  const double moved_y[] = {y[0] + 8, y[1] + 8, y[2] + 8};
  for (std::string_view name : ground_cost_names()) {
    const GroundCost cost = make_ground_cost(name, 1.5);
    EXPECT_EQ(evaluate(cost, x, x, 3), 0) << name;
    EXPECT_EQ(evaluate(cost, x, y, 3), evaluate(cost, y, x, 3)) << name;
    EXPECT_EQ(evaluate(cost, x, y, 3), evaluate(cost, moved_x, moved_y, 3)) << name;
  }
}

TEST(GroundCost, FloatCoordinatesAreExactAndEvaluatedInDouble) {
  const float u[] = {0.1F}, v[] = {0.2F};
  const double difference = static_cast<double>(u[0]) - static_cast<double>(v[0]);
  EXPECT_EQ(evaluate(SqEuclidean{}, u, v, 1), difference * difference);
}

TEST(GroundCost, AnUnknownNameIsRefusedWithTheListOfNames) {
  const std::string message = message_of<InvalidArgument>([] { make_ground_cost("manhattan"); });
  EXPECT_NE(message.find("manhattan"), std::string::npos) << message;
  for (std::string_view name : ground_cost_names()) {
    EXPECT_NE(message.find(name), std::string::npos) << message;
  }
}

TEST(GroundCost, APowerThatIsNotFiniteAndPositiveIsRefused) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (double power : {0.0, -1.0, infinity, std::nan("")}) {
    EXPECT_THROW(make_ground_cost("euclidean_power", power), InvalidArgument) << power;
  }
}

TEST(GroundCost, APowerBelowOneIsNotConvexOnTheLine) {
  EXPECT_FALSE(EuclideanPower{0.99}.convex_on_line());
  EXPECT_TRUE(EuclideanPower{1}.convex_on_line());
}

}  // namespace
}  // namespace monge

#include "monge/solver/finish_assignment.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "expect_certified.hpp"
#include "monge/instances.hpp"
#include "monge/problem/validate.hpp"

namespace monge {
namespace {

double finished(const Problem& problem, const std::vector<double>& prices) {
  Context context;
  const Result result = finish_assignment(problem, prices, context);
  EXPECT_EQ(name_of(result.status), "optimal");
  const Certificate certificate = certificate_of(problem, result);
  EXPECT_LE(certificate.relative_gap, 1e-9);
  return certificate.cost;
}

double optimum(const Problem& problem) {
  Context context;
  return solve(problem, "hungarian", {}, context).certificate.cost;
}

TEST(FinishAssignment, IsExactFromAnyPrices) {
  for (const char* family : {"uniform_cube", "gaussian_6d", "translated", "far_apart", "duplicates",
                             "dense_uniform", "dense_integer", "dense_forbidden"}) {
    SCOPED_TRACE(family);
    const Instance instance = generate_instance(family, 60, 3);
    const Problem problem = validate(instance.problem());
    const double expected = optimum(problem);
    std::vector<double> prices(60, 0.0);
    expect_close(finished(problem, prices), expected);
    for (std::size_t j = 0; j < 60; ++j) prices[j] = 1e-2 * static_cast<double>(j * j % 17) - 5;
    expect_close(finished(problem, prices), expected);
  }
}

// More than pairs_to_form.
TEST(FinishAssignment, LargeCloudsFormNoMatrix) {
  const Instance instance = generate_instance("translated", 2100, 4);
  const Problem problem = validate(instance.problem());
  Context context;
  const Solution solution = solve(problem, "spatial_auction", {}, context);
  std::vector<double> prices;
  for (double g : solution.certificate.g) prices.push_back(-g);
  expect_close(finished(problem, prices), solution.certificate.cost);
}

TEST(FinishAssignment, PricesBelongToTheColumnsOfATransposedMatrix) {
  const Instance instance = generate_instance("dense_uniform", 40, 5);
  Problem problem;
  problem.geometry = DenseCost{row_major(instance.cost_matrix.data(), 40, 40).transposed()};
  problem.kind = Kind::assignment;
  problem = validate(problem);
  Context context;
  const Solution solution = solve(problem, "auction", {}, context);
  std::vector<double> prices;
  for (double g : solution.certificate.g) prices.push_back(-g);
  const auto work = [&](const std::vector<double>& given) {
    const Result result = finish_assignment(problem, given, context);
    expect_close(certificate_of(problem, result).cost, solution.certificate.cost);
    double scans = 0;
    for (const auto& [name, value] : result.stats) {
      if (name == "row_reduction_scans" || name == "path_scans") scans += value;
    }
    return scans;
  };
  EXPECT_LT(4 * work(prices), work(std::vector<double>(40, 0.0)));
}

TEST(FinishAssignment, RefusesWhatItCannotFinish) {
  const Instance instance = generate_instance("uniform_cube", 5, 0);
  const Problem problem = validate(instance.problem());
  const auto message = [&](const Problem& given, const std::vector<double>& prices) {
    Context context;
    return message_of<InvalidArgument>([&] { finish_assignment(given, prices, context); });
  };
  EXPECT_EQ(message(problem, {1, 2}),
            "prices must have one element per column (5); got 2 elements");
  EXPECT_EQ(message(problem, {0, 0, std::numeric_limits<double>::infinity(), 0, 0}),
            "prices must be finite; got inf at 2");
  const Instance wide = generate_instance("dense_wide", 5, 0);
  EXPECT_NE(message(validate(wide.problem()), {}).find("as many rows as columns"),
            std::string::npos);
}

}  // namespace
}  // namespace monge

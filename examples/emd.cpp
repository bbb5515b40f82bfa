// The earth mover's distance between two clouds of points, and its proof.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <string>
#include <vector>

#include "monge/solver/solve.hpp"

namespace {

std::vector<float> random_points(int n, float shift, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(shift, 1);
  std::vector<float> points(3 * static_cast<std::size_t>(n));
  for (float& coordinate : points) coordinate = normal(random);
  return points;
}

}  // namespace

int main() try {
  constexpr int n = 500;
  const std::vector<float> x = random_points(n, 0, 1), y = random_points(n, 2, 2);

  // A problem is a view of the caller's arrays; masses that are not given are 1 / n each.
  monge::Problem problem;
  problem.geometry = monge::PointClouds{monge::row_major(x.data(), n, 3),
                                        monge::row_major(y.data(), n, 3), monge::Euclidean{}};

  monge::Context context;  // threads, deadline, callbacks: all optional
  const monge::Solution solution = monge::solve(problem, "auto", {}, context);

  // The certificate is computed from the problem alone: no plan costs less than lower_bound.
  const monge::Certificate& certificate = solution.certificate;
  std::printf("status          %s\n", std::string(monge::name_of(solution.status)).c_str());
  std::printf("solver          %s\n", solution.solver.c_str());
  std::printf("cost            %.12f\n", certificate.cost);
  std::printf("lower bound     %.12f\n", certificate.lower_bound);
  std::printf("relative gap    %.1e\n", certificate.relative_gap);
  std::printf("marginal error  %.1e\n", certificate.marginal_error);
  std::printf("x[%d] goes to    y[%d]\n", solution.plan.rows[0], solution.plan.cols[0]);
  return solution.status == monge::Status::optimal ? EXIT_SUCCESS : EXIT_FAILURE;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return EXIT_FAILURE;
}

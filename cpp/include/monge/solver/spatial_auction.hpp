// Problem. Transport between two clouds of n points each and equal masses, in dimension 1 to 8: the
// optimum is a permutation. No cost matrix is formed, but for the exceptions under Deviations.
//
// Algorithm. The auction of auction.hpp, with three things that points allow:
// - a row is scanned in a tree: a wide kd-tree whose nodes know their box and an affine function
//   below their prices, so that cost + price has a tight lower bound over a whole node; nodes are
//   opened best first (geometry/priced_tree.hpp, kernels/tree_search.hpp);
// - coarse to fine: four neighbours of each cloud become one point, recursively; the coarse row
//   potentials give the fine prices by a c-transform, and the fine auction begins at an epsilon of
//   the size of the spacing;
// - for squared Euclidean cost both clouds are centred first, which changes costs by functions of
//   the row and of the column alone: clouds far apart are as easy as clouds on top of each other.
//
// Where a gap is allowed, up to some 6000 points are matched without lists and tree, by bids that
// look at blocks of columns in float (solver/block_auction.hpp); "auto" takes this solver for that.
// Where that does not reach the gap (clouds that are nearly the same, or clusters of unlike sizes),
// multiscale_hungarian finds the optimum in about the time that a gap would take.
//
// Deviations. The tree is refitted to the prices before each phase; in between its bounds only get
// looser. Clouds of at most 2048 points have their matrix formed for the exact finish, where the
// vectorised sweeps of augmenting_paths.hpp beat lists and a heap; so have larger ones (if memory
// allows) when hundreds of equal columns make the lists useless.
//
// Complexity and memory. O(n K) memory, about 300 bytes per point in dimension 3; in blocks n^2 /
// 16 bytes, 4 MiB at most. Time is governed by the scans: some 5 to 10 per row, each O(log n) to
// O(sqrt n) nodes on curved data.
//
// Numerics. Coordinates, prices and values in double (but in blocks: see there). Tree bounds are
// compared without a margin: their rounding can hide a column that is better by a few roundings of
// cost + price. The certificate of many points searches the same tree; tests hold both against all
// pairs.
//
// Guarantee. Optimal to rounding; with rtol, certified to that gap. Determinism: the same answer
// for any number of threads.
//
// References. D. P. Bertsekas (1988), as in auction.hpp. Q. Merigot, A multiscale approach to
// optimal transport, Computer Graphics Forum 30 (2011) 1583-1592. M. Kerber, D. Morozov and A.
// Nigmetov, Geometry helps to compare persistence diagrams, J. Experimental Algorithmics 22 (2017),
// for auctions in kd-trees with prices.
#pragma once

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "monge/result/result.hpp"
#include "monge/solver/auction.hpp"
#include "monge/solver/options.hpp"

namespace monge {

/// The largest dimension that spatial_auction takes: beyond, boxes hardly bound anything.
inline constexpr int spatial_max_dim = 8;

struct SpatialAuctionOptions {
  std::string order = "gauss_seidel";
  double epsilon_ratio = 5;
  double handover = 3e-4;
  std::int64_t list_size = 16;
  double bids_per_phase = 60;
  std::int64_t coarse_from = 1000;

  static constexpr auto fields() {
    using Options = SpatialAuctionOptions;
    return std::array{
        choice<&Options::order>("order", "who bids: one row at a time, or all free rows at once",
                                auction_orders),
        field<&Options::epsilon_ratio>("epsilon_ratio", "factor between two phases' epsilon", 1.1,
                                       1e6),
        field<&Options::handover>("handover", "relative gap at which the exact finish takes over",
                                  0, 1),
        field<&Options::list_size>("list_size", "columns on a row's candidate list", 2, 1024),
        field<&Options::bids_per_phase>("bids_per_phase", "bids per row before a phase gives up", 1,
                                        1e9),
        field<&Options::coarse_from>("coarse_from",
                                     "points from which a coarser level is solved first", 8, 1e9)};
  }
};

/// Needs a validated transport between clouds of dimension <= spatial_max_dim whose optimum is a
/// permutation.
Result solve_spatial_auction(const Problem& problem, const SpatialAuctionOptions& options,
                             Context& context);

/// The exact finish alone, from prices that another auction has found; for the same problems.
Result finish_spatial_auction(const Problem& problem, const SpatialAuctionOptions& options,
                              const std::vector<double>& prices, Context& context);

}  // namespace monge

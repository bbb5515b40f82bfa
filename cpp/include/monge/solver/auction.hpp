// Problem. Assignment by a dense cost matrix or between two point clouds of any dimension, and
// transport between n = m equal masses. Rectangular assignments leave the surplus of the larger
// side free.
//
// Algorithm. Bertsekas' forward auction (1979, 1988). Rows bid for columns: row i takes the column
// of least C_ij + p_j and raises its price p_j until the column is worth just epsilon more than the
// second best; who held it bids again. With every row holding a column that is at most epsilon
// worse than its best, the cost is within n epsilon of the optimum. Epsilon scaling: auctions at
// falling epsilon, each from the prices of the one before.
//
// Two orders. "gauss_seidel": one row bids at a time, at the latest prices. "jacobi": all free rows
// bid in parallel at the prices of the round's beginning; the highest bid for a column wins, among
// equals the lowest row.
//
// Exact finish. At a relative gap of `handover` the prices are kept and the matching is forgotten:
// rows take their best column where it is free, then bid without epsilon (once per row on average),
// and what is left takes shortest augmenting paths (as in hungarian.hpp). Optimal to rounding for
// real costs. With finish = "none" the last auction is the answer, and the status says so; integer
// costs are optimal even then, by a last epsilon below 1 / n.
//
// Deviations from the papers.
// - Candidate lists: prices only rise, so the K best columns of a scan, and a threshold that no
//   other column was below, answer most bids (solver/candidate_lists.hpp). A bid goes up to the
//   threshold where the second best is unknown, which is less than the full raise and therefore
//   valid.
// - A phase keeps the pairs that satisfy the new epsilon instead of starting from none.
// - Where n != m there is no epsilon scaling, since columns that stay free must keep price 0: rows
//   bid without epsilon from price 0, then take shortest paths.
// - A budget of bids per phase ends price wars in the finish, whatever the costs.
// - A row that allows a single column bids twice the largest raise seen.
//
// Complexity and memory. A scan costs O(m) (dense) or O(m dim) (clouds: costs are computed from the
// points, never stored), a bid O(K); typically 2 to 10 scans and 10 to 40 bids per row. O(n K + m)
// memory beside the input.
//
// Numerics. Prices and values in double. Guarantee: optimal to rounding (finish = "exact"); else
// epsilon-optimal with a certified gap. Infeasibility is found by the finish. Determinism: the same
// answer for any number of threads, in both orders.
//
// Threads. Jacobi: across bidders. Gauss-Seidel: inside one bidder's scan, where the row is long.
//
// References. D. P. Bertsekas, A distributed algorithm for the assignment problem, MIT (1979); The
// auction algorithm: a distributed relaxation method for the assignment problem, Annals of
// Operations Research 14 (1988) 105-123. D. P. Bertsekas and D. A. Castanon, Parallel synchronous
// and asynchronous implementations of the auction algorithm, Parallel Computing 17 (1991) 707-732.
#pragma once

#include "monge/core/context.hpp"
#include "monge/problem/problem.hpp"
#include "monge/result/result.hpp"
#include "monge/solver/options.hpp"

namespace monge {

inline constexpr std::array<std::string_view, 2> auction_orders{"gauss_seidel", "jacobi"};
inline constexpr std::array<std::string_view, 2> auction_finishes{"exact", "none"};

struct AuctionOptions {
  std::string order = "gauss_seidel";
  std::string finish = "exact";
  double epsilon_start = 0;
  double epsilon_final = 0;
  double epsilon_ratio = 5;
  double handover = 1e-3;
  std::int64_t list_size = 16;
  double bids_per_phase = 60;

  static constexpr auto fields() {
    return std::array{
        choice<&AuctionOptions::order>(
            "order", "who bids: one row at a time, or all free rows at once", auction_orders),
        choice<&AuctionOptions::finish>(
            "finish", "\"none\" ends with the epsilon-optimal auction, where n = m",
            auction_finishes),
        field<&AuctionOptions::epsilon_start>(
            "epsilon_start", "first epsilon; 0: chosen by the spread of the costs", 0),
        field<&AuctionOptions::epsilon_final>(
            "epsilon_final",
            "last epsilon; 0: by the gap, or below 1 / n for integer costs without a finish", 0),
        field<&AuctionOptions::epsilon_ratio>("epsilon_ratio", "factor between two phases' epsilon",
                                              1.1, 1e6),
        field<&AuctionOptions::handover>("handover",
                                         "relative gap at which the exact finish takes over", 0, 1),
        field<&AuctionOptions::list_size>("list_size", "columns on a row's candidate list", 2,
                                          1024),
        field<&AuctionOptions::bids_per_phase>("bids_per_phase",
                                               "bids per row before a phase gives up", 1, 1e9)};
  }
};

/// Needs a validated assignment, or a validated transport whose optimum is a permutation.
Result solve_auction(const Problem& problem, const AuctionOptions& options, Context& context);

/// The exact finish alone, from prices p_j = -g_j that another auction has found; where n = m.
Result finish_auction(const Problem& problem, const AuctionOptions& options,
                      const std::vector<double>& prices, Context& context);

}  // namespace monge

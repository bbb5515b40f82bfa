/* The interface of the device library: what libmonge_cuda.so exports, and nothing else.
 *
 * Plain C, so that whoever has pointers and a stream can call it, from any language and with any
 * version of any framework; monge/device.py does, by ctypes. All arrays are in device memory and
 * belong to the caller. A call puts its work on `stream` (a cudaStream_t; NULL is the legacy
 * default stream) of the current device and returns: nothing here synchronises, allocates, or keeps
 * state. `workspace` is scratch of at least the bytes that the function's *_workspace() says,
 * aligned to 16 bytes; it may be reused as soon as the stream has come past the call.
 *
 * Functions return 0, one of the codes below, or an error of the CUDA runtime (positive);
 * monge_device_error() has the text.
 *
 * The same functions on host pointers, with `stream` ignored, are in the library monge_device_cpu:
 * the same kernels, one block after the other on one thread. It exists for tests.
 */
#ifndef MONGE_DEVICE_H
#define MONGE_DEVICE_H

#include <stdint.h>

/* Grows with every change of this file that an older caller would not survive. */
#define MONGE_DEVICE_ABI 2

#if defined(_WIN32)
#define MONGE_DEVICE_API __declspec(dllexport)
#else
#define MONGE_DEVICE_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum {
  MONGE_DEVICE_BAD_ARGUMENT = -1, /* a size is negative or too large, or an array is missing */
  MONGE_DEVICE_BAD_COST = -2,
  MONGE_DEVICE_SMALL_WORKSPACE = -3
};

enum { MONGE_DEVICE_SQEUCLIDEAN = 0, MONGE_DEVICE_EUCLIDEAN = 1 };

/* Pairs of clouds. Problem b has the points x_offsets[b] to x_offsets[b + 1] of x, at most n; where
 * x_offsets is NULL, all have n of them. The same for y and m. */
typedef struct {
  const float* x;           /* (x_points, dim), row-major */
  const float* y;           /* (y_points, dim) */
  const int64_t* x_offsets; /* (batch + 1), in device memory as well; or NULL */
  const int64_t* y_offsets;
  int64_t batch, n, m, dim;
  int64_t x_points, y_points; /* in all problems together */
  int32_t cost;               /* MONGE_DEVICE_EUCLIDEAN, ... */
} monge_device_clouds;

MONGE_DEVICE_API int monge_device_abi(void);
/* CUDART_VERSION of the build, which the driver's version must reach in its thousands; 0: on the
 * CPU, without a driver. */
MONGE_DEVICE_API int monge_device_runtime(void);
/* What it was compiled for, as CMake names it, such as "75-virtual 90-real"; "cpu". */
MONGE_DEVICE_API const char* monge_device_architectures(void);
MONGE_DEVICE_API const char* monge_device_error(int code);

/* --- Assignment by auction: cpp/simt/kernels/auction.hpp says what it does and guarantees. --- */

typedef struct {
  float rtol, epsilon_start, epsilon_ratio, epsilon_floor, tail, leave;
  int64_t round_limit;
} monge_auction_settings;

typedef struct {
  double cost, lower_bound;
  int64_t bids, rounds;
  int32_t phases, free_rows;
  float epsilon;
  int32_t status; /* 0: complete, 1: rows left free, 2: limit of rounds, 3: numbers not finite */
} monge_auction_report;

MONGE_DEVICE_API int64_t monge_auction_workspace(const monge_device_clouds* clouds);
/* Needs n <= m in every problem. col4row (x_points), price (y_points), report (batch). */
MONGE_DEVICE_API int monge_auction(const monge_device_clouds* clouds,
                                   const monge_auction_settings* settings, int32_t* col4row,
                                   float* price, monge_auction_report* report, void* workspace,
                                   int64_t workspace_bytes, void* stream);

/* --- The c-transform, and nearest points: cpp/simt/kernels/row_minima.hpp. --- */

MONGE_DEVICE_API int64_t monge_c_transform_workspace(const monge_device_clouds* clouds);
/* f_i = min_j (c(x_i, y_j) - g_j), and the first such j within the problem, -1 if no value is
 * finite. g (y_points), or NULL for 0; f, column (x_points). */
MONGE_DEVICE_API int monge_c_transform(const monge_device_clouds* clouds, const float* g, float* f,
                                       int32_t* column, void* workspace, int64_t workspace_bytes,
                                       void* stream);

/* --- Entropic transport: cpp/simt/kernels/half_step.hpp and sinkhorn.hpp. --- */

MONGE_DEVICE_API int64_t monge_sinkhorn_workspace(const monge_device_clouds* clouds);
/* `iterations` of Sinkhorn's algorithm from the potentials g, each x, then y; and x once more.
 * epsilon (batch), > 0; logarithms of the masses log_a (x_points) and log_b (y_points), of total 1
 * in each problem, or NULL for equal masses. Writes f (x_points), g (y_points), and per point of y
 * by how much, relative to its mass, its marginal was off before the last change of g. */
MONGE_DEVICE_API int monge_sinkhorn(const monge_device_clouds* clouds, const float* epsilon,
                                    const float* log_a, const float* log_b, int64_t iterations,
                                    float* f, float* g, float* error, void* workspace,
                                    int64_t workspace_bytes, void* stream);

MONGE_DEVICE_API int64_t monge_sinkhorn_symmetric_workspace(const monge_device_clouds* clouds);
/* The same for clouds with themselves (y is x), whose two potentials are one: averaged iterations
 * from f, which is read as well as written. error (x_points). */
MONGE_DEVICE_API int monge_sinkhorn_symmetric(const monge_device_clouds* clouds,
                                              const float* epsilon, const float* log_a,
                                              int64_t iterations, float* f, float* error,
                                              void* workspace, int64_t workspace_bytes,
                                              void* stream);

/* --- Sliced transport: cpp/simt/kernels/sliced.hpp. --- */

MONGE_DEVICE_API int64_t monge_sliced_workspace(const monge_device_clouds* clouds,
                                                int64_t n_directions);
/* W_p^p of the projections, for each problem and direction: cost (batch, n_directions). directions
 * (n_directions, dim); masses x_mass (x_points) and y_mass (y_points) of total 1 in each problem,
 * or NULL for equal ones. x_slope and y_slope, or NULL: the derivatives of W_p^p by each projected
 * point, per problem (n_directions, points of it). The ground cost of `clouds` has no meaning here.
 */
MONGE_DEVICE_API int monge_sliced(const monge_device_clouds* clouds, const float* directions,
                                  int64_t n_directions, const float* x_mass, const float* y_mass,
                                  double p, double* cost, float* x_slope, float* y_slope,
                                  void* workspace, int64_t workspace_bytes, void* stream);

MONGE_DEVICE_API int64_t monge_sliced_gradient_workspace(const monge_device_clouds* clouds);
/* The gradients of the mean over directions of W_p^p, from monge_sliced's slopes: x_gradient
 * (x_points, dim) and y_gradient (y_points, dim), times scale (batch), or NULL for 1. Either side's
 * slope and gradient may both be NULL. */
MONGE_DEVICE_API int monge_sliced_gradient(const monge_device_clouds* clouds,
                                           const float* directions, int64_t n_directions,
                                           const float* scale, const float* x_slope,
                                           const float* y_slope, float* x_gradient,
                                           float* y_gradient, void* workspace,
                                           int64_t workspace_bytes, void* stream);

#ifdef __cplusplus
}
#endif

#endif

// How a kernel is started: the one difference between libmonge_cuda and its twin on the CPU.
//
// Everything else of the device library (checks of sizes, choice of the kernel, division into
// blocks, workspaces) is compiled by nvcc and by the host's compiler from the same sources, and so
// is tested where there is no GPU.
//
// A Kernel is a small struct of arguments with
//   static constexpr int threads, min_blocks;   of a block, and blocks per multiprocessor that
//                                               registers must leave room for
//   template <simt::Block B> MONGE_SIMT void operator()(B& k) const;   the body
#pragma once

#include <cstdint>

#include "cuda/monge_device.h"
#include "simt/block.hpp"

#if defined(__CUDACC__)
#include <cuda_runtime_api.h>

#include "simt/cuda_block.hpp"
#else
#include "simt/serial_block.hpp"
#endif

namespace monge::device {

/// What a grid may have along its first axis, which is the only one used.
inline constexpr std::int64_t most_blocks = (std::int64_t{1} << 31) - 1;

#if defined(__CUDACC__)

extern __shared__ __align__(16) unsigned char shared_memory[];

// Both bounds must be given: with the number of threads alone, ptxas 13.0 leaves 32 registers on
// some architectures and spills.
template <class Kernel>
__global__ void __launch_bounds__(Kernel::threads, Kernel::min_blocks)
    run(const __grid_constant__ Kernel kernel) {
  simt::CudaBlock block(shared_memory);
  kernel(block);
}

/// Bytes of shared memory that a block may have on the current device.
inline int most_shared(std::int64_t& bytes) {
  int device = 0, most = 0;
  if (const cudaError_t error = cudaGetDevice(&device)) return error;
  const cudaError_t error =
      cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
  bytes = most;
  return error;
}

inline int multiprocessors(std::int64_t& count) {
  int device = 0, found = 0;
  if (const cudaError_t error = cudaGetDevice(&device)) return error;
  const cudaError_t error = cudaDeviceGetAttribute(&found, cudaDevAttrMultiProcessorCount, device);
  count = found;
  return error;
}

template <class Kernel>
int launch(const Kernel& kernel, std::int64_t blocks, std::int64_t shared, void* stream) {
  if (blocks == 0) return 0;
  if (blocks < 0 || blocks > most_blocks) return MONGE_DEVICE_BAD_ARGUMENT;
  const auto bytes = static_cast<int>(shared);
  constexpr int without_asking = 48 * 1024;
  if (bytes > without_asking) {
    const cudaError_t error =
        cudaFuncSetAttribute(run<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
    if (error) return error;
  }
  run<Kernel><<<static_cast<unsigned>(blocks), Kernel::threads, static_cast<std::size_t>(bytes),
                static_cast<cudaStream_t>(stream)>>>(kernel);
  return cudaGetLastError();
}

#else

/// As much as the smallest device has (compute capability 7.5).
inline int most_shared(std::int64_t& bytes) {
  bytes = 64 * 1024;
  return 0;
}

inline int multiprocessors(std::int64_t& count) {
  count = 4;
  return 0;
}

template <class Kernel>
int launch(const Kernel& kernel, std::int64_t blocks, std::int64_t shared, void*) {
  static_assert(Kernel::threads % 32 == 0 && Kernel::min_blocks > 0);  // as a device needs it
  if (blocks < 0 || blocks > most_blocks) return MONGE_DEVICE_BAD_ARGUMENT;
  const std::int64_t taken = simt::launch_serial(blocks, kernel);
  // A body that takes more than it was given would write beyond the end on a device.
  return taken > shared ? MONGE_DEVICE_BAD_ARGUMENT : 0;
}

#endif

}  // namespace monge::device

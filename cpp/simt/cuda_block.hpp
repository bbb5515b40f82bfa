// A block of CUDA threads as kernel bodies see it (block.hpp). For nvcc only.
#pragma once

#include "simt/block.hpp"

#if defined(__CUDACC__)

namespace monge::simt {

class CudaBlock {
 public:
  static constexpr int lanes = 32;

  /// `memory`: the kernel's dynamic shared memory, aligned to 16 bytes, as many bytes as the body's
  /// *_shared_bytes() says.
  __device__ __forceinline__ explicit CudaBlock(unsigned char* memory) : memory_(memory) {}

  __device__ __forceinline__ int rank() const { return static_cast<int>(threadIdx.x); }
  __device__ __forceinline__ int size() const { return static_cast<int>(blockDim.x); }
  __device__ __forceinline__ std::int64_t block() const { return blockIdx.x; }
  __device__ __forceinline__ std::int64_t blocks() const { return gridDim.x; }
  __device__ __forceinline__ void sync() { __syncthreads(); }

  template <class T>
  __device__ __forceinline__ T* shared(int count) {
    const auto begin = shared_begin(taken_);
    taken_ = begin + count * static_cast<std::int64_t>(sizeof(T));
    return reinterpret_cast<T*>(memory_ + begin);
  }
  template <class T>
  __device__ __forceinline__ T shuffle_xor(T value, int mask) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8);
    return __shfl_xor_sync(0xffffffffU, value, mask);
  }
  __device__ __forceinline__ int atomic_add(int* p, int value) { return atomicAdd(p, value); }
  __device__ __forceinline__ void atomic_max(Word* p, Word value) { atomicMax(p, value); }

 private:
  unsigned char* memory_;
  std::int64_t taken_ = 0;
};

static_assert(Block<CudaBlock>);

}  // namespace monge::simt

#endif

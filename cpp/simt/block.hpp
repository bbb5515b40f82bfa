// What a kernel body may ask of the block of threads that runs it.
//
// A kernel body is written once, as a template over a Block, and compiled three times: for CUDA
// (cuda_block.hpp), for one CPU thread that is a whole block (serial_block.hpp), and for a block of
// one std::thread per CUDA thread (thread_block.hpp). The first is what runs; the second says what
// the answer is; the third is what the thread sanitizer judges, and where a barrier that only some
// threads reach, a shared array that is too small, and a read of what nobody wrote are found.
//
// Rules for a body:
// - all threads of a block reach the same barriers, in the same order, and ask for the same shared
//   arrays, in the same order;
// - whole warps take part in a shuffle;
// - what a block does must not depend on size() or lanes but in its speed: sums that decide are
//   added in an order that is fixed (block_sums.hpp), winners are chosen by value;
// - offsets into arrays of a whole batch are 64 bits wide (ranges.hpp);
// - multiplication and addition are fused where fmaf says so and nowhere else, so that all contexts
//   round alike: -ffp-contract=off here, --fmad=false for nvcc.
#pragma once

#include <concepts>
#include <cstdint>

#if defined(__CUDACC__)
/// In front of a kernel body and of everything it calls.
#define MONGE_SIMT __device__ __forceinline__
/// In front of what the launching side calls as well.
#define MONGE_SIMT_HOST __host__ __device__ __forceinline__
#define MONGE_SIMT_PRAGMA(text) _Pragma(#text)
#define MONGE_SIMT_UNROLL(n) MONGE_SIMT_PRAGMA(unroll n)
#else
#define MONGE_SIMT inline
#define MONGE_SIMT_HOST inline
#define MONGE_SIMT_UNROLL(n)
#endif

namespace monge::simt {

/// The type that atomics on 64 bits take, in CUDA and here.
using Word = unsigned long long;

template <class B>
concept Block = requires(B& k, int mask, int* count, Word* word, float value) {
  { B::lanes } -> std::convertible_to<int>;  // threads of a warp: a power of two
  { k.rank() } -> std::same_as<int>;         // of this thread in its block
  { k.size() } -> std::same_as<int>;         // threads of the block: whole warps
  { k.block() } -> std::same_as<std::int64_t>;
  { k.blocks() } -> std::same_as<std::int64_t>;
  k.sync();
  { k.template shared<float>(mask) } -> std::same_as<float*>;  // not initialised
  { k.shuffle_xor(value, mask) } -> std::same_as<float>;       // of 4 or 8 bytes; orders no memory
  { k.atomic_add(count, mask) } -> std::same_as<int>;          // returns what was there
  k.atomic_max(word, *word);
};

/// Where shared<T>() puts its next array, given the bytes taken so far.
MONGE_SIMT_HOST constexpr std::int64_t shared_begin(std::int64_t taken) {
  return (taken + 15) / 16 * 16;
}

/// Bytes of shared memory that arrays of these sizes take, in the order in which they are asked
/// for.
template <class... Sizes>
constexpr std::int64_t shared_bytes(Sizes... bytes) {
  std::int64_t taken = 0;
  ((taken = shared_begin(taken) + static_cast<std::int64_t>(bytes)), ...);
  return taken;
}

}  // namespace monge::simt

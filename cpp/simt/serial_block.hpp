// A block of one thread: says what a kernel's answer is, without any parallelism.
#pragma once

#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "simt/block.hpp"

namespace monge::simt {

/// Shared arrays on the CPU: each its own block of the heap, so that the address sanitizer knows
/// its ends, and full of ones (NaN, -1), so that nobody counts on zeros.
class SharedArrays {
 public:
  unsigned char* add(std::size_t bytes) {
    arrays_.emplace_back(static_cast<unsigned char*>(::operator new[](bytes, alignment)));
    std::memset(arrays_.back().get(), 0xff, bytes);
    taken_ = shared_begin(taken_) + static_cast<std::int64_t>(bytes);
    return arrays_.back().get();
  }
  unsigned char* operator[](std::size_t k) const { return arrays_[k].get(); }
  std::size_t size() const { return arrays_.size(); }
  /// What the same arrays take on the device.
  std::int64_t bytes() const { return taken_; }

 private:
  static constexpr std::align_val_t alignment{16};
  struct Delete {
    void operator()(unsigned char* array) const { ::operator delete[](array, alignment); }
  };
  std::vector<std::unique_ptr<unsigned char[], Delete>> arrays_;
  std::int64_t taken_ = 0;
};

class SerialBlock {
 public:
  static constexpr int lanes = 1;

  SerialBlock(std::int64_t block, std::int64_t blocks) : block_(block), blocks_(blocks) {}

  int rank() const { return 0; }
  int size() const { return 1; }
  std::int64_t block() const { return block_; }
  std::int64_t blocks() const { return blocks_; }
  void sync() {}

  template <class T>
  T* shared(int count) {
    return reinterpret_cast<T*>(arrays_.add(static_cast<std::size_t>(count) * sizeof(T)));
  }
  template <class T>
  T shuffle_xor(T value, int) {
    return value;
  }
  int atomic_add(int* p, int value) {
    const int before = *p;
    *p += value;
    return before;
  }
  void atomic_max(Word* p, Word value) {
    if (value > *p) *p = value;
  }
  std::int64_t shared_bytes() const { return arrays_.bytes(); }

 private:
  std::int64_t block_, blocks_;
  SharedArrays arrays_;
};

static_assert(Block<SerialBlock>);

/// Runs body(block) for one block after the other; returns the bytes of shared memory that the
/// last one took.
template <class Body>
std::int64_t launch_serial(std::int64_t blocks, const Body& body) {
  std::int64_t bytes = 0;
  for (std::int64_t b = 0; b < blocks; ++b) {
    SerialBlock block(b, blocks);
    body(block);
    bytes = block.shared_bytes();
  }
  return bytes;
}

}  // namespace monge::simt

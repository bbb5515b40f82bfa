// The contexts that kernel bodies are tested in, and numbers to test them on.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "simt/serial_block.hpp"
#include "simt/thread_block.hpp"

namespace monge::simt {

/// A block of one thread.
struct Serial {
  template <class Body>
  void operator()(std::int64_t blocks, const Body& body) const {
    launch_serial(blocks, body);
  }
};

/// Blocks of several threads, warps of `Lanes`.
template <int Lanes>
struct Threads {
  int threads;
  template <class Body>
  void operator()(std::int64_t blocks, const Body& body) const {
    launch_threads<Lanes>(blocks, threads, body);
  }
};

/// Uniform numbers; whole ones in `steps` steps if that is not 0: ties and duplicates.
inline std::vector<float> numbers(unsigned seed, std::int64_t count, float low, float high,
                                  unsigned steps = 0) {
  std::mt19937 random(seed);
  std::vector<float> drawn;
  for (std::int64_t k = 0; k < count; ++k) {
    const auto bits = static_cast<std::uint32_t>(random());
    const float share = steps > 0 ? static_cast<float>(bits % steps) / static_cast<float>(steps)
                                  : static_cast<float>(bits >> 8) * 0x1p-24F;
    drawn.push_back(low + (high - low) * share);
  }
  return drawn;
}

template <class T>
std::vector<T> zeros(std::int64_t count) {
  return std::vector<T>(static_cast<std::size_t>(count));
}

}  // namespace monge::simt

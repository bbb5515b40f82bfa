// Arrays for kernels that read whole vectors.
#pragma once

#include <cstddef>
#include <new>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace monge::kernels {

/// From this size on memory is asked for in large pages, where the system gives them on demand:
/// the first touch of small ones costs as much as much of the work on them.
inline constexpr std::size_t large_page = std::size_t{1} << 21;

/// Memory whose vectors do not straddle cache lines, left uninitialised by resize().
template <class T>
struct LineAllocator {
  using value_type = T;
  LineAllocator() = default;
  template <class U>
  LineAllocator(const LineAllocator<U>&) {}
  static std::align_val_t alignment(std::size_t n) {
    return std::align_val_t(n * sizeof(T) >= 2 * large_page ? large_page : 64);
  }
  T* allocate(std::size_t n) {
    void* memory = ::operator new(n * sizeof(T), alignment(n));
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    // Whole pages only; a refusal changes nothing but the speed.
    if (n * sizeof(T) >= 2 * large_page)
      (void)::madvise(memory, n * sizeof(T) / large_page * large_page, MADV_HUGEPAGE);
#endif
    return static_cast<T*>(memory);
  }
  void deallocate(T* p, std::size_t n) { ::operator delete(p, alignment(n)); }
  template <class U>
  void construct(U* p) {
    ::new (static_cast<void*>(p)) U;
  }
  template <class U, class... Args>
  void construct(U* p, Args&&... args) {
    ::new (static_cast<void*>(p)) U(std::forward<Args>(args)...);
  }
  template <class U>
  bool operator==(const LineAllocator<U>&) const {
    return true;
  }
};
template <class T>
using Lines = std::vector<T, LineAllocator<T>>;

}  // namespace monge::kernels

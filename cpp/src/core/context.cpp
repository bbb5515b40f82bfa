#include "monge/core/context.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include "monge/core/error.hpp"

#if defined(_WIN32)
#ifndef NOMINMAX
#define NOMINMAX
#endif
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#endif
#endif

namespace monge {
namespace {

int affinity_count() {
#if defined(_WIN32)
  return std::max(1, static_cast<int>(GetActiveProcessorCount(ALL_PROCESSOR_GROUPS)));
#else
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1, static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)));
#endif
}

std::string gibibytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f GiB", bytes / (1024.0 * 1024.0 * 1024.0));
  return text;
}

}  // namespace

int usable_threads() {
  if (const char* text = std::getenv("MONGE_NUM_THREADS")) {
    char* end = nullptr;
    const long value = std::strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > 4096) {
      throw InvalidArgument("MONGE_NUM_THREADS", "be a whole number from 1 to 4096",
                            std::string("\"") + text + "\"");
    }
    return static_cast<int>(value);
  }
  return affinity_count();
}

std::size_t physical_memory() {
#if defined(_WIN32)
  MEMORYSTATUSEX status;
  status.dwLength = sizeof(status);
  return GlobalMemoryStatusEx(&status) ? static_cast<std::size_t>(status.ullTotalPhys) : 0;
#else
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? static_cast<std::size_t>(pages) * static_cast<std::size_t>(page)
                               : 0;
#endif
}

double Context::memory_bound() const {
  if (memory_limit > 0) return static_cast<double>(memory_limit);
  const std::size_t physical = physical_memory();
  return physical > 0 ? static_cast<double>(physical) / 2 : std::numeric_limits<double>::infinity();
}

void Context::require_memory(double bytes, std::string_view what) const {
  const double limit = memory_bound();
  if (bytes > limit) {
    throw MemoryLimitExceeded(std::string(what) + " needs " + gibibytes(bytes) +
                              ", more than the limit of " + gibibytes(limit));
  }
}

Interruption Context::poll(const Progress& progress_now) {
  if (interruption() != Interruption::none) return interruption();
  if (!deadline && !stop && !progress) return Interruption::none;
  const Clock::time_point now = Clock::now();
  if (deadline && now >= *deadline) {
    interruption_ = Interruption::time_limit;
  } else if (now >= next_callback_) {
    next_callback_ = now + std::chrono::milliseconds(20);
    if (progress) progress(progress_now);
    if (stop && stop()) interruption_ = Interruption::cancelled;
  }
  return interruption();
}

}  // namespace monge

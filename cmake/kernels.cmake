# The inner loops: each source compiled once per instruction set, chosen at run time.

set(monge_kernels arc_kernels bid_kernels row_kernels scan_kernels)
# Sums and products of tiles may fuse multiply and add; the others must not, lest answers depend on
# the instruction set.
set(monge_fused_kernels product_kernels tile_kernels)

function(monge_add_kernels target)
  monge_kernels(${target} baseline "baseline" "" "")
  # No kernel knows threads: the thread sanitizer needs one level only.
  if(NOT MONGE_THREAD_SANITIZE AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$"
     AND CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang"
     AND NOT MSVC AND NOT CMAKE_OSX_ARCHITECTURES MATCHES "arm64")
    monge_kernels(${target} avx2 "avx2" "avx2" "-mavx2")
    monge_kernels(${target} avx512 "avx512" "avx512dq" "-mavx512f;-mavx512dq;-mavx512vl;-mavx512bw;-mprefer-vector-width=512")
    target_compile_definitions(${target} PRIVATE MONGE_HAVE_X86_64_LEVELS)
  endif()
endfunction()

# All sources of kernels at one level, compiled with `flags`.
function(monge_kernels target level name feature flags)
  foreach(source ${monge_kernels})
    monge_kernel_object(${target} ${source} ${level} "${name}" "${feature}" "${flags}")
  endforeach()
  set(fused "")
  if(NOT MSVC)
    set(fused "-ffp-contract=fast")
    if(feature)
      list(APPEND fused "-mfma")
    endif()
  endif()
  foreach(source ${monge_fused_kernels})
    monge_kernel_object(${target} ${source} ${level} "${name}" "${feature}" "${flags};${fused}")
  endforeach()
endfunction()

# Adds <source>.cpp to `target` as table <source>_<level>, used where the CPU reports `feature`
# (empty: everywhere).
function(monge_kernel_object target source level name feature flags)
  set(objects monge_${source}_${level})
  add_library(${objects} OBJECT ${PROJECT_SOURCE_DIR}/cpp/src/kernels/${source}.cpp)
  target_include_directories(${objects} PRIVATE
    ${PROJECT_SOURCE_DIR}/cpp/include ${PROJECT_SOURCE_DIR}/cpp/src)
  monge_compile_options(${objects})
  # Optimised in every build type: an inline function of the standard library that were not inlined
  # could be merged by the linker with the same function of a narrower object.
  if(NOT MSVC)
    # -O1 is enough for that, and what sanitizers add compiles in half the time.
    set(optimised $<IF:$<BOOL:${MONGE_SANITIZE}>,-O1,-O2>)
    target_compile_options(${objects} PRIVATE ${flags} $<$<CONFIG:Debug>:${optimised}>)
    # GCC warns of its own <immintrin.h> where that is inlined (its bug 105593).
    target_compile_options(${objects} PRIVATE
      $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized;-Wno-maybe-uninitialized>)
  endif()
  target_compile_definitions(${objects} PRIVATE
    MONGE_KERNELS=${source}_${level} MONGE_INSTRUCTION_SET="${name}")
  if(feature)
    target_compile_definitions(${objects} PRIVATE MONGE_CPU_FEATURE="${feature}")
  endif()
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
endfunction()

# What every target of this project is compiled with; consumers of the library inherit only C++20.
#
# No -ffast-math and no -march=native: answers must not depend on the machine that built them.
# -ffp-contract=off: fusing multiply and add would make them depend on the instruction set.
# -fno-math-errno, -fno-trapping-math: change no result, and let sqrt and selections vectorise.

function(monge_compile_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(MSVC)
    target_compile_options(${target} PRIVATE /W4 /permissive- /fp:precise $<$<BOOL:${MONGE_WERROR}>:/WX>)
    return()
  endif()
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
    $<$<BOOL:${MONGE_WERROR}>:-Werror>
    -ffp-contract=off -fno-math-errno -fno-trapping-math
    $<$<CONFIG:Release>:-O3>
    # Lets ccache see which precompiled header was used; else it caches nothing that uses one.
    $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  if(MONGE_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  endif()
  if(MONGE_THREAD_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=thread -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=thread)
  endif()
endfunction()

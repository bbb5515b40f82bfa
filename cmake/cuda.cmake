# MONGE_CUDA: whether to build libmonge_cuda, which the rest of the project can do without.

set(MONGE_CUDA OFF CACHE STRING "Build the CUDA library: ON, OFF, or AUTO: if there is a compiler")
set_property(CACHE MONGE_CUDA PROPERTY STRINGS ON OFF AUTO)
# One real architecture and code that any later driver compiles for itself: quick to build. Those of
# a release are in noxfile.py.
set(MONGE_CUDA_ARCHITECTURES "75-virtual;90-real" CACHE STRING "Architectures of the CUDA library")

set(monge_with_cuda OFF)
if(MONGE_CUDA STREQUAL "AUTO" OR MONGE_CUDA)
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(monge_with_cuda ON)
    message(STATUS "monge: the CUDA library is built by ${CMAKE_CUDA_COMPILER}, "
                   "for ${MONGE_CUDA_ARCHITECTURES}")
  elseif(MONGE_CUDA STREQUAL "AUTO")
    message(STATUS "monge: no CUDA compiler was found; the CUDA library is not built")
  else()
    message(FATAL_ERROR "MONGE_CUDA is ON, but no CUDA compiler was found. "
                        "Set CUDACXX to an nvcc (CONTRIBUTING.md says how to get one by pip).")
  endif()
endif()

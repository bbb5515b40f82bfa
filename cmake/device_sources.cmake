# What the device library is made of, for nvcc and for the host's compiler.

# Adds the sources to `target`, with properties such as LANGUAGE CXX.
function(monge_device_sources target)
  list(TRANSFORM monge_device_sources PREPEND ${PROJECT_SOURCE_DIR}/cpp/cuda/)
  target_sources(${target} PRIVATE ${monge_device_sources})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cpp)
  if(ARGN)
    set_source_files_properties(${monge_device_sources} PROPERTIES ${ARGN})
  endif()
endfunction()

set(monge_device_sources
  about.cu
  auction.cu
  c_transform.cu
  sinkhorn.cu
  sliced.cu
)

# What the device library is made of, for whatever compiler: libmonge_cuda and its twin on the CPU.

function(monge_device_sources target)
  list(TRANSFORM monge_device_sources PREPEND ${PROJECT_SOURCE_DIR}/cpp/cuda/)
  target_sources(${target} PRIVATE ${monge_device_sources})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cpp)
endfunction()

set(monge_device_sources about.cu auction.cu)

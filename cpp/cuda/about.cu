// What the library says of itself.
#include "cuda/launch.hpp"

int monge_device_abi(void) { return MONGE_DEVICE_ABI; }

int monge_device_runtime(void) {
#if defined(__CUDACC__)
  return CUDART_VERSION;
#else
  return 0;
#endif
}

const char* monge_device_architectures(void) { return MONGE_DEVICE_ARCHITECTURES; }

const char* monge_device_error(int code) {
  switch (code) {
    case 0: return "no error";
    case MONGE_DEVICE_BAD_ARGUMENT: return "a size is out of range, or an array is missing";
    case MONGE_DEVICE_BAD_COST: return "the ground cost is not one that the device library has";
    case MONGE_DEVICE_SMALL_WORKSPACE: return "the workspace is too small";
    default: break;
  }
#if defined(__CUDACC__)
  if (code > 0) return cudaGetErrorString(static_cast<cudaError_t>(code));
#endif
  return "unknown error";
}

# Fails unless each of OBJECTS defines one global symbol, a table monge::kernels::<source>_LEVEL.
foreach(object IN LISTS OBJECTS)
  execute_process(COMMAND ${NM} -C -g --defined-only ${object}
    OUTPUT_VARIABLE symbols OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  if(NOT symbols MATCHES "^[0-9a-fA-F]+ [A-Z] monge::kernels::[a-z]+_kernels_${LEVEL}$")
    message(FATAL_ERROR "${object} defines more than its table:\n${symbols}")
  endif()
endforeach()

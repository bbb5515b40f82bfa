# Fails unless OBJECT defines one global symbol, the table monge::kernels::TABLE.
execute_process(COMMAND ${NM} -C -g --defined-only ${OBJECT}
  OUTPUT_VARIABLE symbols OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
if(NOT symbols MATCHES "^[0-9a-fA-F]+ [A-Z] monge::kernels::${TABLE}$")
  message(FATAL_ERROR "${OBJECT} defines more than ${TABLE}:\n${symbols}")
endif()

# find_package(monge) for C++ users.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS monge EXPORT monge_targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY cpp/include/monge DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT monge_targets FILE monge-targets.cmake NAMESPACE monge::
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/monge)
configure_package_config_file(cmake/monge-config.cmake.in monge-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/monge)
write_basic_package_version_file(monge-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/monge-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/monge-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/monge)

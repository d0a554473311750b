# SPDX-License-Identifier: MIT
#
# What `cmake --install` writes of the library and the texts: the components
# runtime (the shared library), dev (header, static library, CMake package,
# pkg-config file) and doc.  The component tools is in tools/CMakeLists.txt.
include(CMakePackageConfigHelpers)

set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/barcache)
set(config ${PROJECT_BINARY_DIR}/barcacheConfig.cmake)
set(config_version ${PROJECT_BINARY_DIR}/barcacheConfigVersion.cmake)

# The shared library and the static one are exported apart, because only the
# static one asks its consumers for LMDB and the others.
install(TARGETS barcache EXPORT barcache
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  COMPONENT runtime NAMELINK_COMPONENT dev)
install(TARGETS barcache_static EXPORT barcache_static
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
install(FILES include/barcache.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)

configure_file(cmake/barcacheConfig.cmake.in ${config} @ONLY)
write_basic_package_version_file(${config_version}
  COMPATIBILITY SameMinorVersion)
install(FILES ${config} ${config_version}
  DESTINATION ${cmake_dir} COMPONENT dev)
foreach(set barcache barcache_static)
  install(EXPORT ${set} FILE ${set}Targets.cmake NAMESPACE barcache::
    DESTINATION ${cmake_dir} COMPONENT dev)
  export(EXPORT ${set} FILE ${PROJECT_BINARY_DIR}/${set}Targets.cmake
    NAMESPACE barcache::)
endforeach()

# Paths in barcache.pc start from the file itself, so that the installed tree
# can be moved.
file(RELATIVE_PATH pc_prefix
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
file(RELATIVE_PATH pc_libdir
  ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR})
file(RELATIVE_PATH pc_includedir
  ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
configure_file(cmake/barcache.pc.in ${PROJECT_BINARY_DIR}/barcache.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/barcache.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)

install(FILES README.md CHANGELOG.md SECURITY.md LICENSE
  DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT doc)

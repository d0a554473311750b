# SPDX-License-Identifier: MIT
#
# `cpack` in the build directory writes three .deb files: libbarcache0,
# libbarcache-dev and barcache.  Configure with -DCMAKE_INSTALL_PREFIX=/usr so
# that libraries go to the directory of the architecture.  Without
# dpkg-shlibdeps (package dpkg-dev) they would depend on nothing: no packages
# then.
find_program(BARCACHE_SHLIBDEPS dpkg-shlibdeps)
mark_as_advanced(BARCACHE_SHLIBDEPS)
if(NOT BARCACHE_SHLIBDEPS)
  return()
endif()

set(CPACK_GENERATOR DEB)
# Who makes a package answers for it: as Debian's tools are told, else whoever
# made the last commit.
if(DEFINED ENV{DEBEMAIL})
  set(contact "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
else()
  find_program(BARCACHE_GIT git)
  mark_as_advanced(BARCACHE_GIT)
  set(contact "")
  if(BARCACHE_GIT)
    execute_process(COMMAND ${BARCACHE_GIT} log -1 "--format=%an <%ae>"
      WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
      OUTPUT_VARIABLE contact OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()
if(contact STREQUAL "")
  set(contact "nobody <nobody@localhost>")
endif()
set(CPACK_PACKAGE_CONTACT "${contact}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_STRIP_FILES ON)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL runtime dev tools doc)
set(CPACK_COMPONENT_RUNTIME_GROUP runtime)
set(CPACK_COMPONENT_DEV_GROUP dev)
set(CPACK_COMPONENT_TOOLS_GROUP tools)
set(CPACK_COMPONENT_DOC_GROUP tools)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libbarcache0)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS tzdata) # for days of a time zone
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libbarcache-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
  "libbarcache0 (= ${PROJECT_VERSION}), liblmdb-dev, libxxhash-dev, libmd-dev")
string(APPEND CPACK_DEBIAN_DEV_PACKAGE_DEPENDS ", liblz4-dev")
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME barcache)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TOOLS_PACKAGE_RECOMMENDS tzdata) # for import --tz

include(CPack)

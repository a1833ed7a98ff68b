# The few shapes a target can have.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# rms_library(NAME SOURCES... [LIBS ...]): a static library of one subject and, for every x_test.c
# beside its sources, a test "unit.NAME.x". Tests run with the project's source directory at hand
# in RMS_SOURCE_DIR.
function(rms_library name)
  cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
  add_library(rms_${name} STATIC ${A_SOURCES})
  target_link_libraries(rms_${name} PUBLIC ${A_LIBS})
  rms_unit_tests(${name} rms_${name})
endfunction()

function(rms_unit_tests name)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.c)
  foreach(test ${tests})
    get_filename_component(stem ${test} NAME_WE)
    string(REGEX REPLACE "_test$" "" subject ${stem})
    set(target ${name}_${stem})
    add_executable(${target} ${test})
    target_link_libraries(${target} PRIVATE ${ARGN} cmocka)
    add_test(NAME unit.${name}.${subject} COMMAND ${target})
    set_tests_properties(unit.${name}.${subject} PROPERTIES LABELS unit TIMEOUT 120
      ENVIRONMENT "RMS_SOURCE_DIR=${CMAKE_SOURCE_DIR};RMS_BUILD_DIR=${CMAKE_BINARY_DIR}")
  endforeach()
endfunction()

# The few shapes a target can have.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# Where the tests' private PostgreSQL lives while ctest runs: a short path, for the name of its socket.
string(SHA256 id "${CMAKE_BINARY_DIR}")
string(SUBSTRING "${id}" 0 12 id)
set(RMS_POSTGRES_DIR "/tmp/rms-pg-${id}")

# rms_on_postgres(TEST): the test needs the private PostgreSQL, which test/CMakeLists.txt starts and stops.
function(rms_on_postgres test)
  get_test_property(${test} LABELS labels)
  get_test_property(${test} ENVIRONMENT environment)
  set_tests_properties(${test} PROPERTIES FIXTURES_REQUIRED postgres LABELS "${labels};postgres"
    ENVIRONMENT "${environment};RMS_TEST_DATABASE=postgresql:///postgres?host=${RMS_POSTGRES_DIR}&user=rms")
endfunction()

# rms_library(NAME [STORES] SOURCES... [LIBS ...]): a static library of one subject and, for every x_test.c
# beside its sources, a test "unit.NAME.x". Tests run with the project's source directory at hand
# in RMS_SOURCE_DIR. STORES: they keep a database, and run on each engine ("unit.NAME.x.postgres").
function(rms_library name)
  cmake_parse_arguments(A "STORES" "" "SOURCES;LIBS" ${ARGN})
  add_library(rms_${name} STATIC ${A_SOURCES})
  target_link_libraries(rms_${name} PUBLIC ${A_LIBS})
  rms_unit_tests(${name} rms_${name})
  if(A_STORES)
    rms_unit_tests_on_postgres(${name})
  endif()
endfunction()

function(rms_unit_test test target)
  add_test(NAME ${test} COMMAND ${target})
  set_tests_properties(${test} PROPERTIES LABELS unit TIMEOUT 120
    ENVIRONMENT "RMS_SOURCE_DIR=${CMAKE_SOURCE_DIR};RMS_BUILD_DIR=${CMAKE_BINARY_DIR}")
endfunction()

function(rms_unit_tests name)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.c)
  foreach(test ${tests})
    get_filename_component(stem ${test} NAME_WE)
    string(REGEX REPLACE "_test$" "" subject ${stem})
    set(target ${name}_${stem})
    add_executable(${target} ${test})
    target_link_libraries(${target} PRIVATE ${ARGN} cmocka)
    rms_unit_test(unit.${name}.${subject} ${target})
  endforeach()
endfunction()

# Those that include what opens a database for tests.
function(rms_unit_tests_on_postgres name)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.c)
  foreach(test ${tests})
    file(STRINGS ${test} uses REGEX "include \"(store|directory)/testing|include \"service/(front|signin)_test.h")
    if(uses)
      get_filename_component(stem ${test} NAME_WE)
      string(REGEX REPLACE "_test$" "" subject ${stem})
      rms_unit_test(unit.${name}.${subject}.postgres ${name}_${stem})
      rms_on_postgres(unit.${name}.${subject}.postgres)
    endif()
  endforeach()
endfunction()

# Build options and warnings, the same for every target.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
# C++ only where a library has no C interface: lib/format/pdf_qpdf*.
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# Broken invariants assert, also in production: no NDEBUG.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g")

set(RMS_SANITIZE "" CACHE STRING "sanitizers, as -fsanitize= takes them")
option(RMS_COVERAGE "instrument for gcov" OFF)
option(RMS_FUZZ "build the libFuzzer targets (needs clang)" OFF)
option(RMS_TEST_CLOCK "let RMS_CLOCK_FILE move the clock; never in a release" OFF)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# In C a function may have the name of a struct; C++ calls that shadowing.
add_compile_options(-Wall -Wextra -Werror $<$<COMPILE_LANGUAGE:C>:-Wshadow> -Wvla -Wconversion
  -Wno-sign-conversion "$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes;-Wmissing-prototypes>"
  -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef
  -fno-common -fstack-protector-strong -fvisibility=hidden)
add_compile_definitions(_GNU_SOURCE)
if(NOT RMS_SANITIZE AND NOT RMS_COVERAGE AND CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
if(RMS_SANITIZE)
  add_compile_options(-fsanitize=${RMS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${RMS_SANITIZE})
endif()
if(RMS_COVERAGE)
  add_compile_options(--coverage)
  add_compile_definitions(RMS_COVERAGE_BUILD=1)
  add_link_options(--coverage)
endif()
if(RMS_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(RMS_TEST_CLOCK)
  add_compile_definitions(RMS_TEST_CLOCK=1)
endif()
add_link_options(-Wl,-z,relro,-z,now,--as-needed)
include_directories(${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/lib ${CMAKE_SOURCE_DIR})
enable_testing()

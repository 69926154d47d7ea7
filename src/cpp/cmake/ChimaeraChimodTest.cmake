# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# add_chimod_test(SOURCES <file>...): a test of the module of this directory, run by
# ctest where the repository says enable_testing().
#
# C++ files make a program, linked to the module's client. A single .py file is run
# by the Python that has Chimaera, and left out with a message where none has it.
# Both find the modules of this build.

function(add_chimod_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "SOURCES")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "add_chimod_test takes SOURCES and files: C++ files, or "
      "one .py file")
  endif()
  _chimod_find_repo(repo_dir)
  _chimod_yaml_value("${repo_dir}/chimaera_repo.yaml" "namespace" ns)
  _chimod_yaml_value("${CMAKE_CURRENT_SOURCE_DIR}/chimaera_mod.yaml"
    "module_name|name" module)
  list(GET arg_SOURCES 0 first)
  cmake_path(GET first STEM stem)
  set(test "${ns}/${module}/${stem}")
  if(first MATCHES "\\.py$")
    _chimaera_codegen_package(package)
    _chimaera_check_python("${package}")
    _chimaera_has_package("${Python_EXECUTABLE}" found)
    if(NOT found)
      message(STATUS "Test ${test} is left out: ${Python_EXECUTABLE} has no "
        "package chimaera")
      return()
    endif()
    cmake_path(ABSOLUTE_PATH first
      BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" OUTPUT_VARIABLE script)
    add_test(NAME ${test} COMMAND "${Python_EXECUTABLE}" "${script}")
  else()
    set(program ${ns}_${module}_${stem})
    add_executable(${program} ${arg_SOURCES})
    target_link_libraries(${program} PRIVATE ${ns}::${module}_client)
    add_dependencies(${program} ${ns}_${module}_runtime)
    add_test(NAME ${test} COMMAND ${program})
  endif()
  set_tests_properties(${test} PROPERTIES TIMEOUT 900
    ENVIRONMENT "CHI_REPO_PATH=$<TARGET_FILE_DIR:${ns}_${module}_runtime>")
endfunction()

# Asked once per build.
function(_chimaera_has_package python result)
  get_property(known GLOBAL PROPERTY CHIMAERA_PYTHON_WITH_PACKAGE SET)
  if(NOT known)
    execute_process(COMMAND "${python}" -c "import chimaera._core"
      RESULT_VARIABLE failed ERROR_QUIET)
    set_property(GLOBAL PROPERTY CHIMAERA_PYTHON_WITH_PACKAGE "${failed}")
  endif()
  get_property(failed GLOBAL PROPERTY CHIMAERA_PYTHON_WITH_PACKAGE)
  if(failed)
    set(${result} OFF PARENT_SCOPE)
  else()
    set(${result} ON PARENT_SCOPE)
  endif()
endfunction()

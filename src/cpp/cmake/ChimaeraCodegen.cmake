# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs the code generator during the build. It needs a Python with Jinja2 and
# PyYAML, and nothing compiled: chimaera_codegen.py loads it without the package
# around it, so that it works before libchimaera exists.

# The directory that holds codegen/: in this repository, in a Python package that
# was installed with its CMake files inside, or beside these files.
function(_chimaera_codegen_package result)
  foreach(place ../../chimaera ../../.. python/chimaera)
    cmake_path(ABSOLUTE_PATH place
      BASE_DIRECTORY "${CMAKE_CURRENT_FUNCTION_LIST_DIR}" NORMALIZE
      OUTPUT_VARIABLE directory)
    if(EXISTS "${directory}/codegen/cli.py")
      set(${result} "${directory}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "The generator of module code is missing beside "
    "${CMAKE_CURRENT_FUNCTION_LIST_DIR}: the installation is damaged")
endfunction()

# Once per build: is there a Python that can run it? A Python package brings its
# own, that of the environment in which it is installed.
function(_chimaera_check_python package)
  set(own "${package}/../../../../bin/python3")
  if(NOT Python_EXECUTABLE AND EXISTS "${package}/_extension.py" AND EXISTS "${own}")
    cmake_path(NORMAL_PATH own OUTPUT_VARIABLE Python_EXECUTABLE)
  endif()
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter)
  set(Python_EXECUTABLE "${Python_EXECUTABLE}" PARENT_SCOPE)
  get_property(checked GLOBAL PROPERTY CHIMAERA_CODEGEN_PYTHON)
  if(checked STREQUAL Python_EXECUTABLE)
    return()
  endif()
  execute_process(COMMAND "${Python_EXECUTABLE}" -c "import jinja2, yaml"
    RESULT_VARIABLE failed ERROR_QUIET)
  if(failed)
    message(FATAL_ERROR "${Python_EXECUTABLE} has no Jinja2 or no PyYAML, which "
      "generate the code of modules: install them, or choose another Python "
      "with -DPython_EXECUTABLE=<path>")
  endif()
  set_property(GLOBAL PROPERTY CHIMAERA_CODEGEN_PYTHON "${Python_EXECUTABLE}")
endfunction()

# Declares target <ns>_<module>_autogen and sets `result` to all files that it
# makes: for every module method ids (.h) and dispatch table (_lib_exec.cc), for
# one with typed methods also types, client, base of the runtime (.h), description
# (_description.cc), a client for Python (.py, .pyi) and a reference (.md). What is wrong
# in the YAML is said at once, while configuring. Files whose content stays the same
# keep their time: nothing is rebuilt then.
function(_chimod_codegen repo_dir ns module result)
  get_property(outputs GLOBAL PROPERTY CHIMAERA_AUTOGEN_${ns}_${module})
  set(${result} "${outputs}" PARENT_SCOPE)
  if(outputs)
    return()
  endif()

  _chimaera_codegen_package(package)
  _chimaera_check_python("${package}")
  set(script "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/chimaera_codegen.py")
  file(GLOB generator CONFIGURE_DEPENDS "${package}/codegen/*.py"
    "${package}/typed/description.py" "${package}/typed/source.py" "${package}/typed/stub.py"
    "${package}/templates/chimod/*.j2" "${package}/../../templates/chimod/*.j2")
  set(command "${Python_EXECUTABLE}" "${script}" "${package}"
    "${repo_dir}" --module ${module} --build-dir "${CMAKE_BINARY_DIR}/gen")
  if(CHIMAERA_ALLOW_ID_CHANGES)
    list(APPEND command --allow-id-changes)
  endif()
  # A header of the module's own takes the place of a generated one.
  file(GLOB own CONFIGURE_DEPENDS
    "${CMAKE_CURRENT_SOURCE_DIR}/include/${ns}/${module}/${module}_*.h")
  execute_process(COMMAND ${command} --list-outputs
    OUTPUT_VARIABLE outputs ERROR_VARIABLE errors RESULT_VARIABLE failed
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(failed)
    message(FATAL_ERROR "Module ${ns}::${module} cannot be generated:\n${errors}")
  endif()
  string(REPLACE "\n" ";" outputs "${outputs}")
  set_property(GLOBAL PROPERTY CHIMAERA_AUTOGEN_${ns}_${module} "${outputs}")
  set(${result} "${outputs}" PARENT_SCOPE)

  add_custom_command(
    OUTPUT ${outputs}
    COMMAND ${command}
    DEPENDS "${repo_dir}/chimaera_repo.yaml"
      "${CMAKE_CURRENT_SOURCE_DIR}/chimaera_mod.yaml"
      "${script}" ${generator}
    COMMENT "Generating ${ns}::${module}" VERBATIM)
  add_custom_target(${ns}_${module}_autogen DEPENDS ${outputs})
endfunction()

# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The commands of the project, each with all its set-up. On a fresh Debian 12
# with git, make and Python 3.11 `make demo` or `make test` is all there is to do.
#
#   make demo      build, install into .venv and run the demonstration
#   make test      lint, all tests, the C++ ones under the sanitizers too
#   make stress    every fault at the counts that are promised; half an hour
#   make docs      the documentation as a site, in build/docs/html
#   make wheel     a self-contained wheel in dist/
#   make check-wheel  that it needs only Python (as root, with debootstrap)
#   make picture   take the picture of the live page anew; two minutes
#   make format    format everything;  make lint checks only
#   make tidy      clang-tidy and clang's thread-safety analysis (needs clang)
#   make clean     forget what was built, keep .venv and downloaded sources
#
# Steps of `make test` alone: lint, ctest, pytest, asan, tsan, check-headers.
# Variables: PYTHON (python3), JOBS (cores), ARGS (for demo and pytest).

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
MAKEFLAGS += --no-print-directory

export PYTHON ?= python3
JOBS ?= $(shell scripts/jobs.sh)
export CMAKE_BUILD_PARALLEL_LEVEL := $(JOBS)

VENV := $(CURDIR)/.venv/bin
BUILD := build/release
INSTALLED := $(BUILD)/.installed
TESTS := $(BUILD)/.tests
WHEEL := $(BUILD)/.wheel
# One build serves the wheel and the tests, which come to it when they are wanted;
# its tools are those of .venv. Written out, since the pip of Debian 12 does not
# know -C.
PIP_BUILD := -v --no-build-isolation --no-deps --no-index \
  --disable-pip-version-check \
  --config-settings=build-dir=$(BUILD) \
  --config-settings=cmake.define.CHIMAERA_WARNINGS_AS_ERRORS=ON \
  --config-settings=cmake.define.CMAKE_INSTALL_MESSAGE=NEVER

files = $(shell find $(1) -type f -not -path '*/__pycache__/*' 2> /dev/null)
SOURCES := CMakeLists.txt pyproject.toml README.md \
  $(call files,src chimods templates)
TEST_SOURCES := $(call files,docs/examples tests/CMakeLists.txt tests/cpp \
  tests/chimods tests/fuzz tests/stress)
CXX_FILES = $(shell git ls-files -co --exclude-standard '*.h' '*.cc')

.PHONY: demo test stress docs wheel format lint tidy clean \
  setup install build-tests fuzzers browser shells asan-python ctest pytest \
  sanitize asan tsan check-headers check-wheel picture

demo: install
	$(VENV)/chimaera demo $(ARGS)

test: lint ctest pytest sanitize
	@echo "make test: lint, ctest, asan and tsan passed; pytest said:"
	@tail -n 1 build/pytest.log

stress: export CHI_TEST_LIBRARY_DIR := $(CURDIR)/$(BUILD)/lib
stress: build-tests fuzzers asan-python
	$(VENV)/python tests/stress/run.py --build $(BUILD) $(ARGS)

# Warnings are errors: a page that is in no table, a link to nothing.
docs: install
	EXTRA_PACKAGES=doxygen scripts/bootstrap.sh
	mkdir -p build/docs/made/cpp
	$(VENV)/chimaera config schema > build/docs/made/chimaera_schema.json
	doxygen docs/Doxyfile
	CHIMAERA_SITE_EXTRA=$(CURDIR)/build/docs/made \
	  $(VENV)/sphinx-build -q -W --keep-going -j $(JOBS) docs build/docs/html

# ---- steps -------------------------------------------------------------------

setup:
	@scripts/bootstrap.sh

install: setup
	@$(MAKE) $(INSTALLED)

$(INSTALLED): $(SOURCES) .venv/.complete
	rm -rf build/wheel
	$(VENV)/pip wheel $(PIP_BUILD) --wheel-dir build/wheel .
	$(VENV)/pip install --no-deps --no-index --force-reinstall \
	  --disable-pip-version-check build/wheel/*.whl
	@touch $@

build-tests: install
	@$(MAKE) $(TESTS)

$(TESTS): $(INSTALLED) $(TEST_SOURCES)
	cmake -DCHIMAERA_BUILD_TESTS=ON $(BUILD)
	cmake --build $(BUILD)
	@touch $@

ctest: build-tests
	ctest --test-dir $(BUILD) -j $(JOBS) --output-on-failure --no-tests=error \
	  -LE stress

# Where tests find modules that are not installed, and what they install.
pytest: export CHI_TEST_LIBRARY_DIR := $(CURDIR)/$(BUILD)/lib
pytest: export CHI_TEST_WHEEL_DIR := $(CURDIR)/dist
pytest: export CHI_TEST_SITE_DIR := $(CURDIR)/build/docs/html
# Where they can be installed, tests fail without these programs; elsewhere they skip.
pytest: export CHI_TEST_NO_SKIP := $(shell command -v apt-get)
pytest: build-tests wheel docs browser shells
	$(VENV)/python -m pytest -m "not stress" $(ARGS) | tee build/pytest.log

sanitize: asan tsan

# C++ tests under one sanitizer; modules are built with it as well.
asan tsan: setup
	cmake --preset $@
	cmake --build --preset $@
	ctest --preset $@ -j $(JOBS)

# The live page is tested in one.
browser: setup
	EXTRA_PACKAGES="chromium chromium-driver" scripts/bootstrap.sh

# In which completion is tested; bash is there.
shells: setup
	EXTRA_PACKAGES="fish zsh" scripts/bootstrap.sh

picture: install browser
	$(VENV)/python scripts/live_page_picture.py docs/images/live_page.png

# libFuzzer comes with clang; without either, run.py skips what needs them.
fuzzers: setup
	EXTRA_PACKAGES="clang-14 libclang-rt-14-dev" scripts/bootstrap.sh
	if command -v clang++-14; then \
	  nice cmake --preset fuzz && nice cmake --build --preset fuzz; fi

# The package with the address sanitizer inside, for what must not be read after
# it was freed.
asan-python: setup
	nice cmake --preset $@
	nice cmake --build --preset $@
	cmake --install build/$@ --prefix build/$@/site/chimaera > /dev/null
	cp -r src/chimaera/. build/$@/site/chimaera/

check-headers: install
	cmake --build $(BUILD) --target check_headers

lint: setup
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(if $(CXX_FILES),$(VENV)/clang-format --style=file --dry-run --Werror $(CXX_FILES))

format: setup
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .
	$(if $(CXX_FILES),$(VENV)/clang-format --style=file -i $(CXX_FILES))

tidy: setup
	cmake --preset tidy
	cmake --build --preset tidy

wheel: install
	@$(MAKE) $(WHEEL)

# Every library that is not part of any Linux goes into the wheel.
$(WHEEL): $(INSTALLED)
	rm -rf dist
	PATH=$(VENV):$$PATH $(VENV)/auditwheel repair --wheel-dir dist build/wheel/*.whl
	@touch $@

check-wheel: wheel
	scripts/check_wheel.sh

clean:
	find build -mindepth 1 -maxdepth 1 -not -name boost-src \
	  -exec rm -rf {} + 2> /dev/null || true
	rm -rf dist demo-output

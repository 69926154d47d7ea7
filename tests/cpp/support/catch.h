// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The one include of Catch2. Version 2 (Debian 12) has a single header, version
// 3 many; tests use what both offer: TEST_CASE, SECTION, REQUIRE, CHECK, INFO,
// GENERATE and the [tags].

#ifndef CHIMAERA_TESTS_SUPPORT_CATCH_H_
#define CHIMAERA_TESTS_SUPPORT_CATCH_H_

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#endif  // CHIMAERA_TESTS_SUPPORT_CATCH_H_

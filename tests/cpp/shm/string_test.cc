// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Strings of tasks: as modules use them, on the heap and in a segment, with an
// answer of the runtime in them, and with fields that a hostile process wrote.

#include "chimaera/shm/string.h"

#include <iterator>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "arena_storage.h"
#include "chimaera/base/random.h"
#include "chimaera/shm/field_access.h"
#include "chimaera/shm/hipc.h"
#include "support/catch.h"

namespace chi {
namespace {

using Alloc = hipc::CtxAllocator<CHI_MAIN_ALLOC_T>;

const std::string kShort = "short";
const std::string kLong(1000, 'l');

TEST_CASE("string: is built in every way that modules use") {
  hipc::Allocator* allocator = nullptr;
  const Alloc alloc(HSHM_MCTX, allocator);
  CHECK(hipc::string(alloc).empty());
  CHECK(hipc::string(allocator, "from a pointer") == "from a pointer");
  CHECK(chi::ipc::string(alloc, "literal") == "literal");
  CHECK(chi::string(alloc, kLong) == kLong);
  CHECK(chi::string(alloc, std::string_view("view")) == "view");
  CHECK(chi::string(alloc, 3, 'x') == "xxx");
  CHECK(chi::string(alloc, 100).size() == 100);
  CHECK(chi::string("bare").str() == "bare");
}

TEST_CASE("string: converts to and from std::string") {
  chi::string text;
  text = kLong;
  const std::string copy = text;
  CHECK(copy == kLong);
  CHECK(std::string(text) == kLong);
  CHECK(std::string(text.data(), text.size()) == kLong);
  text = "literal";
  CHECK(std::string(text.begin(), text.end()) == "literal");
  CHECK(text.c_str() == std::string("literal"));
  CHECK(text + "!" == "literal!");
}

TEST_CASE("string: keeps its text over every boundary of its sizes") {
  for (const u64 size : {0, 1, 38, 39, 40, 41, 63, 64, 65, 5000}) {
    const std::string expected(size, 'a');
    chi::string text;
    for (u64 i = 0; i < size; ++i) {
      text += 'a';
    }
    CHECK(text == expected);
    CHECK(std::string(text.c_str()) == expected);
    text = chi::string(expected);
    CHECK(text.str() == expected);
    text.resize(size + 3, 'b');
    CHECK(text == expected + "bbb");
    text.resize(size);
    CHECK(text == expected);
    CHECK(text.c_str()[size] == '\0');
    text.clear();
    CHECK(text.empty());
  }
}

TEST_CASE("string: text with zero bytes is kept whole") {
  const std::string binary("a\0b\0", 4);
  CHECK(chi::string(binary).str() == binary);
}

TEST_CASE("string: may be assigned and appended to itself") {
  const std::string start =
      GENERATE(std::string("ab"), std::string(30, 'c'), std::string(500, 'd'));
  chi::string text(start);
  text += text.view();
  CHECK(text == start + start);
  text = text.view().substr(1);
  CHECK(text == (start + start).substr(1));
  chi::string& self = text;
  text = self;
  CHECK(text == (start + start).substr(1));
}

TEST_CASE("string: copies and moves keep the value, on the heap") {
  const std::string value = GENERATE(kShort, kLong);
  chi::string first(value);
  chi::string second(first);
  first += "!";
  CHECK(second == value);
  chi::string third(std::move(second));
  CHECK(third == value);
  first = std::move(third);
  CHECK(first == value);
}

TEST_CASE("string: on the heap a move takes the bytes along") {
  chi::string first(kLong);
  const char* const bytes = std::as_const(first).data();
  chi::string second(std::move(first));
  CHECK(std::as_const(second).data() == bytes);
}

TEST_CASE("string: compares, orders, hashes and prints as its text") {
  const chi::string a("a");
  const chi::string b("b");
  CHECK(a != b);
  CHECK(a < b);
  CHECK(std::string("a") == a);
  CHECK("b" == b);
  CHECK(std::unordered_set<chi::string>{a, b, chi::string("a")}.size() == 2);
  CHECK(Format("{}", a) == "a");
}

TEST_CASE("string: behaves like std::string under random operations") {
  const u64 seed = SystemRandom::Get().Next();
  INFO("seed " << seed);
  SeededRandom random(seed);
  ArenaStorage arena(kMainSegment);
  const bool in_arena = GENERATE(false, true);
  const ScopedStorage scope(in_arena ? &arena : nullptr);
  chi::string text;
  std::string model;
  for (int i = 0; i < 500; ++i) {
    const u64 n = random.Below(90);
    switch (random.Below(6)) {
      case 0:
        text = std::string(n, 'x');
        model = std::string(n, 'x');
        break;
      case 1:
        text.append(std::string(n, 'y'));
        model.append(std::string(n, 'y'));
        break;
      case 2:
        text.resize(n, 'z');
        model.resize(n, 'z');
        break;
      case 3:
        text.reserve(n * 3);
        break;
      case 4:
        if (!model.empty()) {
          text[n % model.size()] = '!';
          model[n % model.size()] = '!';
        }
        break;
      default:
        text = chi::string(text);
    }
    REQUIRE(text == model);
    REQUIRE(text.c_str()[model.size()] == '\0');
  }
}

TEST_CASE("string: in a segment its bytes come from there and go back") {
  ArenaStorage arena(kMainSegment);
  const ScopedStorage scope(&arena);
  {
    chi::string text(kLong);
    CHECK(TaskFieldAccess::data(text).segment() == kMainSegment);
    CHECK(TaskFieldAccess::home(text) == TaskFieldAccess::data(text));
    chi::string copy(text);
    const chi::string moved(std::move(text));
    CHECK(moved == kLong);
    CHECK(arena.num_live() == 3);
    copy = kShort;
    CHECK(copy == kShort);
  }
  CHECK(arena.num_live() == 0);
}

TEST_CASE("string: moves between heap and segment copy") {
  ArenaStorage arena(kMainSegment);
  {
    chi::string on_heap(kLong);
    arena.accept_private = true;
    const ScopedStorage scope(&arena);
    chi::string in_segment(std::move(on_heap));
    CHECK(in_segment == kLong);
    CHECK(TaskFieldAccess::data(in_segment).segment() == kMainSegment);
    on_heap = std::move(in_segment);
    CHECK(on_heap == kLong);
  }
  CHECK(arena.num_live() == 0);
}

TEST_CASE("string: no memory throws the status and keeps the text") {
  ArenaStorage arena(kMainSegment);
  const ScopedStorage scope(&arena);
  chi::string text("before");
  arena.limit = 100;
  try {
    text = kLong;
    FAIL("no exception");
  } catch (const StatusError& error) {
    CHECK(error.status().code() == StatusCode::kNoMemory);
  }
  CHECK(text == "before");
  CHECK_THROWS_AS(text.reserve(u64{1} << 33), StatusError);
}

TEST_CASE("string: an answer is read in place and given back at the end") {
  ArenaStorage arena(kMainSegment);
  const ScopedStorage scope(&arena);
  const std::string value(200, 'r');
  const ShmPtr answer = arena.Answer(value.c_str(), value.size() + 1);
  {
    chi::string text(kLong);
    TaskFieldAccess::AnswerAt(text, answer, value.size(), value.size());
    CHECK(text == value);
    CHECK(std::string(text.c_str()) == value);
    CHECK(text.capacity() == 0);
    CHECK(arena.given_back.empty());
  }
  CHECK(arena.given_back == std::vector<ShmPtr>{answer});
  CHECK(arena.num_live() == 0);
}

TEST_CASE("string: an answer is copied before it is changed") {
  ArenaStorage arena(kMainSegment);
  const ScopedStorage scope(&arena);
  const std::string value(200, 'r');
  const ShmPtr answer = arena.Answer(value.c_str(), value.size() + 1);
  chi::string text(kLong);
  TaskFieldAccess::AnswerAt(text, answer, value.size(), value.size());
  text[0] = 'R';
  CHECK(text == "R" + value.substr(1));
  CHECK(TaskFieldAccess::data(text).segment() == kMainSegment);
  CHECK(arena.given_back == std::vector<ShmPtr>{answer});
  CHECK(arena.num_live() == 1);
}

TEST_CASE("string: an answer inside the object leaves the old bytes to free") {
  ArenaStorage arena(kMainSegment);
  const ScopedStorage scope(&arena);
  {
    chi::string text(kLong);
    TaskFieldAccess::AnswerInline(text, "ok", 2);
    CHECK(text == "ok");
    CHECK(arena.num_live() == 1);
    text += " then";
    CHECK(text == "ok then");
  }
  CHECK(arena.num_live() == 0);
}

// Every way to read and to write; each either works or throws StatusError.
template <typename Text>
void TouchEverything(Text& text) {
  const auto guarded = [](auto&& act) {
    try {
      act();
    } catch (const StatusError&) {
    }
  };
  guarded([&] { static_cast<void>(text.str()); });
  guarded([&] { static_cast<void>(std::string(text.c_str())); });
  guarded([&] { static_cast<void>(text == "x"); });
  guarded([&] { static_cast<void>(Format("{}", text)); });
  guarded([&] { text += "more"; });
  guarded([&] { text.resize(text.size() / 2); });
  guarded([&] { text = "new"; });
}

TEST_CASE("string: hostile fields are refused or harmless, never followed") {
  const u64 seed = SystemRandom::Get().Next();
  INFO("seed " << seed);
  SeededRandom random(seed);
  ArenaStorage arena(kMainSegment);
  const ScopedStorage scope(&arena);
  const u64 sizes[] = {0,
                       1,
                       39,
                       40,
                       ArenaStorage::kBytes,
                       ArenaStorage::kBytes + 1,
                       0x7FFFFFFF,
                       0xFFFFFFFF};
  i64 sum = 0;
  for (int round = 0; round < 20'000; ++round) {
    alignas(chi::string) char raw[sizeof(chi::string)];
    for (char& byte : raw) {
      byte = static_cast<char>(random.Next());
    }
    // Never destroyed: the runtime does not free what a client owns.
    auto& text = *reinterpret_cast<chi::string*>(raw);
    TaskFieldAccess::size(text) =
        static_cast<u32>(sizes[random.Below(std::size(sizes))]);
    const u64 kind = random.Below(4);
    const u64 offset = kind == 0 ? random.Next() : random.Below(2 << 20);
    TaskFieldAccess::data(text) =
        kind == 1 ? ShmPtr::Null() : ShmPtr::At(kMainSegment, offset);
    // A home that differs: nothing of the arena may be freed by such a string.
    TaskFieldAccess::home(text) = ShmPtr::At(0x7000, 16);
    const chi::string& reader = text;
    u64 read = 0;
    try {
      // Touch both ends: the address sanitizer watches.
      const std::string_view view = reader.view();
      read = view.size();
      sum += view.empty() ? 0 : view.front() + view.back();
    } catch (const StatusError& error) {
      REQUIRE(error.status().code() == StatusCode::kProtocolViolation);
    }
    REQUIRE(read <= ArenaStorage::kBytes);
    TaskFieldAccess::home(text) = ShmPtr::Null();
    if (kind == 1) {
      TouchEverything(text);
      REQUIRE(text == "new");
    }
  }
  INFO("so that the reads stay: " << sum);
}

TEST_CASE("string: a private pointer of another process is not followed") {
  ArenaStorage arena(kMainSegment);
  const ScopedStorage scope(&arena);
  chi::string text;
  TaskFieldAccess::AnswerAt(text, ShmPtr::At(kPrivateSegment, 0x1000), 50, 50);
  CHECK_THROWS_AS(text.str(), StatusError);
  CHECK_THROWS_AS(text.c_str(), StatusError);
  CHECK_THROWS_AS(text.data(), StatusError);
  TaskFieldAccess::data(text) = ShmPtr::Null();
}

TEST_CASE("string: a size over the capacity stops every change") {
  ArenaStorage arena(kMainSegment);
  const ScopedStorage scope(&arena);
  chi::string text(kLong);
  TaskFieldAccess::size(text) = 5000;
  CHECK_THROWS_AS(text += "x", StatusError);
  CHECK_THROWS_AS(text[0] = 'x', StatusError);
  TaskFieldAccess::size(text) = 1000;
}

TEST_CASE("string: c_str refuses text without its zero byte") {
  ArenaStorage arena(kMainSegment);
  const ScopedStorage scope(&arena);
  const ShmPtr answer = arena.Answer("abcdefgh", 8);
  chi::string text;
  TaskFieldAccess::AnswerAt(text, answer, 4, 4);
  CHECK(text.str() == "abcd");
  CHECK_THROWS_AS(text.c_str(), StatusError);
}

TEST_CASE("Storage: a scope ends where it began, also when nested") {
  ArenaStorage outer(kMainSegment);
  ArenaStorage inner(kClientDataSegment);
  CHECK(&CurrentStorage() == &PrivateStorage());
  {
    const ScopedStorage first(&outer);
    {
      const ScopedStorage second(&inner);
      CHECK(&CurrentStorage() == &inner);
    }
    CHECK(&CurrentStorage() == &outer);
  }
  SetProcessStorage(&outer);
  CHECK(&CurrentStorage() == &outer);
  SetProcessStorage(nullptr);
  CHECK(&CurrentStorage() == &PrivateStorage());
}

}  // namespace
}  // namespace chi

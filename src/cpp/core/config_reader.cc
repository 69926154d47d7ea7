// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Values, their bounds, and words for what is wrong.

#include "core/config_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "chimaera/base/format.h"
#include "chimaera/base/nearest_name.h"
#include "chimaera/base/parse_size.h"
#include "chimaera/base/result.h"

namespace chi {
namespace {

constexpr u64 kMaxReported = 20;

const char* KindName(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a single value";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  return "something else";
}

// Enough of a value to recognise it.
std::string Clip(const std::string& text) {
  constexpr size_t kMaxShown = 64;
  return text.size() <= kMaxShown ? text : text.substr(0, kMaxShown) + "...";
}

}  // namespace

void ConfigErrors::Add(u32 line, std::string_view key, std::string_view what) {
  list_.push_back({origin_, line, std::string(key), std::string(what)});
}

void ConfigErrors::Add(const Status& status) {
  std::string_view text = status.message();
  const std::string start = origin_ + ":";
  u32 line = 0;
  if (text.substr(0, start.size()) == start) text.remove_prefix(start.size());
  const auto number =
      std::from_chars(text.data(), text.data() + text.size(), line);
  text.remove_prefix(static_cast<size_t>(number.ptr - text.data()));
  if (text.substr(0, 2) == ": ") text.remove_prefix(2);
  Add(line, "", text);
}

std::string ConfigError::ToString() const {
  std::string text = origin;
  if (line != 0) text += Format(":{}", line);
  if (!key.empty()) text += ": " + key;
  return text + ": " + what;
}

Status StatusOf(const std::vector<ConfigError>& errors) {
  if (errors.empty()) return Status();
  std::string text;
  for (size_t i = 0; i < errors.size() && i < kMaxReported; ++i) {
    text += (i == 0 ? "" : "\n") + errors[i].ToString();
  }
  if (errors.size() > kMaxReported) {
    text += Format("\n{}: and {} more", errors.back().origin,
                   errors.size() - kMaxReported);
  }
  return Status::BadRequest(text);
}

ConfigReader::ConfigReader(const YamlNode& node, std::string path,
                           ConfigErrors& errors)
    : node_(node), path_(std::move(path)), errors_(errors) {
  if (node.kind == YamlNode::Kind::kMap || node.kind == YamlNode::Kind::kNull) {
    return;
  }
  errors_.Add(node.line, path_.substr(0, path_.find_last_not_of('.') + 1),
              Format("must be a map of keys, not {}", KindName(node.kind)));
}

const YamlNode* ConfigReader::Find(std::string_view key) {
  asked_.push_back(key);
  for (const YamlMember& member : node_.members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

const YamlNode* ConfigReader::Require(std::string_view key) {
  const YamlNode* value = Find(key);
  if (value == nullptr && node_.kind == YamlNode::Kind::kMap) {
    Fail(key, "is missing");
  }
  return value;
}

const std::string* ConfigReader::FindScalar(std::string_view key) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return nullptr;
  if (value->kind != YamlNode::Kind::kScalar) {
    Fail(key, Format("must be a single value, not {}", KindName(value->kind)));
    return nullptr;
  }
  return &value->scalar;
}

void ConfigReader::ReadNumber(std::string_view key, u64 min, u64 max,
                              u32* out) {
  const std::string* text = FindScalar(key);
  if (text == nullptr) return;
  u64 number = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error == std::errc::invalid_argument || stop != end) {
    Fail(key, Format("'{}' is no whole number", Clip(*text)));
  } else if (error != std::errc() || number < min || number > max) {
    Fail(key, Format("{} is not within {} and {}", Clip(*text), min, max));
  } else {
    *out = static_cast<u32>(number);
  }
}

void ConfigReader::ReadSize(std::string_view key, u64 min, u64 max, u64* out) {
  const std::string* text = FindScalar(key);
  if (text == nullptr) return;
  const Result<u64> bytes = ParseSize(*text);
  if (!bytes.ok()) {
    Fail(key, bytes.status().message());
  } else if (*bytes < min || *bytes > max) {
    Fail(key, Format("{} is not within {} and {}", Clip(*text), FormatSize(min),
                     FormatSize(max)));
  } else {
    *out = *bytes;
  }
}

void ConfigReader::ReadDuration(std::string_view key, u64 max, u64* out) {
  const std::string* text = FindScalar(key);
  if (text == nullptr) return;
  const Result<u64> duration_ns = ParseDuration(*text);
  if (!duration_ns.ok()) {
    Fail(key, duration_ns.status().message());
  } else if (*duration_ns > max) {
    Fail(key, Format("{} is more than {} ns", Clip(*text), max));
  } else {
    *out = *duration_ns;
  }
}

void ConfigReader::ReadBool(std::string_view key, bool* out) {
  const std::string* text = FindScalar(key);
  if (text == nullptr) return;
  if (*text == "true" || *text == "false") {
    *out = *text == "true";
  } else {
    Fail(key, Format("'{}' is neither true nor false", Clip(*text)));
  }
}

void ConfigReader::ReadString(std::string_view key, std::string* out) {
  const std::string* text = FindScalar(key);
  if (text != nullptr) *out = *text;
}

void ConfigReader::ReadStrings(std::string_view key,
                               std::vector<std::string>* out) {
  const YamlNode* value = Find(key);
  if (value == nullptr) return;
  out->clear();
  if (value->kind == YamlNode::Kind::kNull) return;
  if (value->kind != YamlNode::Kind::kList) {
    Fail(key, Format("must be a list, not {}", KindName(value->kind)));
    return;
  }
  for (const YamlNode& item : value->items) {
    if (item.kind == YamlNode::Kind::kScalar) {
      out->push_back(item.scalar);
    } else {
      errors_.Add(item.line, path_ + std::string(key),
                  Format("its items must be single values, not {}",
                         KindName(item.kind)));
    }
  }
}

u32 ConfigReader::LineOf(std::string_view key) const {
  for (const YamlMember& member : node_.members) {
    if (member.key == key) return member.line;
  }
  return node_.line;
}

void ConfigReader::Fail(std::string_view key, std::string_view what) {
  errors_.Add(LineOf(key), path_ + std::string(key), what);
}

bool ConfigReader::Asked(std::string_view key) const {
  return std::find(asked_.begin(), asked_.end(), key) != asked_.end();
}

void ConfigReader::Finish() {
  for (const YamlMember& member : node_.members) {
    if (Asked(member.key)) continue;
    std::string hint = DidYouMean(member.key, asked_);
    if (hint.empty()) {
      for (const std::string_view known : asked_) {
        hint += Format("{}{}", hint.empty() ? "; known are " : ", ", known);
      }
    }
    Fail(member.key, "unknown key" + hint);
  }
}

void ConfigReader::FinishOpen() {
  for (const YamlMember& member : node_.members) {
    if (Asked(member.key)) continue;
    for (const std::string_view known : asked_) {
      const bool present = std::any_of(
          node_.members.begin(), node_.members.end(),
          [&](const YamlMember& other) { return other.key == known; });
      if (!present && EditDistance(member.key, known) <= 1) {
        Fail(member.key, Format("unknown key (did you mean '{}'?)", known));
      }
    }
  }
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// See setting_reader.h.

#include "core/setting_reader.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "chimaera/base/format.h"
#include "chimaera/base/nearest_name.h"

namespace chi {
namespace {

constexpr u64 kPageBytes = 4096;

// What is wrong with a value by its rule, or nothing.
std::string Breach(SettingRule rule, u64 value) {
  if (rule == SettingRule::kPowerOfTwo && (value & (value - 1)) != 0) {
    return Format("{} is no power of two", value);
  }
  // Segments are mapped in whole pages.
  if (rule == SettingRule::kWholePages && value % kPageBytes != 0) {
    return Format("{} bytes are no multiple of {}", value, kPageBytes);
  }
  return {};
}

std::string Breach(const Setting& setting, const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
           c == '-';
  });
  if (setting.rule == SettingRule::kPlainName &&
      (!plain || text.size() > setting.max)) {
    return Format("must be at most {} letters, digits, _ and -", setting.max);
  }
  if (setting.max != 0 && text.size() > setting.max) {
    return Format("has {} bytes of at most {}", text.size(), setting.max);
  }
  if (setting.rule == SettingRule::kAbsolute && text.substr(0, 1) != "/" &&
      !(text.empty() && setting.type == SettingType::kText)) {
    return Format("'{}' is no absolute path", text);
  }
  return {};
}

// Reads a value into the field that a Setting::Member points at.
struct FieldReader {
  const Setting& setting;
  ConfigReader& reader;
  RuntimeConfig& config;

  void Check(const std::string& breach) {
    if (!breach.empty()) reader.Fail(setting.name(), breach);
  }
  // The word that stands there, if it is a choice, else null.
  const std::string* FindChoice() {
    const std::string* word = reader.FindScalar(setting.name());
    if (word == nullptr) return nullptr;
    const std::vector<std::string_view>& all = setting.choices();
    if (std::find(all.begin(), all.end(), *word) != all.end()) return word;
    std::string known;
    for (const std::string_view each : all) {
      known += (known.empty() ? "" : ", ") + std::string(each);
    }
    Check(Format("'{}' is none of {}{}", *word, known, DidYouMean(*word, all)));
    return nullptr;
  }

  void operator()(u32 RuntimeConfig::*field) {
    reader.ReadNumber(setting.name(), setting.min, setting.max,
                      &(config.*field));
    Check(Breach(setting.rule, config.*field));
  }
  void operator()(u64 RuntimeConfig::*field) {
    u64* const value = &(config.*field);
    if (setting.type == SettingType::kSize) {
      reader.ReadSize(setting.name(), setting.min, setting.max, value);
    } else {
      reader.ReadDuration(setting.name(), setting.max, value);
    }
    Check(Breach(setting.rule, *value));
  }
  void operator()(bool RuntimeConfig::*field) {
    reader.ReadBool(setting.name(), &(config.*field));
  }
  void operator()(std::string RuntimeConfig::*field) {
    if (setting.type == SettingType::kChoice) {
      if (const std::string* word = FindChoice()) config.*field = *word;
      return;
    }
    reader.ReadString(setting.name(), &(config.*field));
    Check(Breach(setting, config.*field));
  }
  void operator()(LogLevel RuntimeConfig::*field) {
    if (const std::string* word = FindChoice()) {
      config.*field = *ParseLogLevel(*word);
    }
  }
  void operator()(std::vector<std::string> RuntimeConfig::*field) {
    reader.ReadStrings(setting.name(), &(config.*field));
    for (const std::string& item : config.*field) Check(Breach(setting, item));
  }
};

}  // namespace

void ReadSetting(const Setting& setting, ConfigReader& reader,
                 RuntimeConfig* config) {
  if (reader.Find(setting.name()) == nullptr) return;
  std::visit(FieldReader{setting, reader, *config}, setting.member);
}

YamlNode TextNode(const Setting& setting, std::string_view text) {
  YamlNode node;
  node.line = 0;
  node.kind = YamlNode::Kind::kScalar;
  if (setting.type != SettingType::kPaths) {
    node.scalar = text;
    return node;
  }
  node.kind = YamlNode::Kind::kList;
  while (!text.empty()) {
    const size_t end = std::min(text.find(':'), text.size());
    YamlNode& item = node.items.emplace_back();
    item.line = 0;
    item.kind = YamlNode::Kind::kScalar;
    item.scalar = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return node;
}

}  // namespace chi

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Puts one value of a YAML map into its field of a RuntimeConfig.

#ifndef CHIMAERA_CORE_SETTING_READER_H_
#define CHIMAERA_CORE_SETTING_READER_H_

#include <string_view>

#include "chimaera/core/setting_table.h"
#include "chimaera/core/yaml_tree.h"
#include "core/config_reader.h"

namespace chi {

/// Takes the value of setting.name() from `reader`, which reads its section; a
/// mistake goes to the reader's errors, and the field may be anything then.
void ReadSetting(const Setting& setting, ConfigReader& reader,
                 RuntimeConfig* config);

/// What `text` is in a file: a variable of the environment has no lists, so
/// that paths are parted by colons.
YamlNode TextNode(const Setting& setting, std::string_view text);

}  // namespace chi

#endif  // CHIMAERA_CORE_SETTING_READER_H_

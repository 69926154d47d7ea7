// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Reads the section `compose` of a configuration.

#ifndef CHIMAERA_CORE_CONFIG_COMPOSE_H_
#define CHIMAERA_CORE_CONFIG_COMPOSE_H_

#include <vector>

#include "chimaera/core/config.h"
#include "chimaera/core/yaml_tree.h"
#include "core/config_reader.h"

namespace chi {

/// Adds the pools of `list`, a null node for none.
void ReadCompose(const YamlNode& list, ConfigErrors& errors,
                 std::vector<PoolConfig>* compose);

}  // namespace chi

#endif  // CHIMAERA_CORE_CONFIG_COMPOSE_H_

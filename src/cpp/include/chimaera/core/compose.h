// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What is done with compose lists beside making their pools.

#ifndef CHIMAERA_CORE_COMPOSE_H_
#define CHIMAERA_CORE_COMPOSE_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "chimaera/base/result.h"
#include "chimaera/core/config.h"

namespace chi {

/// The keys of an entry that are its module's own, as YAML, sorted. Texts that
/// say the same give the same. kBadRequest: `config` is no map.
Result<std::string> OwnSettings(std::string_view config);

/// Module::ReadParameters of the entry's module.
using ParametersReader = std::function<Result<std::string>(const PoolConfig&)>;

/// What the modules of these pools say to their entries: for each its settings,
/// or "" and a mistake with its line and key in `errors`, which are sorted by
/// line.
std::vector<std::string> CheckCompose(const std::vector<PoolConfig>& compose,
                                      const ParametersReader& read,
                                      std::vector<ConfigError>* errors);

/// A configuration file with this compose list. Of config_ the module's own
/// keys are taken, and pool_query; an empty config_ is told in a comment.
/// kBadRequest: a config_ is no map.
Result<std::string> WriteCompose(const std::vector<PoolConfig>& compose);

}  // namespace chi

#endif  // CHIMAERA_CORE_COMPOSE_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The base of every module's Client: the pool it talks to, and nothing else.

#ifndef CHIMAERA_IPC_CONTAINER_CLIENT_H_
#define CHIMAERA_IPC_CONTAINER_CLIENT_H_

#include <string>

#include "chimaera/ipc/ids.h"

namespace chi {

/// A value: copying it makes a second client of the same pool.
class ContainerClient {
 public:
  PoolId pool_id_;         ///< The pool; set for good by the client's Create.
  std::string pool_name_;  ///< The name it was created under, if known.

  ContainerClient() = default;

  /// Talks to the pool `pool_id` from now on.
  void Init(const PoolId& pool_id) { pool_id_ = pool_id; }

  template <class Archive>
  void serialize(Archive& ar) {
    ar(pool_id_);
  }
};

}  // namespace chi

#endif  // CHIMAERA_IPC_CONTAINER_CLIENT_H_

// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Talks to a daemon, as an application outside of this project does: asks the
// admin pool, makes a pool of a foreign module, calls it. Prints "passed".

#include <chimaera/admin/admin_client.h>
#include <chimaera/chimaera.h>
#include <myproject/my_module/my_module_client.h>

#include <iostream>
#include <string>

namespace {

int Fail(const std::string& what) {
  std::cerr << what << "\n";
  return 1;
}

}  // namespace

int main() {
  if (!chi::CHIMAERA_CLIENT_INIT()) return Fail("no daemon");
  const chi::PoolId pool_id(7000, 0);
  myproject::my_module::Client client(pool_id);
  client.Create(HSHM_MCTX, chi::PoolQuery::Dynamic(), "my_pool",
                myproject::my_module::CreateParams("> ", 9));
  if (client.pool_id_ != pool_id) return Fail("another pool than asked for");

  chi::u32 code = 0;
  const std::string text =
      client.Custom(HSHM_MCTX, chi::PoolQuery::Local(), "words", 7, code);
  if (text != "> words_processed7 by myproject::my_module") return Fail(text);
  if (code != 4 + 3) return Fail("result code " + std::to_string(code));

  // The pool of the daemon's compose section, with its settings.
  myproject::my_module::Client composed(chi::PoolId(7100, 0));
  const std::string other =
      composed.Custom(HSHM_MCTX, chi::PoolQuery::Local(), "a", 1, code);
  if (other != "composed: a_processed1 by myproject::my_module") {
    return Fail(other);
  }
  if (code != 4 + 4) return Fail("result code " + std::to_string(code));

  // The same name is the same pool, whatever id is asked for.
  myproject::my_module::Client again(chi::PoolId(7001, 0));
  again.Create(HSHM_MCTX, chi::PoolQuery::Dynamic(), "my_pool");
  if (again.pool_id_ != pool_id) return Fail("a second pool of one name");

  if (!CHI_ADMIN->DestroyPool(HSHM_MCTX, chi::PoolQuery::Local(), pool_id)
           .ok()) {
    return Fail("the pool cannot be destroyed");
  }
  std::cout << "passed\n";
  return 0;
}

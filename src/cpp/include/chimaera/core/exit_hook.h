// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A runtime must be over before the static objects of the modules that it runs
// are destroyed. At the end of a process both are handlers of atexit, called in
// the reverse order of their registration, and modules are loaded late.

#ifndef CHIMAERA_CORE_EXIT_HOOK_H_
#define CHIMAERA_CORE_EXIT_HOOK_H_

namespace chi {

/// Has `hook` called at the end of the process, before the static objects of
/// any module go whose first container is made from now on. It is called once
/// for each of these modules.
void SetExitHook(void (*hook)());

}  // namespace chi

#endif  // CHIMAERA_CORE_EXIT_HOOK_H_

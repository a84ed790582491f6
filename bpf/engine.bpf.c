// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The engine: one program a hook, all in one object, so that they share one set of maps. Every program is optional ("?"):
 * the loader takes those of the backend it found, and a kernel that lacks one hook loses that class only.
 */
#include "types.h"
#include "layout.gen.h"
#include "hooks/exec.h"
#include "hooks/task.h"
#include "hooks/file.h"
#include "hooks/attributes.h"
#include "hooks/mount.h"
#include "hooks/trace.h"
#include "hooks/testrun.h"

/* Read by the loader before anything is created: object and codecs prove that they speak of the same layout. */
const volatile __u64 rf_layout_hash = RF_LAYOUT_HASH;

/* Set by the loader: names this object and the settings it is loaded with, for the agent that may adopt it later. */
const volatile __u64 rf_build_id = 0;

/* The kernel knows no word for our dual licence; under it the object is used as GPL. */
char LICENSE[] SEC("license") = "GPL";

/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What could not be done or reported: one number per cause. */
#ifndef RF_COUNT_H
#define RF_COUNT_H

#include "../compat.h"

static __always_inline void stat_add(__u32 which)
{
	__u64 *value = bpf_map_lookup_elem(&stats, &which);

	if (value)
		__sync_fetch_and_add(value, 1);
}

static __always_inline struct rf_node *node_state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&node, &zero);
}

#endif

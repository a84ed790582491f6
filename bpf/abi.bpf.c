// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * One variable per contract type, so that its BTF survives. Compiled and read by the generator, never loaded: clang
 * drops types that nothing uses, and an enum used only for its members counts as unused.
 */
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;

#include "abi.h"

#define KEEP(kind, name) kind name keep_##name

KEEP(enum, rf_limits);
KEEP(enum, rf_hash);
KEEP(enum, rf_class);
KEEP(enum, rf_session);
KEEP(enum, rf_action);
KEEP(enum, rf_origin);
KEEP(enum, rf_table);
KEEP(enum, rf_item_kind);
KEEP(enum, rf_item_flag);
KEEP(enum, rf_anchor);
KEEP(enum, rf_workload_flag);
KEEP(enum, rf_node_mode);
KEEP(enum, rf_stat);
KEEP(enum, rf_event_kind);
KEEP(enum, rf_hook);
KEEP(enum, rf_event_flag);
KEEP(enum, rf_miss);

KEEP(struct, rf_item);
KEEP(struct, rf_object_key);
KEEP(struct, rf_object);
KEEP(struct, rf_shape_comp);
KEEP(struct, rf_shape);
KEEP(struct, rf_rule);
KEEP(struct, rf_ruleset);
KEEP(struct, rf_workload);
KEEP(struct, rf_pod_key);
KEEP(struct, rf_handler_key);
KEEP(struct, rf_handler);
KEEP(struct, rf_template_key);
KEEP(struct, rf_node);
KEEP(struct, rf_counter_key);
KEEP(struct, rf_counter);
KEEP(struct, rf_ancestor);
KEEP(struct, rf_hit);
KEEP(struct, rf_event);
KEEP(struct, rf_inode_key);
KEEP(struct, rf_inode_names);
KEEP(struct, rf_program);
KEEP(struct, rf_resolve);
KEEP(struct, rf_root);
KEEP(struct, rf_test);

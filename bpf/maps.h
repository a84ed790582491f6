/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Every map of the engine. One object uses them, so that one set serves every hook whatever the number of policies. */
#ifndef RF_MAPS_H
#define RF_MAPS_H

#include "scratch.h"

/* (ruleset, table, name hash) -> the items that the pattern stands in. Filled before a workload points at the ruleset. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1048576);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct rf_object_key);
	__type(value, struct rf_object);
} objects SEC(".maps");

/* shape id -> how the components of a glob are compared. Content-addressed, shared by all rulesets. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RF_SHAPE_TOTAL);
	__type(key, __u32);
	__type(value, struct rf_shape);
} shapes SEC(".maps");

/* Words of the patterns' text, runs addressed by rf_object.words; see enum rf_table for the form. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1048576);
	__type(key, __u32);
	__type(value, __u64);
} pattern_words SEC(".maps");

/* Items beyond the first of a pattern, runs addressed by rf_object.more. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 262144);
	__type(key, __u32);
	__type(value, struct rf_item);
} pattern_items SEC(".maps");

/* ruleset id -> what the policies of one layer, selecting one workload, compile to. Content-addressed, immutable. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct rf_ruleset);
} rulesets SEC(".maps");

/*
 * cgroup id -> which rulesets its tasks are under. Written by the agent when policies or labels change and by the kernel
 * when a cgroup is made; entries of a vanished cgroup stay until no task holds it. Id 0, which no cgroup has, keeps the
 * highest generation ever given.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct rf_workload);
} workloads SEC(".maps");

/* (cgroup ruleset, combination of selectors) -> what a new cgroup becomes; owner 0 means the cgroup itself. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct rf_template_key);
	__type(value, struct rf_workload);
} templates SEC(".maps");

/*
 * pod UID -> what a new container of the pod becomes; pod UID and name of the cgroup -> what that one becomes. Written before its
 * containers exist, removed when the pod is gone or the container is there.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct rf_pod_key);
	__type(value, struct rf_workload);
} pods SEC(".maps");

/* (container, hash of arguments) -> the probe or lifecycle handler that runs them. Written with the container's name. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct rf_handler_key);
	__type(value, struct rf_handler);
} handlers SEC(".maps");

/* address of a root directory of the node -> what it is. In containers' cgroups tasks with such a root are Setup. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct rf_known_root);
} roots SEC(".maps");

/* workload (cgroup id) -> process id of its main process, set by the first task that enters; see RF_MAIN_SETUP. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} mains SEC(".maps");

/* 0 -> switches of the node. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rf_node);
} node SEC(".maps");

/* (rule, workload) -> exact counts. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct rf_counter_key);
	__type(value, struct rf_counter);
} counters SEC(".maps");

/* enum rf_stat -> how often, per CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RF_STAT_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} stats SEC(".maps");

/* (ruleset, inode) -> exact deny patterns the inode was resolved to: they hold under its other names too. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct rf_inode_key);
	__type(value, struct rf_inode_names);
} inodes SEC(".maps");

/*
 * hash of (ruleset, inode) -> whether inodes may have it: a clear bit saves the lookup, which most files would miss. Bits are
 * set before the entry is made and stay.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} inode_bits SEC(".maps");

/* program hash -> its path, for the lineage in events only: an evicted entry loses a name, never a decision. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct rf_program);
} programs SEC(".maps");

/* Violations with detail, and cgroups made and gone. A full ring loses detail, never a count or a decision. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} events SEC(".maps");

/* task -> who it is. Only tasks that a policy may select have one. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct rf_subject);
} subjects SEC(".maps");

/* index -> working memory of one decision, taken with a compare-and-swap; sized by the loader (RF_SCRATCH_PER_CPU). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RF_SCRATCH_PER_CPU * 2);
	__type(key, __u32);
	__type(value, struct rf_scratch);
} scratch SEC(".maps");

/* index -> working memory for decisions beyond those that scratch has for their CPU; taken in the same way. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RF_SCRATCH_SPARE);
	__type(key, __u32);
	__type(value, struct rf_scratch);
} spare SEC(".maps");

/* slot -> a name that was judged and violated nothing; see verdict.h for what makes an entry valid. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RF_CACHE_SLOTS);
	__type(key, __u32);
	__type(value, struct rf_cached);
} verdicts SEC(".maps");

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Types that stay inside the kernel: subjects, working memory and cached verdicts. User space only sizes their maps. */
#ifndef RF_SCRATCH_H
#define RF_SCRATCH_H

#include "abi.h"

enum rf_engine_limits {
	RF_SCRATCH_PER_CPU = 4,		/* decisions that can be preempted by others on one CPU before one looks for spare memory */
	RF_SCRATCH_SPARE = 64,		/* of all CPUs together; before one finds no memory */
	RF_CACHE_SLOTS = 16384,
	RF_DATA_BYTES = 16384,		/* an event, or a text being parsed */
	RF_DATA_SLACK = 4096,		/* longest single copy into it */
	RF_PREFIXES = 66,		/* path hashes kept: patterns end at 64 components, and "usr" may come before */
	RF_ATTEMPTS = 6,		/* walks before names that keep changing are given up */
	RF_COMPS = 256,			/* room for a path and its fixed or canonical beginning; a power of two, as an index mask */
	RF_COMPS_END = RF_DEPTH_MAX + 8,	/* walks fill comps down from here, texts up from RF_COMPS_FIRST */
	RF_COMPS_FIRST = 4,
	RF_WANTED = 16,			/* room for every class and the end mark; a power of two, as an index mask */
	RF_OBJECTS = 2,			/* objects of one operation: rename and link have two */
};

enum rf_subject_flag {
	RF_SUBJECT_MAIN = 1,		/* main process of its workload */
	RF_SUBJECT_PROTECTED = 2,	/* bound in a protected unit */
	RF_SUBJECT_HOST = 4,		/* bound as a host process: may be bound again, see subject.h */
	RF_SUBJECT_OF_INIT = 16,	/* PID 1 forked it: until its first exec it moves with PID 1's authority */
	RF_SUBJECT_MOVED = 8,		/* came to its cgroup by other hands than PID 1: never protected by it */
	RF_SUBJECT_SETUP = 32,		/* the runtime's own code in a container's cgroup: has no workload yet, only entered */
	RF_SUBJECT_ENDING = 64,		/* the exec that ends Setup has been judged and is not finished */
	RF_SUBJECT_CONTAINER = 128,	/* of a runtime's container, for good */
	RF_SUBJECT_HELPER = 256,	/* forked by Setup in the container's root (a hook): never the main process */
};

/* In values of mains: the first task has entered the container, and its main process is still to come. */
#define RF_MAIN_SETUP (1U << 31)

/* Value of roots: what the directory was, should its address be given to another. */
struct rf_known_root {
	__u64 ino;
	__u32 dev;
	__u32 generation;
};

struct rf_task_program {
	__u64 hash;
	__u16 len;
	__u8 origin;
	__u8 cut;
	__u8 path[RF_PROGRAM_MAX];
};

/* Value of verdicts. */
struct rf_cached {
	__u64 sequence;			/* odd while a CPU writes the entry */
	__u64 dentry;
	__u64 mnt;			/* vfsmount */
	__u64 parent;
	__u64 name;			/* d_name hash and length */
	__u64 inode;			/* number and generation, mixed */
	__u64 parent_inode;
	__u64 sequences;		/* rename_lock and mount_lock */
	__u64 version;			/* workload generation and session */
	__u64 epoch;			/* of rf_node */
	__u64 classes;			/* that violate nothing */
};

/* Value of subjects. */
struct rf_subject {
	__u64 workload;			/* cgroup id it was bound to; 0: only flags count */
	__u64 entered;			/* with RF_SUBJECT_SETUP or _CONTAINER: the container */
	__u32 flags;			/* enum rf_subject_flag */
	__u8 session;
	__u8 active;			/* which of program[] it runs; the other one is being exec'd */
	__u8 pending;			/* an exec has been judged and is not finished */
	__u8 lineage_count;
	__u32 chain_generation;		/* rf_workload.generation that chain_violated belongs to; 0: none */
	__u64 chain_violated[RF_PAGES_MAX];	/* rules that earlier files of the exec violated */
	__u64 exec_inode;		/* address of the inode of the last file of the exec chain: mapping it is that exec */
	__u64 opened_trunc;		/* address of the file that open(O_TRUNC) was judged for: its truncate is that open */
	__u64 write_mount;		/* vfsmount of the last mnt_want_write of this task */
	struct rf_cached key;		/* of the operation being decided */
	__u64 epoch;			/* of rf_node when rules was copied */
	__u64 rules_of;			/* workload that rules was copied for; 0: none */
	struct rf_workload rules;	/* saves most operations the lookup, see workload_of */
	__u32 slots_generation;		/* rf_workload.generation that program_slots belongs to; 0: none */
	__u64 program_slots[RF_PAGES_MAX];
	struct rf_ancestor lineage[RF_LINEAGE_MAX];
	struct rf_task_program program[2];
};

/* One component of a name: where its bytes are, and their hash. */
struct rf_comp {
	__u64 name;
	__u64 hash;
	__u32 len;
};

enum rf_ref_kind {
	RF_REF_NONE = 0,	/* has no name */
	RF_REF_DENTRY = 1,
	RF_REF_TEXT = 2,
};

/* An object before its name is known. */
struct rf_ref {
	__u64 dentry;
	__u64 mount;		/* struct mount */
	__u64 inode;		/* 0: negative dentry */
	__u64 text;
	__u32 text_len;
	__u32 classes;
	__u8 kind;
	__u8 is_dir;
	__u8 origin;
	__u8 miss;		/* preset for test-run; else found by the walk */
	__u8 deny_only;		/* an interpreter: allow lists of Exec are about the first file */
	__u32 dev;		/* with ino and generation: read when something asks for them, see ref_identify */
	__u64 ino;		/* 0: not known by inode */
	__u32 generation;
};

struct rf_found {
	__u64 violated[RF_PAGES_MAX];
	__u64 unresolved[RF_PAGES_MAX];
	__u64 tree[RF_PAGES_MAX];	/* violated by a change of the mount tree */
	__u64 slots[RF_PAGES_MAX];
};

enum rf_match_mode {
	RF_MATCH_OBJECT = 0,
	RF_MATCH_GIVEN = 1,
	RF_MATCH_PROGRAM = 2,
	RF_MATCH_SELECT = 3,
};

/* Value of scratch. */
struct rf_scratch {
	__u32 busy;

	/* the operation */
	__u32 hook;
	__u32 ref_count;
	__u32 page_count;
	__u32 pages[RF_PAGES_MAX];
	struct rf_ref ref[RF_OBJECTS];
	__u64 given;			/* address of the absolute name given to execve */
	__u32 given_len;
	__u32 generation;
	__u8 session;
	__u8 main_process;
	__u8 is_protected;
	__u8 deny_only;			/* of the object being judged */
	__u8 tree_change;
	__u8 can_deny;
	__u8 ends_setup;		/* the exec that ends Setup: never killed where it can be denied */
	__u8 dry;			/* test-run: decide, and report nothing */
	__u8 node_monitor;
	__u8 learn;			/* the name is looked up for its inode's sake, even where no rule governs the class */
	__u64 subject;			/* address of the acting task's subject */
	__u8 wanted[RF_WANTED];		/* rf_class, RF_CLASSES at the end */
	__u64 program;			/* address of the acting program's text */
	__u32 program_len;
	__u8 program_origin;
	__u8 program_cut;
	__u8 has_program_slots;
	__u8 has_counted;

	/* the name being matched */
	__u32 comp_first;		/* index of the first component in comps */
	__u32 comp_count;
	__u32 cut;
	__u32 match_mode;
	__u32 want;
	__u32 ruleset;
	__u32 page;
	__u32 item_origin;
	__u64 walk_dentry;
	__u64 walk_mount;
	__u64 walk_root;		/* root dentry of walk_mount, or of the fixed file system */
	__u32 fixed_fs;
	__u32 miss;
	__u64 full_hash;
	__u64 last_hash;		/* full_hash of the attempt before */
	struct rf_pod_key pod;		/* that the name of a new cgroup speaks of */
	__u32 pod_is_static;
	__u32 pod_is_top;		/* its names begin at the root of the hierarchy */
	__u64 select_sum;
	__u64 identity;
	__u64 unknown_mask;		/* all ones: the name is unknown */
	__u64 deep_mask;		/* all ones: the name is cut, only patterns of open depth are unknown */
	__u64 path_mask;		/* zero: paths rules do not speak about this object */
	__u64 hit[RF_CLASSES];
	__u64 named_exec;		/* rules whose items with origins need the name: Exec */
	__u64 named_map;		/* the same: Map */
	__u64 slot_hit;
	__u64 program_hit;
	__u32 inode_hit;
	__u32 by_inode;			/* items are applied for the inode, not the name */
	__u32 usr_inserted;
	__u32 given_flag;
	__u32 force_miss;		/* enum rf_miss: names are taken as unknown */
	__u32 stable;			/* the last attempt saw names that held */
	__u64 given_hit[RF_PAGES_MAX];
	__u64 program_slots[RF_PAGES_MAX];
	__u64 rename_seq;
	__u64 mount_seq;
	__u32 word_count;
	__u32 word_base;
	__u32 suffix_len;
	__u32 shape_id;			/* being tried */
	__u32 shape_from;
	__u32 shape_count;
	__u64 words[128];
	__u8 name[RF_NAME_MAX + 1 + 16];
	__u8 suffix[RF_NAME_MAX + 1 + 16];
	struct rf_comp comps[RF_COMPS];
	__u64 prefix[RF_PREFIXES];

	/* the decision */
	struct rf_found found[RF_OBJECTS];
	__u64 counted[RF_PAGES_MAX];	/* rules that the operation was counted for already */
	__u64 final_violated[RF_PAGES_MAX];
	__u64 final_unresolved[RF_PAGES_MAX];
	__u32 verdict;
	__u32 hits_total;
	__u32 data_len;
	__u32 broken;			/* a page was missing */
	__u32 found_any;		/* a rule is violated, or may be */
	__u32 flags;			/* enum rf_event_flag */
	__u32 text_len[RF_OBJECTS];
	__u32 classes;
	__u64 text_hash;		/* of the name last appended to data: key of programs */
	__u64 limiter;			/* key of the rule whose rate limit an event counts against */
	struct rf_event event;
	__u8 data[RF_DATA_BYTES + RF_DATA_SLACK];
};

#endif

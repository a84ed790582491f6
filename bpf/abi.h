/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The contract between the BPF programs and user space: every struct, enum and limit that crosses, and nothing else.
 * TypeScript codecs are generated from the BTF of abi.bpf.o; nothing mirrors these by hand.
 * Padding is explicit and must be zero: hash keys compare bytes.
 */
#ifndef RF_ABI_H
#define RF_ABI_H

#define rf_doc(text) __attribute__((btf_decl_tag("doc:" text)))
#define rf_cstr __attribute__((btf_decl_tag("cstr")))

/* Limits are enums: a #define never reaches BTF. */
enum rf_limits {
	RF_RULES_MAX = 64,	/* rules in one ruleset (one bit each) */
	RF_SLOTS_MAX = 48,	/* exception slots in one ruleset (one bit each) */
	RF_PAGES_MAX = 8,	/* rulesets of one workload: its layers, split where a layer has more than RF_RULES_MAX rules */
	RF_DEPTHS_MAX = 8,	/* distinct literal subtree depths of one ruleset */
	RF_SHAPES_MAX = 8,	/* distinct glob shapes of one ruleset */
	RF_SHAPE_TOTAL = 4096,	/* distinct glob shapes of one node */
	RF_PATTERN_COMPS = 64,	/* components of one pattern */
	RF_NAME_MAX = 255,	/* bytes of one component */
	RF_DEPTH_MAX = 128,	/* components of a path that the kernel walks; deeper is cut */
	RF_PROGRAM_MAX = 1024,	/* bytes kept of the path of a task's program */
	RF_TEXT_MAX = 4096,	/* bytes of a path in an event */
	RF_ARGS_MAX = 1024,	/* bytes of arguments in an event */
	RF_LINEAGE_MAX = 8,	/* ancestors kept for a task */
	RF_HITS_MAX = 16,	/* rules listed in one event; hits_total has the true number */
	RF_COMM_LEN = 16,
	RF_INODE_NAMES = 4,	/* exact patterns that one inode can answer to */
	RF_CLASSES = 10,	/* members of rf_class */
	RF_SESSIONS = 5,	/* members of rf_session */
	RF_HANDLER_TEXT = 1960,	/* bytes of the arguments of a probe or lifecycle handler; longer ones are Exec */
};

/* The two 64-bit constants of the name hashes, in halves: enum values stay within 32 bits. */
enum rf_hash {
	RF_HASH_SEED_HI = 0x243f6a88,
	RF_HASH_SEED_LO = 0x85a308d3,
	RF_HASH_MUL_HI = 0x9e3779b9,
	RF_HASH_MUL_LO = 0x7f4a7c15,
};

/* Operation classes of the policy language. Bit n of a class mask is 1 << rf_class. */
enum rf_class {
	RF_CLASS_READ = 0,
	RF_CLASS_WRITE = 1,
	RF_CLASS_EXECUTE = 2,
	RF_CLASS_CREATE = 3,
	RF_CLASS_DELETE = 4,
	RF_CLASS_RENAME = 5,
	RF_CLASS_LINK = 6,
	RF_CLASS_ATTRIBUTES = 7,
	RF_CLASS_EXEC = 8,	/* binaries */
	RF_CLASS_MAP = 9,	/* binaries, deny lists only */
};

enum rf_session {
	RF_SESSION_MAIN = 0,
	RF_SESSION_EXEC = 1,
	RF_SESSION_PROBE = 2,
	RF_SESSION_LIFECYCLE = 3,
	RF_SESSION_HOST = 4,
};

/* Ordered: the stricter is the greater. Also the verdict of a decision. */
enum rf_action {
	RF_ACTION_NONE = 0,
	RF_ACTION_AUDIT = 1,
	RF_ACTION_BLOCK = 2,
	RF_ACTION_KILL = 3,
};

/* Bits of a set of origins. */
enum rf_origin {
	RF_ORIGIN_IMAGE = 1,
	RF_ORIGIN_UPPER_LAYER = 2,
	RF_ORIGIN_READ_ONLY_VOLUME = 4,
	RF_ORIGIN_WRITABLE_VOLUME = 8,
	RF_ORIGIN_ANONYMOUS = 16,
	RF_ORIGIN_UNKNOWN = 32,
	RF_ORIGIN_ALL = 63,
};

/*
 * Tables of the objects map. RF_TABLE_SHAPE + n is glob shape n of the shapes map.
 *
 * Component hash, path hash (all arithmetic modulo 2^64). The text of a literal component is "/" followed by its bytes;
 * of a component "pre*suf" it is two texts, "/" pre and "*" suf ("*" alone: "/" and "*"). A text is cut into
 * little-endian 64-bit words, the last one zero-padded:
 *	hash = RF_HASH_SEED; for each word: hash = (hash ^ word) * RF_HASH_MUL; hash ^= hash >> 29
 * (for two texts the second continues with the hash of the first). Path or part of a path:
 *	H = RF_HASH_SEED; for each component from first to last: H = ((H << 7 | H >> 57) ^ hash) * RF_HASH_MUL; H ^= H >> 32
 * A hit is confirmed by comparing the words with those of pattern_words, so the hash needs to spread only.
 *
 * Names are canonical before they are hashed, in patterns and in the kernel alike: where the first component is bin,
 * sbin, lib, lib32, lib64 or libx32, a component "usr" comes before it; /var/run becomes /run and /var/lock /run/lock.
 */
enum rf_table {
	RF_TABLE_EXACT = 0,	/* all components, literal */
	RF_TABLE_SUBTREE = 1,	/* the first d components, d one of the ruleset's depths ("" for the root) */
	RF_TABLE_BASENAME = 2,	/* the last component, literal: pattern with one component after the leading double star */
	RF_TABLE_ANCESTOR = 3,	/* directories whose rename or move would take a guarded name away; literal */
	RF_TABLE_ANY = 4,	/* hash 0, no text: items without a path; every object of the class */
	RF_TABLE_SHAPE = 16,
};

enum rf_item_kind {
	RF_ITEM_RULE = 0,		/* index: rule; the object */
	RF_ITEM_EXCEPT_OBJECT = 1,	/* index: exception slot; the object */
	RF_ITEM_EXCEPT_PROGRAM = 2,	/* index: exception slot; the acting program */
	RF_ITEM_SELECT = 3,		/* classes: selector id; index below RF_SLOTS_MAX: counts once in a name (cgroup rulesets only) */
	RF_ITEM_IDENTITY = 4,		/* classes: selector id of a Workloads item; wins over RF_ITEM_SELECT */
	RF_ITEM_NAMED = 5,		/* index: rule; RF_TABLE_ANY only: it has a pattern for objects of these origins, see deny_named */
};

enum rf_item_flag {
	RF_ITEM_BY_INODE = 1,	/* exact deny: holds for the inode too once the name was resolved */
	RF_ITEM_GIVEN_NAME = 2,	/* binaries deny: holds for the absolute name given to execve too */
	RF_ITEM_DEEP = 4,	/* of RF_ITEM_NAMED: the pattern is not of fixed depth, see deep */
};

/* One item of a rule or exception that a pattern stands in. */
struct rf_item {
	__u8 index rf_doc("rule or exception slot");
	__u8 kind rf_doc("enum rf_item_kind");
	__u8 origins rf_doc("bits of enum rf_origin that the object must have one of");
	__u8 flags rf_doc("enum rf_item_flag");
	__u32 classes rf_doc("mask of rf_class; for selectors the selector id");
};

/* Key of objects. */
struct rf_object_key {
	__u32 ruleset rf_doc("ruleset id");
	__u32 table rf_doc("enum rf_table, or RF_TABLE_SHAPE + shape");
	__u64 hash rf_doc("see enum rf_table");
};

/* Value of objects: the items that one pattern stands in. */
struct rf_object {
	__u32 words rf_doc("index of the pattern's first word in pattern_words");
	__u16 word_count rf_doc("words of the pattern; 0 only in RF_TABLE_ANY and for the root");
	__u16 more_count rf_doc("further items in pattern_items");
	__u32 more rf_doc("index of the first of them");
	__u32 _pad;
	struct rf_item first rf_doc("the first item");
};

enum rf_anchor {
	RF_ANCHOR_START = 0,	/* the pattern begins at the root */
	RF_ANCHOR_END = 1,	/* double star first: it ends at the last component */
	RF_ANCHOR_FLOAT = 2,	/* double star first and last: anywhere */
};

/* How one component of a shape is compared. */
struct rf_shape_comp {
	__u8 prefix_len rf_doc("bytes before the star; 255: the component is literal");
	__u8 suffix_len rf_doc("bytes after the star");
};

/* Value of shapes (array, index = shape id). */
struct rf_shape {
	__u8 anchor rf_doc("enum rf_anchor");
	__u8 subtree rf_doc("1: with RF_ANCHOR_START, everything below too");
	__u8 comp_count rf_doc("components");
	__u8 _pad;
	struct rf_shape_comp comps[64] rf_doc("from first to last; RF_PATTERN_COMPS");
};

/* One rule of a ruleset. Actions are those in force now: Monitor, pause and refusal have made them RF_ACTION_AUDIT. */
struct rf_rule {
	__u32 key rf_doc("the rule's number on this node, kept through edits; names its counters");
	__u8 action rf_doc("enum rf_action");
	__u8 main_action rf_doc("for the main process of a container");
	__u8 unresolved rf_doc("when the object cannot be resolved");
	__u8 asked rf_doc("the action the policy asks for, whatever the mode");
};

/*
 * Value of rulesets, key ruleset id (never 0). Immutable once a workload points at it. 960 bytes at most: with the map's own
 * 56 it then fits the kernel's allocation of 1,024.
 */
struct rf_ruleset {
	__u64 allow[10] rf_doc("by rf_class: allow rules that govern it");
	__u64 deny_named[10] rf_doc("by rf_class: rules with a pattern for it, whatever the origin; Unknown when the object has no resolved name");
	__u64 deep[10] rf_doc("by rf_class: of these with one that is not of fixed depth; Unknown when the path is cut");
	__u64 deny_link rf_doc("deny rules covering Link: violated by changes of the mount tree");
	__u64 sessions[5] rf_doc("by rf_session: rules in force");
	__u64 slot_sessions[5] rf_doc("by rf_session: exception slots that can hold");
	__u64 slot_needs_program rf_doc("slots with binaries");
	__u64 slot_needs_object rf_doc("slots with paths");
	__u64 exact_filter rf_doc("bit hash & 63 of every entry in RF_TABLE_EXACT: a clear bit saves the lookup");
	__u64 basename_filter rf_doc("the same for RF_TABLE_BASENAME");
	__u8 slot_rule[48] rf_doc("rule that each slot excepts; RF_SLOTS_MAX");
	struct rf_rule rules[64] rf_doc("the rules");
	__u32 classes rf_doc("mask of rf_class that any rule governs");
	__u16 shapes[8] rf_doc("shape ids");
	__u8 rule_count rf_doc("rules used");
	__u8 slot_count rf_doc("slots used");
	__u8 depth_count rf_doc("depths used");
	__u8 shape_count rf_doc("shapes used");
	__u8 has_any rf_doc("RF_TABLE_ANY has an entry");
	__u8 has_ancestor rf_doc("RF_TABLE_ANCESTOR has entries");
	__u8 has_inode rf_doc("an item has RF_ITEM_BY_INODE");
	__u8 has_given_name rf_doc("an item has RF_ITEM_GIVEN_NAME");
	__u8 depths[8] rf_doc("the depths, rising");
	__u8 _pad[4];
};

enum rf_workload_flag {
	RF_WORKLOAD_PROTECTED = 1,	/* a protected unit: judged, counted, never denied or killed */
	RF_WORKLOAD_HOST = 2,		/* host processes; without it a workload of its own (pod, Workloads item) */
	RF_WORKLOAD_CONTAINER = 4,	/* of a runtime: host tasks that enter are Setup until they exec in the container's own root */
	RF_WORKLOAD_UNNAMED = 8,	/* pod or name of the container not known yet: Hold applies to its entrypoint */
	RF_WORKLOAD_SANDBOX = 16,	/* of a pod's pause: has no pages, never held */
	RF_WORKLOAD_STATIC_POD = 32,	/* never held; the kernel sets it where the pod's UID has the form of a hash */
};

/* Value of workloads, key cgroup id. Replaced whole: one update is the atomic flip of every hook. */
struct rf_workload {
	__u64 owner rf_doc("cgroup id of the workload that tasks of this cgroup belong to: itself or an ancestor");
	__u32 generation rf_doc("number of this set of pages on the node, never reused; part of a cached verdict's key");
	__u32 flags rf_doc("enum rf_workload_flag");
	__u32 classes rf_doc("mask of rf_class governed by any page");
	__u32 page_count rf_doc("pages used; 0: not selected");
	__u32 pages[8] rf_doc("ruleset ids");
};

/*
 * Key of pods: the 32 hex digits of the pod's UID as it stands in the name of its cgroup (a static pod's is its
 * kubernetes.io/config.hash), dashes and underscores left out, the first 16 in hi. The value is a struct rf_workload with
 * owner 0: what every new container of the pod becomes until its name is known. One container that the agent has heard of before
 * its cgroup is there has an entry of its own: with lo XOR the hash of that cgroup's name, as of a component in enum rf_table.
 */
struct rf_pod_key {
	__u64 hi rf_doc("digits 1 to 16");
	__u64 lo rf_doc("digits 17 to 32");
};

/* Key of handlers. */
struct rf_handler_key {
	__u64 workload rf_doc("cgroup id of the container");
	__u64 hash rf_doc("of rf_handler.text, as of a text in enum rf_table");
};

/* Value of handlers: a command of a probe or lifecycle hook. An entry that runs it without a terminal is of its session. */
struct rf_handler {
	__u32 len rf_doc("bytes used of text");
	__u8 session rf_doc("RF_SESSION_PROBE or RF_SESSION_LIFECYCLE");
	__u8 _pad[3];
	__u8 text[1960] rf_doc("the arguments, each with its NUL; zeros after them; RF_HANDLER_TEXT");
};

/* Key of templates: what a new cgroup becomes. */
struct rf_template_key {
	__u32 ruleset rf_doc("cgroup ruleset that the selectors were matched with");
	__u32 _pad;
	__u64 combination rf_doc("sum over matched selector ids of (id * RF_HASH_MUL) ^ (id * RF_HASH_MUL >> 32)");
};

enum rf_node_mode {
	RF_MODE_ENFORCE = 0,
	RF_MODE_MONITOR = 1,	/* pause or emergency: every decision is reported, none interferes */
};

/* Value of node (array of one). Written by the agent; epoch by the kernel too. */
struct rf_node {
	__u32 mode rf_doc("enum rf_node_mode");
	__u32 cgroup_ruleset rf_doc("ruleset that names of new cgroups are matched with; 0: none");
	__u64 epoch rf_doc("grows after every change of workloads or switches and when an inode learns a name; part of a cached verdict's key");
	__u64 scope_cgroup rf_doc("when not 0 only tasks below this cgroup can become subjects");
	__u32 agent_tgid rf_doc("never judged");
	__u32 ovl_upper_off rf_doc("bytes from an overlay inode's struct inode to its upper dentry pointer, plus 1; 0: unknown");
	__u32 event_rate rf_doc("detailed events a second for each rule and workload; 0: no limit");
	__u32 event_burst rf_doc("detailed events a second for the node; 0: no limit");
	__u64 pause_until_ns rf_doc("boot time in ns at which RF_MODE_MONITOR ends by itself; 0: never");
	__u64 agent_start_cs rf_doc("boot time at which the agent started, hundredths of a second: its number may be another process's after it was killed");
	__u32 no_cache rf_doc("1: verdicts are not cached; for measurements");
	__u32 hold rf_doc("1: the entrypoint of a container with RF_WORKLOAD_UNNAMED is denied until the flag is gone");
	__u64 lease_until_ns rf_doc("boot time in ns at which hold lapses; the agent renews it");
};

/* Key of counters. */
struct rf_counter_key {
	__u32 rule rf_doc("rf_rule.key");
	__u32 _pad;
	__u64 workload rf_doc("cgroup id");
};

/* Value of counters: exact, created at the first violation. */
struct rf_counter {
	__u64 total rf_doc("violations");
	__u64 killed rf_doc("of these denied and killed, or killed");
	__u64 blocked rf_doc("of these denied only");
	__u64 audited rf_doc("of these reported only");
	__u64 unresolved rf_doc("of these because the object could not be resolved");
	__u64 first_ns rf_doc("boot time of the first, ns");
	__u64 last_ns rf_doc("boot time of the last, ns");
	__u64 window_ns rf_doc("start of the second that window_sent counts");
	__u64 window_sent rf_doc("detailed events in it");
};

/* Index of stats (per-CPU array of u64): what could not be done or reported, one number per cause. */
enum rf_stat {
	RF_STAT_RING_FULL = 0,
	RF_STAT_RATE_LIMITED = 1,
	RF_STAT_COUNTER_FULL = 2,
	RF_STAT_KILL_FAILED = 3,
	RF_STAT_PROTECTED = 4,		/* violations by protected processes, let pass */
	RF_STAT_STORAGE_FAILED = 5,	/* task storage could not be had */
	RF_STAT_NO_SCRATCH = 6,
	RF_STAT_PATH_CUT = 7,		/* objects of an operation with more than RF_DEPTH_MAX components */
	RF_STAT_PATH_UNRESOLVED = 8,	/* objects without a resolved name for other reasons, see enum rf_miss */
	RF_STAT_WALK_RETRIED = 9,
	RF_STAT_WALK_UNSTABLE = 10,
	RF_STAT_INODE_FULL = 11,
	RF_STAT_NO_WORKLOAD = 12,	/* a subject whose workload is not in the map */
	RF_STAT_NO_RULESET = 13,	/* a page that is not in the map: decided as unresolved */
	RF_STAT_CACHE_MISS = 14,	/* decisions that could have been remembered and were not */
	RF_STAT_BOUND = 15,		/* tasks that became subjects */
	RF_STAT_TEMPLATE_MISS = 16,	/* new cgroups whose combination had no template */
	RF_STAT_READ_FAILED = 17,	/* objects whose name could not be read from kernel memory */
	RF_STAT_HELD = 18,		/* entrypoints denied because their container was unnamed */
	RF_STAT_SETUP = 19,		/* tasks that entered a container as Setup */
	RF_STAT_SANDBOX = 20,		/* execs in sandboxes, not judged */
	RF_STAT_POD_UNKNOWN = 21,	/* containers made before their pod was in the map */
	RF_STAT_HANDLER_UNREAD = 22,	/* entries whose arguments could not be read: Exec */
	RF_STAT_COUNT = 23,
};

enum rf_event_kind {
	RF_EVENT_VIOLATION = 1,
	RF_EVENT_CGROUP = 2,		/* a cgroup was made (path in text) */
	RF_EVENT_CGROUP_GONE = 3,
	RF_EVENT_MOVED = 4,		/* a process with threads was moved: these are still to be bound, by an iterator */
	RF_EVENT_STARTED = 5,		/* the entrypoint of a container runs next: Setup is over, its policies hold */
	RF_EVENT_HELD = 6,		/* the entrypoint of an unnamed container was denied */
};

/* Where an operation was decided. */
enum rf_hook {
	RF_HOOK_NONE = 0,
	RF_HOOK_EXEC = 1,
	RF_HOOK_MAP = 2,
	RF_HOOK_OPEN = 3,
	RF_HOOK_RECEIVE = 4,
	RF_HOOK_TRUNCATE = 5,
	RF_HOOK_CREATE = 6,
	RF_HOOK_UNLINK = 7,
	RF_HOOK_RENAME = 8,
	RF_HOOK_LINK = 9,
	RF_HOOK_ATTRIBUTES = 10,
	RF_HOOK_MOUNT = 11,
};

enum rf_event_flag {
	RF_EVENT_UNRESOLVED = 1,	/* the primary hit was decided by the posture */
	RF_EVENT_MAIN_PROCESS = 2,
	RF_EVENT_PROTECTED = 4,
	RF_EVENT_NODE_MONITOR = 8,	/* the node was paused */
	RF_EVENT_BY_INODE = 16,		/* matched by inode, under another name */
	RF_EVENT_GIVEN_NAME = 32,	/* matched by the name given to execve (text2) */
	RF_EVENT_ARGS_CUT = 64,
	RF_EVENT_PATH_CUT = 128,
	RF_EVENT_KILL_FAILED = 256,
	RF_EVENT_CANNOT_DENY = 512,	/* the hook can only signal */
	RF_EVENT_CONTAINER = 1024,	/* of RF_EVENT_CGROUP: by its name a container's */
	RF_EVENT_ENDS_SETUP = 2048,	/* the exec that ends Setup: denied at most, where the hook can deny */
};

/* Why an object has no resolved name. */
enum rf_miss {
	RF_MISS_NONE = 0,
	RF_MISS_DETACHED = 1,	/* its mount belongs to no live mount namespace */
	RF_MISS_DEEP = 2,	/* more than RF_DEPTH_MAX components: cut */
	RF_MISS_UNSTABLE = 3,	/* names kept changing while they were read */
	RF_MISS_READ = 4,	/* kernel memory could not be read */
	RF_MISS_NO_MOUNT = 5,	/* the hook had no mount and none could be found */
	RF_MISS_NAMELESS = 6,	/* not a miss: the object has no name (memfd, pipe, socket) */
};

/* One ancestor of a process, nearest first. */
struct rf_ancestor {
	__u64 start_ns rf_doc("boot time at which it started, ns");
	__u64 program rf_doc("key in programs; 0: unknown");
	__u32 pid rf_doc("process id in the root pid namespace");
	__u32 _pad;
	char comm[16] rf_cstr rf_doc("name of its leader; RF_COMM_LEN");
};

struct rf_hit {
	__u32 rule rf_doc("rf_rule.key");
	__u8 action rf_doc("action taken for it, enum rf_action");
	__u8 asked rf_doc("action its policy asks for");
	__u8 unresolved rf_doc("1: decided by the posture");
	__u8 _pad;
};

/*
 * Head of a ring buffer record. The bytes of text (object), text2 (other object or given name), program and args follow
 * it in this order, without terminators. args are separated by NUL.
 */
struct rf_event {
	__u64 time_ns rf_doc("boot time, ns");
	__u64 workload rf_doc("cgroup id of the workload; for cgroup events of the cgroup");
	__u64 cgroup rf_doc("cgroup id of the task now");
	__u64 start_ns rf_doc("boot time at which the process started, ns");
	__u64 ino rf_doc("inode number of the object");
	__u64 program_hash rf_doc("key of the program in programs");
	__u32 size rf_doc("bytes of the whole record");
	__u16 kind rf_doc("enum rf_event_kind");
	__u16 hook rf_doc("enum rf_hook");
	__u32 flags rf_doc("enum rf_event_flag");
	__u32 classes rf_doc("mask of rf_class of the operation");
	__u32 pid rf_doc("process id, root pid namespace");
	__u32 tid rf_doc("thread id");
	__u32 parent_pid rf_doc("process id of the parent now");
	__u32 uid rf_doc("real user id, initial user namespace");
	__u32 gid rf_doc("real group id");
	__u32 dev rf_doc("s_dev of the object");
	__u32 ino_generation rf_doc("i_generation of the object");
	__u8 verdict rf_doc("enum rf_action: what the kernel did");
	__u8 session rf_doc("enum rf_session");
	__u8 origin rf_doc("one bit of enum rf_origin");
	__u8 miss rf_doc("enum rf_miss");
	__u16 text_len rf_doc("bytes");
	__u16 text2_len rf_doc("bytes");
	__u16 program_len rf_doc("bytes");
	__u16 args_len rf_doc("bytes");
	__u16 hits_total rf_doc("rules violated");
	__u8 hit_count rf_doc("of these listed");
	__u8 lineage_count rf_doc("ancestors listed");
	__u32 program_origin rf_doc("one bit of enum rf_origin: where the program came from");
	char comm[16] rf_cstr rf_doc("name of the thread; RF_COMM_LEN");
	struct rf_hit hits[16] rf_doc("RF_HITS_MAX");
	struct rf_ancestor lineage[8] rf_doc("RF_LINEAGE_MAX");
};

/* Key of inodes: an inode that an exact deny pattern was resolved to. */
struct rf_inode_key {
	__u32 ruleset rf_doc("ruleset id");
	__u32 dev rf_doc("s_dev");
	__u64 ino rf_doc("inode number");
	__u32 generation rf_doc("i_generation, so that a reused number is no hit");
	__u32 _pad;
};

/* Value of inodes: the patterns, as hashes in RF_TABLE_EXACT. */
struct rf_inode_names {
	__u64 hash[4] rf_doc("0: free; RF_INODE_NAMES");
};

/* Value of programs: the path of a program, for lineage. */
struct rf_program {
	__u16 len rf_doc("bytes used");
	__u8 _pad[6];
	__u8 path[248] rf_doc("raw bytes, cut at the end");
};

/* Context of the program that learns the inode behind an exact deny pattern, see rf_inode_key. */
struct rf_resolve {
	__u64 workload rf_doc("cgroup id: the rulesets to learn it for");
	__u32 fd rf_doc("descriptor of the calling process, opened by that name; O_PATH will do");
	__u32 miss rf_doc("out: enum rf_miss of the file's name");
};

/*
 * Context of the program that learns the root of the node: the directory that the container runtime has as its root. Tasks
 * in a container's cgroup are Setup for as long as that is theirs too.
 */
struct rf_root {
	__u32 fd rf_doc("descriptor of the calling process; O_PATH will do");
	__u32 learned rf_doc("out: 1");
};

/* Context of the test-run matcher: one decision on names given as text. In: up to result. Out: from result. */
struct rf_test {
	__u32 pages[8] rf_doc("ruleset ids");
	__u32 page_count rf_doc("pages used");
	__u32 classes rf_doc("mask of rf_class of the operation");
	__u8 session rf_doc("enum rf_session");
	__u8 origin rf_doc("one bit of enum rf_origin: the object's");
	__u8 program_origin rf_doc("one bit of enum rf_origin: the program's");
	__u8 miss rf_doc("enum rf_miss: the object's");
	__u8 main_process rf_doc("1: the task is its container's main process");
	__u8 first_of_chain rf_doc("1: the file asked for, 0: an interpreter");
	__u8 is_dir rf_doc("1: the object is a directory");
	__u8 tree_change rf_doc("1: a change of the mount tree");
	__u16 path_len rf_doc("bytes");
	__u16 program_len rf_doc("bytes");
	__u16 given_len rf_doc("bytes; 0: none");
	__u8 ends_setup rf_doc("1: the exec that ends Setup");
	__u8 _pad2;
	__u8 path[4096] rf_doc("name of the object");
	__u8 program[1024] rf_doc("name of the acting program");
	__u8 given[1024] rf_doc("absolute name given to execve");
	__u32 verdict rf_doc("enum rf_action");
	__u32 hits_total rf_doc("rules violated");
	__u64 violated[8] rf_doc("by page: rules violated");
	__u64 unresolved[8] rf_doc("by page: of these by the posture");
};

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* From a hook to a decision and back. */
#ifndef RF_OPERATION_H
#define RF_OPERATION_H

#include "subject.h"
#include "verdict.h"

/* Where a kernel preempts at any instruction, as many decisions can be under way on a CPU as it has tasks to run. */
__attribute__((noinline)) int spare_take(void)
{
	struct rf_scratch *s;
	__u32 i, at;

	for (i = 0; i < RF_SCRATCH_SPARE; i++) {
		at = i;
		s = bpf_map_lookup_elem(&spare, &at);
		if (s && __sync_val_compare_and_swap(&s->busy, 0, 1) == 0)
			return i;
	}
	stat_add(RF_STAT_NO_SCRATCH);
	return -1;
}

static __always_inline struct rf_scratch *scratch_take(void)
{
	__u32 base = bpf_get_smp_processor_id() * RF_SCRATCH_PER_CPU;
	struct rf_scratch *s;
	__u32 i, at;

	for (i = 0; i < RF_SCRATCH_PER_CPU; i++) {
		at = base + i;
		s = bpf_map_lookup_elem(&scratch, &at);
		if (s && __sync_val_compare_and_swap(&s->busy, 0, 1) == 0)
			return s;
	}
	at = spare_take();
	return at < RF_SCRATCH_SPARE ? bpf_map_lookup_elem(&spare, &at) : NULL;
}

static __always_inline void scratch_give(struct rf_scratch *s)
{
	__sync_lock_test_and_set(&s->busy, 0);
}

static __always_inline void ref_inode(struct rf_ref *ref, __u64 inode)
{
	__u32 mode = 0;

	ref->inode = inode;
	ref->ino = 0;
	ref->dev = 0;
	ref->generation = 0;
	ref->is_dir = 0;
	if (!inode)
		return;
	RF_LOAD_IDENTITY(inode, ref->ino, mode);
	ref->is_dir = (mode & 0170000) == 0040000;
}

static __always_inline void ref_dentry(struct rf_scratch *s, __u32 o, __u64 dentry, __u64 mount)
{
	struct rf_ref *ref = o ? &s->ref[1] : &s->ref[0];
	__u64 inode = 0;

	ref->kind = RF_REF_DENTRY;
	ref->dentry = dentry;
	ref->mount = mount;
	ref->origin = RF_ORIGIN_ALL;
	ref->miss = 0;
	ref->deny_only = 0;
	RF_LOAD(inode, dentry, dentry, d_inode);
	ref_inode(ref, inode);
}

#define RF_MNT_READONLY 0x40
#define RF_SB_RDONLY 1

/* Whether the mount is what its namespace has at "/": only mounts at their parent's root lie between it and the top. */
static __always_inline bool is_root_mount(__u64 mount)
{
	__u64 parent = 0, point = 0, root = 0;
	int i;

	for (i = 0; i < 6; i++) {
		RF_LOAD(parent, mount, mount, mnt_parent);
		if (parent == mount)
			return true;
		if (!parent)
			return false;
		RF_LOAD(point, mount, mount, mnt_mountpoint);
		RF_LOAD(root, vfsmount, vfsmount_of(parent), mnt_root);
		if (point != root)
			return false;
		mount = parent;
	}
	return false;
}

static __always_inline __u32 overlay_origin(__u64 inode)
{
	struct rf_node *state = node_state();
	__u64 upper = 0;

	if (!state || !state->ovl_upper_off)
		return RF_ORIGIN_UNKNOWN;
	if (bpf_probe_read_kernel(&upper, sizeof(upper), (void *)(inode + state->ovl_upper_off - 1)))
		return RF_ORIGIN_UNKNOWN;
	return upper ? RF_ORIGIN_UPPER_LAYER : RF_ORIGIN_IMAGE;
}

static __always_inline __u32 inode_origin(__u64 inode, __u64 mount)
{
	__u64 ns = 0, sb = 0, magic = 0, sb_flags = 0;
	__u32 links = 0;
	int mnt_flags = 0;

	RF_LOAD(links, inode, inode, i_nlink);
	RF_LOAD(ns, mount, mount, mnt_ns);
	if (!links || ns == RF_MNT_NS_INTERNAL)
		return RF_ORIGIN_ANONYMOUS;
	RF_LOAD(sb, inode, inode, i_sb);
	RF_LOAD(magic, super_block, sb, s_magic);
	if (is_root_mount(mount))
		return magic == RF_MAGIC_OVERLAY ? overlay_origin(inode) : RF_ORIGIN_UNKNOWN;
	RF_LOAD(mnt_flags, vfsmount, vfsmount_of(mount), mnt_flags);
	RF_LOAD(sb_flags, super_block, sb, s_flags);
	if ((mnt_flags & RF_MNT_READONLY) || (sb_flags & RF_SB_RDONLY))
		return RF_ORIGIN_READ_ONLY_VOLUME;
	return RF_ORIGIN_WRITABLE_VOLUME;
}

/* Sets the origin of object `o` from its inode and mount. Global: many loads, verified once. */
__attribute__((noinline)) int ref_origin(struct rf_scratch *s, __u32 o)
{
	struct rf_ref *ref;

	if (!s)
		return 0;
	ref = o ? &s->ref[1] : &s->ref[0];
	ref->origin = inode_origin(ref->inode, ref->mount);
	return 0;
}

static __always_inline void operation_event(struct rf_scratch *s, struct rf_subject *who)
{
	struct rf_event *e = &s->event;

	e->workload = who->workload;
	e->program_hash = who->program[who->active & 1].hash;
	e->lineage_count = who->lineage_count;
	s->subject = (__u64)who;
}

/* Takes working memory and fills in who acts, for a hook that can deny; the others say that they cannot. */
static __always_inline struct rf_scratch *operation_open(struct rf_subject *who, struct rf_workload *w, __u32 hook,
							 const struct rf_node *state)
{
	struct rf_scratch *s = scratch_take();
	struct rf_task_program *program;
	int i;

	if (!s)
		return NULL;
	s->hook = hook;
	s->ref_count = 1;
	s->page_count = w->page_count & 0xf;
	for (i = 0; i < RF_PAGES_MAX; i++)
		s->pages[i] = w->pages[i];
	s->generation = w->generation;
	s->session = who->session;
	s->main_process = !!(who->flags & RF_SUBJECT_MAIN);
	s->is_protected = !!(who->flags & RF_SUBJECT_PROTECTED);
	s->given_len = 0;
	s->tree_change = s->learn = 0;
	s->can_deny = 1;
	s->ends_setup = !!(who->flags & RF_SUBJECT_ENDING);
	s->dry = 0;
	s->node_monitor = state && state->mode == RF_MODE_MONITOR &&
			  (!state->pause_until_ns || bpf_ktime_get_boot_ns() < state->pause_until_ns);
	program = &who->program[who->active & 1];
	s->program = (__u64)program->path;
	s->program_len = program->len;
	s->program_origin = program->origin;
	s->program_cut = program->cut;
	s->has_program_slots = 0;
	if (who->slots_generation && who->slots_generation == w->generation) {
		bpf_probe_read_kernel(s->program_slots, sizeof(s->program_slots), who->program_slots);
		s->has_program_slots = 1;
	}
	s->has_counted = 0;
	operation_event(s, who);
	return s;
}

/* Gives the memory back and says what the hook must return. */
static __always_inline int operation_close(struct rf_scratch *s, struct rf_subject *who)
{
	__u32 verdict = s->verdict;

	if (s->has_program_slots == 2) {
		bpf_probe_read_kernel(who->program_slots, sizeof(who->program_slots), s->program_slots);
		who->slots_generation = s->generation;
	}
	scratch_give(s);
	if (verdict >= RF_ACTION_BLOCK)
		return -RF_EPERM;
	return 0;
}

/* A container's task whose workload is unknown is refused; a host task is let pass, so that nobody is locked out. */
static __always_inline int workload_missing(struct rf_subject *who)
{
	stat_add(RF_STAT_NO_WORKLOAD);
	if (who->flags & RF_SUBJECT_HOST)
		return 0;
	return -RF_EPERM;
}

/*
 * Decides an operation on one file that has dentry and mount. Global: every hook calls the one verified copy. Its argument
 * is memory because the verifier takes no kernel pointer for a number ("R4 is not a scalar").
 */
__attribute__((noinline)) int place_decide(const struct rf_place *place, struct rf_subject *who)
{
	struct rf_node *state = node_state();
	struct rf_workload *w;
	struct rf_scratch *s;
	bool cacheable, clean;
	__u32 classes;

	if (!place || !who || !state)
		return -RF_EPERM;
	classes = place->classes;
	w = workload_of(who, state);
	if (!w)
		return workload_missing(who);
	if (!(w->classes & classes))
		return 0;
	cacheable = cache_key(who, state, place);
	s = operation_open(who, w, place->hook, state);
	if (!s)
		return -RF_EPERM;
	ref_dentry(s, 0, place->dentry, place->mnt ? mount_of(place->mnt) : 0);
	if (classes & RF_BINARY_CLASSES)
		ref_origin(s, 0);
	s->ref[0].classes = place->tree ? classes & ~RF_BIT(LINK) : classes;
	s->tree_change = !!place->tree;
	clean = judge(s);
	if (cacheable) {
		stat_add(RF_STAT_CACHE_MISS);
		/* what it was judged by: others may bind the task meanwhile */
		who->key.version = (__u64)s->generation << 32 | s->session;
		if (clean)
			cache_put(&who->key, classes);
	}
	return operation_close(s, who);
}

/* What a hook returns: the verifier knows no bounds of a global function's result and wants [-4095, 0]. */
static __always_inline int denied(int decision)
{
	if (decision == 0)
		return 0;
	return -RF_EPERM;
}

/*
 * Looks in the cache where the hook's pointers are typed, before anything is called. A subject whose copy of the workload
 * is old is decided without.
 */
static __always_inline int object_decide(__u32 hook, __u32 classes, struct rf_object_of *at, struct rf_subject *who)
{
	struct rf_node *state = node_state();
	struct rf_place place = {};

	if (state && rules_fresh(who, state)) {
		if (!(who->rules.classes & classes))
			return 0;
		if (!(classes & RF_BINARY_CLASSES) && cache_has(who, state, at, classes))
			return 0;
	}
	place.mnt = (__u64)at->mnt;
	place.dentry = (__u64)at->dentry;
	place.hook = hook;
	place.classes = classes;
	return denied(place_decide(&place, who));
}

static __always_inline int path_decide(__u32 hook, __u32 classes, const struct path *path, struct rf_subject *who)
{
	struct rf_object_of at = { .mnt = path->mnt, .dentry = path->dentry };

	at.inode = at.dentry->d_inode;
	return object_decide(hook, classes, &at, who);
}

/* The inode of an open file is its dentry's, and the verifier lets it be read without a check. */
static __always_inline int file_decide(__u32 hook, __u32 classes, struct file *file, struct rf_subject *who)
{
	struct rf_object_of at = { .mnt = file->f_path.mnt, .dentry = file->f_path.dentry, .inode = file->f_inode };

	return object_decide(hook, classes, &at, who);
}

#endif

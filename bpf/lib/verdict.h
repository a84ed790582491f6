/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What a task remembers of its workload, and all tasks of verdicts. Verdicts are remembered only where an object was resolved
 * and violated nothing; an entry is valid while dentry, mount, parent, name, inode, the parent's inode, rename_lock,
 * mount_lock, the generation of the workload's rulesets, the session and the epoch of the node are those it was made under.
 * verdicts: slot -> one such entry, of whoever wrote it last.
 *
 * A dentry's address is used again once memory was short. Then the same name in the same directory, with no rename and no
 * mount since, is the same path: a directory has one name, and its number with its generation is used once. The generation
 * of the file itself is compared too, though a path needs none: names are compared by the kernel's 32-bit hash, for which two
 * names of one length may be found, and a number is free again as soon as a file is deleted.
 */
#ifndef RF_VERDICT_H
#define RF_VERDICT_H

#include "../match/judge.h"

#define RF_BIT(c) (1U << RF_CLASS_##c)

/* An object as a hook names it. */
struct rf_place {
	__u64 mnt;		/* vfsmount; 0: the hook has none */
	__u64 dentry;
	__u32 hook;
	__u32 classes;
	__u32 tree;		/* a change of the mount tree at this place */
	__u32 _pad;
};

/* The same as the hook's own pointers. */
struct rf_object_of {
	struct vfsmount *mnt;
	struct dentry *dentry;
	struct inode *inode;
};

/* Whether the copy of the workload that the subject carries is the one in the map. */
static __always_inline bool rules_fresh(const struct rf_subject *who, const struct rf_node *state)
{
	return who->epoch == state->epoch && who->rules_of == who->workload;
}

/*
 * The rulesets that the task is under. The map is looked up once for each epoch, which grows after every change of workloads; a
 * change that is written and not yet counted has not happened for the task, and what it replaces is taken away no sooner than
 * a second after. Only the task itself writes its copy; the epoch is read first, so that a copy is never taken for newer
 * than it is, and whom it was made for is compared, as others may bind the task meanwhile.
 */
static __always_inline struct rf_workload *workload_of(struct rf_subject *who, const struct rf_node *state)
{
	__u64 epoch = state->epoch, id = who->workload;
	struct rf_workload *w;

	if (rules_fresh(who, state))
		return &who->rules;
	w = bpf_map_lookup_elem(&workloads, &id);
	if (!w)
		return NULL;
	who->rules_of = 0;
	who->rules = *w;
	who->epoch = epoch;
	who->rules_of = id;
	return &who->rules;
}

/* The key stands in task storage: the stack of the deepest call chain has no room for it. */
static __always_inline bool cache_key(struct rf_subject *who, const struct rf_node *state, const struct rf_place *place)
{
	struct rf_cached *c = &who->key;
	__u64 rename, mounts, dentry = place->dentry, inode = 0, parent = 0, number = 0;
	__u32 generation = 0;

	/* a copy-up changes an origin and no sequence */
	if (place->tree || !place->mnt || (place->classes & RF_BINARY_CLASSES))
		return false;
	if (!&rename_lock || !&mount_lock || state->no_cache)
		return false;
	c->epoch = who->epoch;
	sequences_read(&rename, &mounts);
	if ((rename | mounts) & 1)
		return false;
	c->dentry = dentry;
	c->mnt = place->mnt;
	RF_LOAD64(parent, dentry + bpf_core_field_offset(struct dentry, d_parent));
	RF_NAME_WORD(c->name, dentry);
	RF_LOAD64(inode, dentry + bpf_core_field_offset(struct dentry, d_inode));
	if (!inode || !parent)
		return false;
	c->parent = parent;
	RF_LOAD(number, inode, inode, i_ino);
	RF_LOAD(generation, inode, inode, i_generation);
	c->inode = number ^ (__u64)generation << 32;
	RF_LOAD64(inode, parent + bpf_core_field_offset(struct dentry, d_inode));
	RF_LOAD(number, inode, inode, i_ino);
	RF_LOAD(generation, inode, inode, i_generation);
	c->parent_inode = number ^ (__u64)generation << 32;
	c->sequences = rename << 32 | mounts;
	return true;
}

/* Names are hashed by the kernel with the address of their directory: spread well enough. */
static __always_inline __u32 cache_slot(__u64 name, __u64 version)
{
	return (name ^ version >> 32) & (RF_CACHE_SLOTS - 1);
}

/*
 * Whether a verdict of "nothing violated" is remembered for what the hook is about. Read like a seqlock, on a machine that
 * keeps loads in order: an entry that is being written, or was meanwhile, is none. The fields are those of cache_key, loaded
 * from the pointers that the hook has, which on every kernel costs less than from an address. Sequences are even in an entry.
 */
static __always_inline bool cache_has(const struct rf_subject *who, const struct rf_node *state, struct rf_object_of *at,
				      __u32 classes)
{
	__u64 name, rename, mounts, sequence, version = (__u64)who->rules.generation << 32 | who->session;
	struct inode *inode = at->inode, *dir_inode;
	struct dentry *dentry = at->dentry, *dir;
	volatile struct rf_cached *c;
	__u32 slot;

	if (!&rename_lock || !&mount_lock || state->no_cache || !inode)
		return false;
	RF_NAME_WORD(name, (__u64)dentry);
	slot = cache_slot(name, version);
	c = bpf_map_lookup_elem(&verdicts, &slot);
	if (!c)
		return false;
	sequence = c->sequence;
	if ((sequence & 1) || c->dentry != (__u64)dentry || c->mnt != (__u64)at->mnt || c->name != name ||
	    c->version != version || c->epoch != who->epoch || (c->classes & classes) != classes)
		return false;
	sequences_read(&rename, &mounts);
	dir = dentry->d_parent;
	dir_inode = dir->d_inode;
	return c->sequences == (rename << 32 | mounts) && c->parent == (__u64)dir &&
	       c->inode == (inode->i_ino ^ (__u64)inode->i_generation << 32) &&
	       c->parent_inode == (dir_inode->i_ino ^ (__u64)dir_inode->i_generation << 32) && c->sequence == sequence;
}

/* Of two that write one entry at once one gives up. */
static __always_inline void cache_put(const struct rf_cached *want, __u32 classes)
{
	__u32 slot = cache_slot(want->name, want->version);
	volatile struct rf_cached *c = bpf_map_lookup_elem(&verdicts, &slot);
	__u64 sequence;

	if (!c)
		return;
	sequence = c->sequence;
	if ((sequence & 1) || __sync_val_compare_and_swap(&c->sequence, sequence, sequence + 1) != sequence)
		return;
	c->dentry = want->dentry;
	c->mnt = want->mnt;
	c->parent = want->parent;
	c->name = want->name;
	c->inode = want->inode;
	c->parent_inode = want->parent_inode;
	c->sequences = want->sequences;
	c->version = want->version;
	c->epoch = want->epoch;
	c->classes = classes;
	__sync_lock_test_and_set(&c->sequence, sequence + 2);
}

#endif

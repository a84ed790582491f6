/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The name of a file from the root of its mount namespace, found from dentry and mount. Names that change while they are
 * read are the caller's business: it compares the sequences of rename_lock and mount_lock before and after.
 */
#ifndef RF_WALK_H
#define RF_WALK_H

#include "name.h"

#define RF_MAGIC_PROC 0x9fa0
#define RF_MAGIC_SYSFS 0x62656572
#define RF_MAGIC_CGROUP2 0x63677270
#define RF_MAGIC_DEBUGFS 0x64626720
#define RF_MAGIC_TRACEFS 0x74726163
#define RF_MAGIC_SECURITYFS 0x73636673
#define RF_MAGIC_BPF 0xcafe4a11
#define RF_MAGIC_OVERLAY 0x794c7630

#define RF_MNT_NS_INTERNAL ((__u64)-22)
#define RF_ANON_INUM 0xeffffff7U

static __always_inline __u64 mount_of(__u64 vfsmount)
{
	return vfsmount - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline __u64 vfsmount_of(__u64 mount)
{
	return mount + bpf_core_field_offset(struct mount, mnt);
}

/* What identifies an inode whose number is known already. */
static __always_inline void ref_identify(struct rf_ref *ref)
{
	__u64 sb = 0;

	RF_LOAD(ref->generation, inode, ref->inode, i_generation);
	RF_LOAD(sb, inode, ref->inode, i_sb);
	RF_LOAD(ref->dev, super_block, sb, s_dev);
}

static const char rf_fs_proc[8] = "proc", rf_fs_sys[8] = "sys", rf_fs_fs[8] = "fs", rf_fs_cgroup[8] = "cgroup";
static const char rf_fs_kernel[8] = "kernel", rf_fs_debug[8] = "debug", rf_fs_tracing[8] = "tracing";
static const char rf_fs_security[16] = "security", rf_fs_bpf[8] = "bpf";

static __always_inline __u32 fixed_kind(__u32 magic)
{
	if (magic == RF_MAGIC_PROC || magic == RF_MAGIC_SYSFS || magic == RF_MAGIC_CGROUP2 ||
	    magic == RF_MAGIC_DEBUGFS || magic == RF_MAGIC_TRACEFS || magic == RF_MAGIC_SECURITYFS ||
	    magic == RF_MAGIC_BPF)
		return magic;
	return 0;
}

static __always_inline void push_front(struct rf_scratch *s, const char *name, __u32 len)
{
	__u32 at = s->comp_first - 1;

	RF_COMP(s, at).name = (__u64)name;
	RF_COMP(s, at).len = len;
	RF_COMP(s, at).hash = comp_as(s, at, 255, 0);
	s->comp_first = at;
	s->comp_count++;
}

static __always_inline void push_fixed(struct rf_scratch *s)
{
	__u32 fs = s->fixed_fs;

	if (fs == RF_MAGIC_PROC) {
		push_front(s, rf_fs_proc, 4);
		return;
	}
	if (fs == RF_MAGIC_CGROUP2)
		push_front(s, rf_fs_cgroup, 6);
	else if (fs == RF_MAGIC_BPF)
		push_front(s, rf_fs_bpf, 3);
	if (fs == RF_MAGIC_CGROUP2 || fs == RF_MAGIC_BPF)
		push_front(s, rf_fs_fs, 2);
	if (fs == RF_MAGIC_DEBUGFS)
		push_front(s, rf_fs_debug, 5);
	else if (fs == RF_MAGIC_TRACEFS)
		push_front(s, rf_fs_tracing, 7);
	else if (fs == RF_MAGIC_SECURITYFS)
		push_front(s, rf_fs_security, 8);
	if (fs == RF_MAGIC_DEBUGFS || fs == RF_MAGIC_TRACEFS || fs == RF_MAGIC_SECURITYFS)
		push_front(s, rf_fs_kernel, 6);
	push_front(s, rf_fs_sys, 3);
}

static __always_inline bool walk_is_fixed(struct rf_scratch *s, __u64 dentry)
{
	__u64 sb = 0, magic = 0, root = 0;

	RF_LOAD(sb, dentry, dentry, d_sb);
	if (!sb)
		return false;
	RF_LOAD(magic, super_block, sb, s_magic);
	s->fixed_fs = fixed_kind(magic);
	if (!s->fixed_fs)
		return false;
	RF_LOAD(root, super_block, sb, s_root);
	s->walk_root = root;
	return true;
}

/* At the root of a mount: on with the mount point, in the mount that it is in. 1: there is none. */
static __always_inline long walk_cross(struct rf_scratch *s)
{
	__u64 mount = s->walk_mount, parent = 0, point = 0, root = 0;

	if (s->fixed_fs)
		return 1;
	RF_LOAD(parent, mount, mount, mnt_parent);
	if (parent == mount || !parent)
		return 1;
	RF_LOAD(point, mount, mount, mnt_mountpoint);
	RF_LOAD(root, vfsmount, vfsmount_of(parent), mnt_root);
	s->walk_dentry = point;
	s->walk_mount = parent;
	s->walk_root = root;
	return 0;
}

/* One component, or one crossing of a mount point. */
static long walk_step(__u32 i, struct rf_scratch **ctx)
{
	struct rf_scratch *s = *ctx;
	__u64 dentry = s->walk_dentry, parent = 0, name = 0;
	__u32 at, len = 0;

	if (dentry == s->walk_root)
		return walk_cross(s);
	RF_LOAD_LINK(dentry, parent, name, len);
	if (parent == dentry || !parent) {
		s->miss = parent ? RF_MISS_DETACHED : RF_MISS_READ;
		return 1;
	}
	if (s->comp_count >= RF_DEPTH_MAX) {
		s->miss = RF_MISS_DEEP;
		return 1;
	}
	/* vfat and FUSE have longer names than a component has room for */
	if (len > RF_NAME_MAX) {
		s->miss = RF_MISS_READ;
		return 1;
	}
	s->walk_dentry = parent;
	at = s->comp_first - 1;
	s->comp_first = at;
	s->comp_count++;
	RF_COMP(s, at).name = name;
	RF_COMP(s, at).len = len;
	RF_COMP(s, at).hash = comp_hash(s, at);
	return 0;
}

/*
 * Not inlined: hoisted above the test for the field, an offset that the kernel does not have poisons the live path
 * ("invalid func unknown#195896080").
 */
static __attribute__((noinline)) __u64 ns_seq(__u64 ns)
{
	__u64 seq = 1;

	RF_LOAD64(seq, ns + bpf_core_field_offset(struct mnt_namespace___seq, seq));
	return seq;
}

static __attribute__((noinline)) __u64 ns_number(__u64 ns)
{
	__u64 id = 1;

	RF_LOAD64(id, ns + bpf_core_field_offset(struct mnt_namespace, ns.ns_id));
	return id;
}

/* Whether the walk ended at the root of a live, non-anonymous mount namespace. */
static __always_inline void walk_check_end(struct rf_scratch *s)
{
	__u64 ns = 0, id = 1;
	__u32 inum = 0;

	RF_LOAD(ns, mount, s->walk_mount, mnt_ns);
	if (!ns) {
		s->miss = RF_MISS_DETACHED;
		return;
	}
	if (ns >= (__u64)-4095) {
		s->miss = ns == RF_MNT_NS_INTERNAL ? RF_MISS_NAMELESS : RF_MISS_DETACHED;
		return;
	}
	RF_LOAD(inum, mnt_namespace, ns, ns.inum);
	if (bpf_core_field_exists(struct mnt_namespace___seq, seq))
		id = ns_seq(ns);
	else if (bpf_core_field_exists(struct ns_common, ns_id))
		id = ns_number(ns);
	if (id == 0 || inum == RF_ANON_INUM)
		s->miss = RF_MISS_DETACHED;
}

/* The end of a bind mount of a part of a fixed file system is not its root: liveness is that of the file's own mount. */
__attribute__((noinline)) int name_from_dentry(struct rf_scratch *s, __u64 dentry, __u64 mount)
{
	__u64 ns = 0, root = 0;

	if (!s)
		return 1;
	s->comp_first = RF_COMPS_END;
	s->comp_count = 0;
	s->miss = RF_MISS_NONE;
	s->walk_dentry = dentry;
	s->walk_mount = mount;
	if (!mount) {
		s->miss = RF_MISS_NO_MOUNT;
		return 1;
	}
	s->fixed_fs = 0;
	if (!walk_is_fixed(s, dentry)) {
		RF_LOAD(root, vfsmount, vfsmount_of(mount), mnt_root);
		s->walk_root = root;
	}
	/* a path of RF_DEPTH_MAX components crosses fewer mount points than it has components, plus stacked mounts: of a higher
	 * stack only the end of the name is known, which is another name */
	if (bpf_loop(2 * RF_DEPTH_MAX, walk_step, &s, 0) == 2 * RF_DEPTH_MAX)
		s->miss = RF_MISS_READ;
	if (s->miss) {
		RF_LOAD(ns, mount, mount, mnt_ns);
		if (ns == RF_MNT_NS_INTERNAL)
			s->miss = RF_MISS_NAMELESS;
		return 1;
	}
	if (s->fixed_fs) {
		if (s->walk_dentry != s->walk_root) {
			s->miss = RF_MISS_DEEP;
			return 1;
		}
		push_fixed(s);
	}
	walk_check_end(s);
	if (s->miss)
		return 1;
	name_canonical(s);
	name_prefixes(s);
	return 0;
}

#endif

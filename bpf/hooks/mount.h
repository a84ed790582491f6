/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Changes of the mount tree: they give files other names, from a source that no hook can judge, so a deny rule that covers
 * Link is violated by all of them (POLICY.md 4.1). What is mounted over is written (class Write).
 */
#ifndef RF_HOOKS_MOUNT_H
#define RF_HOOKS_MOUNT_H

#include "file.h"

#define RF_MS_REMOUNT 32
#define RF_MS_BIND 4096
#define RF_MS_MOVE 8192
#define RF_MS_PROPAGATION (1 << 17 | 1 << 18 | 1 << 19 | 1 << 20)

/* The first seven bytes of a file system's type as one word. */
#define RF_TYPE7(a, b, c, d, e, f, g)                                                                          \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 |               \
	 (__u64)(f) << 40 | (__u64)(g) << 48)

/*
 * Whether a mount of this type shows files that have names already: stacked file systems, a second mount of a device, of
 * devtmpfs or of a network share. Not so those that begin empty, and those whose names are fixed (walk.h).
 */
static __always_inline bool type_is_another_view(const char *type)
{
	__u64 word = 0;

	if (!type || bpf_probe_read_kernel_str(&word, sizeof(word), type) < 0)
		return true;
	return !(word == RF_TYPE7('t', 'm', 'p', 'f', 's', 0, 0) || word == RF_TYPE7('r', 'a', 'm', 'f', 's', 0, 0) ||
		 word == RF_TYPE7('d', 'e', 'v', 'p', 't', 's', 0) || word == RF_TYPE7('p', 'r', 'o', 'c', 0, 0, 0) ||
		 word == RF_TYPE7('s', 'y', 's', 'f', 's', 0, 0) || word == RF_TYPE7('c', 'g', 'r', 'o', 'u', 'p', '2') ||
		 word == RF_TYPE7('d', 'e', 'b', 'u', 'g', 'f', 's') || word == RF_TYPE7('t', 'r', 'a', 'c', 'e', 'f', 's') ||
		 word == RF_TYPE7('s', 'e', 'c', 'u', 'r', 'i', 't') || word == RF_TYPE7('b', 'p', 'f', 0, 0, 0, 0) ||
		 word == RF_TYPE7('h', 'u', 'g', 'e', 't', 'l', 'b'));
}

static __always_inline int tree_decide(const struct path *at, __u32 classes, bool stacked)
{
	struct rf_place place = {
		.mnt = (__u64)at->mnt, .dentry = (__u64)at->dentry, .hook = RF_HOOK_MOUNT,
		.classes = classes | (stacked ? RF_BIT(LINK) : 0), .tree = stacked,
	};

	struct rf_subject *who = subject_now();

	return who ? denied(place_decide(&place, who)) : 0;
}

SEC("?lsm/sb_mount")
int BPF_PROG(mount_old, const char *dev_name, const struct path *path, const char *type, unsigned long flags,
	     void *data, int ret)
{
	if (ret)
		return ret;
	/* what the kernel does when several flags are given, in its order */
	if (flags & RF_MS_REMOUNT)
		return 0;
	if (flags & RF_MS_BIND)
		return tree_decide(path, RF_BIT(WRITE), true);
	if (flags & RF_MS_PROPAGATION)
		return 0;
	return tree_decide(path, RF_BIT(WRITE), (flags & RF_MS_MOVE) || type_is_another_view(type));
}

SEC("?lsm/move_mount")
int BPF_PROG(mount_move, const struct path *from, const struct path *to, int ret)
{
	if (ret)
		return ret;
	return tree_decide(to, RF_BIT(WRITE), true);
}

SEC("?lsm/sb_pivotroot")
int BPF_PROG(mount_pivot, const struct path *old_path, const struct path *new_path, int ret)
{
	if (ret)
		return ret;
	return tree_decide(new_path, 0, true);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Files by name: opening, receiving, changing, making, removing, renaming and linking them. */
#ifndef RF_HOOKS_FILE_H
#define RF_HOOKS_FILE_H

#include "../lib/operation.h"

#define RF_FMODE_READ 1
#define RF_FMODE_WRITE 2
#define RF_FMODE_PATH 0x4000
#define RF_OPEN_EXEC 0x20
#define RF_O_TRUNC 01000
#define RF_O_ACCMODE 3
#define RF_FMODE_NOACCOUNT 0x20000000
#define RF_MAGIC_NSFS 0x6e736673
#define RF_RENAME_EXCHANGE 2

static __always_inline struct rf_subject *subject_now(void)
{
	struct rf_subject *who = subject_of(bpf_get_current_task_btf());

	if (!who || !who->workload)
		return NULL;
	return who;
}

static __always_inline __u32 mode_classes(__u32 mode, __u32 flags)
{
	__u32 classes = 0;

	/* access mode 3 asks for both and leaves a descriptor for ioctl: all it takes on a device */
	if ((flags & RF_O_ACCMODE) == RF_O_ACCMODE)
		return RF_BIT(READ) | RF_BIT(WRITE);
	if (mode & RF_FMODE_READ)
		classes |= RF_BIT(READ);
	if ((mode & RF_FMODE_WRITE) || (flags & RF_O_TRUNC))
		classes |= RF_BIT(WRITE);
	return classes;
}

/* Before backing files (6.5) an overlay opens the layer's file under the name of its own, which was decided just before. */
static __always_inline bool is_opened_below(struct file *file)
{
	return !bpf_core_type_exists(struct backing_file) && (file->f_mode & RF_FMODE_NOACCOUNT);
}

/*
 * Whether a namespace is being made of a folder: open_tree, fsmount and open_tree_attr can since Linux 7. No hook tells of
 * it but the open of the descriptor they return.
 */
static __always_inline bool is_tree_namespace(struct file *file)
{
	struct pt_regs *regs;
	long nr;

	if (file->f_inode->i_sb->s_magic != RF_MAGIC_NSFS)
		return false;
	regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	nr = regs->orig_ax;
	return nr == 428 || nr == 432 || nr == 467;
}

static __always_inline int namespace_decide(struct rf_subject *who)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rf_place place = {
		.mnt = (__u64)BPF_CORE_READ(task, fs, root.mnt), .dentry = (__u64)BPF_CORE_READ(task, fs, root.dentry),
		.hook = RF_HOOK_MOUNT, .classes = RF_BIT(LINK), .tree = 1,
	};

	return denied(place_decide(&place, who));
}

/* The kernel's own open of a file to run is not a read: exec decides it. */
SEC("?lsm/file_open")
int BPF_PROG(file_open, struct file *file, int ret)
{
	struct rf_subject *who;
	__u32 flags;

	if (ret)
		return ret;
	who = subject_now();
	if (!who)
		return 0;
	flags = file->f_flags;
	if ((flags & RF_OPEN_EXEC) || is_opened_below(file))
		return 0;
	if (is_tree_namespace(file))
		return namespace_decide(who);
	who->opened_trunc = flags & RF_O_TRUNC ? (__u64)file : 0;
	return file_decide(RF_HOOK_OPEN, mode_classes(file->f_mode, flags), file, who);
}

SEC("?lsm/file_receive")
int BPF_PROG(file_receive, struct file *file, int ret)
{
	struct rf_subject *who;
	__u32 mode;

	if (ret)
		return ret;
	who = subject_now();
	if (!who)
		return 0;
	mode = file->f_mode;
	if (mode & RF_FMODE_PATH)
		return 0;
	return file_decide(RF_HOOK_RECEIVE, mode_classes(mode, file->f_flags & RF_O_ACCMODE), file, who);
}

/* The truncation by open(O_TRUNC) was decided with the open; ftruncate and truncate are operations of their own. */
static __always_inline bool truncated_by_open(struct rf_subject *who, __u64 file)
{
	if (who->opened_trunc != file)
		return false;
	who->opened_trunc = 0;
	return true;
}

SEC("?lsm/file_truncate")
int BPF_PROG(file_truncate, struct file *file, int ret)
{
	struct rf_subject *who;

	if (ret)
		return ret;
	who = subject_now();
	if (!who || truncated_by_open(who, (__u64)file))
		return 0;
	return file_decide(RF_HOOK_TRUNCATE, RF_BIT(WRITE), file, who);
}

/* Up to 6.1 the path is the one inside the file that open(O_TRUNC) or ftruncate has. */
SEC("?lsm/path_truncate")
int BPF_PROG(path_truncate, const struct path *path, int ret)
{
	struct rf_subject *who;

	if (ret)
		return ret;
	who = subject_now();
	if (!who || truncated_by_open(who, (__u64)path - bpf_core_field_offset(struct file, f_path)))
		return 0;
	return path_decide(RF_HOOK_TRUNCATE, RF_BIT(WRITE), path, who);
}

static __always_inline int entry_decide(__u32 hook, __u32 classes, const struct path *dir, struct dentry *dentry)
{
	struct rf_place place = {
		.mnt = (__u64)dir->mnt, .dentry = (__u64)dentry, .hook = hook, .classes = classes,
	};

	struct rf_subject *who = subject_now();

	return who ? denied(place_decide(&place, who)) : 0;
}

SEC("?lsm/path_mknod")
int BPF_PROG(path_mknod, const struct path *dir, struct dentry *dentry, umode_t mode, unsigned int dev, int ret)
{
	return ret ? ret : entry_decide(RF_HOOK_CREATE, RF_BIT(CREATE), dir, dentry);
}

SEC("?lsm/path_mkdir")
int BPF_PROG(path_mkdir, const struct path *dir, struct dentry *dentry, umode_t mode, int ret)
{
	return ret ? ret : entry_decide(RF_HOOK_CREATE, RF_BIT(CREATE), dir, dentry);
}

SEC("?lsm/path_symlink")
int BPF_PROG(path_symlink, const struct path *dir, struct dentry *dentry, const char *target, int ret)
{
	return ret ? ret : entry_decide(RF_HOOK_CREATE, RF_BIT(CREATE), dir, dentry);
}

SEC("?lsm/path_unlink")
int BPF_PROG(path_unlink, const struct path *dir, struct dentry *dentry, int ret)
{
	return ret ? ret : entry_decide(RF_HOOK_UNLINK, RF_BIT(DELETE), dir, dentry);
}

SEC("?lsm/path_rmdir")
int BPF_PROG(path_rmdir, const struct path *dir, struct dentry *dentry, int ret)
{
	return ret ? ret : entry_decide(RF_HOOK_UNLINK, RF_BIT(DELETE), dir, dentry);
}

/* Two names of one operation: decided together, so that a rule that both violate is counted once. */
struct rf_pair {
	__u64 from;
	__u64 from_mnt;
	__u64 to;
	__u64 to_mnt;
	__u32 from_classes;
	__u32 to_classes;
	__u32 hook;
	__u32 _pad;
};

/* Global for the reason place_decide is. */
__attribute__((noinline)) int pair_decide(const struct rf_pair *pair)
{
	struct rf_subject *who = subject_now();
	struct rf_workload *w;
	struct rf_scratch *s;

	if (!pair || !who)
		return 0;
	w = bpf_map_lookup_elem(&workloads, &who->workload);
	if (!w)
		return workload_missing(who);
	/* whatever the rules are about: a name that is known by inode is learned before it is taken away or doubled */
	s = operation_open(who, w, pair->hook, node_state());
	if (!s)
		return -RF_EPERM;
	s->learn = 1;
	ref_dentry(s, 0, pair->from, mount_of(pair->from_mnt));
	s->ref[0].classes = pair->from_classes;
	ref_dentry(s, 1, pair->to, mount_of(pair->to_mnt));
	s->ref[1].classes = pair->to_classes;
	s->ref_count = 2;
	judge(s);
	return operation_close(s, who);
}

SEC("?lsm/path_rename")
int BPF_PROG(path_rename, const struct path *old_dir, struct dentry *old_dentry, const struct path *new_dir,
	     struct dentry *new_dentry, unsigned int flags, int ret)
{
	struct rf_pair pair = {
		.from = (__u64)old_dentry, .to = (__u64)new_dentry, .hook = RF_HOOK_RENAME,
		.from_classes = RF_BIT(RENAME), .to_classes = RF_BIT(CREATE),
	};

	if (ret)
		return ret;
	if (!subject_now())
		return 0;
	pair.from_mnt = (__u64)old_dir->mnt;
	pair.to_mnt = (__u64)new_dir->mnt;
	if (flags & RF_RENAME_EXCHANGE) {
		pair.from_classes |= RF_BIT(CREATE);
		pair.to_classes |= RF_BIT(RENAME);
	} else if (new_dentry->d_inode) {
		pair.to_classes |= RF_BIT(DELETE);
	}
	return denied(pair_decide(&pair));
}

/* A hard link never leaves its mount, so the source is on the target's. */
SEC("?lsm/path_link")
int BPF_PROG(path_link, struct dentry *old_dentry, const struct path *new_dir, struct dentry *new_dentry, int ret)
{
	struct rf_pair pair = {
		.from = (__u64)old_dentry, .to = (__u64)new_dentry, .hook = RF_HOOK_LINK,
		.from_classes = RF_BIT(LINK), .to_classes = RF_BIT(CREATE),
	};

	if (ret)
		return ret;
	if (!subject_now())
		return 0;
	pair.from_mnt = pair.to_mnt = (__u64)new_dir->mnt;
	return denied(pair_decide(&pair));
}

#endif

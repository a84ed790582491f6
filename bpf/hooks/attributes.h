/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Attributes: mode, owner, times, xattrs, ACLs, file flags. The hooks of times, xattrs and ACLs carry no mount; the kernel
 * calls mnt_want_write (or its _file form) with it just before, in the same task, which is where the mount comes from.
 */
#ifndef RF_HOOKS_ATTRIBUTES_H
#define RF_HOOKS_ATTRIBUTES_H

#include "file.h"

#define RF_ATTR_MODE 1
#define RF_ATTR_UID 2
#define RF_ATTR_GID 4
#define RF_ATTR_SIZE 8
#define RF_ATTR_ATIME 16
#define RF_ATTR_MTIME 32
#define RF_IOC_SETFLAGS 0x40086602
#define RF_IOC32_SETFLAGS 0x40046602
#define RF_IOC_FSSETXATTR 0x401c5820
#define RF_IOC_SETVERSION 0x40087602
#define RF_IOC32_SETVERSION 0x40047602

SEC("?lsm/path_chmod")
int BPF_PROG(path_chmod, const struct path *path, umode_t mode, int ret)
{
	struct rf_subject *who;

	if (ret)
		return ret;
	who = subject_now();
	return who ? path_decide(RF_HOOK_ATTRIBUTES, RF_BIT(ATTRIBUTES), path, who) : 0;
}

SEC("?lsm/path_chown")
int BPF_PROG(path_chown, const struct path *path, unsigned long uid, unsigned long gid, int ret)
{
	struct rf_subject *who;

	if (ret)
		return ret;
	who = subject_now();
	return who ? path_decide(RF_HOOK_ATTRIBUTES, RF_BIT(ATTRIBUTES), path, who) : 0;
}

SEC("?fentry/mnt_want_write")
int BPF_PROG(attr_mount, struct vfsmount *mnt)
{
	struct rf_subject *who = subject_now();

	if (who)
		who->write_mount = (__u64)mnt;
	return 0;
}

SEC("?fentry/mnt_want_write_file")
int BPF_PROG(attr_mount_file, struct file *file)
{
	struct rf_subject *who = subject_now();

	if (who)
		who->write_mount = (__u64)file->f_path.mnt;
	return 0;
}

#define RF_PF_IO_WORKER 0x10
#define RF_NR_IO_URING_ENTER 426

/*
 * Whether the kernel works on the task's behalf: an overlay that copies a file up gives the copy its times and xattrs under the
 * credentials of who mounted it, and since 6.7 without asking for write access to the layer's mount. What a task itself asks for
 * comes with a mount. io_uring acts under other credentials when told to (personalities): none of it passes for this.
 */
static __always_inline bool is_done_for_task(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs;

	if (task->cred == task->real_cred || (task->flags & RF_PF_IO_WORKER))
		return false;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return regs->orig_ax != RF_NR_IO_URING_ENTER;
}

static __always_inline int attribute_decide(struct dentry *dentry)
{
	struct rf_place place = {
		.dentry = (__u64)dentry, .hook = RF_HOOK_ATTRIBUTES, .classes = RF_BIT(ATTRIBUTES),
	};
	struct rf_subject *who = subject_now();
	__u64 sb = 0;

	if (!who)
		return 0;
	if (who->write_mount) {
		/* a mark left by another file system is not this file's: no mount, so the posture decides */
		RF_LOAD(sb, vfsmount, who->write_mount, mnt_sb);
		if (sb == (__u64)dentry->d_sb)
			place.mnt = who->write_mount;
	}
	if (!place.mnt && is_done_for_task())
		return 0;
	return denied(place_decide(&place, who));
}

/* Times only: mode, owner and size have hooks of their own. */
static __always_inline int setattr_decide(struct dentry *dentry, struct iattr *attr)
{
	__u32 valid = attr->ia_valid;

	if (!(valid & (RF_ATTR_ATIME | RF_ATTR_MTIME)))
		return 0;
	if (valid & (RF_ATTR_MODE | RF_ATTR_UID | RF_ATTR_GID | RF_ATTR_SIZE))
		return 0;
	return attribute_decide(dentry);
}

/* Two forms of one hook; the loader takes the one that fits the kernel's stub (compat.h). */
SEC("?lsm/inode_setattr")
int BPF_PROG(attr_times_old, struct dentry *dentry, struct iattr *attr, int ret)
{
	return ret ? ret : setattr_decide(dentry, attr);
}

SEC("?lsm/inode_setattr")
int BPF_PROG(attr_times, void *idmap, struct dentry *dentry, struct iattr *attr, int ret)
{
	return ret ? ret : setattr_decide(dentry, attr);
}

SEC("?lsm/inode_setxattr")
int BPF_PROG(attr_xattr_set, void *idmap, struct dentry *dentry, const char *name, const void *value,
	     unsigned long size, int flags, int ret)
{
	return ret ? ret : attribute_decide(dentry);
}

SEC("?lsm/inode_removexattr")
int BPF_PROG(attr_xattr_del, void *idmap, struct dentry *dentry, const char *name, int ret)
{
	return ret ? ret : attribute_decide(dentry);
}

SEC("?lsm/inode_set_acl")
int BPF_PROG(attr_acl_set, void *idmap, struct dentry *dentry, const char *name, void *acl, int ret)
{
	return ret ? ret : attribute_decide(dentry);
}

SEC("?lsm/inode_remove_acl")
int BPF_PROG(attr_acl_del, void *idmap, struct dentry *dentry, const char *name, int ret)
{
	return ret ? ret : attribute_decide(dentry);
}

SEC("?lsm/inode_file_setattr")
int BPF_PROG(attr_flags, struct dentry *dentry, void *attr, int ret)
{
	return ret ? ret : attribute_decide(dentry);
}

struct file_kattr {
} __attribute__((preserve_access_index));

static __always_inline int ioctl_decide(struct file *file, unsigned int cmd)
{
	struct rf_subject *who;

	/* another generation makes the file another one to those who know it by inode */
	if (cmd == RF_IOC_SETVERSION || cmd == RF_IOC32_SETVERSION) {
		who = subject_now();
		return who ? file_decide(RF_HOOK_ATTRIBUTES, RF_BIT(ATTRIBUTES) | RF_BIT(LINK), file, who) : 0;
	}
	/* since 6.17 inode_file_setattr sees these, and the system call that needs no ioctl */
	if (bpf_core_type_exists(struct file_kattr))
		return 0;
	if (cmd != RF_IOC_SETFLAGS && cmd != RF_IOC32_SETFLAGS && cmd != RF_IOC_FSSETXATTR)
		return 0;
	who = subject_now();
	return who ? file_decide(RF_HOOK_ATTRIBUTES, RF_BIT(ATTRIBUTES), file, who) : 0;
}

SEC("?lsm/file_ioctl")
int BPF_PROG(attr_ioctl, struct file *file, unsigned int cmd, unsigned long arg, int ret)
{
	return ret ? ret : ioctl_decide(file, cmd);
}

SEC("?lsm/file_ioctl_compat")
int BPF_PROG(attr_ioctl_32, struct file *file, unsigned int cmd, unsigned long arg, int ret)
{
	return ret ? ret : ioctl_decide(file, cmd);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What differs between kernels. Each entry names the version that brought the difference. */
#ifndef RF_COMPAT_H
#define RF_COMPAT_H

#include "types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "maps.h"

/*
 * bpf_rdonly_cast, Linux 6.2 (commit a35b9af4ec2c): typed loads from an address, half the cost of a probe read. The
 * loader sets rf_can_cast where the kernel has it; elsewhere the branch is dead code that the verifier removes.
 */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;
const volatile __u8 rf_can_cast = 0;

/*
 * Global sequence locks that change with every rename and every change of a mount tree. Data symbols are in kallsyms only
 * with CONFIG_KALLSYMS_ALL; without them verdicts are not cached.
 */
extern const void rename_lock __ksym __weak;
extern const void mount_lock __ksym __weak;

/* struct mnt_namespace.seq is 0 in anonymous namespaces up to 6.17; later the namespace has no ns_id. */
struct mnt_namespace___seq {
	u64 seq;
} __attribute__((preserve_access_index));

/* Reads FIELD of the struct TYPE at the address ADDR into DST; 0 when the address cannot be read. */
#define RF_LOAD(dst, type, addr, field)                                                              \
	do {                                                                                         \
		/* outside of bpf_core_read, which would relocate every member access in its argument */ \
		__u64 a_ = (addr);                                                                   \
		if (rf_can_cast) {                                                                   \
			struct type *p_ = bpf_rdonly_cast((void *)a_,                                \
							  bpf_core_type_id_kernel(struct type));     \
			(dst) = (typeof(dst))p_->field;                                              \
		} else {                                                                             \
			typeof(((struct type *)0)->field) v_ = 0;                                    \
			bpf_core_read(&v_, sizeof(v_), &((struct type *)a_)->field);             \
			(dst) = (typeof(dst))v_;                                                     \
		}                                                                                    \
	} while (0)

/* Reads eight bytes at an address, a pointer too, as a number that arithmetic may be done on. */
#define RF_LOAD64(dst, addr)                                                                         \
	do {                                                                                         \
		__u64 at_ = (addr);                                                                  \
		if (rf_can_cast) {                                                                   \
			struct timespec64 *t_ = bpf_rdonly_cast((void *)at_,                         \
								bpf_core_type_id_kernel(struct timespec64)); \
			(dst) = (__u64)t_->tv_sec;                                                   \
		} else {                                                                             \
			__u64 n_ = 0;                                                                \
			bpf_probe_read_kernel(&n_, sizeof(n_), (void *)at_);                         \
			(dst) = n_;                                                                  \
		}                                                                                    \
	} while (0)

/* Hash and length of a dentry's name stand in one word (struct qstr, hash_len). */
#define RF_NAME_WORD(dst, dentry_addr)                                                               \
	RF_LOAD64(dst, (dentry_addr) + bpf_core_field_offset(struct dentry, d_name.hash))

/* The parent of the dentry at ADDR, and where its name is. */
#define RF_LOAD_LINK(addr, parent, name, len)                                                        \
	do {                                                                                         \
		__u64 link_ = (addr);                                                                \
		if (rf_can_cast) {                                                                   \
			struct dentry *d_ = bpf_rdonly_cast((void *)link_,                           \
							    bpf_core_type_id_kernel(struct dentry)); \
			(parent) = (__u64)d_->d_parent;                                              \
			(name) = (__u64)d_->d_name.name;                                             \
			(len) = d_->d_name.len;                                                      \
		} else {                                                                             \
			RF_LOAD(parent, dentry, link_, d_parent);                                    \
			RF_LOAD(name, dentry, link_, d_name.name);                                   \
			RF_LOAD(len, dentry, link_, d_name.len);                                     \
		}                                                                                    \
	} while (0)

/* Number and mode of the inode at ADDR. */
#define RF_LOAD_IDENTITY(addr, number, mode)                                                         \
	do {                                                                                         \
		__u64 inode_ = (addr);                                                               \
		if (rf_can_cast) {                                                                   \
			struct inode *i_ = bpf_rdonly_cast((void *)inode_,                           \
							   bpf_core_type_id_kernel(struct inode));   \
			(number) = i_->i_ino;                                                        \
			(mode) = i_->i_mode;                                                         \
		} else {                                                                             \
			RF_LOAD(number, inode, inode_, i_ino);                                       \
			RF_LOAD(mode, inode, inode_, i_mode);                                        \
		}                                                                                    \
	} while (0)

#define RF_PF_KTHREAD 0x00200000
#define RF_PF_FORKNOEXEC 0x00000040
#define RF_EPERM 1
#define RF_ENOMEM 12

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Opens on kernels without LSM programs: seen when open returns, with the descriptor already made, so all that can be done
 * is to kill before the caller sees it. Every system call of the node passes here: attached only with this backend.
 */
#ifndef RF_HOOKS_TRACE_H
#define RF_HOOKS_TRACE_H

#include "file.h"

#define RF_TS_COMPAT 2

static __always_inline bool is_open(struct task_struct *task, long nr)
{
	if (task->thread_info.status & RF_TS_COMPAT)
		return nr == 5 || nr == 8 || nr == 295 || nr == 342 || nr == 437;
	return nr == 2 || nr == 85 || nr == 257 || nr == 304 || nr == 437;
}

/* Global: keeps the tracepoint's own frame small. */
__attribute__((noinline)) int opened_decide(__u64 file)
{
	struct rf_subject *who = subject_now();
	struct rf_workload *w;
	struct rf_scratch *s;
	__u64 dentry = 0, mnt = 0;
	__u32 mode = 0, flags = 0, classes;

	if (!who)
		return 0;
	w = bpf_map_lookup_elem(&workloads, &who->workload);
	if (!w)
		return 0;
	RF_LOAD(mode, file, file, f_mode);
	RF_LOAD(flags, file, file, f_flags);
	if (mode & RF_FMODE_PATH)
		return 0;
	classes = mode_classes(mode, flags);
	if (!(w->classes & classes))
		return 0;
	s = operation_open(who, w, RF_HOOK_OPEN, false);
	if (!s)
		return 0;
	RF_LOAD(dentry, file, file, f_path.dentry);
	RF_LOAD(mnt, file, file, f_path.mnt);
	ref_dentry(s, 0, dentry, mount_of(mnt));
	s->ref[0].classes = classes;
	judge(s);
	operation_close(s, who);
	return 0;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(open_trace, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file **table = NULL, *file = NULL;
	__u32 max = 0;

	if (result < 0 || !is_open(task, regs->orig_ax) || !subject_now())
		return 0;
	max = BPF_CORE_READ(task, files, fdt, max_fds);
	if (result >= max)
		return 0;
	table = BPF_CORE_READ(task, files, fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), &table[result]);
	if (file)
		opened_decide((__u64)file);
	return 0;
}

#endif

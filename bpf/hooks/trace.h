/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Opens and executable mappings on kernels without LSM programs: seen when the call returns, with the descriptor or the
 * mapping already made, so all that can be done is to kill before the caller sees it. Of a range that mprotect makes
 * executable the first mapping is looked at. Every system call of the node passes here: attached only with this backend.
 */
#ifndef RF_HOOKS_TRACE_H
#define RF_HOOKS_TRACE_H

#include "exec.h"
#include "file.h"

static __always_inline bool is_open(bool compat, long nr)
{
	if (compat)
		return nr == 5 || nr == 8 || nr == 295 || nr == 342 || nr == 437;
	return nr == 2 || nr == 85 || nr == 257 || nr == 304 || nr == 437;
}

static __always_inline bool is_mmap(bool compat, long nr)
{
	return nr == (compat ? 192 : 9);
}

static __always_inline bool is_mprotect(bool compat, long nr)
{
	return compat ? nr == 125 || nr == 380 : nr == 10 || nr == 329;
}

/* Global: keeps the tracepoint's own frame small. `executable`: the file was mapped so; else it was opened. */
__attribute__((noinline)) int trace_decide(__u64 file, __u32 executable)
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
	classes = executable ? RF_BIT(MAP) | RF_BIT(EXECUTE) : mode_classes(mode, flags);
	if (!(w->classes & classes))
		return 0;
	s = operation_open(who, w, executable ? RF_HOOK_MAP : RF_HOOK_OPEN, node_state());
	if (!s)
		return 0;
	s->can_deny = 0;
	RF_LOAD(dentry, file, file, f_path.dentry);
	RF_LOAD(mnt, file, file, f_path.mnt);
	ref_dentry(s, 0, dentry, mount_of(mnt));
	if (executable)
		ref_origin(s, 0);
	s->ref[0].classes = classes;
	judge(s);
	operation_close(s, who);
	return 0;
}

static __always_inline __u64 file_of(struct task_struct *task, long fd)
{
	struct file **table, *file = NULL;

	if (fd < 0 || fd >= BPF_CORE_READ(task, files, fdt, max_fds))
		return 0;
	table = BPF_CORE_READ(task, files, fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), &table[fd]);
	return (__u64)file;
}

static long vma_step(struct task_struct *task, struct vm_area_struct *vma, __u64 *file)
{
	/* as bytes: a global function takes no kernel pointer for a number */
	bpf_core_read(file, sizeof(*file), &vma->vm_file);
	return 0;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(open_trace, struct pt_regs *regs, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool compat = task->thread_info.status & RF_TS_COMPAT;
	long nr = regs->orig_ax;
	__u64 file = 0;

	if (result < 0)
		return 0;
	if (is_open(compat, nr)) {
		if (!subject_now())
			return 0;
		file = file_of(task, result);
		if (file)
			trace_decide(file, 0);
		return 0;
	}
	if (!is_mmap(compat, nr) && !is_mprotect(compat, nr))
		return 0;
	if (!(regs->dx & RF_PROT_EXEC) || !subject_now())
		return 0;
	if (is_mmap(compat, nr))
		file = file_of(task, (int)(compat ? regs->di : regs->r8));
	else
		bpf_find_vma(task, compat ? regs->bx : regs->di, vma_step, &file, 0);
	if (file)
		trace_decide(file, 1);
	return 0;
}

#endif

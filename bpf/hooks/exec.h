/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Execution: which file runs (binaries, class Exec; paths, class Execute) and what is mapped executable (class Map). The
 * chain of an exec (script, interpreter, binfmt handler) passes bprm_check_security file by file.
 */
#ifndef RF_HOOKS_EXEC_H
#define RF_HOOKS_EXEC_H

#include "../lib/pod.h"

#define RF_PROT_WRITE 2
#define RF_PROT_EXEC 4
#define RF_MAP_TYPE 0xf
#define RF_MAP_SHARED 1
#define RF_MAP_SHARED_VALIDATE 3
#define RF_VM_WRITE 2
#define RF_VM_EXEC 4
#define RF_VM_SHARED 8

/* Remembers the program that an exec leads to, until sched_process_exec says that it did. */
__attribute__((noinline)) int program_pend(struct rf_scratch *s)
{
	struct rf_subject *who = subject_of(bpf_get_current_task_btf());
	struct rf_task_program *next;
	struct rf_program named = {};
	__u32 len;

	if (!s || !who)
		return 0;
	if (!s->data_len && s->ref[0].miss == RF_MISS_NONE)
		name_to_data(s, 0);
	len = s->text_len[0];
	next = &who->program[!who->active];
	next->cut = len > RF_PROGRAM_MAX || s->ref[0].miss != RF_MISS_NONE;
	if (len > RF_PROGRAM_MAX)
		len = RF_PROGRAM_MAX;
	next->len = len;
	next->origin = s->ref[0].origin;
	next->hash = 0;
	bpf_probe_read_kernel(next->path, len, s->data);
	who->pending = 1;
	if (!len)
		return 0;
	next->hash = s->text_hash;
	if (bpf_map_lookup_elem(&programs, &next->hash))
		return 0;
	named.len = len < sizeof(named.path) ? len : sizeof(named.path);
	bpf_probe_read_kernel(named.path, named.len, s->data);
	bpf_map_update_elem(&programs, &next->hash, &named, BPF_ANY);
	return 0;
}

/* The absolute name that execve was given, or that a script gives of its interpreter: the kernel's copy, not the caller's. */
static __always_inline void exec_given(struct rf_scratch *s, const char *filename)
{
	char first[2] = {};
	long len;

	if (bpf_probe_read_kernel_str(first, sizeof(first), filename) < 0 || first[0] != '/')
		return;
	/* the parse buffer is free until the decision starts */
	len = bpf_probe_read_kernel_str(&s->data[RF_DATA_BYTES], RF_DATA_SLACK, filename);
	if (len <= 1)
		return;
	s->given = (__u64)filename;
	s->given_len = (__u32)len - 1;
}

static __always_inline void exec_ref(struct rf_scratch *s, __u32 o, __u64 file, bool first)
{
	struct rf_ref *ref = o ? &s->ref[1] : &s->ref[0];
	__u64 dentry = 0, mnt = 0;

	RF_LOAD(dentry, file, file, f_path.dentry);
	RF_LOAD(mnt, file, file, f_path.mnt);
	ref_dentry(s, o, dentry, mount_of(mnt));
	ref_origin(s, o);
	ref->deny_only = !first;
	ref->classes = RF_BIT(EXEC) | RF_BIT(EXECUTE);
}

/* An exec is one operation, whatever the files of its chain: a rule that an earlier one violated is counted already. */
static __always_inline void chain_continue(struct rf_scratch *s, struct rf_subject *who, bool first)
{
	if (first || who->chain_generation != s->generation)
		who->chain_generation = 0;
	else
		s->has_counted = !bpf_probe_read_kernel(s->counted, sizeof(s->counted), who->chain_violated);
}

static __always_inline void chain_note(struct rf_scratch *s, struct rf_subject *who)
{
	__u32 p;

	if (!s->hits_total)
		return;
	for (p = 0; p < RF_PAGES_MAX; p++)
		who->chain_violated[p] = (p < s->page_count ? s->final_violated[p] : 0) |
					 (s->has_counted ? s->counted[p] : 0);
	who->chain_generation = s->generation;
}

static __always_inline int exec_decide(struct rf_subject *who, __u64 file, const char *name, bool first)
{
	struct rf_workload *w = bpf_map_lookup_elem(&workloads, &who->workload);
	struct rf_scratch *s;

	if (!w)
		return workload_missing(who);
	s = operation_open(who, w, RF_HOOK_EXEC, node_state());
	if (!s)
		return -RF_EPERM;
	exec_ref(s, 0, file, first);
	who->exec_inode = s->ref[0].inode;
	exec_given(s, name);
	chain_continue(s, who, first);
	judge(s);
	chain_note(s, who);
	if (first && s->verdict < RF_ACTION_BLOCK)
		program_pend(s);
	return operation_close(s, who);
}

SEC("?lsm/bprm_check_security")
int BPF_PROG(exec_check, struct linux_binprm *bprm, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool first = bprm->interp == bprm->filename;
	struct rf_subject *who;
	int setup;

	if (ret)
		return ret;
	who = subject_bind(task, false);
	if (!who)
		return bind_failed(task) ? -RF_EPERM : 0;
	if (who->flags & (RF_SUBJECT_SETUP | RF_SUBJECT_ENDING)) {
		setup = setup_exec(who, first, 0);
		if (setup != RF_EXEC_JUDGE)
			return setup == RF_EXEC_DENY ? -RF_EPERM : 0;
	}
	if (!who->workload)
		return 0;
	ret = exec_decide(who, (__u64)bprm->file, bprm->interp, first);
	if (ret && (who->flags & RF_SUBJECT_ENDING))
		setup_again(who);
	return denied(ret);
}

static __always_inline void exec_commit(struct task_struct *task)
{
	struct rf_subject *who = subject_of(task);

	if (!who)
		return;
	if (who->pending) {
		who->active = !who->active;
		who->pending = 0;
		who->slots_generation = 0;
	}
	who->exec_inode = 0;
	if (who->flags & RF_SUBJECT_ENDING)
		setup_over(who);
}

/* The exec happened: its program is the task's program from here on. */
SEC("?tp_btf/sched_process_exec")
int BPF_PROG(exec_done, struct task_struct *task)
{
	exec_commit(task);
	return 0;
}

/*
 * Kernels without LSM programs: the last file of the chain, before its first instruction. A script's own file is gone by
 * then, so its name is unresolved; its interpreter is judged as what it is.
 */
SEC("?tp_btf/sched_process_exec")
int BPF_PROG(exec_trace, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct rf_subject *who = subject_bind(bpf_get_current_task_btf(), false);
	bool script = bprm->interp != bprm->filename;
	struct rf_workload *w;
	struct rf_scratch *s;

	if (who && (who->flags & RF_SUBJECT_SETUP) && setup_exec(who, 1, 1) != RF_EXEC_JUDGE) {
		exec_commit(task);
		return 0;
	}
	if (!who || !who->workload)
		return 0;
	w = bpf_map_lookup_elem(&workloads, &who->workload);
	if (!w)
		return workload_missing(who) ? 0 : 0;
	s = operation_open(who, w, RF_HOOK_EXEC, node_state());
	if (!s)
		return 0;
	s->can_deny = 0;
	exec_ref(s, script ? 1 : 0, (__u64)bprm->file, !script);
	if (script) {
		exec_ref(s, 0, (__u64)bprm->file, true);
		s->ref[0].kind = RF_REF_TEXT;
		s->ref[0].text_len = 0;
		s->ref[0].miss = RF_MISS_READ;
		s->ref[0].ino = 0;
		s->ref[0].origin = RF_ORIGIN_UNKNOWN;
		s->ref_count = 2;
	}
	exec_given(s, bprm->filename);
	judge(s);
	program_pend(s);
	operation_close(s, who);
	exec_commit(task);
	return 0;
}

/* Whether a mapping is the exec of a file that was just judged, by the kernel's loader. */
static __always_inline bool mapped_by_exec(struct rf_subject *who, struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!who->exec_inode || who->exec_inode != (__u64)file->f_inode)
		return false;
	if (bpf_core_field_exists(task->in_execve))
		return BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
	/* the kernel's loader sets it when it has mapped everything; a file whose exec failed is not exempt for ever */
	return BPF_CORE_READ(task, mm, start_code) == 0;
}

SEC("?lsm/mmap_file")
int BPF_PROG(map_file, struct file *file, unsigned long reqprot, unsigned long prot, unsigned long flags, int ret)
{
	struct rf_subject *who;
	__u32 classes = 0, type = flags & RF_MAP_TYPE;

	if (ret)
		return ret;
	if (!file || !(prot & (RF_PROT_EXEC | RF_PROT_WRITE)))
		return 0;
	who = subject_of(bpf_get_current_task_btf());
	if (!who || !who->workload)
		return 0;
	if ((prot & RF_PROT_EXEC) && !mapped_by_exec(who, file))
		classes |= RF_BIT(MAP) | RF_BIT(EXECUTE);
	if ((prot & RF_PROT_WRITE) && (type == RF_MAP_SHARED || type == RF_MAP_SHARED_VALIDATE))
		classes |= RF_BIT(WRITE);
	if (!classes)
		return 0;
	return file_decide(RF_HOOK_MAP, classes, file, who);
}

/* FMODE_BACKING; the bit moved when files got their own reference count (f_ref, Linux 6.13 and 6.14). */
static __always_inline bool is_backing(struct file *file)
{
	if (!bpf_core_type_exists(struct backing_file))
		return false;
	return file->f_mode & (bpf_core_field_exists(file->f_ref) ? 1U << 24 : 1U << 25);
}

/* The file that was mapped: since 6.8 an overlay puts the layer's file, which has no name, into the mapping. */
static __always_inline int mapped_decide(__u32 classes, struct file *file, struct rf_subject *who)
{
	struct rf_place place = {};
	__u64 path, mnt = 0, dentry = 0;

	if (!is_backing(file))
		return file_decide(RF_HOOK_MAP, classes, file, who);
	path = (__u64)file + bpf_core_field_offset(struct backing_file, user_path);
	RF_LOAD(mnt, path, path, mnt);
	RF_LOAD(dentry, path, path, dentry);
	place.mnt = mnt;
	place.dentry = dentry;
	place.hook = RF_HOOK_MAP;
	place.classes = classes;
	return denied(place_decide(&place, who));
}

SEC("?lsm/file_mprotect")
int BPF_PROG(map_protect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot, int ret)
{
	struct rf_subject *who;
	struct file *file;
	unsigned long have;
	__u32 classes = 0;

	if (ret)
		return ret;
	if (!(prot & (RF_PROT_EXEC | RF_PROT_WRITE)))
		return 0;
	who = subject_of(bpf_get_current_task_btf());
	if (!who || !who->workload)
		return 0;
	file = vma->vm_file;
	if (!file)
		return 0;
	have = vma->vm_flags;
	if ((prot & RF_PROT_EXEC) && !(have & RF_VM_EXEC))
		classes |= RF_BIT(MAP) | RF_BIT(EXECUTE);
	if ((prot & RF_PROT_WRITE) && (have & RF_VM_SHARED) && !(have & RF_VM_WRITE))
		classes |= RF_BIT(WRITE);
	if (!classes)
		return 0;
	return mapped_decide(classes, file, who);
}

#endif

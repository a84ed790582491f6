/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Life of subjects: forks, moves between cgroups, new cgroups, and tasks that were there before the agent. */
#ifndef RF_HOOKS_TASK_H
#define RF_HOOKS_TASK_H

#include "../lib/pod.h"

#define RF_CLONE_THREAD 0x10000

/* Before the child can run. A child that cannot have its parent's subject is not made. */
SEC("?lsm/task_alloc")
int BPF_PROG(task_alloc, struct task_struct *child, unsigned long clone_flags, int ret)
{
	if (ret)
		return ret;
	if (!subject_inherit(bpf_get_current_task_btf(), child, clone_flags & RF_CLONE_THREAD))
		return -RF_ENOMEM;
	return 0;
}

/* Program of a task that was running before it became a subject, from its executable. */
static __always_inline void program_read(struct rf_scratch *s, struct rf_subject *who, struct task_struct *task)
{
	__u64 file = (__u64)BPF_CORE_READ(task, mm, exe_file), dentry = 0, mnt = 0;
	struct rf_task_program *program = &who->program[who->active & 1];

	program->len = 0;
	program->cut = 1;
	program->origin = RF_ORIGIN_UNKNOWN;
	if (!file)
		return;
	RF_LOAD(dentry, file, file, f_path.dentry);
	RF_LOAD(mnt, file, file, f_path.mnt);
	ref_dentry(s, 0, dentry, mount_of(mnt));
	ref_origin(s, 0);
	program->origin = s->ref[0].origin;
	s->data_len = s->flags = 0;
	if (name_from_dentry(s, s->ref[0].dentry, s->ref[0].mount))
		return;
	name_to_data(s, 0);
	program->len = s->text_len[0] < RF_PROGRAM_MAX ? s->text_len[0] : RF_PROGRAM_MAX;
	program->cut = s->text_len[0] > RF_PROGRAM_MAX;
	program->hash = s->text_hash;
	bpf_probe_read_kernel(program->path, sizeof(program->path), s->data);
}

static __always_inline void program_seed(struct rf_subject *who, struct task_struct *task)
{
	const struct rf_task_program *program = &who->program[who->active & 1];
	struct rf_scratch *s;

	if (program->len || program->cut)
		return;
	s = scratch_take();
	if (!s)
		return;
	program_read(s, who, task);
	scratch_give(s);
}

/* A task that PID 1 did not place in a protected unit is not protected by it. */
static __always_inline void placed_by_other(struct task_struct *task, struct rf_workload *w)
{
	struct rf_subject *who;

	if (!(w->flags & RF_WORKLOAD_PROTECTED))
		return;
	who = bpf_task_storage_get(&subjects, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (who)
		who->flags |= RF_SUBJECT_MOVED;
}

static __always_inline void placed(struct task_struct *task, struct task_struct *mover)
{
	bool trusted = mover_trusted(mover);
	struct rf_subject *who;
	struct rf_workload *w;
	__u64 id = cgroup_id_of(task);

	w = bpf_map_lookup_elem(&workloads, &id);
	if (!w)
		return;
	if (!trusted)
		placed_by_other(task, w);
	who = subject_bind(task, trusted);
	if (who && who->workload)
		program_seed(who, task);
}

static __always_inline void forked_by_init(struct task_struct *child)
{
	struct rf_subject *who = bpf_task_storage_get(&subjects, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (who)
		who->flags |= RF_SUBJECT_OF_INIT;
}

/* Also sees the cgroup that CLONE_INTO_CGROUP chose, of which no move tells. Still before the child runs. */
SEC("?tp_btf/sched_process_fork")
int BPF_PROG(task_fork, struct task_struct *parent, struct task_struct *child)
{
	/* kernels without lsm/task_alloc; a second call finds the work done */
	subject_inherit(parent, child, parent->tgid == child->tgid);
	if (parent->tgid == 1)
		forked_by_init(child);
	if (cgroup_id_of(parent) != cgroup_id_of(child))
		placed(child, parent);
	return 0;
}

/*
 * When a main process is gone the next one to enter its workload is the main process: a service that was restarted. Not so in
 * a container, which ends with it.
 */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(task_gone, struct task_struct *task)
{
	struct rf_subject *who = subject_of(task);
	__u64 workload;
	__u32 *main;

	if (who && (who->flags & RF_SUBJECT_CONTAINER))
		return 0;
	/* its leader may be gone before it: another thread that execs takes its place */
	if (!who || !(who->flags & RF_SUBJECT_MAIN) || BPF_CORE_READ(task, signal, live.counter))
		return 0;
	workload = who->workload;
	main = bpf_map_lookup_elem(&mains, &workload);
	if (main && *main == (__u32)task->tgid)
		bpf_map_delete_elem(&mains, &workload);
	return 0;
}

/*
 * The event comes once for a process, after the move, for the task that was named. No program can walk its threads on every
 * kernel, so the agent is told to run the iterator; what they exec until then is judged all the same.
 */
SEC("?tp_btf/cgroup_attach_task")
int BPF_PROG(task_attach, struct cgroup *to, const char *path, struct task_struct *task, bool threadgroup)
{
	__u64 id;

	placed(task, bpf_get_current_task_btf());
	id = cgroup_id_of(task);
	if (!threadgroup || BPF_CORE_READ(task, signal, nr_threads) < 2 || !bpf_map_lookup_elem(&workloads, &id))
		return 0;
	return pod_event_nameless(id, RF_EVENT_MOVED);
}

/* The template of the selectors that the cgroup's name answers to. */
static __always_inline struct rf_workload *template_of(struct rf_scratch *s, __u32 ruleset)
{
	struct rf_template_key key = { .ruleset = ruleset };
	struct rf_ruleset *rs = bpf_map_lookup_elem(&rulesets, &ruleset);
	struct rf_workload *found;

	if (!rs)
		return NULL;
	s->match_mode = RF_MATCH_SELECT;
	s->ruleset = ruleset;
	s->select_sum = s->identity = 0;
	ruleset_match(s, rs, true, 0);
	key.combination = s->identity ? s->identity : s->select_sum;
	if (!key.combination)
		return NULL;
	found = bpf_map_lookup_elem(&templates, &key);
	if (!found)
		stat_add(RF_STAT_TEMPLATE_MISS);
	return found;
}

/*
 * Before the cgroup becomes visible, so before any task can be in it. Cgroups below that of a container or Workloads item
 * are that one's; a pod's container is known by its name; others become what their name says.
 */
SEC("?tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_made, struct cgroup *cgroup, const char *path)
{
	struct rf_workload *parent, *template, made;
	struct rf_node *state = node_state();
	struct cgroup_subsys_state *css;
	struct rf_scratch *s;
	__u64 id, parent_id = 0;
	__u32 flags = 0;
	long len;

	if (!state || BPF_CORE_READ(cgroup, root, hierarchy_id) != 0)
		return 0;
	id = BPF_CORE_READ(cgroup, kn, id);
	css = BPF_CORE_READ(cgroup, self.parent);
	if (css)
		parent_id = BPF_CORE_READ(css, cgroup, kn, id);
	s = scratch_take();
	if (!s)
		return 0;
	s->ref[0].ino = 0;
	s->ref[0].is_dir = 0;
	s->usr_inserted = 0;
	s->miss = 0;
	len = bpf_probe_read_kernel_str(&s->data[RF_DATA_BYTES], RF_DATA_SLACK, path);
	name_from_text(s, (__u64)path, len > 0 ? (__u32)len - 1 : 0, 1);
	parent = bpf_map_lookup_elem(&workloads, &parent_id);
	if (parent && !(parent->flags & RF_WORKLOAD_HOST)) {
		made = *parent;
		bpf_map_update_elem(&workloads, &id, &made, BPF_NOEXIST);
	} else if (container_made(s, id, parent)) {
		flags = RF_EVENT_CONTAINER;
	} else {
		template = template_of(s, state->cgroup_ruleset);
		if (template) {
			made = *template;
			made.owner = id;
			bpf_map_update_elem(&workloads, &id, &made, BPF_NOEXIST);
		}
	}
	pod_event(s, id, RF_EVENT_CGROUP, flags);
	scratch_give(s);
	return 0;
}

SEC("?tp_btf/cgroup_rmdir")
int BPF_PROG(cgroup_gone, struct cgroup *cgroup, const char *path)
{
	__u64 id;

	if (BPF_CORE_READ(cgroup, root, hierarchy_id) != 0)
		return 0;
	id = BPF_CORE_READ(cgroup, kn, id);
	/* nobody can enter any more */
	bpf_map_delete_elem(&mains, &id);
	return pod_event_nameless(id, RF_EVENT_CGROUP_GONE);
}

/*
 * A container does not look into the runtime while that is at work in it, nor change it: neither by ptrace nor by what asks
 * the same of the kernel (/proc/PID/mem, exe, fd, environ; process_vm_writev; pidfd_getfd). It would be Setup itself.
 */
SEC("?lsm/ptrace_access_check")
int BPF_PROG(setup_guard, struct task_struct *child, unsigned int mode, int ret)
{
	struct rf_subject *who, *target;

	if (ret)
		return ret;
	who = subject_of(bpf_get_current_task_btf());
	if (!who || !(who->flags & RF_SUBJECT_CONTAINER))
		return 0;
	target = subject_of(child);
	return target && (target->flags & RF_SUBJECT_SETUP) ? -RF_EPERM : 0;
}

#define RF_SIGNAL_UNKILLABLE 0x40

/*
 * Of a task that was in a container before the agent came: whether its executable belongs to another mount namespace than it
 * has itself. Such a one is the runtime still.
 */
static __always_inline bool runs_from_outside(struct task_struct *task)
{
	__u64 own = (__u64)BPF_CORE_READ(task, nsproxy, mnt_ns), file = (__u64)BPF_CORE_READ(task, mm, exe_file);
	__u64 mnt = 0, ns = 0;

	if (!file || !left_node_root(task))
		return true;
	RF_LOAD(mnt, file, file, f_path.mnt);
	RF_LOAD(ns, mount, mount_of(mnt), mnt_ns);
	return ns && ns != RF_MNT_NS_INTERNAL && ns != own;
}

/*
 * Tasks that a container had before the agent came have their sessions by descent: init of a pid namespace, or else the first
 * seen, is the main process.
 */
static __always_inline void container_seed(struct rf_subject *who, struct task_struct *task)
{
	struct rf_subject *parent;

	if (runs_from_outside(task))
		return;
	parent = subject_of(task->real_parent);
	if (BPF_CORE_READ(task, signal, flags) & RF_SIGNAL_UNKILLABLE)
		who->session = RF_SESSION_MAIN;
	else if (parent && (parent->flags & RF_SUBJECT_CONTAINER) && parent->workload == who->entered)
		who->session = parent->session;
	setup_end(who, task);
	who->flags &= ~RF_SUBJECT_ENDING;
	program_seed(who, task);
}

/*
 * Binds the tasks that exist, where a cgroup has become a workload's. Runs after the programs above are attached, else forks
 * in between are lost, and again whenever policies select more cgroups.
 */
SEC("iter/task")
int task_seed(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct rf_subject *who;
	bool known;

	if (!task)
		return 0;
	if (task->tgid == 1)
		root_note((__u64)BPF_CORE_READ(task, fs, root.dentry));
	/* a thread is who its process is */
	if (task->pid != task->tgid)
		subject_inherit(task->group_leader, task, true);
	who = subject_of(task);
	if (who && (who->flags & RF_SUBJECT_SETUP))
		return 0;
	known = who && (who->workload || (who->flags & RF_SUBJECT_MOVED));
	who = subject_bind(task, !known);
	if (who && (who->flags & RF_SUBJECT_SETUP))
		container_seed(who, task);
	else if (who && who->workload && !known)
		program_seed(who, task);
	return 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Who a task is. subjects: task -> workload, session, program, lineage. Set when a task execs or is moved in a cgroup that
 * workloads knows, copied to every child before it can run, and kept for the task's life:
 * - a task of a container (or a Workloads item) stays that container's, wherever it moves;
 * - a host task takes another cgroup's subject only if PID 1 put it there, it has not exec'd since PID 1 made it, or
 *   nothing selects it yet. Only such moves confer the protection of a protected unit;
 * - a host task that comes into a runtime's container is Setup, and its children are, until it execs in the container's root
 *   (lib/pod.h). Setup has no workload: nothing judges it.
 */
#ifndef RF_SUBJECT_H
#define RF_SUBJECT_H

#include "walk.h"

/* A task that no BPF program keeps anything of leaves after one load. */
static __always_inline struct rf_subject *subject_of(struct task_struct *task)
{
	if (!task->bpf_storage)
		return NULL;
	return bpf_task_storage_get(&subjects, task, 0, 0);
}

#define RF_CENTISECOND_NS 10000000

static __always_inline bool never_subject(struct task_struct *task)
{
	struct rf_node *state;

	if ((task->flags & RF_PF_KTHREAD) || task->tgid == 1)
		return true;
	state = node_state();
	return state && state->agent_tgid && state->agent_tgid == (__u32)task->tgid &&
	       state->agent_start_cs == task->group_leader->start_boottime / RF_CENTISECOND_NS;
}

/*
 * Whether PID 1 forked the task, which has not exec'd since. Remembered from the fork: orphans become children of PID 1
 * too, and would lend themselves its authority.
 */
static __always_inline bool is_forked_by_init(struct task_struct *task, struct rf_subject *who)
{
	return (task->flags & RF_PF_FORKNOEXEC) && who && (who->flags & RF_SUBJECT_OF_INIT);
}

/* Whether a task placed by `mover` counts as placed by PID 1. */
static __always_inline bool mover_trusted(struct task_struct *mover)
{
	return mover->tgid == 1 || is_forked_by_init(mover, subject_of(mover));
}

static __always_inline __u64 cgroup_id_of(struct task_struct *task)
{
	return task->cgroups->dfl_cgrp->kn->id;
}

/* With a scope set, nothing outside that cgroup can become a subject: for demonstrations and tests on a shared machine. */
static __always_inline bool in_scope(struct cgroup *cgroup)
{
	struct rf_node *state = node_state();
	struct cgroup_subsys_state *css;
	int i;

	if (!state)
		return false;
	if (!state->scope_cgroup)
		return true;
	for (i = 0; i < 16 && cgroup; i++) {
		if (BPF_CORE_READ(cgroup, kn, id) == state->scope_cgroup)
			return true;
		css = BPF_CORE_READ(cgroup, self.parent);
		if (!css)
			break;
		cgroup = BPF_CORE_READ(css, cgroup);
	}
	return false;
}

static __always_inline void ancestor_fill(struct rf_ancestor *a, struct task_struct *leader, struct rf_subject *known)
{
	a->start_ns = BPF_CORE_READ(leader, start_boottime);
	a->pid = BPF_CORE_READ(leader, tgid);
	a->program = known ? known->program[known->active & 1].hash : 0;
	a->_pad = 0;
	bpf_probe_read_kernel(a->comm, sizeof(a->comm), leader->comm);
}

/* Lineage of a task that becomes a subject: its parents now. Later ones are kept at fork, when parents may die. */
static __always_inline void lineage_seed(struct rf_subject *who, struct task_struct *task)
{
	struct task_struct *at = task->real_parent;
	int i;

	who->lineage_count = 0;
	for (i = 0; i < RF_LINEAGE_MAX; i++) {
		if (!at || !BPF_CORE_READ(at, tgid))
			break;
		ancestor_fill(&who->lineage[i], at, NULL);
		who->lineage_count = i + 1;
		if (BPF_CORE_READ(at, tgid) == 1)
			break;
		at = BPF_CORE_READ(at, real_parent);
	}
}

static __always_inline void bind_write(struct rf_subject *who, struct task_struct *task, const struct rf_workload *w)
{
	__u32 tgid = task->tgid, kept = who->flags & (RF_SUBJECT_MOVED | RF_SUBJECT_OF_INIT);
	__u64 owner = w->owner;

	who->workload = owner;
	who->slots_generation = 0;
	who->rules_of = 0;
	if (w->flags & RF_WORKLOAD_HOST) {
		who->session = RF_SESSION_HOST;
		who->flags = RF_SUBJECT_HOST | kept;
		if ((w->flags & RF_WORKLOAD_PROTECTED) && !(kept & RF_SUBJECT_MOVED))
			who->flags |= RF_SUBJECT_PROTECTED;
	} else {
		__u32 *main;

		who->session = RF_SESSION_MAIN;
		who->flags = 0;
		bpf_map_update_elem(&mains, &owner, &tgid, BPF_NOEXIST);
		main = bpf_map_lookup_elem(&mains, &owner);
		if (main && *main == tgid)
			who->flags = RF_SUBJECT_MAIN;
	}
	lineage_seed(who, task);
	stat_add(RF_STAT_BOUND);
}

/*
 * Whether the root directory of a task is none of the node's: it has pivoted or joined a container. What it execs from here
 * on is the container's, wherever the file lies. A node whose roots are not known has no Setup.
 */
static __always_inline bool left_node_root(struct task_struct *task)
{
	__u64 root = (__u64)BPF_CORE_READ(task, fs, root.dentry), inode = 0, sb = 0, ino = 0;
	struct rf_known_root *known;
	__u32 dev = 0, generation = 0;

	known = bpf_map_lookup_elem(&roots, &root);
	if (!known)
		return true;
	RF_LOAD(inode, dentry, root, d_inode);
	RF_LOAD(ino, inode, inode, i_ino);
	RF_LOAD(generation, inode, inode, i_generation);
	RF_LOAD(sb, inode, inode, i_sb);
	RF_LOAD(dev, super_block, sb, s_dev);
	return known->ino != ino || known->dev != dev || known->generation != generation;
}

/* Makes the directory known as a root of the node. */
static __always_inline void root_note(__u64 root)
{
	__u64 inode = 0, sb = 0;
	struct rf_known_root known = {};

	RF_LOAD(inode, dentry, root, d_inode);
	RF_LOAD(known.ino, inode, inode, i_ino);
	RF_LOAD(known.generation, inode, inode, i_generation);
	RF_LOAD(sb, inode, inode, i_sb);
	RF_LOAD(known.dev, super_block, sb, s_dev);
	bpf_map_update_elem(&roots, &root, &known, BPF_ANY);
}

/* A host task has come into a container: the runtime. The first to come starts the container, later ones join it. */
static __always_inline struct rf_subject *setup_enter(struct task_struct *task, struct rf_subject *who,
						      const struct rf_workload *w)
{
	__u64 owner = w->owner;
	__u32 mark = task->tgid | RF_MAIN_SETUP;

	if (who && ((who->flags & RF_SUBJECT_SETUP) || (who->workload && !(who->flags & RF_SUBJECT_HOST))))
		return who;
	if (!in_scope(task->cgroups->dfl_cgrp))
		return who;
	if (!who)
		who = bpf_task_storage_get(&subjects, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!who) {
		stat_add(RF_STAT_STORAGE_FAILED);
		return NULL;
	}
	who->workload = 0;
	who->entered = owner;
	who->flags = RF_SUBJECT_SETUP;
	who->session = bpf_map_update_elem(&mains, &owner, &mark, BPF_NOEXIST) ? RF_SESSION_EXEC : RF_SESSION_MAIN;
	stat_add(RF_STAT_SETUP);
	return who;
}

/* Whether a subject may take the workload of the cgroup it is in now. */
static __always_inline bool may_rebind(struct rf_subject *who, struct task_struct *task, const struct rf_workload *w,
				       bool trusted)
{
	struct rf_workload *old;

	if (!who->workload)
		return true;
	if (who->workload == w->owner || !(who->flags & RF_SUBJECT_HOST))
		return false;
	if (!(w->flags & RF_WORKLOAD_HOST) || trusted)
		return true;
	if (is_forked_by_init(task, who))
		return true;
	old = bpf_map_lookup_elem(&workloads, &who->workload);
	return !old || !old->page_count;
}

/*
 * Binds `task` to its cgroup's workload where the rules above allow it. `trusted`: PID 1 put it there, or it was there
 * when the agent came. Returns the subject, if it has one now.
 */
static __always_inline struct rf_subject *subject_bind(struct task_struct *task, bool trusted)
{
	struct rf_subject *who;
	struct rf_workload *w;
	__u64 id;

	who = subject_of(task);
	id = cgroup_id_of(task);
	w = bpf_map_lookup_elem(&workloads, &id);
	if (!w || never_subject(task))
		return who;
	if (w->flags & RF_WORKLOAD_CONTAINER)
		return setup_enter(task, who, w);
	if (who && (who->flags & RF_SUBJECT_SETUP))
		return who;
	if (who && !may_rebind(who, task, w, trusted))
		return who;
	if (!in_scope(task->cgroups->dfl_cgrp))
		return who;
	if (!who)
		who = bpf_task_storage_get(&subjects, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!who) {
		stat_add(RF_STAT_STORAGE_FAILED);
		return NULL;
	}
	if (trusted)
		who->flags &= ~RF_SUBJECT_MOVED;
	bind_write(who, task, w);
	return who;
}

/* Whether a task without a subject should have one: memory ran out, and what cannot be judged does not run. */
static __always_inline bool bind_failed(struct task_struct *task)
{
	__u64 id = cgroup_id_of(task);
	struct rf_workload *w = bpf_map_lookup_elem(&workloads, &id);

	return w && (w->page_count || (w->flags & RF_WORKLOAD_UNNAMED)) && !never_subject(task) &&
	       in_scope(task->cgroups->dfl_cgrp);
}

/*
 * What a child or thread has of its parent: of the two programs the one that runs, and of its path what is used; the
 * parent's lineage, for a child one further back.
 */
static __always_inline void subject_copy(struct rf_subject *to, const struct rf_subject *from, bool thread)
{
	const struct rf_task_program *program = &from->program[from->active & 1];
	struct rf_task_program *copy = &to->program[from->active & 1];
	__u32 len = program->len;

	__builtin_memcpy(to, from, __builtin_offsetof(struct rf_subject, lineage));
	if (thread)
		__builtin_memcpy(to->lineage, from->lineage, sizeof(to->lineage));
	else
		__builtin_memcpy(&to->lineage[1], from->lineage, sizeof(to->lineage) - sizeof(to->lineage[0]));
	__builtin_memcpy(copy, program, __builtin_offsetof(struct rf_task_program, path));
	if (len <= RF_PROGRAM_MAX)
		bpf_probe_read_kernel(copy->path, len, program->path);
}

/*
 * Copies the parent's subject to a child that cannot run yet. Returns false when the child would be left without one:
 * the caller refuses the fork where it can.
 */
static __always_inline bool subject_inherit(struct task_struct *parent, struct task_struct *child, bool thread)
{
	struct rf_subject *from = subject_of(parent), *to;

	/* a thread is who its process is: of one that was moved only the leader has a subject yet */
	if (!from && parent->pid != parent->tgid)
		from = subject_of(parent->group_leader);
	/* what PID 1's child is until its exec its own children are not */
	if (!from || !(from->workload | (from->flags & ~RF_SUBJECT_OF_INIT)))
		return true;
	to = bpf_task_storage_get(&subjects, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!to) {
		stat_add(RF_STAT_STORAGE_FAILED);
		return !from->workload;
	}
	if (to->workload || (to->flags & RF_SUBJECT_SETUP))
		return true;
	subject_copy(to, from, thread);
	to->pending = 0;
	to->exec_inode = to->opened_trunc = to->write_mount = 0;
	if (thread)
		return true;
	to->flags &= ~(RF_SUBJECT_MAIN | RF_SUBJECT_OF_INIT);
	if ((from->flags & RF_SUBJECT_SETUP) && left_node_root(parent))
		to->flags |= RF_SUBJECT_HELPER;
	ancestor_fill(&to->lineage[0], parent, from);
	to->lineage[0].pid = parent->tgid;
	to->lineage[0].start_ns = parent->group_leader->start_boottime;
	to->lineage_count = from->lineage_count < RF_LINEAGE_MAX ? from->lineage_count + 1 : RF_LINEAGE_MAX;
	return true;
}

#endif

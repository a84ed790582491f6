/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Containers of pods. Their cgroups are known by name when they are made, before any task can be in them. The runtime's own
 * code in them is Setup (enter: subject.h), ended by the first exec after its root directory has become the container's: so
 * neither what the runtime mounts, pivots and runs of itself is judged, nor can a container have a file of the node run as
 * Setup by leading the last exec astray (/proc/self/fd, a leaked working directory). That exec is judged as the container's.
 */
#ifndef RF_POD_H
#define RF_POD_H

#include "operation.h"

#define RF_POD_TEXT 3		/* "pod" */
#define RF_UID_BARE 32
#define RF_UID_DASHED 36

/* Eight bytes of a name as one word; `end` is the address after them. */
static __always_inline __u64 bytes_before(__u64 end)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), (void *)(end - sizeof(word)));
	return word;
}

#define RF_WORD8(a, b, c, d, e, f, g, h)                                                             \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 |     \
	 (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)

struct uid_ctx {
	struct rf_scratch *s;
	__u32 dashed;
	__u32 bad;
};

/* One character of a UID: a digit joins the key, a separator stands where it must. */
static long uid_step(__u32 i, struct uid_ctx *c)
{
	struct rf_pod_key *pod = &c->s->pod;
	__u8 at = c->s->name[(RF_POD_TEXT + i) & 63];
	__u32 digit;

	if (c->dashed && (i == 8 || i == 13 || i == 18 || i == 23)) {
		c->bad = at != '-' && at != '_';
		return c->bad;
	}
	if (at >= '0' && at <= '9')
		digit = at - '0';
	else if (at >= 'a' && at <= 'f')
		digit = at - 'a' + 10;
	else
		return c->bad = 1;
	pod->hi = pod->hi << 4 | pod->lo >> 60;
	pod->lo = pod->lo << 4 | digit;
	return 0;
}

/* Whether the name that ends at `end` ends with "pod" and a UID of `size` characters, which become s->pod. */
static __always_inline bool uid_read(struct rf_scratch *s, __u64 end, __u32 len, __u32 size)
{
	struct uid_ctx c = { .s = s, .dashed = size == RF_UID_DASHED };

	if (len < RF_POD_TEXT + size ||
	    bpf_probe_read_kernel(s->name, RF_POD_TEXT + size, (void *)(end - RF_POD_TEXT - size)))
		return false;
	if (s->name[0] != 'p' || s->name[1] != 'o' || s->name[2] != 'd')
		return false;
	s->pod.hi = s->pod.lo = 0;
	bpf_loop(size, uid_step, &c, 0);
	return !c.bad;
}

static __always_inline bool is_name8(const struct rf_comp *c, __u32 len, __u64 last)
{
	return c->len == len && bytes_before(c->name + len) == last;
}

#define RF_KUBEPODS RF_WORD8('k', 'u', 'b', 'e', 'p', 'o', 'd', 's')

/* What the names above a pod's say: 0: it is none; else the number of levels from kubepods to the pod, inclusive. */
static __always_inline __u32 pod_levels(struct rf_scratch *s, __u32 pod)
{
	struct rf_comp *above = &RF_COMP(s, pod - 1);

	if (is_name8(above, 8, RF_KUBEPODS))
		return 2;
	if (!is_name8(above, 9, RF_WORD8('u', 'r', 's', 't', 'a', 'b', 'l', 'e')) &&
	    !is_name8(above, 10, RF_WORD8('s', 't', 'e', 'f', 'f', 'o', 'r', 't')))
		return 0;
	return s->comp_count > 3 && is_name8(&RF_COMP(s, pod - 2), 8, RF_KUBEPODS) ? 3 : 0;
}

/* The same for the systemd driver, where a slice's name tells all of its ancestors. */
static __always_inline __u32 slice_levels(__u64 pod_text, __u32 before)
{
	__u64 word;

	if (before < 9)
		return 0;
	word = bytes_before(pod_text);
	if (word == RF_WORD8('u', 'b', 'e', 'p', 'o', 'd', 's', '-'))
		return 2;
	if (word == RF_WORD8('r', 's', 't', 'a', 'b', 'l', 'e', '-') ||
	    word == RF_WORD8('t', 'e', 'f', 'f', 'o', 'r', 't', '-'))
		return 3;
	return 0;
}

#define RF_SLICE RF_WORD8(0, 0, '.', 's', 'l', 'i', 'c', 'e')

/*
 * Whether the name in scratch is that of a container's cgroup, and of which pod: below a pod's cgroup of the cgroupfs driver
 * (kubepods[/qos]/podUID) or the systemd driver (kubepods[-qos]-podUID.slice), which may stand below other names. What the
 * runtimes call their cgroups there is not looked at, but for the monitor that CRI-O puts beside them.
 */
__attribute__((noinline)) int pod_of_name(struct rf_scratch *s)
{
	struct rf_comp *c;
	__u32 leaf, len, before, levels, uid = RF_UID_DASHED;
	__u64 end, word = 0;
	bool slice;

	if (!s || s->miss || s->comp_count < 3)
		return 0;
	leaf = s->comp_first + s->comp_count - 1;
	bpf_probe_read_kernel(&word, sizeof(word), (void *)RF_COMP(s, leaf).name);
	if (word == RF_WORD8('c', 'r', 'i', 'o', '-', 'c', 'o', 'n'))
		return 0;
	c = &RF_COMP(s, leaf - 1);
	len = c->len;
	end = c->name + len;
	slice = len > 6 && (bytes_before(end) & ~0xffffULL) == RF_SLICE;
	if (slice) {
		len -= 6;
		end -= 6;
	}
	if (!uid_read(s, end, len, RF_UID_DASHED)) {
		uid = RF_UID_BARE;
		if (!uid_read(s, end, len, RF_UID_BARE))
			return 0;
	}
	before = len - RF_POD_TEXT - uid;
	if (slice)
		levels = slice_levels(end - RF_POD_TEXT - uid, before);
	else
		levels = before ? 0 : pod_levels(s, leaf - 1);
	s->pod_is_static = uid == RF_UID_BARE;
	s->pod_is_top = s->comp_count == levels + 1;
	return levels != 0;
}

/*
 * A container's cgroup has been made. The agent has heard of it, or its pod is known, or not; the agent says more when it knows
 * the container's name. Names that a host process under policies has made are its own: pods live beside it, or at the top.
 */
static __always_inline bool container_made(struct rf_scratch *s, __u64 id, const struct rf_workload *above)
{
	struct rf_pod_key key, own;
	struct rf_workload made = {}, *known;

	if (!pod_of_name(s) || (above && above->page_count && !s->pod_is_top))
		return false;
	key = own = s->pod;
	own.lo ^= RF_COMP(s, s->comp_first + s->comp_count - 1).hash;
	known = bpf_map_lookup_elem(&pods, &own);
	if (!known)
		known = bpf_map_lookup_elem(&pods, &key);
	if (known) {
		made = *known;
	} else {
		made.flags = RF_WORKLOAD_UNNAMED;
		stat_add(RF_STAT_POD_UNKNOWN);
	}
	made.owner = id;
	made.flags |= RF_WORKLOAD_CONTAINER | (s->pod_is_static ? RF_WORKLOAD_STATIC_POD : 0);
	bpf_map_update_elem(&workloads, &id, &made, BPF_NOEXIST);
	return true;
}

/* Tells of a cgroup, or of what the task that is running now did in it. */
static __always_inline void pod_event(struct rf_scratch *s, __u64 id, __u32 kind, __u32 flags)
{
	struct rf_event *e = &s->event;
	__u32 size;

	event_task(e);
	e->time_ns = bpf_ktime_get_boot_ns();
	e->kind = kind;
	e->hook = RF_HOOK_NONE;
	e->workload = id;
	if (kind < RF_EVENT_STARTED)
		e->cgroup = id;
	e->hit_count = e->lineage_count = e->verdict = 0;
	e->hits_total = 0;
	s->data_len = 0;
	s->flags = flags;
	name_to_data(s, 0);
	e->flags = flags;
	e->text_len = s->text_len[0];
	e->text2_len = e->program_len = e->args_len = 0;
	size = sizeof(*e) + s->data_len;
	if (size > sizeof(*e) + RF_DATA_BYTES)
		size = sizeof(*e) + RF_DATA_BYTES;
	e->size = size;
	if (bpf_ringbuf_output(&events, e, size, 0))
		stat_add(RF_STAT_RING_FULL);
}

/* Global, as it is called from where there is little stack. */
__attribute__((noinline)) int pod_event_nameless(__u64 id, __u32 kind)
{
	struct rf_scratch *s = scratch_take();

	if (!s)
		return 0;
	s->comp_count = 0;
	s->usr_inserted = 0;
	s->miss = RF_MISS_READ;
	pod_event(s, id, kind, 0);
	scratch_give(s);
	return 0;
}

struct args_ctx {
	struct rf_scratch *s;
	__u64 argv;
	__u32 len;
	__u32 whole;
	__u32 compat;
	__u32 failed;
};

/* One argument, with its NUL, after those before it. */
static long args_step(__u32 i, struct args_ctx *c)
{
	__u64 at = 0;
	__u32 low = 0;
	long n;

	if (c->compat) {
		c->failed = !!bpf_probe_read_user(&low, sizeof(low), (void *)(c->argv + i * sizeof(low)));
		at = low;
	} else {
		c->failed = !!bpf_probe_read_user(&at, sizeof(at), (void *)(c->argv + i * sizeof(at)));
	}
	c->whole = !at && !c->failed;
	if (!at || c->len >= RF_HANDLER_TEXT)
		return 1;
	n = bpf_probe_read_user_str(&c->s->data[c->len & (RF_DATA_BYTES - 1)], RF_HANDLER_TEXT + 1,
				    (void *)at);
	c->failed = n <= 0;
	if (n <= 0)
		return 1;
	c->len += n;
	return 0;
}

#define RF_TS_COMPAT 2
#define RF_X32_BIT 0x40000000
#define RF_NR_EXECVEAT 322
#define RF_NR_EXECVEAT_X32 545
#define RF_NR_EXECVEAT_IA32 358

/*
 * The arguments of the exec that is being decided, into data; 0: none that could be those of a handler. From the memory of
 * the caller: the kernel's copy is out of reach until the exec is over. The caller is the runtime, whose memory nobody in the
 * container can write (setup_guard), so what it hands in is what the kernel has just copied.
 */
static __always_inline __u32 args_given(struct rf_scratch *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct args_ctx c = { .s = s };
	long nr = regs->orig_ax;

	c.compat = !!(task->thread_info.status & RF_TS_COMPAT);
	if (c.compat)
		c.argv = nr == RF_NR_EXECVEAT_IA32 ? regs->dx : regs->cx;
	else
		c.argv = nr == RF_NR_EXECVEAT || nr == (RF_NR_EXECVEAT_X32 | RF_X32_BIT) ? regs->dx : regs->si;
	if (nr & RF_X32_BIT)
		c.compat = 1;
	bpf_loop(RF_HANDLER_TEXT, args_step, &c, 0);
	if (c.failed)
		stat_add(RF_STAT_HANDLER_UNREAD);
	return c.whole && c.len <= RF_HANDLER_TEXT ? c.len : 0;
}

/* The same when the exec is over: the kernel's copy, as the new program has it. Those of a script begin with its interpreter. */
static __always_inline __u32 args_copied(struct rf_scratch *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 from = BPF_CORE_READ(task, mm, arg_start), to = BPF_CORE_READ(task, mm, arg_end), len = to - from;

	if (to <= from || len > RF_HANDLER_TEXT)
		return 0;
	if (bpf_probe_read_user(s->data, (__u32)len & 0xfff, (void *)from)) {
		stat_add(RF_STAT_HANDLER_UNREAD);
		return 0;
	}
	return len;
}

struct handler_ctx {
	struct rf_scratch *s;
	const struct rf_handler *handler;
	__u64 hash;
	__u32 same;
	__u32 _pad;
};

static long handler_hash_step(__u32 i, struct handler_ctx *c)
{
	c->hash = hash_word(c->hash, *(__u64 *)&c->s->data[i * 8 & (RF_DATA_BYTES - 8)]);
	return 0;
}

static long handler_same_step(__u32 i, struct handler_ctx *c)
{
	if (i >= RF_HANDLER_TEXT / 8)
		return 1;
	c->same = *(__u64 *)&c->s->data[i * 8] == *(__u64 *)&c->handler->text[i * 8];
	return !c->same;
}

/* The session of an entry after the first, from its `len` bytes of arguments in data. */
static __always_inline __u32 session_of_args(struct rf_scratch *s, __u64 container, __u32 len)
{
	struct handler_ctx c = { .s = s, .hash = RF_SEED, .same = 1 };
	struct rf_handler_key key = { .workload = container };
	__u32 words = (len + 7) / 8;

	*(__u64 *)&s->data[len & (RF_DATA_BYTES - 1)] = 0;
	bpf_loop(words, handler_hash_step, &c, 0);
	key.hash = c.hash;
	c.handler = bpf_map_lookup_elem(&handlers, &key);
	if (!c.handler || c.handler->len != len)
		return RF_SESSION_EXEC;
	bpf_loop(words, handler_same_step, &c, 0);
	if (!c.same)
		return RF_SESSION_EXEC;
	return c.handler->session == RF_SESSION_LIFECYCLE ? RF_SESSION_LIFECYCLE : RF_SESSION_PROBE;
}

/* What cannot be told is Exec. `done`: the exec is over. Global: apart from the stack of its caller. */
__attribute__((noinline)) int session_of_entry(__u64 container, __u32 done)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rf_scratch *s;
	__u32 session = RF_SESSION_EXEC, len;

	if (BPF_CORE_READ(task, signal, tty))
		return RF_SESSION_EXEC;
	s = scratch_take();
	if (!s)
		return RF_SESSION_EXEC;
	len = done ? args_copied(s) : args_given(s);
	if (len)
		session = session_of_args(s, container, len);
	scratch_give(s);
	return session;
}

/* The task is the container's from here on. */
static __always_inline void setup_end(struct rf_subject *who, struct task_struct *task)
{
	__u64 id = who->entered;
	__u32 *main = bpf_map_lookup_elem(&mains, &id);
	__u32 flags = RF_SUBJECT_CONTAINER | RF_SUBJECT_ENDING | (who->flags & RF_SUBJECT_HELPER);

	if (who->session == RF_SESSION_MAIN && !(who->flags & RF_SUBJECT_HELPER) && main && (*main & RF_MAIN_SETUP)) {
		*main = task->tgid;
		flags |= RF_SUBJECT_MAIN;
	}
	who->workload = id;
	who->flags = flags;
	who->slots_generation = who->chain_generation = 0;
	who->rules_of = 0;
	lineage_seed(who, task);
	stat_add(RF_STAT_BOUND);
}

/* The exec was denied: it is the runtime that goes on, and says so. */
static __always_inline void setup_again(struct rf_subject *who)
{
	__u64 id = who->entered;
	__u32 *main = bpf_map_lookup_elem(&mains, &id);

	if ((who->flags & RF_SUBJECT_MAIN) && main)
		*main |= RF_MAIN_SETUP;
	who->workload = 0;
	who->flags = RF_SUBJECT_SETUP | (who->flags & RF_SUBJECT_HELPER);
}

/* Whether the entrypoint must wait until the agent knows what it is. An agent that is gone holds nothing. */
static __always_inline bool is_held(const struct rf_workload *w)
{
	struct rf_node *state = node_state();

	return (w->flags & RF_WORKLOAD_UNNAMED) && !(w->flags & RF_WORKLOAD_STATIC_POD) && state && state->hold &&
	       bpf_ktime_get_boot_ns() < state->lease_until_ns;
}

enum rf_setup_exec {
	RF_EXEC_FREE = 0,	/* Setup's own, or a sandbox's */
	RF_EXEC_JUDGE = 1,	/* ends Setup: judged as the container's */
	RF_EXEC_DENY = 2,
};

/*
 * What becomes of an exec in Setup, or of one after an exec that was to end Setup and failed. `first`: of the first file of
 * its chain; `done`: seen when it is over, by a hook that cannot deny.
 */
__attribute__((noinline)) int setup_exec(struct rf_subject *who, __u32 first, __u32 done)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rf_workload *w;
	__u64 id;

	if (!who)
		return RF_EXEC_FREE;
	if (who->flags & RF_SUBJECT_SETUP) {
		if (!left_node_root(task))
			return RF_EXEC_FREE;
		setup_end(who, task);
		first = 1;
	}
	id = who->workload;
	w = bpf_map_lookup_elem(&workloads, &id);
	if (!w) {
		stat_add(RF_STAT_NO_WORKLOAD);
		setup_again(who);
		return RF_EXEC_DENY;
	}
	if (w->flags & RF_WORKLOAD_SANDBOX) {
		stat_add(RF_STAT_SANDBOX);
		return RF_EXEC_FREE;
	}
	if (!first)
		return RF_EXEC_JUDGE;
	if (who->session != RF_SESSION_MAIN) {
		who->session = session_of_entry(id, done);
	} else if (!done && is_held(w)) {
		stat_add(RF_STAT_HELD);
		setup_again(who);
		pod_event_nameless(id, RF_EVENT_HELD);
		return RF_EXEC_DENY;
	}
	return RF_EXEC_JUDGE;
}

/* The exec that ended Setup happened. */
static __always_inline void setup_over(struct rf_subject *who)
{
	who->flags &= ~RF_SUBJECT_ENDING;
	if (who->flags & RF_SUBJECT_MAIN)
		pod_event_nameless(who->workload, RF_EVENT_STARTED);
}

#endif

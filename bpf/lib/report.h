/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What follows from violated rules: the verdict, exact counters, the kill, and an event if there is room for one.
 * Counting never depends on the event and the verdict on neither.
 */
#ifndef RF_REPORT_H
#define RF_REPORT_H

#include "walk.h"

#define RF_SECOND_NS 1000000000ULL

/* 0 -> detailed events of the whole node in the running second. */
struct rf_pace {
	__u64 window_ns;
	__u64 sent;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rf_pace);
} pace SEC(".maps");

static long data_step(__u32 i, struct rf_scratch **ctx)
{
	struct rf_scratch *s = *ctx;
	__u32 at = s->comp_first + i, len;

	len = RF_COMP(s, at).len & 0xff;
	if (s->word_count + len + 1 > RF_TEXT_MAX || s->data_len + len + 1 > RF_DATA_BYTES) {
		s->flags |= RF_EVENT_PATH_CUT;
		return 1;
	}
	s->data[s->data_len & (RF_DATA_BYTES - 1)] = '/';
	s->data_len++;
	if (len)
		bpf_probe_read_kernel(&s->data[s->data_len & (RF_DATA_BYTES - 1)], len, (void *)RF_COMP(s, at).name);
	s->data_len += len;
	s->word_count += len + 1;
	return 0;
}

/* Appends the name in scratch, as the container sees it, to the data of the event: the text of object `o`. */
__attribute__((noinline)) int name_to_data(struct rf_scratch *s, __u32 o)
{
	__u32 before;

	if (!s)
		return 0;
	before = s->data_len;
	s->word_count = 0;
	s->text_hash = s->full_hash;
	if (s->usr_inserted) {
		s->comp_first++;
		s->comp_count--;
	}
	if (s->miss == RF_MISS_NONE || s->miss == RF_MISS_DEEP || s->miss == RF_MISS_DETACHED) {
		bpf_loop(s->comp_count & 0xff, data_step, &s, 0);
		if (s->data_len == before && s->miss == RF_MISS_NONE && before < RF_DATA_BYTES) {
			s->data[before & (RF_DATA_BYTES - 1)] = '/';
			s->data_len++;
		}
	}
	if (s->miss == RF_MISS_DEEP)
		s->flags |= RF_EVENT_PATH_CUT;
	if (s->usr_inserted) {
		s->comp_first--;
		s->comp_count++;
	}
	s->text_len[o & 1] = s->data_len - before;
	return 0;
}

static __always_inline void counter_add(struct rf_counter *c, __u32 action, __u32 unresolved, __u64 now)
{
	__sync_fetch_and_add(&c->total, 1);
	if (action == RF_ACTION_KILL)
		__sync_fetch_and_add(&c->killed, 1);
	else if (action == RF_ACTION_BLOCK)
		__sync_fetch_and_add(&c->blocked, 1);
	else
		__sync_fetch_and_add(&c->audited, 1);
	if (unresolved)
		__sync_fetch_and_add(&c->unresolved, 1);
	c->last_ns = now;
}

static __always_inline void count_hit(__u32 rule, __u64 workload, __u32 action, __u32 unresolved)
{
	struct rf_counter_key key = { .rule = rule, .workload = workload };
	struct rf_counter fresh = {}, *c;
	__u64 now = bpf_ktime_get_boot_ns();

	c = bpf_map_lookup_elem(&counters, &key);
	if (!c) {
		fresh.first_ns = fresh.last_ns = now;
		bpf_map_update_elem(&counters, &key, &fresh, BPF_NOEXIST);
		c = bpf_map_lookup_elem(&counters, &key);
		if (!c) {
			stat_add(RF_STAT_COUNTER_FULL);
			return;
		}
	}
	counter_add(c, action, unresolved, now);
}

static __always_inline __u32 rule_action(const struct rf_scratch *s, const struct rf_rule *rule, bool unresolved)
{
	__u32 action = unresolved ? rule->unresolved : rule->action;

	if (s->main_process && rule->main_action < action)
		action = rule->main_action;
	if (s->ends_setup && s->can_deny && action > RF_ACTION_BLOCK)
		action = RF_ACTION_BLOCK;
	if (s->node_monitor && action > RF_ACTION_AUDIT)
		action = RF_ACTION_AUDIT;
	if (!s->can_deny && action == RF_ACTION_BLOCK)
		action = RF_ACTION_AUDIT;
	return action;
}

struct hit_ctx {
	struct rf_scratch *s;
	struct rf_ruleset *rs;
	__u32 page;
};

static long hit_step(__u32 i, struct hit_ctx *c)
{
	struct rf_scratch *s = c->s;
	__u32 p = c->page & 7, action, at;
	__u64 bit = 1ULL << (i & 63);
	bool unresolved;
	struct rf_rule *rule;

	if (i >= RF_RULES_MAX)
		return 1;
	if (!((s->final_violated[p] | s->final_unresolved[p]) & bit))
		return 0;
	unresolved = !(s->final_violated[p] & bit);
	rule = &c->rs->rules[i];
	action = rule_action(s, rule, unresolved);
	if (action > s->verdict) {
		s->verdict = action;
		s->limiter = rule->key;
		s->flags = (s->flags & ~RF_EVENT_UNRESOLVED) | (unresolved ? RF_EVENT_UNRESOLVED : 0);
	}
	at = s->hits_total++;
	if (s->dry)
		return 0;
	count_hit(rule->key, s->event.workload, action, unresolved);
	if (at < RF_HITS_MAX) {
		struct rf_hit *hit = &s->event.hits[at];

		hit->rule = rule->key;
		hit->action = action;
		hit->asked = rule->asked;
		hit->unresolved = unresolved;
		hit->_pad = 0;
	}
	return 0;
}

static __always_inline void page_report(struct rf_scratch *s, __u32 p)
{
	struct hit_ctx c = { .s = s, .page = p };
	__u32 id;

	if (!(s->final_violated[p] | s->final_unresolved[p]))
		return;
	id = s->pages[p];
	c.rs = bpf_map_lookup_elem(&rulesets, &id);
	if (c.rs)
		bpf_loop(c.rs->rule_count, hit_step, &c, 0);
}

/* Whether one more event fits into the running second. */
static __always_inline bool pace_allows(__u64 *window, __u64 *sent, __u32 limit, __u64 now)
{
	if (!limit)
		return true;
	if (now - *window >= RF_SECOND_NS) {
		*window = now;
		*sent = 0;
	}
	return __sync_fetch_and_add(sent, 1) < limit;
}

static __always_inline bool may_send(struct rf_scratch *s)
{
	struct rf_counter_key key = { .rule = s->limiter, .workload = s->event.workload };
	struct rf_node *state = node_state();
	struct rf_counter *c = bpf_map_lookup_elem(&counters, &key);
	__u64 now = bpf_ktime_get_boot_ns();
	struct rf_pace *p;
	__u32 zero = 0;

	if (!state)
		return true;
	if (c && !pace_allows(&c->window_ns, &c->window_sent, state->event_rate, now))
		return false;
	p = bpf_map_lookup_elem(&pace, &zero);
	return !p || pace_allows(&p->window_ns, &p->sent, state->event_burst, now);
}

static __always_inline void data_append_kernel(struct rf_scratch *s, __u64 from, __u32 len)
{
	if (!len || s->data_len + len > RF_DATA_BYTES)
		return;
	if (len > RF_DATA_SLACK - 1)
		len = RF_DATA_SLACK - 1;
	if (!bpf_probe_read_kernel(&s->data[s->data_len & (RF_DATA_BYTES - 1)], len, (void *)from))
		s->data_len += len;
}

/* The arguments of the calling process, from its own memory: what it says of itself, for people, never for a decision. */
static __always_inline __u32 append_args(struct rf_scratch *s, struct task_struct *task)
{
	__u64 from = BPF_CORE_READ(task, mm, arg_start), to = BPF_CORE_READ(task, mm, arg_end), len;

	if (to <= from || s->data_len > RF_DATA_BYTES - RF_ARGS_MAX)
		return 0;
	len = to - from;
	if (len > RF_ARGS_MAX) {
		len = RF_ARGS_MAX;
		s->flags |= RF_EVENT_ARGS_CUT;
	}
	if (bpf_probe_read_user(&s->data[s->data_len & (RF_DATA_BYTES - 1)], (__u32)len, (void *)from))
		return 0;
	s->data_len += len;
	return len;
}

static __always_inline void event_task(struct rf_event *e)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 ids = bpf_get_current_pid_tgid();

	e->pid = ids >> 32;
	e->tid = (__u32)ids;
	e->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	e->parent_pid = BPF_CORE_READ(task, real_parent, tgid);
	e->uid = BPF_CORE_READ(task, real_cred, uid.val);
	e->gid = BPF_CORE_READ(task, real_cred, gid.val);
	e->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	bpf_get_current_comm(e->comm, sizeof(e->comm));
}

static __always_inline void event_send(struct rf_scratch *s)
{
	struct rf_event *e = &s->event;
	__u32 size;

	e->time_ns = bpf_ktime_get_boot_ns();
	e->kind = RF_EVENT_VIOLATION;
	e->hook = s->hook;
	e->classes = s->classes;
	e->ino = s->ref[0].ino;
	if (e->ino)
		ref_identify(&s->ref[0]);
	e->dev = s->ref[0].dev;
	e->ino_generation = s->ref[0].generation;
	e->origin = s->ref[0].origin == RF_ORIGIN_ALL ? 0 : s->ref[0].origin;
	e->miss = s->ref[0].miss;
	e->verdict = s->verdict;
	e->session = s->session;
	e->hits_total = s->hits_total;
	e->hit_count = s->hits_total < RF_HITS_MAX ? s->hits_total : RF_HITS_MAX;
	e->program_origin = s->program_origin;
	event_task(e);
	bpf_probe_read_kernel(e->lineage, sizeof(e->lineage),
			      (void *)(s->subject + __builtin_offsetof(struct rf_subject, lineage)));
	e->text_len = s->text_len[0];
	e->text2_len = s->text_len[1];
	if (s->given_flag && s->ref_count == 1) {
		s->flags |= RF_EVENT_GIVEN_NAME;
		e->text2_len = s->given_len;
		data_append_kernel(s, s->given, s->given_len);
	}
	e->program_len = s->program_len;
	data_append_kernel(s, s->program, s->program_len);
	e->args_len = append_args(s, (void *)bpf_get_current_task());
	e->flags = s->flags | (s->main_process ? RF_EVENT_MAIN_PROCESS : 0) |
		   (s->node_monitor ? RF_EVENT_NODE_MONITOR : 0) | (s->can_deny ? 0 : RF_EVENT_CANNOT_DENY) |
		   (s->ends_setup && s->can_deny ? RF_EVENT_ENDS_SETUP : 0);
	size = sizeof(*e) + s->data_len;
	if (size > sizeof(*e) + RF_DATA_BYTES)
		size = sizeof(*e) + RF_DATA_BYTES;
	e->size = size;
	if (bpf_ringbuf_output(&events, e, size, 0))
		stat_add(RF_STAT_RING_FULL);
}

/* Settles the verdict of the violated rules, counts each of them once, kills, and sends the event. */
__attribute__((noinline)) int report(struct rf_scratch *s)
{
	__u32 p;

	if (!s)
		return 0;
	if (s->is_protected) {
		stat_add(RF_STAT_PROTECTED);
		return 0;
	}
	for (p = 0; p < RF_PAGES_MAX; p++) {
		if (p >= s->page_count)
			break;
		page_report(s, p);
	}
	if (s->dry || !s->hits_total)
		return 0;
	if (s->verdict == RF_ACTION_KILL && bpf_send_signal(9)) {
		stat_add(RF_STAT_KILL_FAILED);
		s->flags |= RF_EVENT_KILL_FAILED;
	}
	if (may_send(s))
		event_send(s);
	else
		stat_add(RF_STAT_RATE_LIMITED);
	return 0;
}

#endif

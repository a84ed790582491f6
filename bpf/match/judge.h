/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The decision of POLICY.md section 6, on the operation in scratch: which rules of which page are violated, what excepts
 * them, and the strictest action. One call decides one operation, whatever the number of its objects.
 */
#ifndef RF_JUDGE_H
#define RF_JUDGE_H

#include "match.h"
#include "../lib/report.h"

#define RF_BINARY_CLASSES (1U << RF_CLASS_EXEC | 1U << RF_CLASS_MAP)

/*
 * Violations of one class by one object, as bits of rules. Almost without branches, as the classes are unrolled: `unknown_mask`
 * and `deep_mask` are all ones where a missing name, or a cut one, leaves rules with patterns undecided.
 */
static __always_inline void class_judge(struct rf_scratch *s, const struct rf_ruleset *rs, struct rf_found *f, __u32 c,
					__u64 force)
{
	__u64 allow = rs->allow[c], hit = s->hit[c];
	__u64 unknown = rs->deny_named[c] & (rs->deep[c] | ~s->deep_mask);
	__u32 p = s->page & 7;

	if (c == RF_CLASS_EXEC)
		unknown |= s->named_exec;
	if (c == RF_CLASS_MAP)
		unknown |= s->named_map;
	unknown &= s->unknown_mask;

	if (c == RF_CLASS_EXEC) {
		hit |= s->given_hit[p] & ~allow;
		force &= ~(allow & -(__u64)s->deny_only);
	}
	if (c < RF_CLASS_EXEC)
		force &= s->path_mask;
	f->violated[p] |= ((hit & ~allow) | (allow & ~hit & ~unknown)) & force;
	f->unresolved[p] |= unknown & ~hit & force;
}

static __always_inline void object_judge(struct rf_scratch *s, struct rf_ruleset *rs, __u32 o)
{
	struct rf_found *f = o ? &s->found[1] : &s->found[0];
	__u32 c, k, p = s->page & 7;
	__u64 force;

	f->violated[p] = f->unresolved[p] = f->tree[p] = f->slots[p] = 0;
	if (!(rs->classes & s->want) && !(s->tree_change && rs->deny_link) && !(s->learn && rs->has_inode))
		return;
	ruleset_match(s, rs, s->miss == RF_MISS_NONE, o);
	force = rs->sessions[s->session < RF_SESSIONS ? s->session : 0];
	for (k = 0; k < RF_CLASSES; k++) {
		c = s->wanted[k];
		if (c >= RF_CLASSES)
			break;
		class_judge(s, rs, f, c, force);
	}
	f->slots[p] = s->slot_hit;
	if (s->tree_change && o == 0)
		f->tree[p] = rs->deny_link & force;
	if (f->violated[p] | f->unresolved[p] | f->tree[p])
		s->found_any = 1;
	if (s->inode_hit)
		s->flags |= RF_EVENT_BY_INODE;
}

/*
 * One page under s->match_mode: what the object violates (OBJECT), which rules the name given to execve violates (GIVEN),
 * which exception slots the program satisfies (PROGRAM). Global: verified once.
 */
__attribute__((noinline)) int page_judge(struct rf_scratch *s, __u32 page, __u32 o)
{
	struct rf_ruleset *rs;
	__u32 p = page & 7, id;

	if (!s)
		return 0;
	s->page = p;
	/* on the stack: up to 6.1 a key cannot be in a global function's argument */
	s->ruleset = id = s->pages[p];
	rs = bpf_map_lookup_elem(&rulesets, &id);
	if (!rs) {
		s->broken = 1;
		return 0;
	}
	if (s->match_mode == RF_MATCH_OBJECT) {
		object_judge(s, rs, o);
	} else if (s->match_mode == RF_MATCH_GIVEN) {
		if (!rs->has_given_name)
			return 0;
		ruleset_match(s, rs, true, 0);
		s->given_hit[p] = s->hit[RF_CLASS_EXEC];
		if (s->given_hit[p])
			s->given_flag = 1;
	} else {
		s->program_slots[p] = 0;
		if (!rs->slot_needs_program)
			return 0;
		ruleset_match(s, rs, !s->miss, 0);
		s->program_slots[p] = s->program_hit;
	}
	return 0;
}

static __always_inline void pages_judge(struct rf_scratch *s, __u32 o)
{
	__u32 p;

	for (p = 0; p < RF_PAGES_MAX; p++) {
		if (p >= s->page_count)
			break;
		page_judge(s, p, o);
	}
}

/* Which exception slots the acting program satisfies; kept with the subject until its rulesets or program change. */
static __always_inline void program_match(struct rf_scratch *s)
{
	if (s->has_program_slots)
		return;
	s->match_mode = RF_MATCH_PROGRAM;
	s->item_origin = s->program_origin;
	if (!s->program_len || name_from_text(s, s->program, s->program_len, 0) || s->program_cut)
		s->miss = RF_MISS_READ;
	pages_judge(s, 0);
	s->has_program_slots = 2;
}

/* What is left of one page's violations after its exceptions. */
static __always_inline __u64 page_excepted(struct rf_scratch *s, struct rf_ruleset *rs, __u32 p, __u64 objects)
{
	__u64 holds = rs->slot_sessions[s->session < RF_SESSIONS ? s->session : 0], excepted = 0;
	__u32 i;

	holds &= s->program_slots[p] | ~rs->slot_needs_program;
	holds &= objects | ~rs->slot_needs_object;
	if (!holds)
		return 0;
	for (i = 0; i < RF_SLOTS_MAX; i++)
		excepted |= (holds >> i & 1) << (rs->slot_rule[i] & 63);
	return excepted;
}

/* Global: the loop over slots is verified once, not for each object. */
__attribute__((noinline)) int page_settle(struct rf_scratch *s, __u32 page, __u32 o)
{
	struct rf_ruleset *rs;
	struct rf_found *f;
	__u32 id, p = page & 7;
	__u64 gone;

	if (!s)
		return 0;
	f = o ? &s->found[1] : &s->found[0];
	if (!(f->violated[p] | f->unresolved[p] | f->tree[p]))
		return 0;
	id = s->pages[p];
	rs = bpf_map_lookup_elem(&rulesets, &id);
	if (!rs)
		return 0;
	gone = page_excepted(s, rs, p, f->slots[p]);
	s->final_violated[p] |= f->violated[p] & ~gone;
	s->final_unresolved[p] |= f->unresolved[p] & ~gone;
	gone = page_excepted(s, rs, p, 0);
	s->final_violated[p] |= f->tree[p] & ~gone;
	return 0;
}

static __always_inline void settle(struct rf_scratch *s)
{
	__u32 p;

	for (p = 0; p < RF_PAGES_MAX; p++) {
		if (p >= s->page_count)
			break;
		page_settle(s, p, 0);
		if (s->ref_count > 1)
			page_settle(s, p, 1);
		if (s->has_counted) {
			s->final_violated[p] &= ~s->counted[p];
			s->final_unresolved[p] &= ~s->counted[p];
		}
		/* a rule that one object violates for sure is not decided by the posture of another */
		s->final_unresolved[p] &= ~s->final_violated[p];
	}
}

static __always_inline void found_clear(struct rf_scratch *s)
{
	__u32 p;

	for (p = 0; p < RF_PAGES_MAX; p++) {
		if (p >= s->page_count)
			break;
		s->final_violated[p] = s->final_unresolved[p] = s->given_hit[p] = 0;
	}
	s->found_any = s->data_len = s->classes = s->flags = s->given_flag = s->broken = 0;
	s->text_len[0] = s->text_len[1] = 0;
}

/* The classes of an operation as a short list: few of the ten are asked for at once. */
static __always_inline void wanted_fill(struct rf_scratch *s, __u32 classes)
{
	__u32 c, n = 0;

	s->want = classes;
	/* most operations are of one class: its number, bit by bit */
	if (classes && !(classes & (classes - 1))) {
		s->wanted[0] = !!(classes & 0xaaaa) | !!(classes & 0xcccc) << 1 | !!(classes & 0xf0f0) << 2 |
			       !!(classes & 0xff00) << 3;
		s->wanted[1] = RF_CLASSES;
		return;
	}
	for (c = 0; c < RF_CLASSES; c++) {
		s->wanted[n & (RF_WANTED - 1)] = c;
		n += classes >> c & 1;
	}
	s->wanted[n & (RF_WANTED - 1)] = RF_CLASSES;
}

/* One object: its name, then every page. */
static __always_inline void ref_judge(struct rf_scratch *s, __u32 o)
{
	struct rf_ref *ref = o ? &s->ref[1] : &s->ref[0];

	wanted_fill(s, ref->classes);
	s->classes |= ref->classes;
	s->match_mode = RF_MATCH_OBJECT;
	s->item_origin = ref->origin;
	s->deny_only = ref->deny_only;
	s->comp_count = 0;
	if (ref->kind == RF_REF_DENTRY) {
		name_from_dentry(s, ref->dentry, ref->mount);
	} else if (ref->kind == RF_REF_TEXT) {
		name_from_text(s, ref->text, ref->text_len, 0);
		if (ref->miss)
			s->miss = ref->miss;
	} else {
		s->miss = RF_MISS_NAMELESS;
	}
	if (s->force_miss)
		s->miss = s->force_miss;
	ref->miss = s->miss;
	s->unknown_mask = s->miss && s->miss != RF_MISS_NAMELESS ? ~0ULL : 0;
	s->deep_mask = s->miss == RF_MISS_DEEP ? ~0ULL : 0;
	s->path_mask = s->miss == RF_MISS_NAMELESS ? 0 : ~0ULL;
	pages_judge(s, o);
}

static __always_inline void sequences_read(__u64 *rename, __u64 *mount)
{
	__u32 r = 0, m = 0;

	if (&rename_lock)
		RF_LOAD(r, seqcount, (__u64)&rename_lock, sequence);
	if (&mount_lock)
		RF_LOAD(m, seqcount, (__u64)&mount_lock, sequence);
	*rename = r;
	*mount = m;
}

/* Judges once. Returns 1 when no name changed meanwhile, or none could be seen to. */
__attribute__((noinline)) int attempt(struct rf_scratch *s)
{
	__u64 rename, mount, hash;

	if (!s)
		return 1;
	found_clear(s);
	sequences_read(&s->rename_seq, &s->mount_seq);
	if (s->given_len) {
		s->match_mode = RF_MATCH_GIVEN;
		s->want = 1U << RF_CLASS_EXEC;
		s->item_origin = s->ref[0].origin;
		if (!name_from_text(s, s->given, s->given_len, 0))
			pages_judge(s, 0);
	}
	ref_judge(s, 0);
	hash = s->full_hash;
	if (s->ref_count > 1 || s->found_any)
		name_to_data(s, 0);
	if (s->ref_count > 1) {
		ref_judge(s, 1);
		hash ^= s->full_hash;
		name_to_data(s, 1);
	}
	sequences_read(&rename, &mount);
	s->stable = 1;
	if (rename == s->rename_seq && mount == s->mount_seq && !(rename & 1) && !(mount & 1))
		return 1;
	/* two walks in a row that saw the same names saw the true ones; not for the cache, which needs the sequences */
	s->rename_seq = 1;
	s->stable = hash == s->last_hash;
	s->last_hash = hash;
	return s->stable;
}

static __always_inline void miss_count(__u32 miss)
{
	if (miss == RF_MISS_NONE || miss == RF_MISS_NAMELESS)
		return;
	if (miss == RF_MISS_DEEP)
		stat_add(RF_STAT_PATH_CUT);
	else
		stat_add(miss == RF_MISS_READ ? RF_STAT_READ_FAILED : RF_STAT_PATH_UNRESOLVED);
}

/*
 * Decides the operation in scratch; s->verdict is what the hook must do. 1: clean and resolved, the verdict may be cached.
 */
static __always_inline bool judge(struct rf_scratch *s)
{
	int i;

	s->verdict = RF_ACTION_NONE;
	s->hits_total = 0;
	s->last_hash = 0;
	s->force_miss = 0;
	for (i = 0; i < RF_ATTEMPTS; i++) {
		if (attempt(s))
			break;
		stat_add(RF_STAT_WALK_RETRIED);
	}
	if (!s->stable) {
		stat_add(RF_STAT_WALK_UNSTABLE);
		s->force_miss = RF_MISS_UNSTABLE;
		attempt(s);
	}
	if (s->broken) {
		stat_add(RF_STAT_NO_RULESET);
		s->verdict = RF_ACTION_BLOCK;
		return false;
	}
	if (!s->dry) {
		miss_count(s->ref[0].miss);
		if (s->ref_count > 1)
			miss_count(s->ref[1].miss);
	}
	if (!s->found_any)
		return s->ref_count == 1 && s->ref[0].miss == RF_MISS_NONE && !(s->rename_seq & 1);
	program_match(s);
	settle(s);
	report(s);
	return false;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Which items of one ruleset the name in scratch answers to. The number of lookups depends on the ruleset's depths and
 * shapes, of which there are few, and never on how many policies or patterns exist. Pure: no hook context, no effects
 * but on scratch.
 */
#ifndef RF_MATCH_H
#define RF_MATCH_H

#include "../lib/walk.h"

static __always_inline void item_apply(struct rf_scratch *s, const struct rf_item *item)
{
	__u64 bit = 1ULL << (item->index & 63);
	__u32 classes = item->classes & s->want;
	__u32 c;

	if (s->match_mode == RF_MATCH_SELECT) {
		__u64 mixed = (__u64)item->classes * RF_MUL;

		/* a pattern that can match one name in several places has a bit to count once by */
		if (item->index < RF_SLOTS_MAX) {
			if (s->slot_hit & bit)
				return;
			s->slot_hit |= bit;
		}
		if (item->kind == RF_ITEM_SELECT)
			s->select_sum += mixed ^ (mixed >> 32);
		else if (item->kind == RF_ITEM_IDENTITY && !s->identity)
			s->identity = mixed ^ (mixed >> 32);
		return;
	}
	if (!(item->origins & s->item_origin))
		return;
	if (s->by_inode) {
		if (!(item->flags & RF_ITEM_BY_INODE))
			return;
		s->inode_hit = 1;
	}
	if (s->match_mode == RF_MATCH_PROGRAM) {
		if (item->kind == RF_ITEM_EXCEPT_PROGRAM)
			s->program_hit |= bit;
		return;
	}
	if (s->match_mode == RF_MATCH_GIVEN && !(item->flags & RF_ITEM_GIVEN_NAME))
		return;
	if (item->kind == RF_ITEM_EXCEPT_OBJECT) {
		if (classes)
			s->slot_hit |= bit;
		return;
	}
	if (item->kind == RF_ITEM_NAMED) {
		bit &= ~s->deep_mask | -(__u64)(item->flags / RF_ITEM_DEEP & 1);
		s->named_exec |= bit & -(__u64)(classes >> RF_CLASS_EXEC & 1);
		s->named_map |= bit & -(__u64)(classes >> RF_CLASS_MAP & 1);
		return;
	}
	if (item->kind != RF_ITEM_RULE)
		return;
	/* without branches: the verifier walks every path through ten of them */
	for (c = 0; c < RF_CLASSES; c++)
		s->hit[c] |= bit & -(__u64)(classes >> c & 1);
}

static long more_step(__u32 i, struct rf_scratch **ctx)
{
	struct rf_scratch *s = *ctx;
	__u32 at = s->word_base + i;
	struct rf_item *item = bpf_map_lookup_elem(&pattern_items, &at);

	if (item)
		item_apply(s, item);
	return 0;
}

/* Global: applied from several places, verified once. */
__attribute__((noinline)) int object_apply(struct rf_scratch *s, const struct rf_object *object)
{
	if (!s || !object)
		return 0;
	item_apply(s, &object->first);
	if (object->more_count) {
		s->word_base = object->more;
		bpf_loop(object->more_count, more_step, &s, 0);
	}
	return 0;
}

struct compare_ctx {
	struct rf_scratch *s;
	const struct rf_shape *shape;
	__u32 from;
	__u32 word;	/* next word in pattern_words */
	__u32 left;	/* words not yet compared */
	__u32 equal;
};

static long word_step(__u32 i, struct compare_ctx *c)
{
	__u32 at = c->word + i;
	__u64 *word = bpf_map_lookup_elem(&pattern_words, &at);

	if (!word || *word != c->s->words[i & RF_WORD_MASK]) {
		c->equal = 0;
		return 1;
	}
	return 0;
}

static long compare_step(__u32 i, struct compare_ctx *c)
{
	__u32 pre = 255, suf = 0;

	if (c->shape) {
		if (i >= RF_PATTERN_COMPS)
			return 1;
		pre = c->shape->comps[i].prefix_len;
		suf = c->shape->comps[i].suffix_len;
	}
	comp_as(c->s, c->from + i, pre, suf);
	if (pre != 255)
		suffix_as(c->s, 0);
	if (c->s->word_count > c->left) {
		c->equal = 0;
		return 1;
	}
	bpf_loop(c->s->word_count, word_step, c, 0);
	c->word += c->s->word_count;
	c->left -= c->s->word_count;
	return !c->equal;
}

/* A hit of the hash is a hit only if the pattern's words are those of the name. */
static __always_inline bool object_equal(struct rf_scratch *s, const struct rf_object *object,
					 const struct rf_shape *shape, __u64 span)
{
	struct compare_ctx c = {
		.s = s, .shape = shape, .from = (__u32)(span >> 32), .word = object->words,
		.left = object->word_count, .equal = 1,
	};

	bpf_loop((__u32)span & 0xff, compare_step, &c, 0);
	return c.equal && !c.left;
}

/* from << 32 | count of the components that a table entry speaks about */
#define RF_SPAN(from, count) ((__u64)(from) << 32 | (count))

__attribute__((noinline)) int table_probe(struct rf_scratch *s, __u32 table, __u64 hash, __u64 span)
{
	struct rf_object_key key = {};
	struct rf_object *object;
	struct rf_shape *shape = NULL;

	if (!s)
		return 0;
	key.ruleset = s->ruleset;
	key.table = table;
	key.hash = hash;
	object = bpf_map_lookup_elem(&objects, &key);
	if (!object)
		return 0;
	if (table >= RF_TABLE_SHAPE) {
		__u32 id = table - RF_TABLE_SHAPE;

		shape = bpf_map_lookup_elem(&shapes, &id);
		if (!shape)
			return 0;
	}
	if (table != RF_TABLE_ANY && !object_equal(s, object, shape, span))
		return 0;
	object_apply(s, object);
	return 1;
}

struct shape_ctx {
	struct rf_scratch *s;
	const struct rf_shape *shape;
	__u64 hash;
	__u32 from;
	__u32 fits;
};

static long shape_step(__u32 i, struct shape_ctx *c)
{
	__u32 at = c->from + i, pre, suf;
	__u64 hash;

	if (i >= RF_PATTERN_COMPS)
		return 1;
	pre = c->shape->comps[i].prefix_len;
	suf = c->shape->comps[i].suffix_len;
	if (pre == 255) {
		hash = RF_COMP(c->s, at).hash;
	} else {
		if (pre + suf > RF_COMP(c->s, at).len) {
			c->fits = 0;
			return 1;
		}
		hash = suffix_as(c->s, comp_as(c->s, at, pre, suf));
	}
	c->hash = hash_path(c->hash, hash);
	return 0;
}

/* The hash of the components from `from` on as this shape sees them; 0 when a component is too short for it. */
__attribute__((noinline)) __u64 shape_hash(struct rf_scratch *s, __u32 id, __u32 from)
{
	struct shape_ctx c = { .s = s, .hash = RF_SEED, .from = from, .fits = 1 };
	struct rf_shape *shape;

	if (!s)
		return 0;
	shape = bpf_map_lookup_elem(&shapes, &id);
	if (!shape)
		return 0;
	c.shape = shape;
	bpf_loop(shape->comp_count, shape_step, &c, 0);
	return c.fits ? c.hash : 0;
}

/* What it needs stands in scratch: the stack of the deepest call chain has no room for it. */
static long position_step(__u32 i, struct rf_scratch **ctx)
{
	struct rf_scratch *s = *ctx;
	__u32 from = s->shape_from + i;
	__u64 hash = shape_hash(s, s->shape_id, from);

	if (hash)
		table_probe(s, RF_TABLE_SHAPE + s->shape_id, hash, RF_SPAN(from, s->shape_count));
	return 0;
}

/* Tries a shape at the positions its anchor allows: one, or every one for a pattern open at both ends. */
static __always_inline void shape_match(struct rf_scratch *s, __u32 id)
{
	struct rf_shape *shape = bpf_map_lookup_elem(&shapes, &id);
	__u32 have = s->comp_count, positions = 1;

	if (!shape || shape->comp_count > have)
		return;
	s->shape_id = id;
	s->shape_from = s->comp_first;
	s->shape_count = shape->comp_count;
	if (shape->anchor == RF_ANCHOR_FLOAT)
		positions = have - s->shape_count + 1;
	else if (shape->anchor == RF_ANCHOR_END)
		s->shape_from += have - s->shape_count;
	else if (s->shape_count != have && !shape->subtree)
		return;
	bpf_loop(positions & 0xff, position_step, &s, 0);
}

/* Word and bit of an inode in inode_bits: by its number alone, one load of the three that identify it. */
static __always_inline __u32 inode_bit(const struct rf_ref *ref, __u32 ruleset)
{
	return (ref->ino ^ (__u64)ruleset << 32) * RF_MUL >> 48;
}

static __always_inline bool inode_maybe(const struct rf_ref *ref, __u32 ruleset)
{
	__u32 bit = inode_bit(ref, ruleset), word = bit >> 6;
	__u64 *bits = bpf_map_lookup_elem(&inode_bits, &word);

	return bits && *bits >> (bit & 63) & 1;
}

static __always_inline void inode_mark(const struct rf_ref *ref, __u32 ruleset)
{
	__u32 bit = inode_bit(ref, ruleset), word = bit >> 6;
	__u64 *bits = bpf_map_lookup_elem(&inode_bits, &word);

	if (bits)
		__sync_fetch_and_or(bits, 1ULL << (bit & 63));
}

/* Inodes that an exact deny pattern was resolved to; learned here too, when the name itself answered. */
static __always_inline void inode_match(struct rf_scratch *s, const struct rf_ref *ref)
{
	struct rf_inode_key key = {};
	struct rf_inode_names *names;
	int i;

	key.ruleset = s->ruleset;
	key.dev = ref->dev;
	key.ino = ref->ino;
	key.generation = ref->generation;
	names = bpf_map_lookup_elem(&inodes, &key);
	if (!names)
		return;
	s->by_inode = 1;
	for (i = 0; i < RF_INODE_NAMES; i++) {
		struct rf_object_key name_key = {};
		struct rf_object *object;

		if (!names->hash[i])
			break;
		name_key.ruleset = s->ruleset;
		name_key.table = RF_TABLE_EXACT;
		name_key.hash = names->hash[i];
		object = bpf_map_lookup_elem(&objects, &name_key);
		if (object)
			object_apply(s, object);
	}
	s->by_inode = 0;
}

/* An exact name answered: its inode answers too from now on, whatever it is called. */
static __always_inline void inode_learn(struct rf_scratch *s, const struct rf_ref *ref)
{
	struct rf_inode_key key = {};
	struct rf_inode_names fresh = {}, *names;
	struct rf_node *state;
	int i;

	key.ruleset = s->ruleset;
	key.dev = ref->dev;
	key.ino = ref->ino;
	key.generation = ref->generation;
	names = bpf_map_lookup_elem(&inodes, &key);
	if (names) {
		for (i = 0; i < RF_INODE_NAMES; i++) {
			if (names->hash[i] == s->full_hash)
				return;
			if (!names->hash[i]) {
				names->hash[i] = s->full_hash;
				break;
			}
		}
		if (i == RF_INODE_NAMES) {
			stat_add(RF_STAT_INODE_FULL);
			return;
		}
	} else {
		fresh.hash[0] = s->full_hash;
		inode_mark(ref, s->ruleset);
		if (bpf_map_update_elem(&inodes, &key, &fresh, BPF_ANY)) {
			stat_add(RF_STAT_INODE_FULL);
			return;
		}
	}
	state = node_state();
	if (state)
		__sync_fetch_and_add(&state->epoch, 1);
}

static __always_inline void last_match(struct rf_scratch *s, __u64 filter)
{
	__u32 at = s->comp_first + s->comp_count - 1;
	__u64 hash = hash_path(RF_SEED, RF_COMP(s, at).hash);

	if (s->comp_count && (filter >> (hash & 63) & 1))
		table_probe(s, RF_TABLE_BASENAME, hash, RF_SPAN(at, 1));
}

/* Every table that a name can be in. Returns 1 when the exact name answered. */
static __always_inline int name_match(struct rf_scratch *s, const struct rf_ruleset *rs, bool is_dir)
{
	__u64 span = RF_SPAN(s->comp_first, s->comp_count);
	int exact = 0;
	__u32 i;

	if (rs->exact_filter >> (s->full_hash & 63) & 1)
		exact = table_probe(s, RF_TABLE_EXACT, s->full_hash, span);
	if (rs->basename_filter)
		last_match(s, rs->basename_filter);
	for (i = 0; i < RF_DEPTHS_MAX; i++) {
		__u32 depth = rs->depths[i];

		if (i >= rs->depth_count || depth > s->comp_count || depth >= RF_PREFIXES)
			break;
		table_probe(s, RF_TABLE_SUBTREE, s->prefix[depth], RF_SPAN(s->comp_first, depth));
	}
	for (i = 0; i < RF_SHAPES_MAX; i++) {
		if (i >= rs->shape_count)
			break;
		shape_match(s, rs->shapes[i]);
	}
	if (rs->has_ancestor && s->match_mode == RF_MATCH_OBJECT && is_dir)
		table_probe(s, RF_TABLE_ANCESTOR, s->full_hash, span);
	return exact;
}

/* Global: its keys and values do not add to the stack of the deepest call chain, which the kernel limits to 512 bytes. */
__attribute__((noinline)) int inode_judge(struct rf_scratch *s, __u32 o, __u32 exact)
{
	struct rf_ref *ref;
	bool maybe;

	if (!s)
		return 0;
	ref = o ? &s->ref[1] : &s->ref[0];
	if (!ref->ino)
		return 0;
	maybe = inode_maybe(ref, s->ruleset);
	if (!maybe && !exact)
		return 0;
	ref_identify(ref);
	if (maybe)
		inode_match(s, ref);
	if (exact)
		inode_learn(s, ref);
	return 0;
}

/* Matches the name in scratch; hit, slot_hit, program_hit, select_sum hold the result. */
static __always_inline void ruleset_match(struct rf_scratch *s, const struct rf_ruleset *rs, bool named, __u32 o)
{
	int exact = 0, i;

	for (i = 0; i < RF_CLASSES; i++)
		s->hit[i] = 0;
	s->named_exec = s->named_map = 0;
	s->slot_hit = 0;
	s->program_hit = 0;
	s->inode_hit = 0;
	s->by_inode = 0;
	if (named)
		exact = name_match(s, rs, o ? s->ref[1].is_dir : s->ref[0].is_dir);
	if (rs->has_any && s->match_mode != RF_MATCH_GIVEN)
		table_probe(s, RF_TABLE_ANY, 0, 0);
	if (rs->has_inode && s->match_mode == RF_MATCH_OBJECT)
		inode_judge(s, o, exact);
}

#endif

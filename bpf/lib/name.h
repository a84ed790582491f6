/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Names as components with hashes. enum rf_table in abi.h specifies the hashes. Everything here works on the scratch
 * memory of one decision: comps[comp_first .. comp_first + comp_count) from the root to the leaf, prefix[d] the hash of
 * the first d.
 */
#ifndef RF_NAME_H
#define RF_NAME_H

#include "count.h"

#define RF_SEED (((__u64)RF_HASH_SEED_HI << 32) | (__u32)RF_HASH_SEED_LO)
#define RF_MUL (((__u64)RF_HASH_MUL_HI << 32) | (__u32)RF_HASH_MUL_LO)

/* Masked, not tested: up to 6.1 the verifier forgets the bounds of an index that is spilled ("unbounded memory access"). */
#define RF_COMP(s, at) ((s)->comps[(at) & (RF_COMPS - 1)])

static __always_inline __u64 hash_word(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * RF_MUL;
	return hash ^ (hash >> 29);
}

static __always_inline __u64 hash_path(__u64 path, __u64 comp)
{
	path = ((path << 7 | path >> 57) ^ comp) * RF_MUL;
	return path ^ (path >> 32);
}

/* A text of at most seven bytes with its "/" is one word, and the hash of one word is a bijection: equal means equal. */
#define RF_WORD5(a, b, c, d) ((__u64)'/' | (__u64)(a) << 8 | (__u64)(b) << 16 | (__u64)(c) << 24 | (__u64)(d) << 32)
#define RF_WORD7(a, b, c, d, e, f) (RF_WORD5(a, b, c, d) | (__u64)(e) << 40 | (__u64)(f) << 48)

/* Words kept of one component: two texts of at most RF_NAME_MAX + 1 bytes; a power of two, as an index mask. */
#define RF_WORD_MASK 127

/* Hashes the text of `len` bytes at `text`, which zeros follow, and appends its words to s->words. */
static __always_inline __u64 text_hash(struct rf_scratch *s, const __u8 *text, __u64 hash, __u32 len)
{
	__u32 i, base = s->word_count;

	for (i = 0; i < (RF_NAME_MAX + 1) / 8 + 1; i++) {
		__u64 word;

		if (i * 8 >= len)
			break;
		word = *(__u64 *)&text[i * 8];
		hash = hash_word(hash, word);
		s->words[(base + i) & RF_WORD_MASK] = word;
	}
	s->word_count = base + (len + 7) / 8;
	return hash;
}

/*
 * Leaves the words of component `at` in s->words, as a pattern component with these lengths sees it (prefix 255: literal),
 * and returns their hash; for "pre*suf" suffix_as continues. Both are global, so that their loops are verified once
 * (inlined into each caller they did not load in 40 s), and apart, so that the exits of one loop do not multiply those of
 * the other. They are the innermost functions of the engine: eight frames is all the kernel allows.
 */
__attribute__((noinline)) __u64 comp_as(struct rf_scratch *s, __u32 at, __u32 prefix_len, __u32 suffix_len)
{
	__u32 len, pre = prefix_len & 0xff, suf = suffix_len & 0xff;
	__u64 name;

	if (!s)
		return 0;
	name = RF_COMP(s, at).name;
	len = RF_COMP(s, at).len & 0xff;
	s->word_count = 0;
	if (pre == 255) {
		pre = len;
	} else {
		if (pre + suf > len)
			return 0;
		s->suffix[0] = '*';
		s->suffix_len = suf + 1;
		if (suf && bpf_probe_read_kernel(&s->suffix[1], suf, (void *)(name + len - suf)))
			s->miss = RF_MISS_READ;
		*(__u64 *)&s->suffix[suf + 1] = 0;
	}
	s->name[0] = '/';
	if (pre && bpf_probe_read_kernel(&s->name[1], pre, (void *)name))
		s->miss = RF_MISS_READ;
	*(__u64 *)&s->name[pre + 1] = 0;
	return text_hash(s, s->name, RF_SEED, pre + 1);
}

/*
 * The hash of a literal component without its words: what a walk needs. Where typed loads exist the name is read eight bytes
 * at a time, past its end at most to the end of a word; the bytes beyond are masked away.
 */
static __always_inline __u64 comp_hash(struct rf_scratch *s, __u32 at)
{
	__u64 name = RF_COMP(s, at).name, hash = RF_SEED, carry = '/', word;
	__u32 i, len = RF_COMP(s, at).len & 0xff;

	if (!rf_can_cast)
		return comp_as(s, at, 255, 0);
	/* with its "/" one word: most components */
	if (len < 8) {
		RF_LOAD64(word, name);
		return hash_word(hash, carry | (word & ((1ULL << (len * 8)) - 1)) << 8);
	}
	for (i = 0; i < (RF_NAME_MAX + 1) / 8; i++) {
		__u32 left = len - i * 8;

		if (i * 8 >= len)
			break;
		RF_LOAD(word, timespec64, name + i * 8, tv_sec);
		if (left < 8)
			word &= (1ULL << (left * 8)) - 1;
		hash = hash_word(hash, carry | word << 8);
		carry = word >> 56;
	}
	/* the "/" makes the text one byte longer than the name: its last byte, or "/" alone, may be a word of its own */
	if ((len & 7) == 0)
		hash = hash_word(hash, carry);
	return hash;
}

__attribute__((noinline)) __u64 suffix_as(struct rf_scratch *s, __u64 hash)
{
	if (!s)
		return 0;
	return text_hash(s, s->suffix, hash, s->suffix_len);
}

static __always_inline void comp_set_literal(struct rf_comp *c, const char *name, __u32 len, __u64 word)
{
	c->name = (__u64)name;
	c->len = len;
	c->hash = hash_word(RF_SEED, word);
}

static const char rf_name_usr[8] = "usr";
static const char rf_name_run[8] = "run";

static __always_inline bool is_word(const struct rf_comp *c, __u32 len, __u64 word)
{
	return c->len == len && c->hash == hash_word(RF_SEED, word);
}

static __always_inline bool is_usr_member(const struct rf_comp *c)
{
	return is_word(c, 3, RF_WORD5('b', 'i', 'n', 0)) || is_word(c, 4, RF_WORD5('s', 'b', 'i', 'n')) ||
	       is_word(c, 3, RF_WORD5('l', 'i', 'b', 0)) || is_word(c, 5, RF_WORD7('l', 'i', 'b', '3', '2', 0)) ||
	       is_word(c, 5, RF_WORD7('l', 'i', 'b', '6', '4', 0)) ||
	       is_word(c, 6, RF_WORD7('l', 'i', 'b', 'x', '3', '2'));
}

/* Makes the directories of POLICY 4.1 that are one directory have one name. */
static __always_inline void name_canonical(struct rf_scratch *s)
{
	__u32 f = s->comp_first;
	struct rf_comp *c, *d;

	s->usr_inserted = 0;
	if (!s->comp_count)
		return;
	c = &RF_COMP(s, f);
	if (is_usr_member(c)) {
		comp_set_literal(&RF_COMP(s, f - 1), rf_name_usr, 3, RF_WORD5('u', 's', 'r', 0));
		s->comp_first = f - 1;
		s->comp_count++;
		s->usr_inserted = 1;
		return;
	}
	if (s->comp_count < 2 || !is_word(c, 3, RF_WORD5('v', 'a', 'r', 0)))
		return;
	d = &RF_COMP(s, f + 1);
	if (is_word(d, 3, RF_WORD5('r', 'u', 'n', 0))) {
		s->comp_first = f + 1;
		s->comp_count--;
	} else if (is_word(d, 4, RF_WORD5('l', 'o', 'c', 'k'))) {
		comp_set_literal(c, rf_name_run, 3, RF_WORD5('r', 'u', 'n', 0));
	}
}

static __always_inline void name_prefixes(struct rf_scratch *s)
{
	__u32 i, first = s->comp_first, count = s->comp_count;
	__u64 hash = RF_SEED;

	s->prefix[0] = hash;
	for (i = 0; i < RF_DEPTH_MAX + 4; i++) {
		if (i >= count)
			break;
		hash = hash_path(hash, RF_COMP(s, first + i).hash);
		if (i + 1 < RF_PREFIXES)
			s->prefix[i + 1] = hash;
	}
	s->full_hash = hash;
}

struct text_ctx {
	struct rf_scratch *s;
	__u32 len;
	__u32 start;
	__u32 dotted;
};

#define RF_PARSE(s, i) ((s)->data[RF_DATA_BYTES + ((i) & (RF_DATA_SLACK - 1))])

/* One byte of a text: at "/" or the end the bytes since the last "/" are a component. */
static long text_step(__u32 i, struct text_ctx *ctx)
{
	struct rf_scratch *s = ctx->s;
	__u32 len, at, start = ctx->start;

	if (i < ctx->len && RF_PARSE(s, i) != '/')
		return 0;
	len = i - start;
	ctx->start = i + 1;
	if (len == 0 || len > RF_NAME_MAX || (len == 1 && RF_PARSE(s, start) == '.')) {
		if (len > RF_NAME_MAX)
			s->miss = RF_MISS_READ;
		return 0;
	}
	if (len == 2 && RF_PARSE(s, start) == '.' && RF_PARSE(s, start + 1) == '.')
		ctx->dotted = 1;
	if (s->comp_count >= RF_DEPTH_MAX) {
		s->miss = RF_MISS_DEEP;
		return 1;
	}
	at = RF_COMPS_FIRST + s->comp_count;
	RF_COMP(s, at).name = (__u64)&RF_PARSE(s, start);
	RF_COMP(s, at).len = len;
	RF_COMP(s, at).hash = comp_as(s, at, 255, 0);
	s->comp_count++;
	return 0;
}

/*
 * Cuts the text at kernel address `text` into components. Empty and "." components are skipped. Returns 0, or 1 when it
 * holds "..", which text alone cannot resolve. `raw`: no canonical directories (cgroup names).
 */
__attribute__((noinline)) int name_from_text(struct rf_scratch *s, __u64 text, __u32 len, __u32 raw)
{
	struct text_ctx ctx = { .s = s, .len = len };

	if (!s)
		return 1;
	s->comp_first = RF_COMPS_FIRST;
	s->comp_count = 0;
	s->miss = RF_MISS_NONE;
	if (len > RF_DATA_SLACK)
		len = ctx.len = RF_DATA_SLACK;
	if (len && bpf_probe_read_kernel(&s->data[RF_DATA_BYTES], len, (void *)text)) {
		s->miss = RF_MISS_READ;
		return 1;
	}
	bpf_loop(len + 1, text_step, &ctx, 0);
	if (!raw)
		name_canonical(s);
	name_prefixes(s);
	return ctx.dotted;
}

#endif

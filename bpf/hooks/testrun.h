/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The matcher and the decision under test-run: names come as text, everything else is what hooks use. Reports nothing.
 */
#ifndef RF_HOOKS_TESTRUN_H
#define RF_HOOKS_TESTRUN_H

#include "../lib/operation.h"

SEC("syscall")
int test_match(struct rf_test *test)
{
	struct rf_scratch *s = scratch_take();
	struct rf_ref *ref;
	int i;

	if (!s)
		return 1;
	s->hook = RF_HOOK_NONE;
	s->ref_count = 1;
	s->page_count = test->page_count & 0xf;
	for (i = 0; i < RF_PAGES_MAX; i++)
		s->pages[i] = test->pages[i];
	s->session = test->session;
	s->main_process = test->main_process;
	s->is_protected = 0;
	s->node_monitor = 0;
	s->can_deny = 1;
	s->dry = 1;
	s->ends_setup = test->ends_setup;
	s->tree_change = test->tree_change;
	s->learn = 0;
	s->given = (__u64)test + __builtin_offsetof(struct rf_test, given);
	s->given_len = test->given_len;
	s->program = (__u64)test + __builtin_offsetof(struct rf_test, program);
	s->program_len = test->program_len;
	s->program_origin = test->program_origin;
	s->program_cut = 0;
	s->has_program_slots = 0;
	s->has_counted = 0;
	ref = &s->ref[0];
	ref->kind = test->miss == RF_MISS_NAMELESS ? RF_REF_NONE : RF_REF_TEXT;
	ref->text = (__u64)test + __builtin_offsetof(struct rf_test, path);
	ref->text_len = test->path_len;
	ref->miss = test->miss;
	ref->origin = test->origin;
	ref->classes = test->classes;
	ref->deny_only = !test->first_of_chain;
	ref->is_dir = test->is_dir;
	ref->ino = 0;
	judge(s);
	test->verdict = s->verdict;
	test->hits_total = s->hits_total;
	for (i = 0; i < RF_PAGES_MAX; i++) {
		test->violated[i] = s->final_violated[i];
		test->unresolved[i] = s->final_unresolved[i];
	}
	scratch_give(s);
	return 0;
}

/*
 * Learns the inode of an open file where its own name, and not the one it was opened by, is an exact pattern that holds by
 * inode: the caller may follow whatever links it finds. Decides and counts nothing.
 */
SEC("syscall")
int name_resolve(struct rf_resolve *request)
{
	__u64 id = request->workload, dentry = 0, mnt = 0, file;
	struct rf_workload *w;
	struct rf_scratch *s;
	__u32 i;

	w = bpf_map_lookup_elem(&workloads, &id);
	file = file_of(bpf_get_current_task_btf(), (int)request->fd);
	if (!w || !file)
		return 1;
	s = scratch_take();
	if (!s)
		return 1;
	RF_LOAD(dentry, file, file, f_path.dentry);
	RF_LOAD(mnt, file, file, f_path.mnt);
	s->tree_change = 0;
	s->learn = 1;
	s->session = 0;
	s->match_mode = RF_MATCH_OBJECT;
	s->want = 0;
	s->wanted[0] = RF_CLASSES;
	s->page_count = w->page_count & 0xf;
	for (i = 0; i < RF_PAGES_MAX; i++)
		s->pages[i] = w->pages[i];
	found_clear(s);
	ref_dentry(s, 0, dentry, mount_of(mnt));
	s->item_origin = RF_ORIGIN_ALL;
	name_from_dentry(s, s->ref[0].dentry, s->ref[0].mount);
	request->miss = s->miss;
	if (!s->miss)
		pages_judge(s, 0);
	scratch_give(s);
	return 0;
}

/* Learns a root directory of the node, see struct rf_root. */
SEC("syscall")
int root_learn(struct rf_root *request)
{
	__u64 dentry = 0, file = file_of(bpf_get_current_task_btf(), (int)request->fd);

	if (!file)
		return 1;
	RF_LOAD(dentry, file, file, f_path.dentry);
	root_note(dentry);
	request->learned = 1;
	return 0;
}

#endif

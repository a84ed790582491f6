// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * A small object for the tests of the addon and of the loader: every map type and program type that the engine uses and
 * that can be loaded on a kernel without LSM programs.
 */
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
};

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#ifdef OTHER_LAYOUT
const volatile __u64 rf_layout_hash = 0x99aabbccddeeff00ULL;
#else
const volatile __u64 rf_layout_hash = 0x1122334455667788ULL;
#endif
const volatile __u64 rf_build_id = 0;
const volatile __u32 only_tgid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, 1);
	__type(key, __u64);
	__type(value, __u64);
} objects SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

struct run {
	__u32 count;
	__u32 first;
	__u32 size;
	__u32 sent;
};

static void count(__u32 index)
{
	__u64 *slot = bpf_map_lookup_elem(&stats, &index);

	if (slot)
		__sync_fetch_and_add(slot, 1);
}

static long send_one(__u32 index, struct run *run)
{
	__u64 record[3] = { run->first + index, (run->first + index) * 3ULL };

	if (bpf_ringbuf_output(&events, record, run->size == 24 ? 24 : 8, 0)) {
		count(1);
		return 1;
	}
	run->sent++;
	return 0;
}

/* Sends `count` records of 8 or 24 bytes: a number, three times the number. Stops at the first that does not fit. */
SEC("syscall")
int test_send(struct run *context)
{
	struct run run = *context;

	bpf_loop(run.count, send_one, &run, 0);
	context->sent = run.sent;
#ifdef OTHER_BUILD
	count(3);
#endif
	return 7;
}

SEC("tp_btf/sched_process_exec")
int exec_seen(void *ctx)
{
	if (only_tgid && bpf_get_current_pid_tgid() >> 32 != only_tgid)
		return 0;
	count(0);
	return 0;
}

SEC("?lsm/file_open")
int open_seen(void *ctx)
{
	return 0;
}

SEC("?tp_btf/sched_process_fork")
int rejected(void *ctx)
{
	/* Reads below the context: the verifier says so. */
	return *(volatile __u64 *)((char *)ctx - 4096) != 0;
}

SEC("iter/task")
int tasks(void *ctx)
{
	count(2);
	return 0;
}

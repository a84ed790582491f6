/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The same operations asked of io_uring: in the submitter's context, of a worker thread, of the polling thread. */
#include <linux/io_uring.h>
#include <sys/mman.h>

#include "try.h"

struct ring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array, *sq_flags, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static int ring_setup(struct ring *ring, unsigned int flags)
{
	struct io_uring_params params = { .flags = flags, .sq_thread_idle = 1000 };
	size_t size;
	char *base;

	ring->fd = (int)syscall(SYS_io_uring_setup, 4, &params);
	if (ring->fd < 0)
		return -errno;
	size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	if (size < params.sq_off.array + params.sq_entries * sizeof(unsigned int))
		size = params.sq_off.array + params.sq_entries * sizeof(unsigned int);
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, params.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			  ring->fd, IORING_OFF_SQES);
	if (base == MAP_FAILED || ring->sqes == MAP_FAILED)
		return -errno;
	ring->sq_tail = (unsigned int *)(base + params.sq_off.tail);
	ring->sq_mask = (unsigned int *)(base + params.sq_off.ring_mask);
	ring->sq_array = (unsigned int *)(base + params.sq_off.array);
	ring->sq_flags = (unsigned int *)(base + params.sq_off.flags);
	ring->cq_head = (unsigned int *)(base + params.cq_off.head);
	ring->cq_tail = (unsigned int *)(base + params.cq_off.tail);
	ring->cq_mask = (unsigned int *)(base + params.cq_off.ring_mask);
	ring->cqes = (struct io_uring_cqe *)(base + params.cq_off.cqes);
	return 0;
}

/* Submits one entry and waits for its result: 0 or positive, or a negative errno. */
static int ring_run(struct ring *ring, const struct io_uring_sqe *entry, bool polled)
{
	unsigned int tail = *ring->sq_tail;
	unsigned int slot = tail & *ring->sq_mask;
	unsigned int head;
	int result;

	ring->sqes[slot] = *entry;
	ring->sq_array[slot] = slot;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	if (polled && __atomic_load_n(ring->sq_flags, __ATOMIC_ACQUIRE) & IORING_SQ_NEED_WAKEUP)
		syscall(SYS_io_uring_enter, ring->fd, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
	if (syscall(SYS_io_uring_enter, ring->fd, polled ? 0 : 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	head = *ring->cq_head;
	if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE))
		return -EIO;
	result = ring->cqes[head & *ring->cq_mask].res;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return result;
}

/* argv[0]: inline, async or polled. */
static int ring_do(const char *way, struct io_uring_sqe *entry)
{
	bool polled = !strcmp(way, "polled");
	struct ring ring = { 0 };
	int result = ring_setup(&ring, polled ? IORING_SETUP_SQPOLL : 0);

	if (result) {
		note_text("stage", "setup", 5);
		return result;
	}
	if (!strcmp(way, "async"))
		entry->flags |= IOSQE_ASYNC;
	result = ring_run(&ring, entry, polled);
	close(ring.fd);
	return result;
}

static struct io_uring_sqe entry_of(uint8_t opcode, const char *path)
{
	return (struct io_uring_sqe){ .opcode = opcode, .fd = AT_FDCWD, .addr = (uintptr_t)path };
}

static int ring_open(int argc, char **argv)
{
	struct io_uring_sqe entry = entry_of(IORING_OP_OPENAT, argv[1]);
	int fd;

	(void)argc;
	entry.open_flags = O_RDONLY | O_CLOEXEC;
	fd = ring_do(argv[0], &entry);
	return fd < 0 ? fd : note_content(fd);
}

static int ring_open_trunc(int argc, char **argv)
{
	struct io_uring_sqe entry = entry_of(IORING_OP_OPENAT, argv[1]);
	int fd;

	(void)argc;
	entry.open_flags = O_WRONLY | O_TRUNC | O_CLOEXEC;
	fd = ring_do(argv[0], &entry);
	return fd < 0 ? fd : 0;
}

static int ring_unlink(int argc, char **argv)
{
	struct io_uring_sqe entry = entry_of(IORING_OP_UNLINKAT, argv[1]);

	(void)argc;
	return ring_do(argv[0], &entry);
}

static int ring_mkdir(int argc, char **argv)
{
	struct io_uring_sqe entry = entry_of(IORING_OP_MKDIRAT, argv[1]);

	(void)argc;
	entry.len = 0755;
	return ring_do(argv[0], &entry);
}

/* Two names: rename, link, symlink. */
static int ring_two(uint8_t opcode, char **argv)
{
	struct io_uring_sqe entry = entry_of(opcode, argv[1]);

	entry.addr2 = (uintptr_t)argv[2];
	if (opcode == IORING_OP_SYMLINKAT)
		entry.len = 0;
	else
		entry.len = (uint32_t)AT_FDCWD;
	return ring_do(argv[0], &entry);
}

static int ring_rename(int argc, char **argv)
{
	(void)argc;
	return ring_two(IORING_OP_RENAMEAT, argv);
}

static int ring_link(int argc, char **argv)
{
	(void)argc;
	return ring_two(IORING_OP_LINKAT, argv);
}

static int ring_symlink(int argc, char **argv)
{
	(void)argc;
	return ring_two(IORING_OP_SYMLINKAT, argv);
}

const struct op ring_ops[] = {
	{ "ring-open", "inline|async|polled PATH", 2, ring_open, NULL },
	{ "ring-open-trunc", "inline|async|polled PATH", 2, ring_open_trunc, NULL },
	{ "ring-unlink", "inline|async|polled PATH", 2, ring_unlink, NULL },
	{ "ring-mkdir", "inline|async|polled PATH", 2, ring_mkdir, NULL },
	{ "ring-rename", "inline|async|polled FROM TO", 3, ring_rename, NULL },
	{ "ring-link", "inline|async|polled FROM TO", 3, ring_link, NULL },
	{ "ring-symlink", "inline|async|polled TARGET PATH", 3, ring_symlink, NULL },
	{ 0 },
};

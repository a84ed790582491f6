/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Ways to a file that are no plain open by name: descriptors handed over, magic links, handles, openat2. */
#include <linux/openat2.h>
#include <sys/socket.h>

#include "try.h"

/* Room for one descriptor in a control message. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int sockets[2];

static int open_before(int argc, char **argv)
{
	(void)argc;
	given_fd = open(argv[0], O_RDWR);
	if (given_fd < 0)
		given_fd = open(argv[0], O_RDONLY);
	return outcome(given_fd);
}

static int send_before(int argc, char **argv)
{
	char byte = 'x';
	struct iovec data = { &byte, 1 };
	union control control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.bytes) };
	int result = open_before(argc, argv);

	if (result < 0)
		return result;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	memcpy(CMSG_DATA(&control.header), &given_fd, sizeof(int));
	result = outcome(sendmsg(sockets[0], &message, 0));
	/* What the child gets comes through the socket only. */
	close(given_fd);
	return result;
}

static int receive(int argc, char **argv)
{
	char byte;
	struct iovec data = { &byte, 1 };
	union control control;
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *header;
	int fd;

	(void)argc;
	(void)argv;
	if (recvmsg(sockets[1], &message, MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	header = CMSG_FIRSTHDR(&message);
	/* A refused descriptor is left out of the message; recvmsg itself succeeds. */
	if (!header || header->cmsg_len < CMSG_LEN(sizeof(int)))
		return -EPERM;
	memcpy(&fd, CMSG_DATA(header), sizeof(int));
	return note_content(fd);
}

static int take_from_parent(int argc, char **argv)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getppid(), 0);
	int fd;

	(void)argc;
	(void)argv;
	if (pidfd < 0)
		return -errno;
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, given_fd, 0);
	return fd < 0 ? -errno : note_content(fd);
}

static int read_inherited(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return note_content(given_fd);
}

static int write_inherited(int argc, char **argv)
{
	return outcome(write(given_fd, argc > 1 ? argv[1] : "x", argc > 1 ? strlen(argv[1]) : 1));
}

static int reopen_inherited(int argc, char **argv)
{
	char name[32];
	int fd;

	(void)argc;
	(void)argv;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", given_fd);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : note_content(fd);
}

/* O_PATH, then a real open through the magic link. */
static int reopen_path(int argc, char **argv)
{
	int path_fd = open(argv[0], O_PATH | O_CLOEXEC);
	char name[32];
	int fd, result;

	if (path_fd < 0) {
		result = -errno;
		note_text("stage", "o-path", 6);
		return result;
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", path_fd);
	fd = open(name, (argc > 1 ? O_WRONLY | O_TRUNC : O_RDONLY) | O_CLOEXEC);
	close(path_fd);
	if (fd < 0)
		return -errno;
	result = argc > 1 ? outcome(write(fd, argv[1], strlen(argv[1]))) : note_content(fd);
	close(fd);
	return result;
}

/* Below the magic link argv[0] (root or cwd) of this process. */
static int read_magic(int argc, char **argv)
{
	char name[4096];
	int fd;

	(void)argc;
	snprintf(name, sizeof(name), "/proc/self/%s/%s", argv[0], argv[1]);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : note_content(fd);
}

static int read_at(int argc, char **argv)
{
	int folder = open(argv[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = folder < 0 ? -1 : openat(folder, argv[1], O_RDONLY | O_CLOEXEC);

	(void)argc;
	return fd < 0 ? -errno : note_content(fd);
}

static const struct {
	const char *name;
	uint64_t flag;
} resolve_flags[] = {
	{ "none", 0 },
	{ "beneath", RESOLVE_BENEATH },
	{ "in-root", RESOLVE_IN_ROOT },
	{ "no-symlinks", RESOLVE_NO_SYMLINKS },
	{ "no-magic-links", RESOLVE_NO_MAGICLINKS },
	{ "no-crossing", RESOLVE_NO_XDEV },
	{ "cached", RESOLVE_CACHED },
};

static int read_openat2(int argc, char **argv)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC };
	int folder = open(argv[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (folder < 0)
		return -errno;
	for (int i = 2; i < argc; i++)
		for (size_t j = 0; j < sizeof(resolve_flags) / sizeof(resolve_flags[0]); j++)
			if (!strcmp(argv[i], resolve_flags[j].name))
				how.resolve |= resolve_flags[j].flag;
	fd = (int)syscall(SYS_openat2, folder, argv[1], &how, sizeof(how));
	return fd < 0 ? -errno : note_content(fd);
}

/* argv[0] names any file of the same mount, opened to tell the kernel which mount the handle is of. */
static int read_handle(int argc, char **argv)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} buffer = { .handle = { .handle_bytes = MAX_HANDLE_SZ } };
	int mount_id, mount, fd;

	(void)argc;
	mount = open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount < 0)
		return -errno;
	if (name_to_handle_at(AT_FDCWD, argv[1], &buffer.handle, &mount_id, 0))
		return -errno;
	fd = open_by_handle_at(mount, &buffer.handle, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : note_content(fd);
}

const struct op descriptor_ops[] = {
	{ "receive", "PATH: opened by the parent, sent by SCM_RIGHTS", 1, receive, send_before },
	{ "take", "PATH: opened by the parent, taken by pidfd_getfd", 1, take_from_parent, open_before },
	{ "inherited-read", "PATH: opened by the parent", 1, read_inherited, open_before },
	{ "inherited-write", "PATH [TEXT]", 1, write_inherited, open_before },
	{ "inherited-reopen", "PATH", 1, reopen_inherited, open_before },
	{ "reopen-path", "PATH [TEXT]: O_PATH, then /proc/self/fd", 1, reopen_path, NULL },
	{ "open-magic", "root|cwd REST", 2, read_magic, NULL },
	{ "openat", "FOLDER NAME", 2, read_at, NULL },
	{ "openat2", "FOLDER NAME [none|beneath|in-root|no-symlinks|no-magic-links|no-crossing|cached]...", 2, read_openat2, NULL },
	{ "open-handle", "FOLDER-OF-SAME-MOUNT PATH", 2, read_handle, NULL },
	{ 0 },
};

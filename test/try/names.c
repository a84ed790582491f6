/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Making, removing and moving names. */
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "try.h"

static int do_unlink(int argc, char **argv)
{
	(void)argc;
	return outcome(unlink(argv[0]));
}

static int do_rmdir(int argc, char **argv)
{
	(void)argc;
	return outcome(rmdir(argv[0]));
}

static int do_mkdir(int argc, char **argv)
{
	(void)argc;
	return outcome(mkdir(argv[0], 0755));
}

static int make_fifo(int argc, char **argv)
{
	(void)argc;
	return outcome(mknod(argv[0], S_IFIFO | 0644, 0));
}

static int make_node(int argc, char **argv)
{
	(void)argc;
	return outcome(mknod(argv[0], S_IFREG | 0644, 0));
}

/* The null device, under another name. */
static int make_device(int argc, char **argv)
{
	(void)argc;
	return outcome(mknod(argv[0], S_IFCHR | 0666, makedev(1, 3)));
}

static int make_socket(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result;

	(void)argc;
	strncpy(address.sun_path, argv[0], sizeof(address.sun_path) - 1);
	result = outcome(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
	return result;
}

static int do_symlink(int argc, char **argv)
{
	(void)argc;
	return outcome(symlink(argv[0], argv[1]));
}

static int do_link(int argc, char **argv)
{
	(void)argc;
	return outcome(link(argv[0], argv[1]));
}

/* Links from a descriptor: by AT_EMPTY_PATH, or through /proc/self/fd. */
static int link_descriptor(char **argv, bool through_proc)
{
	int fd = open(argv[0], O_PATH | O_CLOEXEC);
	char name[32];
	int result;

	if (fd < 0)
		return -errno;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (through_proc)
		result = outcome(linkat(AT_FDCWD, name, AT_FDCWD, argv[1], AT_SYMLINK_FOLLOW));
	else
		result = outcome(linkat(fd, "", AT_FDCWD, argv[1], AT_EMPTY_PATH));
	close(fd);
	return result;
}

static int link_fd(int argc, char **argv)
{
	(void)argc;
	return link_descriptor(argv, false);
}

static int link_proc(int argc, char **argv)
{
	(void)argc;
	return link_descriptor(argv, true);
}

static int do_rename(int argc, char **argv)
{
	(void)argc;
	return outcome(rename(argv[0], argv[1]));
}

static int exchange(int argc, char **argv)
{
	(void)argc;
	return outcome(renameat2(AT_FDCWD, argv[0], AT_FDCWD, argv[1], RENAME_EXCHANGE));
}

static int rename_no_replace(int argc, char **argv)
{
	(void)argc;
	return outcome(renameat2(AT_FDCWD, argv[0], AT_FDCWD, argv[1], RENAME_NOREPLACE));
}

/* A file without a name gets one: O_TMPFILE, then linkat. */
static int link_temporary(int argc, char **argv)
{
	int fd = open(argv[0], O_TMPFILE | O_RDWR | O_CLOEXEC, 0755);
	char name[32];
	int result = 0;

	if (fd < 0) {
		result = -errno;
		note_text("stage", "open", 4);
		return result;
	}
	if (argc > 2)
		result = copy_to_fd(argv[2], fd);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (!result)
		result = outcome(linkat(AT_FDCWD, name, AT_FDCWD, argv[1], AT_SYMLINK_FOLLOW));
	close(fd);
	return result;
}

static int do_readlink(int argc, char **argv)
{
	char target[4096];
	ssize_t len = readlink(argv[0], target, sizeof(target));

	(void)argc;
	if (len < 0)
		return -errno;
	note_text("data", target, (size_t)len);
	return 0;
}

static int do_chdir(int argc, char **argv)
{
	(void)argc;
	return outcome(chdir(argv[0]));
}

/* Makes and enters DEPTH nested folders with 200-byte names: a working folder whose path no buffer of PATH_MAX holds. */
static int go_deep(int argc, char **argv)
{
	char name[201];

	(void)argc;
	memset(name, 'd', 200);
	name[200] = '\0';
	for (long depth = number_arg(argv[0]); depth > 0; depth--) {
		if (mkdir(name, 0755) && errno != EEXIST)
			return -errno;
		if (chdir(name))
			return -errno;
	}
	return 0;
}

const struct op name_ops[] = {
	{ "unlink", "PATH", 1, do_unlink, NULL },
	{ "rmdir", "PATH", 1, do_rmdir, NULL },
	{ "mkdir", "PATH", 1, do_mkdir, NULL },
	{ "mkfifo", "PATH", 1, make_fifo, NULL },
	{ "mknod", "PATH: a regular file", 1, make_node, NULL },
	{ "mknod-device", "PATH", 1, make_device, NULL },
	{ "bind-socket", "PATH", 1, make_socket, NULL },
	{ "symlink", "TARGET PATH", 2, do_symlink, NULL },
	{ "link", "FROM TO", 2, do_link, NULL },
	{ "link-fd", "FROM TO", 2, link_fd, NULL },
	{ "link-proc", "FROM TO", 2, link_proc, NULL },
	{ "link-temporary", "FOLDER TO [CONTENT-FROM]", 2, link_temporary, NULL },
	{ "rename", "FROM TO", 2, do_rename, NULL },
	{ "exchange", "A B", 2, exchange, NULL },
	{ "rename-no-replace", "FROM TO", 2, rename_no_replace, NULL },
	{ "readlink", "PATH", 1, do_readlink, NULL },
	{ "chdir", "FOLDER", 1, do_chdir, NULL },
	{ "go-deep", "DEPTH", 1, go_deep, NULL },
	{ 0 },
};

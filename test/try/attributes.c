/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Mode, owner, times, extended attributes, access control lists, file flags. */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <utime.h>

#include "try.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* Opens for reading and applies `change` to the descriptor. */
static int on_descriptor(const char *path, int (*change)(int fd, char **argv), char **argv)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result;

	if (fd < 0) {
		result = -errno;
		note_text("stage", "open", 4);
		return result;
	}
	result = outcome(change(fd, argv));
	close(fd);
	return result;
}

static int do_chmod(int argc, char **argv)
{
	(void)argc;
	return outcome(chmod(argv[0], (mode_t)number_arg(argv[1])));
}

static int change_mode(int fd, char **argv)
{
	return fchmod(fd, (mode_t)number_arg(argv[1]));
}

static int do_fchmod(int argc, char **argv)
{
	(void)argc;
	return on_descriptor(argv[0], change_mode, argv);
}

static int do_fchmodat2(int argc, char **argv)
{
	(void)argc;
	return outcome(syscall(SYS_fchmodat2, AT_FDCWD, argv[0], number_arg(argv[1]), AT_SYMLINK_NOFOLLOW));
}

static int do_chown(int argc, char **argv)
{
	(void)argc;
	return outcome(chown(argv[0], (uid_t)number_arg(argv[1]), (gid_t)number_arg(argv[1])));
}

static int do_lchown(int argc, char **argv)
{
	(void)argc;
	return outcome(lchown(argv[0], (uid_t)number_arg(argv[1]), (gid_t)number_arg(argv[1])));
}

static int change_owner(int fd, char **argv)
{
	return fchown(fd, (uid_t)number_arg(argv[1]), (gid_t)number_arg(argv[1]));
}

static int do_fchown(int argc, char **argv)
{
	(void)argc;
	return on_descriptor(argv[0], change_owner, argv);
}

static int set_times(int argc, char **argv)
{
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	(void)argc;
	return outcome(utimensat(AT_FDCWD, argv[0], times, 0));
}

/* No times given: "now", which needs only write permission and takes another branch in the kernel. */
static int touch(int argc, char **argv)
{
	(void)argc;
	return outcome(utimensat(AT_FDCWD, argv[0], NULL, 0));
}

static int change_times(int fd, char **argv)
{
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	(void)argv;
	return futimens(fd, times);
}

static int do_futimens(int argc, char **argv)
{
	(void)argc;
	return on_descriptor(argv[0], change_times, argv);
}

static int do_setxattr(int argc, char **argv)
{
	(void)argc;
	return outcome(setxattr(argv[0], argv[1], argv[2], strlen(argv[2]), 0));
}

static int change_xattr(int fd, char **argv)
{
	return fsetxattr(fd, argv[1], argv[2], strlen(argv[2]), 0);
}

static int do_fsetxattr(int argc, char **argv)
{
	(void)argc;
	return on_descriptor(argv[0], change_xattr, argv);
}

static int do_removexattr(int argc, char **argv)
{
	(void)argc;
	return outcome(removexattr(argv[0], argv[1]));
}

/* A list with one more entry than the mode has: user 1234 may read. Layout of the system.posix_acl_access attribute, version 2. */
static int set_acl(int argc, char **argv)
{
	struct {
		uint32_t version;
		struct {
			uint16_t tag, permissions;
			uint32_t id;
		} entries[5];
	} list = {
		2,
		{ { 0x01, 6, ~0U }, { 0x02, 4, 1234 }, { 0x04, 4, ~0U }, { 0x10, 4, ~0U }, { 0x20, 4, ~0U } },
	};

	(void)argc;
	return outcome(setxattr(argv[0], "system.posix_acl_access", &list, sizeof(list), 0));
}

static int remove_acl(int argc, char **argv)
{
	(void)argc;
	return outcome(removexattr(argv[0], "system.posix_acl_access"));
}

static int change_flags(int fd, char **argv)
{
	int flags;

	(void)argv;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		return -1;
	flags |= FS_NODUMP_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

static int set_flags(int argc, char **argv)
{
	(void)argc;
	return on_descriptor(argv[0], change_flags, argv);
}

static int change_fsxattr(int fd, char **argv)
{
	struct fsxattr attributes;

	(void)argv;
	if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes))
		return -1;
	attributes.fsx_xflags |= FS_XFLAG_NODUMP;
	return ioctl(fd, FS_IOC_FSSETXATTR, &attributes);
}

static int set_fsxattr(int argc, char **argv)
{
	(void)argc;
	return on_descriptor(argv[0], change_fsxattr, argv);
}

/* Flags without the one that ext4 sets by itself. */
static long flags_of(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), flags = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		flags = 0;
	close(fd);
	return flags & ~FS_EXTENT_FL;
}

/* What stat does not show: the list of extended attributes (access control lists among them) and the file flags. */
static int attributes(int argc, char **argv)
{
	char names[1024];
	ssize_t len = listxattr(argv[0], names, sizeof(names));
	long flags = flags_of(argv[0]);

	(void)argc;
	if (len < 0)
		return -errno;
	if (flags < 0)
		return (int)flags;
	note_text("names", names, (size_t)len);
	note_number("flags", flags);
	return 0;
}

/* Another generation: the number by which a file that was deleted is told from one that has its inode number later. */
static int set_version(int argc, char **argv)
{
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC), version = 0, result;

	(void)argc;
	if (fd < 0)
		return -errno;
	result = outcome(ioctl(fd, FS_IOC_GETVERSION, &version));
	version++;
	if (!result)
		result = outcome(ioctl(fd, FS_IOC_SETVERSION, &version));
	close(fd);
	return result;
}

const struct op attribute_ops[] = {
	{ "chmod", "PATH MODE", 2, do_chmod, NULL },
	{ "fchmod", "PATH MODE", 2, do_fchmod, NULL },
	{ "fchmodat2", "PATH MODE", 2, do_fchmodat2, NULL },
	{ "chown", "PATH ID", 2, do_chown, NULL },
	{ "lchown", "PATH ID", 2, do_lchown, NULL },
	{ "fchown", "PATH ID", 2, do_fchown, NULL },
	{ "set-times", "PATH", 1, set_times, NULL },
	{ "touch", "PATH", 1, touch, NULL },
	{ "futimens", "PATH", 1, do_futimens, NULL },
	{ "setxattr", "PATH NAME VALUE", 3, do_setxattr, NULL },
	{ "fsetxattr", "PATH NAME VALUE", 3, do_fsetxattr, NULL },
	{ "removexattr", "PATH NAME", 2, do_removexattr, NULL },
	{ "set-acl", "PATH", 1, set_acl, NULL },
	{ "remove-acl", "PATH", 1, remove_acl, NULL },
	{ "set-flags", "PATH", 1, set_flags, NULL },
	{ "set-fsxattr", "PATH", 1, set_fsxattr, NULL },
	{ "set-version", "PATH", 1, set_version, NULL },
	{ "attributes", "PATH: names of extended attributes, file flags", 1, attributes, NULL },
	{ 0 },
};

/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Changes of the mount tree and of the process's place in it. Steps of a chain: `unshare -- bind A B -- open-read B/x`. */
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>

#include "try.h"

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif

static int do_unshare(int argc, char **argv)
{
	int result = outcome(unshare(CLONE_NEWNS));

	(void)argc;
	(void)argv;
	/* Changes must not reach the test's own namespace. */
	return result ? result : outcome(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

static int unshare_user(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return outcome(unshare(CLONE_NEWUSER | CLONE_NEWNS));
}

static int do_bind(int argc, char **argv)
{
	(void)argc;
	return outcome(mount(argv[0], argv[1], NULL, MS_BIND, NULL));
}

/* The same with the newer calls: a detached copy, then attached. */
static int attach_copy(int argc, char **argv)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, argv[0], OPEN_TREE_CLONE | O_CLOEXEC);
	int result;

	(void)argc;
	if (tree < 0) {
		result = -errno;
		note_text("stage", "open_tree", 9);
		return result;
	}
	return outcome(syscall(SYS_move_mount, tree, "", AT_FDCWD, argv[1], MOVE_MOUNT_F_EMPTY_PATH));
}

/* Reads below a detached copy that is never attached anywhere. */
static int read_detached(int argc, char **argv)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, argv[0], OPEN_TREE_CLONE | O_CLOEXEC);
	int fd, result;

	(void)argc;
	if (tree < 0) {
		result = -errno;
		note_text("stage", "open_tree", 9);
		return result;
	}
	fd = openat(tree, argv[1], O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : note_content(fd);
}

static int move_mount_to(int argc, char **argv)
{
	(void)argc;
	return outcome(mount(argv[0], argv[1], NULL, MS_MOVE, NULL));
}

static int mount_memory(int argc, char **argv)
{
	(void)argc;
	return outcome(mount("try", argv[0], "tmpfs", 0, NULL));
}

/* Memory on top of memory; what is below stays mounted. */
static int pile_memory(int argc, char **argv)
{
	long i, count = number_arg(argv[1]);

	(void)argc;
	for (i = 0; i < count; i++) {
		if (mount("try", argv[0], "tmpfs", 0, NULL))
			return -errno;
	}
	return 0;
}

static int do_umount(int argc, char **argv)
{
	(void)argc;
	return outcome(umount2(argv[0], MNT_DETACH));
}

static int pivot(int argc, char **argv)
{
	(void)argc;
	return outcome(syscall(SYS_pivot_root, argv[0], argv[1]));
}

static int do_chroot(int argc, char **argv)
{
	(void)argc;
	return outcome(chroot(argv[0]));
}

const struct op mount_ops[] = {
	{ "unshare", ": a mount namespace of its own, private", 0, do_unshare, NULL },
	{ "unshare-user", ": user and mount namespace", 0, unshare_user, NULL },
	{ "bind", "FROM TO", 2, do_bind, NULL },
	{ "attach-copy", "FROM TO: open_tree and move_mount", 2, attach_copy, NULL },
	{ "open-detached", "FOLDER NAME: below a copy that is not attached", 2, read_detached, NULL },
	{ "move-mount", "FROM TO", 2, move_mount_to, NULL },
	{ "mount-memory", "FOLDER: a tmpfs over it", 1, mount_memory, NULL },
	{ "pile-memory", "FOLDER COUNT: so many tmpfs on top of each other", 2, pile_memory, NULL },
	{ "umount", "PATH", 1, do_umount, NULL },
	{ "pivot-root", "NEW OLD", 2, pivot, NULL },
	{ "chroot", "FOLDER", 1, do_chroot, NULL },
	{ 0 },
};

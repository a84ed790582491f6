/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The operations, and the files that they need. */
#include <sys/xattr.h>

#include "realops.h"

/* A program of 132 bytes that ends with status 0: exit_group(0). */
static const unsigned char tiny[] = {
	0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 62, 0, 1, 0, 0, 0, 0x78, 0, 0x40, 0, 0, 0, 0, 0,
	0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0x38, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0,
	0x84, 0, 0, 0, 0, 0, 0, 0, 0x84, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0,
	0x31, 0xff, 0xb8, 231, 0, 0, 0, 0x0f, 0x05, 0x90, 0x90, 0x90,
};

static int outcome(long ret)
{
	return ret < 0 ? -errno : 0;
}

static int open_close(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int run_program(const char *path)
{
	char *const argv[] = { (char *)path, NULL };
	volatile int failed = 0;
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execv(path, argv);
		failed = errno;
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL ? KILLED : -EINTR;
	return failed ? -failed : 0;
}

static int map_program(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), result;
	void *page;

	if (fd < 0)
		return -errno;
	page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	result = page == MAP_FAILED ? -errno : 0;
	if (page != MAP_FAILED)
		munmap(page, 4096);
	close(fd);
	return result;
}

static int rename_kind(const struct order *o)
{
	unsigned int flags = strcmp(o->kind, "exchange") ? 0 : RENAME_EXCHANGE;

	return outcome(syscall(SYS_renameat2, AT_FDCWD, o->path, AT_FDCWD, o->second, flags));
}

static int set_old_times(const char *path)
{
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	return outcome(utimensat(AT_FDCWD, path, times, 0));
}

/* The kinds and what the kernel decides for each stand in test/kernel/cases/real-kinds.ts. */
int perform(const struct order *o)
{
	const char *kind = o->kind, *path = o->path;

#define IS(name) (!strcmp(kind, name))
	if (IS("read"))
		return open_close(path, O_RDONLY);
	if (IS("write"))
		return open_close(path, O_WRONLY);
	if (IS("read-write"))
		return open_close(path, O_RDWR);
	if (IS("trunc"))
		return open_close(path, O_WRONLY | O_TRUNC);
	if (IS("read-trunc"))
		return open_close(path, O_RDONLY | O_TRUNC);
	if (IS("create"))
		return open_close(path, O_WRONLY | O_CREAT | O_EXCL);
	if (IS("list"))
		return open_close(path, O_RDONLY | O_DIRECTORY);
	if (IS("truncate"))
		return outcome(truncate(path, 1));
	if (IS("mkdir"))
		return outcome(mkdir(path, 0755));
	if (IS("mknod"))
		return outcome(mknod(path, S_IFREG | 0644, 0));
	if (IS("symlink"))
		return outcome(symlink("target", path));
	if (IS("unlink"))
		return outcome(unlink(path));
	if (IS("rmdir"))
		return outcome(rmdir(path));
	if (IS("link"))
		return outcome(link(path, o->second));
	if (IS("chmod"))
		return outcome(chmod(path, 0600));
	if (IS("chown"))
		return outcome(chown(path, 7, 7));
	if (IS("times"))
		return set_old_times(path);
	if (IS("xattr"))
		return outcome(setxattr(path, "trusted.a", "b", 1, 0));
	if (IS("exec"))
		return run_program(path);
	if (IS("map"))
		return map_program(path);
	return rename_kind(o);
}

int make_parents(const char *path)
{
	char folder[PATH_BYTES];
	struct stat found;

	snprintf(folder, sizeof(folder), "%s", path);
	for (char *at = folder + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		if (mkdir(folder, 0755) && errno != EEXIST)
			return -errno;
		if (lstat(folder, &found) || !S_ISDIR(found.st_mode))
			return -ENOTDIR;
		*at = '/';
	}
	return 0;
}

int make_file(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	bool whole;

	if (fd < 0)
		return -errno;
	whole = write(fd, bytes, len) == (ssize_t)len;
	close(fd);
	return whole ? 0 : -EIO;
}

static bool is_in(const char *kind, const char *list)
{
	char padded[32];

	snprintf(padded, sizeof(padded), " %s ", kind);
	return strstr(list, padded);
}

int prepare(const struct order *o)
{
	const char *kind = o->kind;
	int failed = make_parents(o->path);

	if (!failed && o->second[0])
		failed = make_parents(o->second);
	if (failed)
		return failed;
	if (is_in(kind, " create mkdir mknod symlink "))
		return access(o->path, F_OK) ? 0 : -EEXIST;
	if (is_in(kind, " list rmdir rename-dir ")) {
		if (mkdir(o->path, 0755))
			return -errno;
	} else {
		failed = make_file(o->path, tiny, sizeof(tiny));
	}
	if (failed || !o->second[0])
		return failed;
	if (is_in(kind, " replace exchange "))
		return make_file(o->second, "x", 1);
	return access(o->second, F_OK) ? 0 : -EEXIST;
}

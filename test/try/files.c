/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Opening, reading, writing and mapping files. */
#include <dirent.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#include "try.h"

enum { CONTENT_MAX = 64 };

int note_content(int fd)
{
	char data[CONTENT_MAX];
	ssize_t len = read(fd, data, sizeof(data));

	if (len < 0)
		return -errno;
	note_text("data", data, (size_t)len);
	return 0;
}

int copy_to_fd(const char *from, int fd)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	char data[65536];
	ssize_t len;

	if (in < 0)
		return -errno;
	while ((len = read(in, data, sizeof(data))) > 0)
		if (write(fd, data, (size_t)len) != len)
			return -EIO;
	close(in);
	return len < 0 ? -errno : 0;
}

static int open_and_read(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	int result;

	if (fd < 0)
		return -errno;
	result = note_content(fd);
	close(fd);
	return result;
}

static int open_and_write(char **argv, int argc, int flags)
{
	int fd = open(argv[0], flags | O_CLOEXEC, 0644);
	int result = 0;

	if (fd < 0)
		return -errno;
	if (argc > 1)
		result = outcome(write(fd, argv[1], strlen(argv[1])));
	close(fd);
	return result;
}

static int open_read(int argc, char **argv)
{
	(void)argc;
	return open_and_read(argv[0], O_RDONLY);
}

static int open_only(int argc, char **argv)
{
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);

	(void)argc;
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int open_path(int argc, char **argv)
{
	int fd = open(argv[0], O_PATH | O_CLOEXEC);

	(void)argc;
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int open_write(int argc, char **argv)
{
	return open_and_write(argv, argc, O_WRONLY);
}

static int open_read_write(int argc, char **argv)
{
	return open_and_write(argv, argc, O_RDWR);
}

static int open_append(int argc, char **argv)
{
	return open_and_write(argv, argc, O_WRONLY | O_APPEND);
}

static int open_trunc(int argc, char **argv)
{
	return open_and_write(argv, argc, O_WRONLY | O_TRUNC);
}

/* O_RDONLY with O_TRUNC truncates all the same. */
static int open_read_trunc(int argc, char **argv)
{
	(void)argc;
	return open_and_read(argv[0], O_RDONLY | O_TRUNC);
}

static int open_create(int argc, char **argv)
{
	return open_and_write(argv, argc, O_WRONLY | O_CREAT);
}

static int open_create_new(int argc, char **argv)
{
	return open_and_write(argv, argc, O_WRONLY | O_CREAT | O_EXCL);
}

static int list_folder(int argc, char **argv)
{
	DIR *folder = opendir(argv[0]);
	long entries = 0;

	(void)argc;
	if (!folder)
		return -errno;
	while (readdir(folder))
		entries++;
	closedir(folder);
	note_number("entries", entries);
	return 0;
}

static int do_truncate(int argc, char **argv)
{
	(void)argc;
	return outcome(truncate(argv[0], number_arg(argv[1])));
}

/* Opens, then changes the length; "stage" tells whether the open was the one refused. */
static int change_open_file(char **argv, bool allocate)
{
	int fd = open(argv[0], O_WRONLY | O_CLOEXEC);
	long len = number_arg(argv[1]);
	int result;

	if (fd < 0) {
		result = -errno;
		note_text("stage", "open", 4);
		return result;
	}
	result = outcome(allocate ? fallocate(fd, 0, 0, len) : ftruncate(fd, len));
	close(fd);
	return result;
}

static int do_ftruncate(int argc, char **argv)
{
	(void)argc;
	return change_open_file(argv, false);
}

static int do_fallocate(int argc, char **argv)
{
	(void)argc;
	return change_open_file(argv, true);
}

/* Maps the first page; `change` further asks for this protection by mprotect. */
static int map_file(const char *path, int flags, int protection, int change)
{
	int fd = open(path, flags | O_CLOEXEC);
	int result = 0;
	char *page;

	if (fd < 0) {
		result = -errno;
		note_text("stage", "open", 4);
		return result;
	}
	page = mmap(NULL, 4096, protection, protection & PROT_WRITE ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	if (page == MAP_FAILED)
		result = -errno;
	else if (change)
		result = outcome(mprotect(page, 4096, change));
	else if (protection & PROT_WRITE)
		page[0] = '!';
	else
		note_text("data", page, 16);
	close(fd);
	return result;
}

static int map_read(int argc, char **argv)
{
	(void)argc;
	return map_file(argv[0], O_RDONLY, PROT_READ, 0);
}

static int map_write(int argc, char **argv)
{
	(void)argc;
	return map_file(argv[0], O_RDWR, PROT_READ | PROT_WRITE, 0);
}

static int map_exec(int argc, char **argv)
{
	(void)argc;
	return map_file(argv[0], O_RDONLY, PROT_READ | PROT_EXEC, 0);
}

static int protect_exec(int argc, char **argv)
{
	(void)argc;
	return map_file(argv[0], O_RDONLY, PROT_READ, PROT_READ | PROT_EXEC);
}

/* Moves the content of argv[0] to argv[1] in a way that is no read(2). */
static int move_content(char **argv, ssize_t (*move)(int from, int to))
{
	int from = open(argv[0], O_RDONLY | O_CLOEXEC);
	int to = from < 0 ? -1 : open(argv[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ssize_t moved;

	if (from < 0 || to < 0)
		return -errno;
	moved = move(from, to);
	if (moved < 0)
		return -errno;
	note_number("moved", moved);
	close(from);
	close(to);
	return 0;
}

static ssize_t move_sendfile(int from, int to)
{
	return sendfile(to, from, NULL, 4096);
}

static ssize_t move_range(int from, int to)
{
	return copy_file_range(from, NULL, to, NULL, 4096, 0);
}

static ssize_t move_splice(int from, int to)
{
	int ends[2];
	ssize_t moved;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	moved = splice(from, NULL, ends[1], NULL, 4096, 0);
	if (moved > 0)
		moved = splice(ends[0], NULL, to, NULL, (size_t)moved, 0);
	close(ends[0]);
	close(ends[1]);
	return moved;
}

static int do_sendfile(int argc, char **argv)
{
	(void)argc;
	return move_content(argv, move_sendfile);
}

static int do_splice(int argc, char **argv)
{
	(void)argc;
	return move_content(argv, move_splice);
}

static int do_copy_range(int argc, char **argv)
{
	(void)argc;
	return move_content(argv, move_range);
}

/* Copies a file with its mode 0755: programs put elsewhere. */
static int copy(int argc, char **argv)
{
	int to = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	int result;

	(void)argc;
	if (to < 0)
		return -errno;
	result = copy_to_fd(argv[0], to);
	close(to);
	return result;
}

static int do_stat(int argc, char **argv)
{
	struct stat found;

	(void)argc;
	if (stat(argv[0], &found))
		return -errno;
	note_number("size", found.st_size);
	return 0;
}

const struct op file_ops[] = {
	{ "open", "PATH: for reading, nothing is read", 1, open_only, NULL },
	{ "open-read", "PATH", 1, open_read, NULL },
	{ "open-write", "PATH [TEXT]", 1, open_write, NULL },
	{ "open-read-write", "PATH [TEXT]", 1, open_read_write, NULL },
	{ "open-append", "PATH [TEXT]", 1, open_append, NULL },
	{ "open-trunc", "PATH [TEXT]", 1, open_trunc, NULL },
	{ "open-read-trunc", "PATH", 1, open_read_trunc, NULL },
	{ "open-create", "PATH [TEXT]", 1, open_create, NULL },
	{ "open-create-new", "PATH [TEXT]", 1, open_create_new, NULL },
	{ "open-path", "PATH", 1, open_path, NULL },
	{ "list", "FOLDER", 1, list_folder, NULL },
	{ "truncate", "PATH LENGTH", 2, do_truncate, NULL },
	{ "ftruncate", "PATH LENGTH", 2, do_ftruncate, NULL },
	{ "fallocate", "PATH LENGTH", 2, do_fallocate, NULL },
	{ "map-read", "PATH", 1, map_read, NULL },
	{ "map-write", "PATH", 1, map_write, NULL },
	{ "map-exec", "PATH", 1, map_exec, NULL },
	{ "protect-exec", "PATH", 1, protect_exec, NULL },
	{ "sendfile", "FROM TO", 2, do_sendfile, NULL },
	{ "splice", "FROM TO", 2, do_splice, NULL },
	{ "copy-range", "FROM TO", 2, do_copy_range, NULL },
	{ "copy", "FROM TO", 2, copy, NULL },
	{ "stat", "PATH", 1, do_stat, NULL },
	{ 0 },
};

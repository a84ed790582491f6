/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* 32-bit system calls of a 64-bit program (int 0x80) and the x32 numbers. Strings are copied below 4 GB, where those calls can reach. */
#include <sys/mman.h>
#include <sys/wait.h>

#include "try.h"

enum { I386_OPEN = 5, I386_UNLINK = 10, I386_EXECVE = 11, I386_RENAME = 38, X32_BIT = 0x40000000 };

static char *low_memory(void)
{
	static char *page;

	if (!page)
		page = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	return page == MAP_FAILED ? NULL : page;
}

static int int80(long number, const void *first, const void *second, long third)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(second), "d"(third) : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

static int compat_open(int argc, char **argv)
{
	char *low = low_memory();
	int fd;

	(void)argc;
	if (!low)
		return -ENOMEM;
	strncpy(low, argv[0], 4095);
	fd = int80(I386_OPEN, low, (void *)(uintptr_t)O_RDONLY, 0);
	return fd < 0 ? fd : note_content(fd);
}

static int compat_unlink(int argc, char **argv)
{
	char *low = low_memory();

	(void)argc;
	if (!low)
		return -ENOMEM;
	strncpy(low, argv[0], 4095);
	return int80(I386_UNLINK, low, NULL, 0);
}

static int compat_rename(int argc, char **argv)
{
	char *low = low_memory();

	(void)argc;
	if (!low)
		return -ENOMEM;
	strncpy(low, argv[0], 4095);
	strncpy(low + 4096, argv[1], 4095);
	return int80(I386_RENAME, low, low + 4096, 0);
}

/* In a child; what a failed exec returned comes back through a pipe that a successful one closes. */
static int compat_exec(int argc, char **argv)
{
	char *low = low_memory();
	uint32_t *vector;
	int ends[2], status, failed = 0;
	pid_t pid;

	(void)argc;
	if (!low || pipe2(ends, O_CLOEXEC))
		return -ENOMEM;
	strncpy(low, argv[0], 4095);
	vector = (uint32_t *)(low + 8192);
	vector[0] = (uint32_t)(uintptr_t)low;
	vector[1] = 0;
	pid = fork();
	if (pid == 0) {
		failed = int80(I386_EXECVE, low, vector, (long)(uintptr_t)(vector + 1));
		_exit(write(ends[1], &failed, sizeof(failed)) < 0);
	}
	close(ends[1]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	if (read(ends[0], &failed, sizeof(failed)) > 0)
		return failed;
	if (WIFSIGNALED(status))
		note_number("program_signal", WTERMSIG(status));
	else
		note_number("status", WEXITSTATUS(status));
	return 0;
}

static int x32_open(int argc, char **argv)
{
	long fd = syscall(X32_BIT | SYS_open, argv[0], O_RDONLY, 0);

	(void)argc;
	return fd < 0 ? -errno : note_content((int)fd);
}

const struct op compat_ops[] = {
	{ "compat-open", "PATH", 1, compat_open, NULL },
	{ "compat-unlink", "PATH", 1, compat_unlink, NULL },
	{ "compat-rename", "FROM TO", 2, compat_rename, NULL },
	{ "compat-exec", "PROGRAM", 1, compat_exec, NULL },
	{ "x32-open", "PATH", 1, x32_open, NULL },
	{ 0 },
};

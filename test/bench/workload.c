/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * workload OPERATION COUNT ROUNDS CLOCK PATH
 * Runs OPERATION COUNT times, ROUNDS times over, after one round that warms up, and prints the nanoseconds of one operation in each
 * round, a line each. In a guest that counts instructions a nanosecond is an instruction. CLOCK: "wall", or "own" for the time this
 * process ran, where others run beside it. Operations: getpid, open (and close), exec (vfork, exec, wait), create (and unlink).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void op_getpid(const char *path)
{
	(void)path;
	syscall(SYS_getpid);
}

static void op_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail(path);
	close(fd);
}

static void op_exec(const char *path)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
		fail(path);
}

static void op_create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 || unlink(path))
		fail(path);
	close(fd);
}

static const struct {
	const char *name;
	void (*run)(const char *path);
} operations[] = { { "getpid", op_getpid }, { "open", op_open }, { "exec", op_exec }, { "create", op_create } };

static double now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
	void (*run)(const char *path) = NULL;
	clockid_t clock;
	long count, rounds;

	if (argc != 6)
		return 2;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (!strcmp(operations[i].name, argv[1]))
			run = operations[i].run;
	count = atol(argv[2]);
	rounds = atol(argv[3]);
	clock = strcmp(argv[4], "own") ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID;
	if (!run || count < 1 || rounds < 1)
		return 2;
	for (long round = -1; round < rounds; round++) {
		double began = now_ns(clock);

		for (long i = 0; i < count; i++)
			run(argv[5]);
		if (round >= 0)
			printf("%.1f\n", (now_ns(clock) - began) / (double)count);
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Running programs. All but `become` start the program in a process of its own and note its "status" or "signal";
 * the errno of a failed exec comes back through a pipe that a successful one closes.
 */
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "try.h"

extern char **environ;

struct start {
	int (*exec)(int argc, char **argv);	/* returns only when it failed */
	int argc;
	char **argv;
	int report;	/* write end of the pipe */
};

static void start_and_report(const struct start *start)
{
	int failed;

	start->exec(start->argc, start->argv);
	failed = errno;
	if (write(start->report, &failed, sizeof(failed)) != sizeof(failed))
		_exit(126);
	_exit(127);
}

static int note_end(int report, pid_t pid)
{
	int failed = 0, status;
	ssize_t len;

	if (pid < 0)
		return -errno;
	len = read(report, &failed, sizeof(failed));
	close(report);
	if (waitpid(pid, &status, __WALL) < 0)
		return -errno;
	if (len == (ssize_t)sizeof(failed))
		return -failed;
	if (WIFSIGNALED(status))
		note_number("program_signal", WTERMSIG(status));
	else
		note_number("status", WEXITSTATUS(status));
	return 0;
}

static int run_cloned(int argc, char **argv, int (*exec)(int argc, char **argv), uint64_t flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		struct start start = { exec, argc, argv, ends[1] };

		start_and_report(&start);
	}
	close(ends[1]);
	return note_end(ends[0], pid);
}

static int exec_path(int argc, char **argv)
{
	(void)argc;
	return execv(argv[0], argv);
}

static int exec_at(int argc, char **argv)
{
	int folder = open(argv[0], O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)argc;
	return (int)syscall(SYS_execveat, folder, argv[1], argv + 1, environ, 0);
}

/* By descriptor. Not close-on-exec: a script's interpreter opens it again. */
static int exec_fd(int argc, char **argv)
{
	int fd = open(argv[0], O_RDONLY);

	(void)argc;
	return (int)syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
}

static int exec_path_fd(int argc, char **argv)
{
	int fd = open(argv[0], O_PATH);

	(void)argc;
	return (int)syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
}

static int exec_proc_fd(int argc, char **argv)
{
	int fd = open(argv[0], O_PATH);
	char name[32];

	(void)argc;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return execv(name, argv);
}

static int exec_memory(int argc, char **argv)
{
	int fd = memfd_create("try", 0);

	(void)argc;
	if (fd < 0 || copy_to_fd(argv[0], fd))
		return -1;
	return (int)syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
}

/* A copy that was unlinked before it runs. */
static int exec_deleted(int argc, char **argv)
{
	int to = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	int fd;

	(void)argc;
	if (to < 0 || copy_to_fd(argv[0], to))
		return -1;
	close(to);
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || unlink(argv[1]))
		return -1;
	return (int)syscall(SYS_execveat, fd, "", argv + 1, environ, AT_EMPTY_PATH);
}

/* A copy that never had a name: O_TMPFILE in the folder argv[1]. */
static int exec_temporary(int argc, char **argv)
{
	int to = open(argv[1], O_TMPFILE | O_WRONLY, 0755);
	char name[32];
	int fd;

	(void)argc;
	if (to < 0 || copy_to_fd(argv[0], to))
		return -1;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", to);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	close(to);
	return (int)syscall(SYS_execveat, fd, "", argv + 1, environ, AT_EMPTY_PATH);
}

static void *exec_in_thread(void *argument)
{
	char **argv = argument;

	execv(argv[0], argv);
	return (void *)(intptr_t)errno;
}

/* From a thread that is not the leader; the leader waits. */
static int exec_thread(int argc, char **argv)
{
	void *failed = NULL;
	pthread_t thread;

	(void)argc;
	errno = pthread_create(&thread, NULL, exec_in_thread, argv);
	if (errno)
		return -1;
	pthread_join(thread, &failed);
	errno = (int)(intptr_t)failed;
	return -1;
}

/* Ends as the program did, for a process that stands between it and the report. */
static void end_like(int status)
{
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static int exec_spawn(int argc, char **argv)
{
	pid_t pid;
	int status;

	(void)argc;
	errno = posix_spawn(&pid, argv[0], NULL, NULL, argv, environ);
	if (errno)
		return -1;
	waitpid(pid, &status, 0);
	end_like(status);
	return -1;
}

static int exec_vfork(int argc, char **argv)
{
	volatile int failed = 0;
	int status;
	pid_t pid = vfork();

	(void)argc;
	if (pid == 0) {
		execv(argv[0], argv);
		failed = errno;
		_exit(127);
	}
	waitpid(pid, &status, 0);
	if (!failed)
		end_like(status);
	errno = failed;
	return -1;
}

/* Double fork: the process between has ended and the program's parent is another when it starts. */
static int exec_orphan(int argc, char **argv)
{
	pid_t reaper = getpid();
	int report[2], status, failed = 0;

	(void)argc;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) || pipe2(report, O_CLOEXEC))
		return -1;
	if (fork() == 0) {
		if (fork())
			_exit(0);
		while (getppid() != reaper)
			usleep(1000);
		execv(argv[0], argv);
		failed = errno;
		if (write(report[1], &failed, sizeof(failed)) < 0)
			_exit(126);
		_exit(127);
	}
	close(report[1]);
	while (wait(&status) > 0)
		;
	if (read(report[0], &failed, sizeof(failed)) <= 0)
		end_like(status);
	errno = failed;
	return -1;
}

/* CLONE_PARENT: a sibling, not a child. Its end is seen by the closing of a pipe that it holds. */
static int run_sibling(int argc, char **argv)
{
	struct clone_args args = { .flags = CLONE_PARENT };
	int report[2], alive[2], failed = 0;
	char byte;
	pid_t pid;

	(void)argc;
	if (pipe2(report, O_CLOEXEC) || pipe(alive))
		return -errno;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		struct start start = { exec_path, argc, argv, report[1] };

		start_and_report(&start);
	}
	if (pid < 0)
		return -errno;
	close(report[1]);
	close(alive[1]);
	if (read(report[0], &failed, sizeof(failed)) > 0)
		return -failed;
	return read(alive[0], &byte, 1) < 0 ? -errno : 0;
}

#define FORKED(name, how, flags) \
	static int name(int argc, char **argv) \
	{ \
		return run_cloned(argc, argv, how, flags); \
	}

FORKED(run_path, exec_path, 0)
FORKED(run_at, exec_at, 0)
FORKED(run_fd, exec_fd, 0)
FORKED(run_path_fd, exec_path_fd, 0)
FORKED(run_proc_fd, exec_proc_fd, 0)
FORKED(run_memory, exec_memory, 0)
FORKED(run_deleted, exec_deleted, 0)
FORKED(run_temporary, exec_temporary, 0)
FORKED(run_thread, exec_thread, 0)
FORKED(run_spawn, exec_spawn, 0)
FORKED(run_vfork, exec_vfork, 0)
FORKED(run_orphan, exec_orphan, 0)
FORKED(run_user_namespace, exec_path, CLONE_NEWUSER)
FORKED(run_mount_namespace, exec_path, CLONE_NEWNS)

static int become(int argc, char **argv)
{
	return outcome(exec_path(argc, argv));
}

const struct op exec_ops[] = {
	{ "exec", "PROGRAM [ARG]...", 1, run_path, NULL },
	{ "become", "PROGRAM [ARG]...: without a fork", 1, become, NULL },
	{ "exec-at", "FOLDER NAME [ARG]...", 2, run_at, NULL },
	{ "exec-fd", "PROGRAM: execveat AT_EMPTY_PATH", 1, run_fd, NULL },
	{ "exec-path-fd", "PROGRAM: the same with O_PATH", 1, run_path_fd, NULL },
	{ "exec-proc-fd", "PROGRAM: /proc/self/fd/N", 1, run_proc_fd, NULL },
	{ "exec-memory", "PROGRAM: copied to a memfd", 1, run_memory, NULL },
	{ "exec-deleted", "PROGRAM COPY: copied, opened, unlinked", 2, run_deleted, NULL },
	{ "exec-temporary", "PROGRAM FOLDER: copied to an O_TMPFILE", 2, run_temporary, NULL },
	{ "exec-thread", "PROGRAM: from a thread that is not the leader", 1, run_thread, NULL },
	{ "exec-spawn", "PROGRAM: posix_spawn", 1, run_spawn, NULL },
	{ "exec-vfork", "PROGRAM", 1, run_vfork, NULL },
	{ "exec-orphan", "PROGRAM: after a double fork", 1, run_orphan, NULL },
	{ "exec-sibling", "PROGRAM: clone3 with CLONE_PARENT", 1, run_sibling, NULL },
	{ "exec-user-namespace", "PROGRAM: child in a new user namespace", 1, run_user_namespace, NULL },
	{ "exec-mount-namespace", "PROGRAM: child in a new mount namespace", 1, run_mount_namespace, NULL },
	{ 0 },
};

/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * runtime [OPTION VALUE]... -- PROGRAM [ARG]...: starts a process in a container, or joins one, in the steps that runc takes.
 * A child enters the cgroup, runs this program again there, makes namespaces and a sibling in them (CLONE_PARENT), which mounts,
 * pivots and runs PROGRAM. Prints "started PID", and one line of JSON when it has ended:
 * {"pid":N,"errno":"EPERM","status":N,"signal":N}; errno is that of the exec of PROGRAM, as the runtime would report it.
 *	--cgroup DIR	the container's, entered by the parent's write
 *	--into DIR	the container's, entered by clone3 with CLONE_INTO_CGROUP
 *	--root DIR	becomes the root directory of a new container
 *	--join PID	the container that this process is in
 *	--outside FILE	run in the new mount namespace before it pivots: an OCI hook of the node
 *	--inside FILE	run in the new root before PROGRAM: an OCI hook of the container
 *	--tty 1		PROGRAM has a controlling terminal
 *	--file FILE	of the node: run by descriptor in place of PROGRAM, as a container could lead the runtime to do
 *	--wait FOLDER	prints "waits" before the last exec and goes on when there is a file "go" in this folder of the node
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER = 81, FILE_AT = 82, TERMINAL = 83, FOLDER = 84, PATH_BYTES = 4096, NOT_RUN = 126 };

struct into_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

struct answer {
	int kind;	/* 0: pid, 1: errno of the exec */
	int value;
};

static const char *cgroup, *into, *root, *join, *outside, *inside, *tty, *file, *wait_for;
static char **program;

static void die(const char *what)
{
	fprintf(stderr, "runtime: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void parse(int argc, char **argv)
{
	static const struct {
		const char *name;
		const char **value;
	} options[] = { { "--cgroup", &cgroup }, { "--into", &into }, { "--root", &root }, { "--join", &join },
			{ "--outside", &outside }, { "--inside", &inside }, { "--tty", &tty }, { "--file", &file },
			{ "--wait", &wait_for } };
	int i = 1;

	for (; i + 1 < argc && strcmp(argv[i], "--"); i += 2)
		for (size_t o = 0; o < sizeof(options) / sizeof(options[0]); o++)
			if (!strcmp(argv[i], options[o].name))
				*options[o].value = argv[i + 1];
	program = argv + i + 1;
	if (i + 1 >= argc || (!cgroup && !into)) {
		fprintf(stderr, "runtime: expected --cgroup DIR ... -- PROGRAM\n");
		exit(2);
	}
}

static void answer(int kind, int value)
{
	struct answer a = { .kind = kind, .value = value };

	if (write(ANSWER, &a, sizeof(a)) != sizeof(a))
		die("answer");
}

static void run(const char *path)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl(path, path, "true", NULL);
		_exit(NOT_RUN);
	}
	waitpid(pid, &status, 0);
}

/* The pivot leaves the old root without a name, as runc does. */
static void enter_root(void)
{
	char proc[PATH_BYTES];

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount(root, root, NULL, MS_BIND | MS_REC, NULL))
		die("mount");
	snprintf(proc, sizeof(proc), "%s/proc", root);
	/* a machine that hides parts of its own does not let a new one be mounted */
	if (mount("proc", proc, "proc", 0, NULL) && mount("/proc", proc, NULL, MS_BIND | MS_REC, NULL))
		die("mount proc");
	if (outside)
		run(outside);
	if (chdir(root) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		die("pivot_root");
}

/* What the node has and the container's root has not. The other end stays open: a terminal without it hangs up. */
static void open_for_init(void)
{
	char path[64];
	int number, zero = 0, master;

	if (file && (dup2(open(file, O_RDONLY), FILE_AT) != FILE_AT || fcntl(FILE_AT, F_SETFD, FD_CLOEXEC)))
		die(file);
	if (wait_for && dup3(open(wait_for, O_PATH | O_CLOEXEC), FOLDER, O_CLOEXEC) != FOLDER)
		die(wait_for);
	if (!tty)
		return;
	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	if (master < 0 || ioctl(master, TIOCSPTLCK, &zero) || ioctl(master, TIOCGPTN, &number))
		die("ptmx");
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	if (dup2(open(path, O_RDWR | O_NOCTTY), TERMINAL) != TERMINAL)
		die(path);
}

static void wait_until(void)
{
	struct stat found;

	printf("waits\n");
	fflush(stdout);
	while (fstatat(FOLDER, "go", &found, 0))
		usleep(10000);
}

/* In the namespaces of the container: the last steps. */
static void init(void)
{
	if (tty && (setsid() < 0 || ioctl(TERMINAL, TIOCSCTTY, 0)))
		die("terminal");
	if (root)
		enter_root();
	if (inside)
		run(inside);
	if (wait_for)
		wait_until();
	if (file)
		syscall(SYS_execveat, FILE_AT, "", program, environ, AT_EMPTY_PATH);
	else
		execve(program[0], program, environ);
	answer(1, errno);
	_exit(NOT_RUN);
}

static void join_container(void)
{
	static const char *const kinds[] = { "pid", "mnt" };
	char path[64];

	for (int i = 0; i < 2; i++) {
		int ns;

		snprintf(path, sizeof(path), "/proc/%s/ns/%s", join, kinds[i]);
		ns = open(path, O_RDONLY | O_CLOEXEC);
		if (ns < 0 || setns(ns, 0))
			die("setns");
		close(ns);
	}
}

/* In the cgroup, as the program that it has just run again. Its child is its parent's. */
static int stage(void)
{
	pid_t pid;

	unsetenv("RUNTIME_STAGE");
	fcntl(ANSWER, F_SETFD, FD_CLOEXEC);
	open_for_init();
	if (join)
		join_container();
	else if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC))
		die("unshare");
	pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid < 0)
		die("clone");
	if (pid == 0)
		init();
	answer(0, pid);
	return 0;
}

static pid_t start(int *folder)
{
	struct into_args args = { .flags = 0x200000000ULL, .exit_signal = SIGCHLD };

	if (!into)
		return fork();
	*folder = open(into, O_PATH | O_CLOEXEC);
	args.cgroup = (uint64_t)*folder;
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static void enter(pid_t child)
{
	char path[PATH_BYTES], text[32];
	int procs, len = snprintf(text, sizeof(text), "%d", (int)child);

	if (!cgroup)
		return;
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	procs = open(path, O_WRONLY | O_CLOEXEC);
	if (procs < 0 || write(procs, text, (size_t)len) != len)
		die(path);
	close(procs);
}

static void report(pid_t stage_pid, int answers)
{
	struct answer a;
	int status = 0, code = 0, failed = 0;
	pid_t pid = 0, ended;

	while (read(answers, &a, sizeof(a)) == sizeof(a)) {
		if (a.kind == 1) {
			failed = a.value;
			continue;
		}
		pid = a.value;
		printf("started %d\n", (int)pid);
		fflush(stdout);
	}
	while ((ended = wait(&status)) > 0) {
		if (ended != stage_pid)
			code = status;
		else if (!pid)
			code = status;
	}
	printf("{\"pid\":%d,\"errno\":\"%s\",\"status\":%d,\"signal\":%d}\n", (int)pid, failed ? strerrorname_np(failed) : "",
	       WIFEXITED(code) ? WEXITSTATUS(code) : 0, WIFSIGNALED(code) ? WTERMSIG(code) : 0);
}

int main(int argc, char **argv)
{
	int go[2], answers[2], folder = -1;
	pid_t child;

	parse(argc, argv);
	if (getenv("RUNTIME_STAGE"))
		return stage();
	if (pipe2(go, O_CLOEXEC) || pipe2(answers, O_CLOEXEC))
		die("pipe");
	child = start(&folder);
	if (child < 0)
		die("clone");
	if (child == 0) {
		char byte;

		setenv("RUNTIME_STAGE", "1", 1);
		dup2(answers[1], ANSWER);
		close(go[1]);
		if (read(go[0], &byte, 1) != 1)
			_exit(2);
		execv("/proc/self/exe", argv);
		die("exec");
	}
	close(answers[1]);
	enter(child);
	if (write(go[1], "g", 1) != 1)
		die("go");
	report(child, answers[0]);
	return 0;
}

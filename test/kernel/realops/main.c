/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * realops FOLDER < list: thousands of real operations below a root of their own, each by a process of a workload.
 * Mounts a tmpfs on FOLDER and makes it the root of a mount namespace, so that every name can exist. Lines of the list, paths in hex:
 *	workload CGROUP-FOLDER main|other PROGRAM|-	numbered from 0; "other": a process that only waits is the workload's main one;
 *							PROGRAM: the path that this program is run from again once it is in the cgroup
 *	do WORKLOAD KIND PATH [PATH]			the files that the kind needs are made before and removed after
 * Prints a line for each: "start" or "do", WORKLOAD, then "ok", "denied" (EPERM), "killed", "skipped" (could not be prepared), "error N".
 * "start" is the exec of PROGRAM, printed each time a process of the workload has been started.
 */
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "realops.h"

struct workload {
	int procs;
	bool other;
	char program[PATH_BYTES];
	bool program_fails;
	pid_t waiter;
};

static struct workload workloads[WORKLOADS_MAX];
static int workload_count;
static int self;		/* this program, for copies of it */
static int worker_of = -1;	/* workload of the running worker */
static pid_t worker;
static int channel = -1;
static const char *kept = "";	/* the program of the running workload: not removed */

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void serve(void)
{
	static struct order o;

	while (recv(CHANNEL, &o, sizeof(o), 0) == sizeof(o)) {
		int result = perform(&o);

		if (send(CHANNEL, &result, sizeof(result), 0) != sizeof(result))
			break;
	}
	_exit(0);
}

static int remove_one(const char *path, const struct stat *found, int type, struct FTW *at)
{
	(void)found;
	(void)type;
	if (at->level > 0 && strcmp(path, kept))
		remove(path);
	return 0;
}

/* Everything but the running worker's program; the folders above that are not empty and so stay. */
static void clean(void)
{
	nftw("/", remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void join(const struct workload *w)
{
	if (pwrite(w->procs, "0", 1, 0) != 1)
		_exit(3);
}

static void start_waiter(struct workload *w)
{
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC))
		die("pipe");
	w->waiter = fork();
	if (w->waiter == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		join(w);
		close(ends[1]);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) < 0)
		die("waiter");
	close(ends[0]);
}

static void end_worker(void)
{
	if (worker > 0) {
		kill(worker, SIGKILL);
		waitpid(worker, NULL, 0);
		close(channel);
	}
	worker = 0;
	worker_of = -1;
}

static void put_program(const char *path)
{
	struct stat found;
	void *bytes;

	if (!path[0] || !access(path, F_OK))
		return;
	if (fstat(self, &found))
		die("stat");
	bytes = mmap(NULL, (size_t)found.st_size, PROT_READ, MAP_PRIVATE, self, 0);
	if (bytes == MAP_FAILED || make_parents(path) || make_file(path, bytes, (size_t)found.st_size))
		die("copy of the program");
	munmap(bytes, (size_t)found.st_size);
}

static void worker_main(struct workload *w, int end)
{
	char *const argv[] = { "realops", "--serve", NULL };
	int result = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(end, CHANNEL) < 0)
		_exit(3);
	join(w);
	if (w->program[0] && !w->program_fails) {
		execv(w->program, argv);
		result = -errno;
		if (send(CHANNEL, &result, sizeof(result), 0) != sizeof(result))
			_exit(3);
	}
	serve();
}

static const char *word(int result, char *text, size_t size)
{
	if (result == KILLED)
		return "killed";
	if (result == SKIPPED)
		return "skipped";
	if (result == DENIED)
		return "denied";
	if (!result)
		return "ok";
	snprintf(text, size, "error %d", -result);
	return text;
}

static void report(const char *what, int which, int result)
{
	char text[32];

	printf("%s %d %s\n", what, which, word(result, text, sizeof(text)));
}

/* Starts a worker and tells what became of the exec of its program. */
static void start_worker(int which)
{
	struct workload *w = &workloads[which];
	int ends[2], result;

	kept = w->program_fails ? "" : w->program;
	clean();
	put_program(kept);
	for (;;) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
			die("socketpair");
		fflush(stdout);
		worker = fork();
		if (worker == 0)
			worker_main(w, ends[1]);
		close(ends[1]);
		channel = ends[0];
		worker_of = which;
		if (!w->program[0] || w->program_fails)
			return;
		/* served by the program itself: its greeting; refused: the errno */
		if (recv(channel, &result, sizeof(result), 0) == sizeof(result)) {
			report("start", which, result);
			w->program_fails = result != 0;
			if (result)
				kept = "";
			return;
		}
		report("start", which, KILLED);
		w->program_fails = true;
		kept = "";
		end_worker();
		clean();
	}
}

static int ask(const struct order *o)
{
	int result;

	if (send(channel, o, sizeof(*o), 0) != sizeof(*o))
		return KILLED;
	return recv(channel, &result, sizeof(result), 0) == sizeof(result) ? result : KILLED;
}

static void do_order(int which, const struct order *o)
{
	int result;

	if (worker_of != which) {
		end_worker();
		start_worker(which);
	}
	if (prepare(o)) {
		report("do", which, SKIPPED);
		clean();
		return;
	}
	result = ask(o);
	report("do", which, result);
	/* a killed child of the worker leaves the worker alive */
	if (result == KILLED && strcmp(o->kind, "exec"))
		end_worker();
	clean();
}

static void unhex(const char *hex, char *path)
{
	size_t len = 0;
	unsigned int byte;

	for (; hex[0] && hex[1] && len < PATH_BYTES - 1; hex += 2) {
		if (sscanf(hex, "%2x", &byte) != 1)
			break;
		path[len++] = (char)byte;
	}
	path[len] = '\0';
}

static void enter_root(const char *folder)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", folder, "tmpfs", 0, "mode=0755") || chdir(folder) ||
	    syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		die("root");
}

static void add_workload(const char *folder, const char *main, const char *program)
{
	struct workload *w = &workloads[workload_count++];
	char path[PATH_BYTES + 16];

	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	w->procs = open(path, O_WRONLY | O_CLOEXEC);
	if (w->procs < 0 || workload_count == WORKLOADS_MAX)
		die(path);
	w->other = !strcmp(main, "other");
	if (strcmp(program, "-"))
		unhex(program, w->program);
}

int main(int argc, char **argv)
{
	static char line[LINE_BYTES], first[2 * PATH_BYTES], second[2 * PATH_BYTES], folder[PATH_BYTES];
	static struct order o;
	bool entered = false;
	char role[16];
	int which, words;

	if (argc == 2 && !strcmp(argv[1], "--serve")) {
		int greeting = 0;

		if (send(CHANNEL, &greeting, sizeof(greeting), 0) == sizeof(greeting))
			serve();
		return 3;
	}
	self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (argc != 2 || self < 0)
		die("usage: realops FOLDER");
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "workload %4095s %15s %8191s", folder, role, first) == 3) {
			add_workload(folder, role, first);
			continue;
		}
		if (!entered)
			enter_root(argv[1]);
		entered = true;
		memset(&o, 0, sizeof(o));
		words = sscanf(line, "do %d %15s %8191s %8191s", &which, o.kind, first, second);
		if (words < 3 || which >= workload_count)
			die("a line of the list");
		unhex(first, o.path);
		if (words == 4)
			unhex(second, o.second);
		if (workloads[which].other && !workloads[which].waiter)
			start_waiter(&workloads[which]);
		do_order(which, &o);
	}
	end_worker();
	for (int i = 0; i < workload_count; i++)
		if (workloads[i].waiter > 0) {
			kill(workloads[i].waiter, SIGKILL);
			waitpid(workloads[i].waiter, NULL, 0);
		}
	return 0;
}

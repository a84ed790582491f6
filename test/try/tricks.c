/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Ways round that need more than one call, and calls that are seldom made. */
#include <elf.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "try.h"

#ifndef SYS_file_setattr
#define SYS_file_setattr 469
#endif
#define TREE_CLONE 1
#define TREE_NAMESPACE 2

extern char **environ;

/* Access mode 3: neither reading nor writing, which leaves ioctl. */
static int open_ioctl(int argc, char **argv)
{
	int fd = open(argv[0], O_ACCMODE | O_CLOEXEC);

	(void)argc;
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* A bind mount that also asks for a change of propagation: the kernel makes the mount and ignores the rest. */
static int bind_private(int argc, char **argv)
{
	(void)argc;
	return outcome(mount(argv[0], argv[1], NULL, MS_BIND | MS_PRIVATE, NULL));
}

static int mount_type(int argc, char **argv)
{
	return outcome(mount(argc > 2 ? argv[2] : "try", argv[1], argv[0], 0, argc > 3 ? argv[3] : NULL));
}

static int map_executable(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *page;

	if (fd < 0)
		return -errno;
	page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	close(fd);
	return page == MAP_FAILED ? -errno : 0;
}

/* The exec must fail; then the same file is mapped executable by the same task. */
static int map_after_exec(int argc, char **argv)
{
	(void)argc;
	execv(argv[0], argv);
	note_text("exec", strerrorname_np(errno), strlen(strerrorname_np(errno)));
	return map_executable(argv[0]);
}

static int join(const char *cgroup)
{
	char name[4096];
	int fd, result;

	snprintf(name, sizeof(name), "%s/cgroup.procs", cgroup);
	fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = outcome(write(fd, "0", 1));
	close(fd);
	return result;
}

static int do_join(int argc, char **argv)
{
	(void)argc;
	return join(argv[0]);
}

static int read_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result = fd < 0 ? -errno : note_content(fd);

	if (fd >= 0)
		close(fd);
	return result;
}

/* Re-parented to PID 1 without an exec, as its own children are; then moves to a cgroup and reads. */
static int join_as_orphan(int argc, char **argv)
{
	int ends[2], result = -EIO;

	(void)argc;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	if (fork() == 0) {
		if (fork())
			_exit(0);
		while (getppid() != 1)
			usleep(1000);
		result = join(argv[0]);
		if (!result)
			result = read_path(argv[1]);
		_exit(write(ends[1], &result, sizeof(result)) < 0);
	}
	close(ends[1]);
	if (read(ends[0], &result, sizeof(result)) <= 0)
		return -EPIPE;
	return result;
}

/* clone3 with CLONE_INTO_CGROUP; the child reads. */
static int read_in_cgroup(int argc, char **argv)
{
	int cgroup = open(argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)cgroup };
	int ends[2], result = -EPIPE;
	pid_t pid;

	(void)argc;
	if (cgroup < 0 || pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		result = read_path(argv[1]);
		_exit(write(ends[1], &result, sizeof(result)) < 0);
	}
	if (pid < 0)
		return -errno;
	close(ends[1]);
	if (read(ends[0], &result, sizeof(result)) < 0)
		result = -errno;
	waitpid(pid, NULL, 0);
	return result;
}

struct waiting {
	pthread_barrier_t moved;
	const char *path;
	int result;
};

static void *read_when_moved(void *argument)
{
	struct waiting *waiting = argument;

	pthread_barrier_wait(&waiting->moved);
	waiting->result = read_path(waiting->path);
	return NULL;
}

/* The thread is there when its process is moved, and reads after that. */
static int thread_moved(int argc, char **argv)
{
	struct waiting waiting = { .path = argv[1] };
	pthread_t thread;
	int result;

	(void)argc;
	pthread_barrier_init(&waiting.moved, NULL, 2);
	if (pthread_create(&thread, NULL, read_when_moved, &waiting))
		return -EAGAIN;
	result = join(argv[0]);
	usleep(2000000);
	pthread_barrier_wait(&waiting.moved);
	pthread_join(thread, NULL);
	return result ? result : waiting.result;
}

/* A descriptor from before, its length changed. */
static int truncate_inherited(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return outcome(ftruncate(given_fd, 0));
}

static int open_before(int argc, char **argv)
{
	(void)argc;
	given_fd = open(argv[0], O_RDWR);
	return outcome(given_fd);
}

/* Flags of a file by path, without ioctl: Linux 6.17. */
static int set_flags_at(int argc, char **argv)
{
	struct {
		uint64_t flags;
		uint32_t extent, next, project, cow;
	} attributes = { .flags = 0x80 };

	(void)argc;
	return outcome(syscall(SYS_file_setattr, AT_FDCWD, argv[0], &attributes, sizeof(attributes), 0));
}

/* A mount namespace whose root is a copy of a folder, in one call: Linux 7. */
static int namespace_of_tree(int argc, char **argv)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, argv[0], TREE_NAMESPACE | O_CLOEXEC);

	(void)argc;
	if (tree < 0) {
		int result = -errno;

		note_text("stage", "open_tree", 9);
		return result;
	}
	if (setns(tree, CLONE_NEWNS)) {
		int result = -errno;

		note_text("stage", "setns", 5);
		return result;
	}
	return read_path(argv[1]);
}

/* Writes a program that has nothing but the name of the program that is to load it. */
static int write_interpreted(const char *path, const char *interpreter)
{
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr parts[2];
		char name[256];
	} file = {
		.head = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			.e_phoff = sizeof(Elf64_Ehdr), .e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2,
		},
		.parts = {
			{ .p_type = PT_INTERP, .p_flags = PF_R, .p_align = 1 },
			{ .p_type = PT_LOAD, .p_flags = PF_R, .p_align = 4096 },
		},
	};
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t len;

	if (fd < 0)
		return -errno;
	strncpy(file.name, interpreter, sizeof(file.name) - 1);
	file.parts[0].p_offset = offsetof(typeof(file), name);
	file.parts[0].p_filesz = file.parts[0].p_memsz = strlen(interpreter) + 1;
	file.parts[1].p_filesz = file.parts[1].p_memsz = sizeof(file);
	len = write(fd, &file, sizeof(file));
	close(fd);
	return len == sizeof(file) ? 0 : -EIO;
}

/* argv[0] runs as the ELF interpreter of a program that is written to argv[1]; the rest are arguments. */
static int exec_interpreter(int argc, char **argv)
{
	int result = write_interpreted(argv[1], argv[0]), status;
	pid_t pid;

	(void)argc;
	if (result)
		return result;
	pid = fork();
	if (pid == 0) {
		execv(argv[1], argv + 1);
		_exit(126);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	if (WIFSIGNALED(status))
		note_number("program_signal", WTERMSIG(status));
	else
		note_number("status", WEXITSTATUS(status));
	return 0;
}

const struct op trick_ops[] = {
	{ "open-ioctl", "PATH: access mode 3", 1, open_ioctl, NULL },
	{ "bind-private", "FROM TO: MS_BIND with MS_PRIVATE", 2, bind_private, NULL },
	{ "mount-type", "TYPE FOLDER [SOURCE [DATA]]", 2, mount_type, NULL },
	{ "map-after-exec", "PROGRAM: an exec that fails, then an executable mapping", 1, map_after_exec, NULL },
	{ "join", "CGROUP", 1, do_join, NULL },
	{ "orphan-join", "CGROUP PATH: a child of PID 1 joins, and reads", 2, join_as_orphan, NULL },
	{ "clone-into", "CGROUP PATH: clone3, the child reads", 2, read_in_cgroup, NULL },
	{ "thread-moved", "CGROUP PATH: a thread that was there before the move reads", 2, thread_moved, NULL },
	{ "inherited-truncate", "PATH: opened by the parent", 1, truncate_inherited, open_before },
	{ "file-setattr", "PATH", 1, set_flags_at, NULL },
	{ "tree-namespace", "FOLDER PATH: read in a namespace made of the folder", 2, namespace_of_tree, NULL },
	{ "exec-interpreter", "PROGRAM NEW [ARG]...: as the interpreter of an ELF file", 2, exec_interpreter, NULL },
	{ 0 },
};

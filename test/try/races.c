/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * A second thread changes what a name or descriptor means while the operation runs. The first argument is the harmless object, the
 * second the guarded one. Noted: "harmless", "guarded" (how often each was really reached, told by inode) and "refused".
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "try.h"

struct race {
	const char *names[2];
	char *shared;		/* text that is rewritten */
	int folders[2], folder;	/* descriptor that is replaced */
	char link[4096];
	volatile bool stop;
};

struct results {
	long harmless, guarded, refused, other;
};

static void count(struct results *results, int fd, ino_t guarded)
{
	struct stat found;

	if (fd < 0) {
		if (errno == EPERM || errno == EACCES)
			results->refused++;
		else
			results->other++;
		return;
	}
	if (!fstat(fd, &found) && found.st_ino == guarded)
		results->guarded++;
	else
		results->harmless++;
	close(fd);
}

static int note_results(const struct results *results)
{
	note_number("harmless", results->harmless);
	note_number("guarded", results->guarded);
	note_number("refused", results->refused);
	note_number("other", results->other);
	return 0;
}

/* Outside the policy's reach this needs no open: the inode of the guarded file. */
static ino_t inode_of(const char *path)
{
	struct stat found;

	return stat(path, &found) ? 0 : found.st_ino;
}

static void *swap_text(void *argument)
{
	struct race *race = argument;

	for (int turn = 0; !race->stop; turn ^= 1)
		strcpy(race->shared, race->names[turn]);
	return NULL;
}

static void *swap_folder(void *argument)
{
	struct race *race = argument;

	for (int turn = 0; !race->stop; turn ^= 1)
		dup2(race->folders[turn], race->folder);
	return NULL;
}

static void *swap_link(void *argument)
{
	struct race *race = argument;
	char next[4200];

	snprintf(next, sizeof(next), "%s.next", race->link);
	for (int turn = 0; !race->stop; turn ^= 1)
		if (!symlink(race->names[turn], next))
			rename(next, race->link);
	return NULL;
}

/* Lets the other thread run; without it a guest's one processor would see few changes. */
static bool next_try(long *left)
{
	sched_yield();
	return (*left)-- > 0;
}

static void end_race(struct race *race, pthread_t thread)
{
	race->stop = true;
	pthread_join(thread, NULL);
}

static int race_text(int argc, char **argv)
{
	struct race race = { .names = { argv[0], argv[1] } };
	struct results results = { 0 };
	ino_t guarded = inode_of(argv[1]);
	long left = number_arg(argv[2]);
	pthread_t thread;

	(void)argc;
	race.shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	strcpy(race.shared, argv[0]);
	if (pthread_create(&thread, NULL, swap_text, &race))
		return -EAGAIN;
	while (next_try(&left))
		count(&results, open(race.shared, O_RDONLY | O_CLOEXEC), guarded);
	end_race(&race, thread);
	return note_results(&results);
}

/* Two folders, one name in both. */
static int race_folder(int argc, char **argv)
{
	struct race race = { .folders = { open(argv[0], O_PATH), open(argv[1], O_PATH) }, .folder = open(argv[0], O_PATH) };
	struct results results = { 0 };
	struct stat found;
	long left = number_arg(argv[3]);
	pthread_t thread;

	(void)argc;
	if (race.folders[0] < 0 || race.folders[1] < 0 || fstatat(race.folders[1], argv[2], &found, 0))
		return -errno;
	if (pthread_create(&thread, NULL, swap_folder, &race))
		return -EAGAIN;
	while (next_try(&left))
		count(&results, openat(race.folder, argv[2], O_RDONLY | O_CLOEXEC), found.st_ino);
	end_race(&race, thread);
	return note_results(&results);
}

/* A symbolic link argv[2], replaced by rename. */
static int race_link(int argc, char **argv)
{
	struct race race = { .names = { argv[0], argv[1] } };
	struct results results = { 0 };
	ino_t guarded = inode_of(argv[1]);
	long left = number_arg(argv[3]);
	pthread_t thread;

	(void)argc;
	strncpy(race.link, argv[2], sizeof(race.link) - 1);
	if (symlink(argv[0], argv[2]) && errno != EEXIST)
		return -errno;
	if (pthread_create(&thread, NULL, swap_link, &race))
		return -EAGAIN;
	while (next_try(&left))
		count(&results, open(race.link, O_RDONLY | O_CLOEXEC), guarded);
	end_race(&race, thread);
	return note_results(&results);
}

/* Programs: the harmless one is expected to exit with 0, the guarded one with another status. */
static int race_exec(int argc, char **argv)
{
	struct race race = { .names = { argv[0], argv[1] } };
	struct results results = { 0 };
	long left = number_arg(argv[2]);
	pthread_t thread;
	int status;

	(void)argc;
	race.shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	strcpy(race.shared, argv[0]);
	if (pthread_create(&thread, NULL, swap_text, &race))
		return -EAGAIN;
	while (next_try(&left)) {
		pid_t pid = vfork();

		if (pid == 0) {
			execl(race.shared, "raced", (char *)NULL);
			_exit(errno == EPERM || errno == EACCES ? 126 : 127);
		}
		if (waitpid(pid, &status, 0) < 0)
			return -errno;
		if (WIFSIGNALED(status) || WEXITSTATUS(status) == 126)
			results.refused++;
		else if (WEXITSTATUS(status) == 127)
			results.other++;
		else if (WEXITSTATUS(status))
			results.guarded++;
		else
			results.harmless++;
	}
	end_race(&race, thread);
	return note_results(&results);
}

const struct op race_ops[] = {
	{ "race-text", "HARMLESS GUARDED TRIES: the path's bytes change", 3, race_text, NULL },
	{ "race-folder", "HARMLESS GUARDED NAME TRIES: the folder's descriptor changes", 4, race_folder, NULL },
	{ "race-link", "HARMLESS GUARDED LINK TRIES: a symbolic link changes", 4, race_link, NULL },
	{ "race-exec", "HARMLESS GUARDED TRIES: the program's path changes", 3, race_exec, NULL },
	{ 0 },
};

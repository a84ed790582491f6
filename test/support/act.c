/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * act then PROGRAM [ARG]...   the first thing it does is to run another program
 * act loop PROGRAM [ARG]...   tries to run it every second
 * act mark FILE [stay]        writes to a file: who ran, and when last, shows by it
 * act stay                    waits until it is killed
 */
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int mark(const char *path)
{
	int file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);

	return file < 0 || write(file, "x", 1) != 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "then")) {
		execv(argv[2], argv + 2);
		return 126;
	}
	while (!strcmp(what, "loop")) {
		if (!fork()) {
			execv(argv[2], argv + 2);
			_exit(126);
		}
		wait(NULL);
		sleep(1);
	}
	if (!strcmp(what, "mark") && mark(argv[2]))
		return 1;
	if (!strcmp(argv[argc - 1], "stay"))
		pause();
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Shared by the parts of realops; see main.c. */
#ifndef REALOPS_H
#define REALOPS_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKLOADS_MAX = 512, PATH_BYTES = 4096, LINE_BYTES = 5 * PATH_BYTES, CHANNEL = 3 };
enum { DENIED = -EPERM, KILLED = -1000, SKIPPED = -1001 };

struct order {
	char kind[16];
	char path[PATH_BYTES];
	char second[PATH_BYTES];
};

/* Does the operation; 0, a negative errno, or KILLED for a program that was. */
int perform(const struct order *o);

/* Makes what the operation needs. */
int prepare(const struct order *o);

int make_parents(const char *path);
int make_file(const char *path, const void *bytes, size_t len);

#endif

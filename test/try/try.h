/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * One operation on the kernel, reported truthfully: what tests of enforcement are made of. See main.c for the command line.
 * An operation returns 0 or a negative errno and may add what it saw with the note functions.
 */
#ifndef TRY_H
#define TRY_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

struct op {
	const char *name;
	const char *args;	/* for the usage text */
	int argc;		/* arguments it must have; more are passed on */
	int (*run)(int argc, char **argv);
	/* Runs in the parent, before the child is forked and joins its cgroup. */
	int (*before)(int argc, char **argv);
};

extern const struct op file_ops[], name_ops[], attribute_ops[], descriptor_ops[], exec_ops[], mount_ops[], ring_ops[], compat_ops[],
	race_ops[], trick_ops[];

/* Adds a member to the operation's line of output. */
void note_number(const char *key, long value);
void note_text(const char *key, const char *bytes, size_t len);

/* The outcome of a call that returns -1 and sets errno. */
static inline int outcome(long ret)
{
	return ret < 0 ? -errno : 0;
}

/* Reads the beginning of an open file and notes it as "data"; 0 or a negative errno. */
int note_content(int fd);

/* Copies a whole file; 0 or a negative errno. */
int copy_to_fd(const char *from, int fd);

/* Descriptor that `before` left for the child. */
extern int given_fd;

long number_arg(const char *text);

#endif

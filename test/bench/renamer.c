/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* renamer A B: renames A to B and back, 1,000 renames a second, until it is killed. Each one empties caches keyed by the kernel's rename sequence. */
#include <stdio.h>
#include <time.h>

int main(int argc, char **argv)
{
	struct timespec pause = { .tv_nsec = 1000000 };

	if (argc != 3)
		return 2;
	for (int turn = 0;; turn ^= 1) {
		if (rename(argv[1 + turn], argv[2 - turn]))
			return 1;
		nanosleep(&pause, NULL);
	}
}

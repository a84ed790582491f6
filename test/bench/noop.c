/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The program that the exec workload runs: as little as possible besides the exec itself. */
int main(void)
{
	return 0;
}

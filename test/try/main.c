/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * try [--cgroup DIR]... [--times N [--each]] [--escaped] OP ARG... [-- OP ARG...]...
 *
 * A child is forked, joins the cgroup (writes itself to DIR/cgroup.procs) and runs the operations one after the other. Each prints a
 * line of JSON: {"op":"open-read","ret":-1,"errno":"EPERM"}. A child that is killed is reported by the parent, which stays outside:
 * {"op":"open-read","signal":9}. With --times only sums are printed: {"op":...,"tries":N,"ok":N,"errnos":{"EPERM":N},"signals":{"9":N}};
 * --each forks a child for each try. --escaped: \xNN in arguments is that byte. --cgroup twice: joins one after the other.
 */
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "try.h"

enum { ERRNOS = 256, SIGNALS = 65, OPS_MAX = 512, CGROUPS_MAX = 4 };

/* Shared with the child, so that what it did before it died is known. */
struct tally {
	const struct op *volatile current;
	volatile long tries, ok;
	volatile long errnos[ERRNOS];
	long signals[SIGNALS];
};

struct step {
	const struct op *op;
	int argc;
	char **argv;
};

static struct {
	const char *cgroups[CGROUPS_MAX];
	int cgroup_count;
	long times;
	bool each, summary, escaped;
	struct step steps[OPS_MAX];
	int step_count;
} job = { .times = 1 };

static struct tally *tally;
static char notes[16384];
static size_t notes_len;
int given_fd = -1;

static const struct op *const families[] = { file_ops, name_ops, attribute_ops, descriptor_ops, exec_ops,
					     mount_ops, ring_ops, compat_ops, race_ops, trick_ops };
enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

static void append(const char *format, ...)
{
	va_list args;
	size_t room = sizeof(notes) - notes_len;
	int len;

	va_start(args, format);
	len = vsnprintf(notes + notes_len, room, format, args);
	va_end(args);
	if (len > 0 && (size_t)len < room)
		notes_len += (size_t)len;
}

void note_number(const char *key, long value)
{
	append(",\"%s\":%ld", key, value);
}

void note_text(const char *key, const char *bytes, size_t len)
{
	append(",\"%s\":\"", key);
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\')
			append("\\u%04x", byte);
		else
			append("%c", byte);
	}
	append("\"");
}

long number_arg(const char *text)
{
	char *end;
	long value = strtol(text, &end, 0);

	if (*end || end == text) {
		fprintf(stderr, "try: expected a number, got \"%s\"\n", text);
		exit(2);
	}
	return value;
}

static void usage(void)
{
	fprintf(stderr, "usage: try [--cgroup DIR]... [--times N [--each]] [--escaped] OP ARG... [-- OP ARG...]...\n");
	for (int i = 0; i < FAMILIES; i++)
		for (const struct op *op = families[i]; op->name; op++)
			fprintf(stderr, "  %s %s\n", op->name, op->args);
	exit(2);
}

static const struct op *find_op(const char *name)
{
	for (int i = 0; i < FAMILIES; i++)
		for (const struct op *op = families[i]; op->name; op++)
			if (!strcmp(op->name, name))
				return op;
	fprintf(stderr, "try: no operation \"%s\"\n", name);
	exit(2);
}

/* In place: \xNN becomes that byte. */
static void unescape(char *text)
{
	char *to = text;

	for (char *from = text; *from; to++) {
		unsigned int byte;

		if (sscanf(from, "\\x%2x", &byte) == 1) {
			*to = (char)byte;
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

static int parse_options(int argc, char **argv)
{
	int i = 1;

	for (; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--each"))
			job.each = true;
		else if (!strcmp(argv[i], "--escaped"))
			job.escaped = true;
		else if (!strcmp(argv[i], "--cgroup") && i + 1 < argc && job.cgroup_count < CGROUPS_MAX)
			job.cgroups[job.cgroup_count++] = argv[++i];
		else if (!strcmp(argv[i], "--times") && i + 1 < argc) {
			job.times = number_arg(argv[++i]);
			job.summary = true;
		} else
			usage();
	}
	return i;
}

static void parse(int argc, char **argv)
{
	int i = parse_options(argc, argv);

	while (i < argc) {
		struct step *step = &job.steps[job.step_count++];

		step->op = find_op(argv[i++]);
		step->argv = argv + i;
		while (i < argc && strcmp(argv[i], "--")) {
			if (job.escaped)
				unescape(argv[i]);
			i++;
			step->argc++;
		}
		if (step->argc < step->op->argc || job.step_count == OPS_MAX)
			usage();
		if (i < argc)
			argv[i++] = NULL;
	}
	if (!job.step_count)
		usage();
}

static void print_line(const struct op *op, int result)
{
	dprintf(1, "{\"op\":\"%s\",\"ret\":%d,\"errno\":\"%s\"%.*s}\n", op->name, result < 0 ? -1 : 0,
		result < 0 ? strerrorname_np(-result) : "", (int)notes_len, notes);
}

static void run_steps(void)
{
	for (int i = 0; i < job.step_count; i++) {
		const struct step *step = &job.steps[i];
		int result;

		notes_len = 0;
		tally->current = step->op;
		result = step->op->run(step->argc, step->argv);
		/* Sums are about the last operation; those before it only prepare. */
		if (!job.summary)
			print_line(step->op, result);
		else if (i == job.step_count - 1 && result == 0)
			tally->ok++;
		else if (result < 0)
			tally->errnos[-result < ERRNOS ? -result : 0]++;
	}
}

static void join_cgroups(void)
{
	for (int i = 0; i < job.cgroup_count; i++) {
		char path[4096];
		int fd;

		snprintf(path, sizeof(path), "%s/cgroup.procs", job.cgroups[i]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0", 1) != 1) {
			fprintf(stderr, "try: cannot join %s: %s\n", path, strerror(errno));
			_exit(2);
		}
		close(fd);
	}
}

static void child(long times)
{
	join_cgroups();
	for (long i = 0; i < times; i++) {
		tally->tries++;
		run_steps();
	}
	_exit(0);
}

/* Runs one child to its end; its exit status, 0 when a signal ended it. */
static int one_child(long times)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		child(times);
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("try: fork");
		exit(2);
	}
	if (WIFSIGNALED(status)) {
		tally->signals[WTERMSIG(status)]++;
		if (!job.summary)
			dprintf(1, "{\"op\":\"%s\",\"signal\":%d}\n", tally->current ? tally->current->name : "", WTERMSIG(status));
		return 0;
	}
	return WEXITSTATUS(status);
}

static void print_sums(void)
{
	const char *separator = "";

	printf("{\"op\":\"%s\",\"tries\":%ld,\"ok\":%ld,\"errnos\":{", job.steps[job.step_count - 1].op->name, tally->tries, tally->ok);
	for (int i = 0; i < ERRNOS; i++)
		if (tally->errnos[i]) {
			printf("%s\"%s\":%ld", separator, strerrorname_np(i), tally->errnos[i]);
			separator = ",";
		}
	printf("},\"signals\":{");
	separator = "";
	for (int i = 0; i < SIGNALS; i++)
		if (tally->signals[i]) {
			printf("%s\"%d\":%ld", separator, i, tally->signals[i]);
			separator = ",";
		}
	printf("}}\n");
}

int main(int argc, char **argv)
{
	int status = 0;

	parse(argc, argv);
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally == MAP_FAILED)
		return 2;
	for (int i = 0; i < job.step_count; i++) {
		const struct step *step = &job.steps[i];
		int failed = step->op->before ? step->op->before(step->argc, step->argv) : 0;

		if (failed) {
			fprintf(stderr, "try: preparing %s: %s\n", step->op->name, strerror(-failed));
			return 2;
		}
	}
	for (long i = 0; i < (job.each ? job.times : 1) && !status; i++)
		status = one_child(job.each ? 1 : job.times);
	if (job.summary)
		print_sums();
	return status;
}

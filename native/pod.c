/* ringfence-pod: what a pod on each node has to do where starting Node would be too much.
 *   mount RUN_DIR              mounts the BPF file system RUN_DIR/bpf unless it is mounted (privileged init container)
 *   healthz|readyz RUN_DIR     asks the agent's socket; ends with 0 when it says yes (probes: kubelets cannot ask a Unix socket)
 *   wait                       does nothing until SIGTERM: a DaemonSet's pod whose work is done
 */
#include <errno.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { EXIT_YES = 0, EXIT_NO = 1, EXIT_USAGE = 2, ANSWER_LIMIT_S = 8 };

static int fail(const char *attempt, const char *object)
{
	fprintf(stderr, "cannot %s %s: %s\n", attempt, object, strerror(errno));
	return EXIT_NO;
}

static int mount_bpf(const char *run_dir)
{
	struct statfs found;
	char path[256];

	if (snprintf(path, sizeof(path), "%s/bpf", run_dir) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return fail("mount", run_dir);
	}
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return fail("make", path);
	if (statfs(path, &found) != 0)
		return fail("look at", path);
	if (found.f_type == BPF_FS_MAGIC) {
		printf("%s is mounted\n", path);
		return EXIT_YES;
	}
	if (mount("ringfence", path, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0)
		return fail("mount", path);
	printf("mounted %s\n", path);
	return EXIT_YES;
}

static int connect_to(const char *path)
{
	struct timeval limit = { .tv_sec = ANSWER_LIMIT_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/agent.sock", path) >= (int)sizeof(address.sun_path)) {
		close(fd);
		errno = ENAMETOOLONG;
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int ask(const char *question, const char *run_dir)
{
	char text[1024];
	size_t length = 0;
	ssize_t part;
	int status = 0;
	int fd = connect_to(run_dir);

	if (fd < 0)
		return fail("reach the agent below", run_dir);
	part = snprintf(text, sizeof(text), "GET /%s HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n", question);
	if (write(fd, text, part) != part)
		return fail("ask the agent below", run_dir);
	while (length < sizeof(text) - 1) {
		part = read(fd, text + length, sizeof(text) - 1 - length);
		if (part <= 0)
			break;
		length += part;
	}
	text[length] = '\0';
	close(fd);
	if (sscanf(text, "HTTP/1.%*d %d", &status) != 1) {
		fprintf(stderr, "the agent below %s did not answer within %d s\n", run_dir, ANSWER_LIMIT_S);
		return EXIT_NO;
	}
	if (status == 200)
		return EXIT_YES;
	fprintf(stderr, "%s\n", text);
	return EXIT_NO;
}

/* As process 1 of a container it would not get a signal that it does not wait for. */
static int wait_for_end(void)
{
	sigset_t ends;
	int signal;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	if (sigprocmask(SIG_BLOCK, &ends, NULL) != 0)
		return fail("wait for", "a signal");
	return sigwait(&ends, &signal) == 0 ? EXIT_YES : EXIT_NO;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "mount") == 0)
		return mount_bpf(argv[2]);
	if (argc == 3 && (strcmp(argv[1], "healthz") == 0 || strcmp(argv[1], "readyz") == 0))
		return ask(argv[1], argv[2]);
	if (argc == 2 && strcmp(argv[1], "wait") == 0)
		return wait_for_end();
	fprintf(stderr, "usage: ringfence-pod mount|healthz|readyz RUN_DIR, or ringfence-pod wait\n");
	return EXIT_USAGE;
}

/* The clock of one node, put forward and back: shifts what time(), gettimeofday() and clock_gettime(CLOCK_REALTIME)
 * give by the nanoseconds in the file named by CLOCK_SHIFT_FILE. Preloaded (LD_PRELOAD); other clocks stay. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t *shift;
static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void open_shift(void)
{
	const char *path = getenv("CLOCK_SHIFT_FILE");
	void *mapped;
	int file;

	real_clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	if (!path || (file = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return;
	mapped = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
	close(file);
	if (mapped != MAP_FAILED)
		shift = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
	int result;
	int64_t all;

	if (!real_clock_gettime)
		open_shift();
	result = real_clock_gettime(clock, at);
	if (result || !shift || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
		return result;
	all = (int64_t)at->tv_sec * 1000000000 + at->tv_nsec + *shift;
	at->tv_sec = all / 1000000000;
	at->tv_nsec = all % 1000000000;
	return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	at->tv_sec = now.tv_sec;
	at->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *at)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (at)
		*at = now.tv_sec;
	return now.tv_sec;
}

#include "base/machine.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

/* What the two numbers of a group's file grant; 0: it sets no limit. */
typedef long long Granted(long long first, long long second);

/* A file of a control group that limits something, and what stands in it. */
typedef struct Limit {
    const char *file;
    Granted *granted;
} Limit;

/* `quota` microseconds of every `period` are so many CPUs. */
static long long cpus_granted(long long quota, long long period) {
    return quota > 0 && period > 0 ? (quota + period - 1) / period : 0;
}

static long long memory_granted(long long bytes, long long none) {
    (void)none;
    return bytes;
}

static const Limit cpu_limit = {"cpu.max", cpus_granted};
static const Limit memory_limit = {"memory.max", memory_granted};

static long long lesser(long long most, long long granted) {
    return granted > 0 && granted < most ? granted : most;
}

/* Reads up to two numbers from a file's first line; what is not there, or no number (`max`), is 0. */
static void read_numbers(const char *path, long long *first, long long *second) {
    char line[128] = "";
    FILE *file = fopen(path, "re");
    if (file) {
        if (!fgets(line, sizeof line, file))
            line[0] = '\0';
        fclose(file);
    }
    char *end;
    *first = strtoll(line, &end, 10);
    *second = strtoll(end + strcspn(end, " "), NULL, 10);
}

static long long limited_by(const Limit *limit, const char *group, long long most) {
    char path[PATH_SIZE + 64];
    long long first, second;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/%s", group, limit->file);
    read_numbers(path, &first, &second);
    return lesser(most, limit->granted(first, second));
}

/* The control group's limit and those of all groups that it is in (cgroup v2). Inside a container the group's own path
 * is often not to be seen, and its files stand at the root of the mount. */
static long long limited_by_groups(const Limit *limit, long long most) {
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file)
        return most;
    char line[PATH_SIZE];
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        char *group = line + 3;
        group[strcspn(group, "\n")] = '\0';
        for (char *end = group + strlen(group); end && end > group; end = strrchr(group, '/')) {
            *end = '\0';
            most = limited_by(limit, group, most);
        }
    }
    fclose(file);
    return limited_by(limit, "", most);
}

/* A number of cgroup v1. */
static long long old_number(const char *path) {
    long long number, none;
    read_numbers(path, &number, &none);
    return number;
}

int machine_cpus(void) {
    cpu_set_t set;
    long long cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    cpus = limited_by_groups(&cpu_limit, cpus);
    cpus = lesser(cpus, cpus_granted(old_number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
                                     old_number("/sys/fs/cgroup/cpu/cpu.cfs_period_us")));
    return cpus < 1 ? 1 : (int)cpus;
}

long long machine_memory(void) {
    long long memory = (long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    memory = limited_by_groups(&memory_limit, memory);
    memory = lesser(memory, old_number("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
    return memory < 1 ? 1 : memory;
}

#include "base/cpus.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 4096 };

/* `quota` microseconds of every `period` are so many CPUs; `cpus` where that is no less. */
static int limited(int cpus, long long quota, long long period) {
    if (quota <= 0 || period <= 0)
        return cpus;
    long long whole = (quota + period - 1) / period;
    return whole < cpus ? (int)whole : cpus;
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

static int limited_by_file(int cpus, const char *path) {
    long long quota, period;
    read_numbers(path, &quota, &period);
    return limited(cpus, quota, period);
}

/* The control group's limit and those of all groups that it is in (cgroup v2). Inside a container the group's own path
 * is often not to be seen, and its files stand at the root of the mount. */
static int limited_by_groups(int cpus) {
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file)
        return cpus;
    char line[PATH_SIZE];
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        char *group = line + 3;
        group[strcspn(group, "\n")] = '\0';
        for (char *end = group + strlen(group); end && end > group; end = strrchr(group, '/')) {
            *end = '\0';
            char path[PATH_SIZE + 64];
            snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
            cpus = limited_by_file(cpus, path);
        }
    }
    fclose(file);
    return limited_by_file(cpus, "/sys/fs/cgroup/cpu.max");
}

/* The same for cgroup v1, as a container sees its own group. */
static int limited_by_old_group(int cpus) {
    long long quota, period, none;
    read_numbers("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", &quota, &none);
    read_numbers("/sys/fs/cgroup/cpu/cpu.cfs_period_us", &period, &none);
    return limited(cpus, quota, period);
}

int cpus_available(void) {
    cpu_set_t set;
    int cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    cpus = limited_by_old_group(limited_by_groups(cpus));
    return cpus < 1 ? 1 : cpus;
}

#include "base/priority.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

bool priority_lower(pid_t process, int nice) {
    char path[64];
    char text[16];
    (void)setpriority(PRIO_PROCESS, (id_t)process, nice);
    snprintf(path, sizeof path, "/proc/%d/autogroup", (int)process);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return true;
    int length = snprintf(text, sizeof text, "%d", nice);
    bool again = write(fd, text, (size_t)length) < 0 && errno == EAGAIN;
    close(fd);
    return !again;
}

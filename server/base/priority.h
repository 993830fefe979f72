/* priority.h: processes that give way to others.
 *
 * What setpriority(2) sets counts only among the processes of one group where Linux groups them by session
 * (sched_autogroup_enabled, the default of most distributions outside of control groups; sched(7)), and each of
 * PostgreSQL's processes begins a session: there the group is told, too. */
#ifndef ONRECORD_BASE_PRIORITY_H
#define ONRECORD_BASE_PRIORITY_H

#include <stdbool.h>
#include <sys/types.h>

/* Lets a process, which is alone in its session, give way: `nice` from 1 to 19. False when the system wants to be asked
 * again later: it takes this from those without privileges only every 100 ms. True as well where it cannot be had. */
bool priority_lower(pid_t process, int nice);

#endif

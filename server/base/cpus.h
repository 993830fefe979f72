/* cpus.h: how many CPUs this process may use: those it may be scheduled on, less what its control group grants. */
#ifndef ONRECORD_BASE_CPUS_H
#define ONRECORD_BASE_CPUS_H

/* At least 1; a fraction counts as a whole. */
int cpus_available(void);

#endif

/* machine.h: how much of the machine this process may use: what there is, less what its control group grants (cgroup
 * v2, or v1 as a container sees its own group). */
#ifndef ONRECORD_BASE_MACHINE_H
#define ONRECORD_BASE_MACHINE_H

/* CPUs that it may be scheduled on: at least 1; a fraction counts as a whole. */
int machine_cpus(void);

/* Memory, in bytes: at least 1. */
long long machine_memory(void);

#endif

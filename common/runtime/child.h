/* An actor's process as run_procs drives it. */
#ifndef RUNTIME_CHILD_H
#define RUNTIME_CHILD_H

#include "common/runtime/run.h"

/* Of this build; conductor and actors must agree. */
#define CHILD_VERSION RUN_BUILD_VERSION

/* run_actor_main of a program that claims to be of another version; for tests. */
int child_main(int argc, char **argv, const struct act_class *class,
               const struct run_resources_ops *resources, const char *version);

#endif

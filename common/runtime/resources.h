/* The KZG setup as a resource of a process: the derived cache file, mapped read-only. */
#ifndef RUNTIME_RESOURCES_H
#define RUNTIME_RESOURCES_H

#include "common/runtime/run.h"

/* load(path): maps the file and checks it; act_setup.resources becomes a struct act_resources. */
extern const struct run_resources_ops run_kzg_resources;

#endif

#include "common/base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *file, int line, const char *func, const char *cond)
{
    (void)fprintf(stderr, "lockstep: bug: %s:%d: %s: CHECK(%s) failed\n", file, line, func, cond);
    abort();
}

#include "common/base/cleanup.h"
#include "lockstep/cli/cli.h"
#include "lockstep/timelock/tlc.h"

#include <stdio.h>

int cli_timelock(int argc, char **argv)
{
    CLEANUP(cli_places_fini) struct cli_places places = {0};
    CLEANUP(buf_fini) struct buf why = {0};
    if (cli_places_find(&places, &why) != 0) {
        (void)fprintf(stderr, "lockstep: %s\n", buf_cstr(&why));
        return CLI_INTERNAL;
    }
    return tlc_main(argc, argv, places.data);
}

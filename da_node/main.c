#include "common/runtime/run.h"
#include "da_node/da.h"

int main(int argc, char **argv)
{
    return run_actor_main(argc, argv, &da_class, NULL);
}

#include "common/runtime/resources.h"
#include "common/runtime/run.h"
#include "l1_stub/l1.h"

int main(int argc, char **argv)
{
    return run_actor_main(argc, argv, &l1_class, &run_kzg_resources);
}

#include "common/runtime/resources.h"
#include "common/runtime/run.h"
#include "executor/exe.h"

int main(int argc, char **argv)
{
    return run_actor_main(argc, argv, &exe_class, &run_kzg_resources);
}

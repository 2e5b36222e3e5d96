#include "common/runtime/resources.h"
#include "common/runtime/run.h"
#include "wallet/wal.h"

int main(int argc, char **argv)
{
    return run_actor_main(argc, argv, &wal_class, &run_kzg_resources);
}

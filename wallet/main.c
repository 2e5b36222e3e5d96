#include "wallet/wal.h"
#include "common/runtime/run.h"

int main(int argc, char **argv)
{
    return run_actor_main(argc, argv, &wal_class, NULL);
}

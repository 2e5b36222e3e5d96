#include "common/runtime/resources.h"
#include "common/runtime/run.h"
#include "sequencer/seq.h"

int main(int argc, char **argv)
{
    return run_actor_main(argc, argv, &seq_class, &run_kzg_resources);
}

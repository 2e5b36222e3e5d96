#include "tests/integration/chatty.h"

int main(int argc, char **argv)
{
    return run_actor_main(argc, argv, &chatty_class, NULL);
}

/* The chatty program as an earlier build would have left it. */
#include "common/runtime/child.h"
#include "tests/integration/chatty.h"

int main(int argc, char **argv)
{
    return child_main(argc, argv, &chatty_class, NULL, "0.0.1");
}

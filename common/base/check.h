/* CHECK: invariants of our own code. Always on; a failed one names its place and aborts.
 * Never use it on input, on a peer's message, or on anything the machine can refuse. */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (__builtin_expect(!(cond), 0)) {                                                        \
            check_failed(__FILE__, __LINE__, __func__, #cond);                                     \
        }                                                                                          \
    } while (0)

/* Prints one line on stderr and aborts the process. */
__attribute__((noreturn, cold)) void check_failed(const char *file, int line, const char *func,
                                                  const char *cond);

#endif

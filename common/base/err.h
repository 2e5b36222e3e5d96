/* Operating failures: what a function reports when the machine or its input lets it down.
 *
 * Zero is success; every failure is one of the negative codes below. A function that fails leaves
 * its outputs untouched unless it says otherwise. Bugs are not errors: they end in CHECK (check.h).
 * A bad message from a peer is not an error either: it is a reject effect (common/actor/act.h). */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define BASE_ERR_MAP(X)                                                                            \
    X(ERR_NOMEM, -1, "out of memory")                                                              \
    X(ERR_INVALID, -2, "input is not valid")                                                       \
    X(ERR_TOOBIG, -3, "input exceeds a limit")                                                     \
    X(ERR_TRUNCATED, -4, "input ends too early")                                                   \
    X(ERR_TRAILING, -5, "input has bytes after its end")                                           \
    X(ERR_NONCANONICAL, -6, "input is not in canonical form")                                      \
    X(ERR_PROOF, -7, "proof does not verify")                                                      \
    X(ERR_SIGNATURE, -8, "signature does not verify")                                              \
    X(ERR_NOTFOUND, -9, "not found")                                                               \
    X(ERR_EXISTS, -10, "already exists")                                                           \
    X(ERR_FULL, -11, "capacity is used up")                                                        \
    X(ERR_IO, -12, "input/output error")                                                           \
    X(ERR_CORRUPT, -13, "stored data is damaged")                                                  \
    X(ERR_MISMATCH, -14, "values disagree")                                                        \
    X(ERR_UNSUPPORTED, -15, "not supported")                                                       \
    X(ERR_TIMEOUT, -16, "time limit reached")                                                      \
    X(ERR_CRASHED, -17, "a process ended unexpectedly")                                            \
    X(ERR_OVERFLOW, -18, "arithmetic overflow")                                                    \
    X(ERR_CRYPTO, -19, "cryptographic library failure")

enum base_err {
#define X(name, value, text) name = (value),
    BASE_ERR_MAP(X)
#undef X
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* In: an error code. Returns: its identifier ("ERR_NOMEM"), "OK" for 0, "ERR_UNKNOWN" otherwise. */
const char *err_name(int code);

/* In: an error code. Returns: a short lower-case phrase for a person, static storage. */
const char *err_text(int code);

#endif

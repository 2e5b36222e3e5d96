#include "common/base/err.h"

const char *err_name(int code)
{
    switch (code) {
    case 0:
        return "OK";
#define X(name, value, text)                                                                       \
    case name:                                                                                     \
        return #name;
        BASE_ERR_MAP(X)
#undef X
    default:
        return "ERR_UNKNOWN";
    }
}

const char *err_text(int code)
{
    switch (code) {
    case 0:
        return "ok";
#define X(name, value, text)                                                                       \
    case name:                                                                                     \
        return text;
        BASE_ERR_MAP(X)
#undef X
    default:
        return "unknown error";
    }
}

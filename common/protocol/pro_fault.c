#include "common/protocol/pro_fault.h"

#include "common/base/check.h"

const char *pro_fault_word(enum pro_fault fault)
{
    switch (fault) {
#define X(symbol, value, word, consequence, sentence)                                              \
    case PRO_FAULT_##symbol:                                                                       \
        return word;
        PRO_FAULT_MAP(X)
#undef X
    case PRO_FAULT_NONE:
        break;
    }
    return "none";
}

const char *pro_fault_sentence(enum pro_fault fault)
{
    switch (fault) {
#define X(symbol, value, word, consequence, sentence)                                              \
    case PRO_FAULT_##symbol:                                                                       \
        return sentence;
        PRO_FAULT_MAP(X)
#undef X
    case PRO_FAULT_NONE:
        break;
    }
    return "does nothing wrong";
}

enum pro_consequence pro_fault_consequence(enum pro_fault fault)
{
    switch (fault) {
#define X(symbol, value, word, consequence, sentence)                                              \
    case PRO_FAULT_##symbol:                                                                       \
        return PRO_FOLLOWS_##consequence;
        PRO_FAULT_MAP(X)
#undef X
    case PRO_FAULT_NONE:
        break;
    }
    CHECK(fault != PRO_FAULT_NONE);
    return PRO_FOLLOWS_REFUSAL;
}

bool pro_fault_is_sequencers(enum pro_fault fault)
{
    return fault != PRO_FAULT_NONE && fault < PRO_FAULT_FALSE_PROOF;
}

bool pro_fault_is_attack(enum pro_fault fault)
{
    return fault == PRO_FAULT_FRONT_RUN || fault == PRO_FAULT_SANDWICH || fault == PRO_FAULT_CENSOR;
}

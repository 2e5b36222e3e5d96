#include "common/protocol/pro_fault.h"

#include "common/base/check.h"

#include <stddef.h>

struct about {
    const char *word; /* NULL: there is no such fault */
    const char *sentence;
    enum pro_consequence consequence;
};

static const struct about abouts[] = {
    [PRO_FAULT_NONE] = {"none", "does nothing wrong", PRO_FOLLOWS_REFUSAL},
#define X(symbol, value, word, consequence, sentence)                                              \
    [PRO_FAULT_##symbol] = {word, sentence, PRO_FOLLOWS_##consequence},
    PRO_FAULT_MAP(X)
#undef X
};

static const struct about *about(enum pro_fault fault)
{
    const size_t i = (size_t)fault;
    const bool known = i < sizeof(abouts) / sizeof(abouts[0]) && abouts[i].word != NULL;
    return &abouts[known ? i : PRO_FAULT_NONE];
}

const char *pro_fault_word(enum pro_fault fault)
{
    return about(fault)->word;
}

const char *pro_fault_sentence(enum pro_fault fault)
{
    return about(fault)->sentence;
}

enum pro_consequence pro_fault_consequence(enum pro_fault fault)
{
    CHECK(about(fault) != &abouts[PRO_FAULT_NONE]);
    return about(fault)->consequence;
}

bool pro_fault_is_sequencers(enum pro_fault fault)
{
    return fault != PRO_FAULT_NONE && fault < PRO_FAULT_FALSE_PROOF;
}

bool pro_fault_is_executors(enum pro_fault fault)
{
    return fault >= PRO_FAULT_FALSE_FAILURE && fault <= PRO_FAULT_WITHHOLD_RESULT;
}

bool pro_fault_is_attack(enum pro_fault fault)
{
    return fault == PRO_FAULT_FRONT_RUN || fault == PRO_FAULT_SANDWICH || fault == PRO_FAULT_CENSOR;
}

/* A sequencer starts only with attacks that it can carry out; what they come to is in the scenarios
 * and in tests/integration/compare_cli.py. */
#include "common/base/check.h"
#include "common/protocol/pro_fault.h"
#include "sequencer/seq.h"
#include "tests/lib/seat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *data_dir;

/* A configuration with one attack that a test may spoil. */
struct plan {
    Lockstep__FaultConfig fault;
    Lockstep__AttackConfig attack;
    uint8_t secret[32];
    uint8_t victim[20];
    uint8_t amount[16];
    uint8_t zero[16];
};

static void make_plan(const struct seat *s, enum pro_fault kind, struct plan *p)
{
    memset(p, 0, sizeof(*p));
    lockstep__fault_config__init(&p->fault);
    lockstep__attack_config__init(&p->attack);
    p->secret[31] = 1;
    p->victim[0] = 1;
    p->amount[15] = 100;
    p->fault.kind = (uint32_t)kind;
    p->fault.slot = 1;
    p->fault.rollup = s->rollups[0];
    p->fault.attack = &p->attack;
    p->attack.victim = (ProtobufCBinaryData){sizeof(p->victim), p->victim};
    p->attack.secret = (ProtobufCBinaryData){sizeof(p->secret), p->secret};
    p->attack.pool = (char *)(uintptr_t) "eth-usdc";
    p->attack.asset_in = (char *)(uintptr_t) "ETH";
    p->attack.asset_out = (char *)(uintptr_t) "USDC";
    p->attack.amount_in = (ProtobufCBinaryData){sizeof(p->amount), p->amount};
    p->attack.reserve_in = p->attack.amount_in;
    p->attack.reserve_out = p->attack.amount_in;
    p->attack.fee_ppm = 3000;
}

/* Returns: what creating a sequencer with this attack returns. */
static int create_with(const struct seat *s, struct plan *p)
{
    Lockstep__ActorConfig *c = NULL;
    struct buf config = {0};
    struct buf why = {0};
    struct act_actor *actor = NULL;
    Lockstep__FaultConfig *list[] = {&p->fault};
    CHECK(wire_config_unpack(buf_view(&s->config), &c) == 0);
    CHECK(c->sequencer->n_faults == 0);
    c->sequencer->n_faults = 1;
    c->sequencer->faults = list;
    wire_pack(&c->base, &config);
    c->sequencer->n_faults = 0;
    c->sequencer->faults = NULL;
    const struct act_setup setup = {.id = cluster_actor_id(s->cluster, "sequencer"),
                                    .name = "sequencer",
                                    .config = buf_view(&config),
                                    .store = s->store,
                                    .resources = &s->resources};
    int rc = seq_class.create(&setup, &actor, &why);
    assert_true((rc == 0) == (actor != NULL));
    assert_true((rc == ERR_INVALID) == (why.len != 0));
    if (actor != NULL) {
        seq_class.destroy(&actor);
    }
    wire_config_free(&c);
    buf_fini(&config);
    buf_fini(&why);
    return rc;
}

static void no_attack(struct plan *p)
{
    p->fault.attack = NULL;
}
static void short_victim(struct plan *p)
{
    p->attack.victim.len--;
}
static void unknown_rollup(struct plan *p)
{
    p->fault.rollup = 99999;
}
static void short_secret(struct plan *p)
{
    p->attack.secret.len--;
}
static void no_key(struct plan *p)
{
    p->secret[31] = 0; /* 0 is no secret key */
}
static void no_pool(struct plan *p)
{
    p->attack.pool = (char *)(uintptr_t) "";
}
static void bad_asset(struct plan *p)
{
    p->attack.asset_out = (char *)(uintptr_t) "not an asset";
}
static void same_asset(struct plan *p)
{
    p->attack.asset_out = p->attack.asset_in;
}
static void no_amount(struct plan *p)
{
    p->attack.amount_in.data = p->zero;
}
static void short_amount(struct plan *p)
{
    p->attack.amount_in.len = 15;
}
static void no_reserve(struct plan *p)
{
    p->attack.reserve_out.data = p->zero;
}
static void all_fee(struct plan *p)
{
    p->attack.fee_ppm = 1000000;
}

static void test_a_whole_attack_is_taken(void **state)
{
    const struct seat *s = *state;
    const enum pro_fault kinds[] = {PRO_FAULT_FRONT_RUN, PRO_FAULT_SANDWICH, PRO_FAULT_CENSOR};
    for (size_t i = 0; i < 3; i++) {
        struct plan p;
        make_plan(s, kinds[i], &p);
        assert_int_equal(create_with(s, &p), 0);
    }
}

static void test_a_trade_that_cannot_be_made_is_refused(void **state)
{
    const struct seat *s = *state;
    void (*const spoils[])(struct plan *) = {no_attack,  unknown_rollup, short_secret, no_key,
                                             no_pool,    bad_asset,      same_asset,   no_amount,
                                             no_reserve, short_amount,   all_fee};
    for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
        struct plan p;
        make_plan(s, PRO_FAULT_SANDWICH, &p);
        spoils[i](&p);
        assert_int_equal(create_with(s, &p), ERR_INVALID);
    }
}

static void test_censorship_needs_a_victim_and_nothing_else(void **state)
{
    const struct seat *s = *state;
    void (*const spoils[])(struct plan *) = {no_attack, short_victim};
    struct plan p;
    for (size_t i = 0; i < 2; i++) {
        make_plan(s, PRO_FAULT_CENSOR, &p);
        spoils[i](&p);
        assert_int_equal(create_with(s, &p), ERR_INVALID);
    }
    make_plan(s, PRO_FAULT_CENSOR, &p);
    no_pool(&p);
    short_secret(&p);
    p.fault.rollup = 0;
    assert_int_equal(create_with(s, &p), 0);
}

static int sit(void **state)
{
    const struct seat_options o = {.data_dir = data_dir};
    *state = seat_new(&o);
    return 0;
}

static int rise(void **state)
{
    struct seat *s = *state;
    seat_destroy(&s);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_attack_is_taken),
        cmocka_unit_test(test_a_trade_that_cannot_be_made_is_refused),
        cmocka_unit_test(test_censorship_needs_a_victim_and_nothing_else),
    };
    if (argc != 2) {
        return 2;
    }
    data_dir = argv[1];
    return cmocka_run_group_tests(tests, sit, rise);
}

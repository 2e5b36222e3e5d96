/* A party that sends what it should not: every other party refuses it, counts it by sender and
 * reason, puts it on record, and goes on. The party is the executor of a rollup that no bundle
 * touches; its frames and signatures are made here. */
#include "common/actor/wire.h"
#include "common/base/check.h"
#include "common/protocol/pro_block.h"
#include "common/protocol/pro_result.h"
#include "common/protocol/pro_signed.h"
#include "lockstep/model/chk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define INSIDER "executor-C"

static const char *data_dir;

static const char scenario[] =
    "version: 1\n"
    "name: insider\n"
    "seed: 9\n"
    "policy: one_shot\n"
    "slots: 1\n"
    "slot_duration: 1s\n"
    "rollups:\n"
    "  A: {accounts: {alice: {ETH: 100}, bob: {}}}\n"
    "  B: {accounts: {alice: {ETH: 100}, bob: {}}}\n"
    "  C: {accounts: {alice: {ETH: 100}}}\n"
    "timelock: {bits: 1024, squarings: 100, squarings_per_second: 100, solver: trapdoor}\n"
    "l1: {block_time: 1s, confirmations: 1, challenge_window: 2}\n"
    "links: {default: {delay: 20ms}}\n"
    "timeline:\n"
    "  - at: slot 1 + 100ms\n"
    "    submit:\n"
    "      bundle: good\n"
    "      from: alice\n"
    "      legs:\n"
    "        - {rollup: A, ops: [{transfer: {to: bob, asset: ETH, amount: 1}}]}\n"
    "        - {rollup: B, ops: [{transfer: {to: bob, asset: ETH, amount: 1}}]}\n"
    "  - at: slot 1 + 200ms\n"
    "    submit:\n"
    "      bundle: fails\n"
    "      from: alice\n"
    "      legs:\n"
    "        - {rollup: A, ops: [{transfer: {to: bob, asset: ETH, amount: 1000}}]}\n"
    "        - {rollup: B, ops: [{transfer: {to: bob, asset: ETH, amount: 1}}]}\n";

static const char *const others[] = {"sequencer", "da", "l1", "wallet", "executor-A"};
#define N_OTHERS (sizeof(others) / sizeof(others[0]))

/* ---- What the insider knows ---- */

struct insider {
    struct scn *scn;
    struct cluster *cluster; /* of the same seed and name, so of the same keys and deployment */
    struct sig_key key;
};

static struct scn *load(const struct buf *text)
{
    struct buf errors = {0};
    struct scn *scn = NULL;
    int rc = scn_load_bytes("insider.yaml", buf_view(text), &scn, &errors);
    if (rc != 0) {
        fail_msg("%s", buf_cstr(&errors));
    }
    return scn;
}

static void read_file(const char *name, struct buf *out)
{
    char path[512];
    char block[4096];
    size_t got = 0;
    (void)snprintf(path, sizeof(path), "%s/%s", data_dir, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    while ((got = fread(block, 1, sizeof(block), f)) > 0) {
        buf_append(out, block, got);
    }
    (void)fclose(f);
}

static void insider_init(struct insider *in)
{
    struct buf text = {0};
    struct buf modulus = {0};
    struct buf why = {0};
    buf_printf(&text, "%s", scenario);
    read_file("modulus-1024.txt", &modulus);
    in->scn = load(&text);
    const struct cluster_options options = {
        .seed = in->scn->seed, .policy = "one_shot", .modulus = buf_view(&modulus)};
    assert_int_equal(cluster_new(in->scn, &options, &in->cluster, &why), 0);
    in->key = in->cluster->actors[cluster_actor_id(in->cluster, INSIDER) - 1].key;
    buf_fini(&text);
    buf_fini(&modulus);
}

static void insider_fini(struct insider *in)
{
    cluster_destroy(&in->cluster);
    scn_destroy(&in->scn);
}

/* ---- What it sends ---- */

static void frame(const struct insider *in, uint32_t version, bool foreign, uint64_t seq,
                  struct bytes body, struct buf *out)
{
    Lockstep__Frame f = LOCKSTEP__FRAME__INIT;
    struct hash32 deployment = in->cluster->deployment;
    deployment.b[0] ^= foreign ? 1 : 0;
    f.version = version;
    f.deployment = wire_bytes(BYTES_OF(deployment));
    f.epoch = 1;
    f.seq = seq;
    f.oldest = seq != 0 ? 1 : 0;
    f.body = wire_bytes(body);
    wire_pack(&f.base, out);
    assert_int_equal(out->err, 0);
}

static void message(const struct insider *in, uint64_t seq, const Lockstep__Message *m,
                    struct buf *out)
{
    struct buf body = {0};
    wire_pack(&m->base, &body);
    frame(in, 1, false, seq, buf_view(&body), out);
    buf_fini(&body);
}

/* A final header, signed by the insider instead of the sequencer. */
static void header(const struct insider *in, bool final, struct buf *out)
{
    static const uint8_t excluded[1];
    struct buf body = {0};
    struct pro_header h = {.slot = 1,
                           .rollup = in->scn->rollups.items[0].chain_id,
                           .final = final,
                           .count = 2,
                           .excluded = bytes_of(excluded, final ? 1 : 0)};
    pro_header_encode(&h, &body);
    pro_sign(&in->cluster->deployment, PRO_TAG_BLOCK, &in->key, buf_view(&body), out);
    buf_fini(&body);
}

/* A result for rollup C, signed with some other key. */
static void result(const struct insider *in, struct buf *out)
{
    static const uint8_t status[1];
    struct sig_key other;
    struct buf body = {0};
    struct pro_result r = {.rollup = in->scn->rollups.items[2].chain_id,
                           .slot = 1,
                           .count = 1,
                           .status = bytes_of(status, 1)};
    sig_key_from_seed(&other, bytes_str("somebody else"));
    pro_result_encode(&r, &body);
    pro_sign(&in->cluster->deployment, PRO_TAG_RESULT, &other, buf_view(&body), out);
    buf_fini(&body);
}

/* ---- Cases ---- */

/* To everybody: bytes that are no message at all. */
enum crude {
    CRUDE_EMPTY,
    CRUDE_GARBAGE,
    CRUDE_UNKNOWN_FIELD,
    CRUDE_TWICE,
    CRUDE_VERSION,
    CRUDE_DEPLOYMENT,
    CRUDE_BODY,
    CRUDE_KINDS
};

static void crude_bytes(const struct insider *in, enum crude kind, struct buf *out)
{
    static const uint8_t garbage[] = {0xff, 0xff, 0xff, 0x07, 0x00, 0x80};
    static const uint8_t unknown_field[] = {0xa0, 0x06, 0x01}; /* field 100, varint 1 */
    static const uint8_t version_again[] = {0x08, 0x01};       /* field 1, varint 1 */
    switch (kind) {
    case CRUDE_EMPTY:
        break;
    case CRUDE_GARBAGE:
        buf_append(out, garbage, sizeof(garbage));
        break;
    case CRUDE_UNKNOWN_FIELD:
        frame(in, 1, false, 0, (struct bytes){0}, out);
        buf_append(out, unknown_field, sizeof(unknown_field));
        break;
    case CRUDE_TWICE:
        frame(in, 1, false, 0, (struct bytes){0}, out);
        buf_append(out, version_again, sizeof(version_again));
        break;
    case CRUDE_VERSION:
        frame(in, 2, false, 0, (struct bytes){0}, out);
        break;
    case CRUDE_DEPLOYMENT:
        frame(in, 1, true, 0, (struct bytes){0}, out);
        break;
    case CRUDE_BODY:
        frame(in, 1, false, 1, bytes_of(garbage, sizeof(garbage)), out);
        break;
    case CRUDE_KINDS:
        break;
    }
}

static const enum act_reject_reason crude_reason[CRUDE_KINDS] = {
    [CRUDE_EMPTY] = ACT_REJECT_MALFORMED,         [CRUDE_GARBAGE] = ACT_REJECT_MALFORMED,
    [CRUDE_UNKNOWN_FIELD] = ACT_REJECT_MALFORMED, [CRUDE_TWICE] = ACT_REJECT_NONCANONICAL,
    [CRUDE_VERSION] = ACT_REJECT_VERSION,         [CRUDE_DEPLOYMENT] = ACT_REJECT_DEPLOYMENT,
    [CRUDE_BODY] = ACT_REJECT_MALFORMED,
};

/* To one: a message that decodes and is wrong. The frame before it had number 1. */
static void subtle_bytes(const struct insider *in, const char *to, struct buf *out)
{
    Lockstep__Message m = LOCKSTEP__MESSAGE__INIT;
    Lockstep__ExecutionResult r = LOCKSTEP__EXECUTION_RESULT__INIT;
    Lockstep__L1Submit submit = LOCKSTEP__L1_SUBMIT__INIT;
    Lockstep__ProposalBlock block = LOCKSTEP__PROPOSAL_BLOCK__INIT;
    Lockstep__SubmitCommand command = LOCKSTEP__SUBMIT_COMMAND__INIT;
    Lockstep__SubmitLeg leg = LOCKSTEP__SUBMIT_LEG__INIT;
    Lockstep__SubmitLeg *legs[] = {&leg};
    static char name[] = "name";
    static uint8_t none[4];
    static uint8_t ops[] = {0, 0, 0, 1, 4};
    struct buf artifact = {0};
    if (strcmp(to, "sequencer") == 0) {
        result(in, &artifact);
        r.result = wire_bytes(buf_view(&artifact));
        r.proofs = (ProtobufCBinaryData){4, none};
        m.body_case = LOCKSTEP__MESSAGE__BODY_EXECUTION_RESULT;
        m.execution_result = &r;
    } else if (strcmp(to, "l1") == 0) {
        header(in, true, &artifact);
        submit.kind = LOCKSTEP__L1_KIND__L1_FINAL;
        submit.artifact = wire_bytes(buf_view(&artifact));
        m.body_case = LOCKSTEP__MESSAGE__BODY_L1_SUBMIT;
        m.l1_submit = &submit;
    } else if (strcmp(to, "executor-A") == 0) {
        header(in, false, &artifact);
        block.header = wire_bytes(buf_view(&artifact));
        m.body_case = LOCKSTEP__MESSAGE__BODY_PROPOSAL_BLOCK;
        m.proposal_block = &block;
    } else { /* a command that only the host may give, and only to a wallet */
        leg.rollup = in->scn->rollups.items[0].chain_id;
        leg.from = name;
        leg.ops = (ProtobufCBinaryData){sizeof(ops), ops};
        command.name = name;
        command.n_legs = 1;
        command.legs = legs;
        m.body_case = LOCKSTEP__MESSAGE__BODY_SUBMIT_COMMAND;
        m.submit_command = &command;
    }
    message(in, 2, &m, out);
    buf_fini(&artifact);
}

static enum act_reject_reason subtle_reason(const char *to)
{
    return strcmp(to, "da") == 0 || strcmp(to, "wallet") == 0 ? ACT_REJECT_UNEXPECTED
                                                              : ACT_REJECT_SIGNATURE;
}

/* ---- Running it ---- */

static void add_inject(struct buf *text, const char *to, int at_ms, const struct buf *body)
{
    char *hex = malloc(2 * body->len + 1);
    assert_non_null(hex);
    hex_encode(buf_view(body), hex);
    buf_printf(text, "  - at: %dms\n    inject: {to: %s, from: " INSIDER ", hex: \"%s\"}\n", at_ms,
               to, hex);
    free(hex);
}

static void expect_outcomes(struct buf *text)
{
    buf_printf(text, "expect:\n"
                     "  - {bundle: good, is: executed}\n"
                     "  - {bundle: fails, is: excluded, cause: A.1}\n");
}

static void simulate_text(const struct buf *text, struct scn **scn, struct simulation *sim)
{
    struct buf why = {0};
    *scn = load(text);
    const struct simulate_options options = {
        .host = SIMULATE_INPROC,
        .seed = (*scn)->seed,
        .policy = "one_shot",
        .places = {data_dir, data_dir},
    };
    int rc = simulate(*scn, &options, sim, &why);
    if (rc != 0) {
        fail_msg("%s", buf_cstr(&why));
    }
}

/* Everything the scenario wants came about, and every check holds. */
static void assert_all_is_well(const struct simulation *sim)
{
    struct mdl *m = NULL;
    struct chk_report checks = {0};
    assert_int_equal(mdl_new(sim, &m), 0);
    assert_int_equal(chk_run(m, &checks), 0);
    assert_int_equal(m->bundles[0].outcome, SCN_EXECUTED);
    assert_int_equal(m->bundles[1].outcome, SCN_EXCLUDED);
    for (size_t i = 0; i < SCN_CHECKS; i++) {
        if (checks.results[i].verdict != CHK_HOLDS) {
            fail_msg("%s: %s", scn_check_word((enum scn_check)i),
                     buf_cstr(&checks.results[i].detail));
        }
    }
    chk_report_fini(&checks);
    mdl_destroy(&m);
}

static uint64_t recorded(const struct simulation *sim, uint32_t actor, uint32_t peer,
                         enum act_reject_reason reason)
{
    uint64_t n = 0;
    for (size_t i = 0; i < sim->history.n; i++) {
        const struct history_item *item = &sim->history.items[i];
        n += item->kind == HISTORY_REJECT && item->actor == actor && item->reject.peer == peer &&
             item->reject.reason == reason && item->reject.detail[0] != 0;
    }
    return n;
}

static void test_everybody_refuses_an_insider_and_goes_on(void **state)
{
    struct insider in;
    struct buf text = {.limit = 1 << 20};
    struct scn *scn = NULL;
    struct simulation sim = {0};
    uint64_t expected[N_OTHERS][ACT_REJECT_REASONS] = {0};
    insider_init(&in);
    buf_printf(&text, "%s", scenario);
    for (size_t i = 0; i < N_OTHERS; i++) {
        for (int kind = 0; kind < (int)CRUDE_KINDS; kind++) {
            struct buf body = {0};
            crude_bytes(&in, (enum crude)kind, &body);
            add_inject(&text, others[i], 50 + kind, &body);
            expected[i][crude_reason[kind]]++;
            buf_fini(&body);
        }
        struct buf body = {0};
        subtle_bytes(&in, others[i], &body);
        add_inject(&text, others[i], 1500, &body);
        expected[i][subtle_reason(others[i])]++;
        buf_fini(&body);
    }
    expect_outcomes(&text);
    simulate_text(&text, &scn, &sim);
    uint32_t insider = cluster_actor_id(sim.cluster, INSIDER);
    for (size_t i = 0; i < N_OTHERS; i++) {
        uint32_t actor = cluster_actor_id(sim.cluster, others[i]);
        for (int reason = 0; reason < (int)ACT_REJECT_REASONS; reason++) {
            enum act_reject_reason r = (enum act_reject_reason)reason;
            uint64_t counted = run_rejects(&sim.result, actor, insider, r);
            if (counted != expected[i][reason]) {
                fail_msg("%s refused %llu as %s, not %llu", others[i], (unsigned long long)counted,
                         act_reject_name(r), (unsigned long long)expected[i][reason]);
            }
            assert_int_equal(recorded(&sim, actor, insider, r), counted);
        }
    }
    assert_all_is_well(&sim);
    simulation_fini(&sim);
    scn_destroy(&scn);
    insider_fini(&in);
    buf_fini(&text);
}

static void test_a_message_over_the_limit_is_refused_by_everybody(void **state)
{
    struct buf text = {0};
    struct scn *scn = NULL;
    struct simulation sim = {0};
    buf_printf(&text, "%s", scenario);
    for (size_t i = 0; i < N_OTHERS; i++) {
        buf_printf(&text,
                   "  - at: 50ms\n    inject: {to: %s, from: " INSIDER
                   ", repeat: {byte: 8, count: %zu}}\n",
                   others[i], WIRE_MAX_FRAME + 1);
    }
    expect_outcomes(&text);
    simulate_text(&text, &scn, &sim);
    for (size_t i = 0; i < N_OTHERS; i++) {
        assert_int_equal(run_rejects(&sim.result, cluster_actor_id(sim.cluster, others[i]),
                                     cluster_actor_id(sim.cluster, INSIDER), ACT_REJECT_OVERSIZED),
                         1);
    }
    assert_all_is_well(&sim);
    simulation_fini(&sim);
    scn_destroy(&scn);
    buf_fini(&text);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    data_dir = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everybody_refuses_an_insider_and_goes_on),
        cmocka_unit_test(test_a_message_over_the_limit_is_refused_by_everybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

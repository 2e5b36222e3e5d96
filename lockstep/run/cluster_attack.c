/* The sequencer's attacks on users, from the scenario's names to what it is configured with. */
#include "common/actor/wire.h"
#include "common/base/check.h"
#include "lockstep/run/cluster_parts.h"

static ProtobufCBinaryData big_endian(u128 amount, uint8_t out[16])
{
    for (int i = 0; i < 16; i++) {
        out[i] = (uint8_t)(amount >> (120 - 8 * i));
    }
    return (ProtobufCBinaryData){16, out};
}

static const struct sig_key *user_key(const struct cluster *c, const struct scn_name *account)
{
    size_t i = 0;
    while (i < c->n_users && strcmp(c->user_names[i], account->text) != 0) {
        i++;
    }
    CHECK(i < c->n_users); /* the loader has checked the reference */
    return &c->users[i];
}

static void fill_trade(const struct cluster *c, const struct scn_fault *f,
                       struct cluster_attack *out)
{
    const struct scn_swap *swap = &f->attack.swap;
    const struct scn_pool *pool =
        &c->scn->rollups.items[f->rollup.index].pools.items[swap->pool.index];
    bool first = strcmp(pool->reserves.items[0].asset.text, swap->in.text) == 0;
    const struct scn_amount *in = &pool->reserves.items[first ? 0 : 1];
    const struct scn_amount *to = &pool->reserves.items[first ? 1 : 0];
    out->config.secret = wire_bytes(BYTES_OF(user_key(c, &f->attack.account)->secret));
    out->config.pool = (char *)(uintptr_t)pool->name.text;
    out->config.asset_in = (char *)(uintptr_t)in->asset.text;
    out->config.asset_out = (char *)(uintptr_t)to->asset.text;
    out->config.reserve_in = big_endian(in->amount, out->amounts[0]);
    out->config.reserve_out = big_endian(to->amount, out->amounts[1]);
    out->config.amount_in = big_endian(swap->amount, out->amounts[2]);
    out->config.fee_ppm = pool->fee_ppm;
    out->config.guesses = f->attack.when_blind == SCN_BLIND_GUESS;
}

void cluster_fill_attack(const struct cluster *c, const struct scn_fault *f,
                         struct cluster_attack *out)
{
    lockstep__attack_config__init(&out->config);
    if (f->kind == PRO_FAULT_CENSOR) {
        out->config.victim = wire_bytes(BYTES_OF(user_key(c, &f->attack.account)->address));
        out->config.puts_off = f->attack.how == SCN_CENSOR_PUT_OFF;
    } else {
        fill_trade(c, f, out);
    }
}

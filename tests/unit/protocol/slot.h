/* An honest slot of three rollups with real time-locks, commitments and signatures, which a test
 * then breaks in one place.
 *
 *   bundle   legs           what happens
 *   0        A0 B0          leg 1 fails: the bundle is excluded, A has to execute again
 *   1        A1 C0
 *   2        B1             left open as a whole
 *   3        A2 A3 B2       two legs on one rollup
 *   4        C1             left open, but opens to another transaction
 *   5        B3             does not open
 *
 * A second block: A0 out. Final blocks: A0, B0, B3, C1 out. */
#ifndef TEST_PROTOCOL_SLOT_H
#define TEST_PROTOCOL_SLOT_H

#include "common/protocol/pro_block.h"
#include "common/protocol/pro_bundle.h"
#include "common/protocol/pro_check.h"
#include "common/protocol/pro_preconf.h"
#include "common/protocol/pro_result.h"
#include "common/protocol/pro_signed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define N_BUNDLES 6
#define N_CHAINS 3
#define N_LEGS 3 /* of a bundle at most */
#define SLOT 42

enum { A, B, C };

struct world_leg {
    int chain;
    struct buf plain; /* what the cipher opens to; empty if it does not open */
    struct buf w;
    bool bogus;
};

struct world_bundle {
    struct buf raw;
    struct pro_bundle b;
    struct world_leg legs[N_LEGS];
};

/* What no test changes; made once. */
struct world {
    struct sig_key sequencer;
    struct sig_key executors[N_CHAINS];
    struct sig_key stranger;
    uint64_t rollups[N_CHAINS];
    struct pro_executor table[N_CHAINS];
    struct buf setup_file;
    struct vc_setup *vc;
    struct tlp_params *tlp;
    struct buf descriptor;
    struct pro_view view;
    struct world_bundle bundles[N_BUNDLES];
};

/* In: the derived KZG setup file. */
struct world *world_new(const char *setup_path);
void world_destroy(struct world **w);

/* A block and the artifacts made of it. */
struct slot_block {
    struct pro_block block;
    struct pro_header header;
    uint8_t excluded[1];
    struct buf body;
    struct buf signed_header;
};

struct slot_chain {
    struct slot_block proposal;
    struct slot_block second; /* of A only */
    struct slot_block final;
    struct pro_order order;
    struct buf signed_order;
    struct pro_openings openings;
    struct buf signed_openings;
    uint8_t status[1]; /* of the proposal */
    struct buf signed_result;
    struct buf proofs; /* of every failure in it */
};

struct slot {
    const struct world *w;
    struct pro_preconf preconfs[N_BUNDLES];
    struct buf items[N_BUNDLES];
    struct slot_chain chains[N_CHAINS];
};

/* Out: everything honest, made in the order of the functions below; a test changes something and
 * makes anew what depends on it. */
struct slot *slot_new(const struct world *w);
void slot_destroy(struct slot **s);

/* Signs preconfirmation `bundle` and puts it into its DA item. */
void slot_promise(struct slot *s, int bundle);
/* Puts the legs of every preconfirmation into the proposal blocks and the openings. */
void slot_place(struct slot *s);
/* Encodes the block, commits to it, and signs the header. */
void slot_pack(const struct slot *s, struct slot_block *b);
/* Commits to the promised order of a chain's proposal and signs that. */
void slot_seal(struct slot *s, int chain);
/* Signs a header, the openings, an order commitment as they stand. */
void slot_sign_header(const struct slot *s, struct slot_block *b);
void slot_sign_order(struct slot *s, int chain);
void slot_sign_openings(struct slot *s, int chain);
/* Signs the result of the chain's proposal: its status, by this key; and proves the failures in it,
 * which is possible whatever the status, as every transaction here fails. */
void slot_sign_result(struct slot *s, int chain, const struct sig_key *key);
/* Out: the step proof of a position of the chain's proposal, encoded; without a witness where no
 * transaction is. */
void slot_step(const struct slot *s, int chain, uint32_t order, struct buf *out);
/* Turns an entry into a tombstone. */
void slot_exclude(struct slot_block *b, uint32_t order, struct pro_place cause);
/* All of a chain's proposal anew: pack, seal, openings. */
void slot_propose(struct slot *s, int chain);

/* Dossiers whose arrays a test may change. */
struct proposal_case {
    struct pro_proposal_dossier d;
    struct pro_bundle_item bundles[N_BUNDLES];
    struct pro_block_item siblings[N_CHAINS];
};
struct next_case {
    struct pro_next_dossier d;
    struct pro_bundle_item bundles[N_BUNDLES];
    struct pro_proven failures[N_CHAINS];
    struct pro_block_item proposals[N_CHAINS];
    struct bytes siblings[N_CHAINS];
};

struct pro_block_item slot_item(const struct slot_block *b);
/* What the executor of `chain` looks at. */
void slot_proposal_case(const struct slot *s, int chain, struct proposal_case *out);
void slot_second_case(const struct slot *s, struct next_case *out);
void slot_final_case(const struct slot *s, int chain, struct next_case *out);

/* Assert that exactly this rule is named, also after the dossier has travelled as bytes. */
void assert_proposal(const struct slot *s, const struct proposal_case *c, enum pro_rule rule);
void assert_second(const struct slot *s, const struct next_case *c, enum pro_rule rule);
void assert_final(const struct slot *s, const struct next_case *c, enum pro_rule rule);
/* The same for the dossier of the slot as it stands. */
void assert_proposal_of(const struct slot *s, int chain, enum pro_rule rule);
void assert_second_of(const struct slot *s, enum pro_rule rule);
void assert_final_of(const struct slot *s, int chain, enum pro_rule rule);

/* The last byte but the signature's is turned over. */
void damage(struct buf *b);

#endif

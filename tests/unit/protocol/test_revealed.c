/* The checks of what was revealed: openings that solve their puzzles, plaintexts that are what the
 * ciphers open to. The other checks of a proposal block are in test_proposal.c. */
#include "tests/unit/protocol/slot.h"

static struct world *world;

static int set_up(void **state)
{
    *state = slot_new(world);
    return 0;
}

static int tear_down(void **state)
{
    slot_destroy((struct slot **)state);
    return 0;
}

static void test_opening_must_be_signed_and_of_this_block(void **state)
{
    struct slot *s = *state;
    struct proposal_case c;
    damage(&s->chains[A].signed_openings);
    assert_proposal_of(s, A, PRO_RULE_OPENING);
    slot_sign_openings(s, A);
    slot_proposal_case(s, A, &c);
    c.d.openings = buf_view(&s->chains[B].signed_openings);
    assert_proposal(s, &c, PRO_RULE_OPENING);
    c.d.openings = c.d.order;
    assert_proposal(s, &c, PRO_RULE_OPENING);
    s->chains[A].openings.slot++;
    slot_sign_openings(s, A);
    assert_proposal_of(s, A, PRO_RULE_OPENING);
    s->chains[A].openings.slot--;
    s->chains[A].openings.count--;
    slot_sign_openings(s, A);
    assert_proposal_of(s, A, PRO_RULE_OPENING);
}

static void test_opening_must_solve_the_puzzle(void **state)
{
    struct slot *s = *state;
    struct pro_opening *items = s->chains[A].openings.items;
    items[1].w = items[0].w;
    slot_sign_openings(s, A);
    assert_proposal_of(s, A, PRO_RULE_OPENING);
    items[1].w = bytes_str("short");
    slot_sign_openings(s, A);
    assert_proposal_of(s, A, PRO_RULE_OPENING);
    slot_place(s);
    items[2].w.len--;
    slot_sign_openings(s, A);
    assert_proposal_of(s, A, PRO_RULE_OPENING);
}

static void test_opening_of_what_does_not_open_must_be_right_too(void **state)
{
    struct slot *s = *state;
    s->chains[B].openings.items[3].w = s->chains[B].openings.items[1].w;
    slot_sign_openings(s, B);
    assert_proposal_of(s, B, PRO_RULE_OPENING);
}

static void assert_plaintext_broken(struct slot *s, int chain)
{
    slot_propose(s, chain);
    assert_proposal_of(s, chain, PRO_RULE_PLAINTEXT);
    slot_place(s);
    slot_propose(s, chain);
}

static void test_plaintext_is_what_the_cipher_opens_to(void **state)
{
    struct slot *s = *state;
    struct pro_entry *e = s->chains[A].proposal.block.entries;
    e[1].tx = e[0].tx;
    assert_plaintext_broken(s, A);
    e[1].tx.len--;
    assert_plaintext_broken(s, A);
    s->chains[C].proposal.block.entries[1].tx = (struct bytes){0}; /* bogus, but with plaintext */
    assert_plaintext_broken(s, C);
    s->chains[B].proposal.block.entries[3].tx = bytes_str("x"); /* does not open */
    assert_plaintext_broken(s, B);
}

static void test_plaintext_is_bogus_exactly_if_it_is_no_transaction(void **state)
{
    struct slot *s = *state;
    s->chains[A].proposal.block.entries[0].kind = PRO_ENTRY_BOGUS;
    assert_plaintext_broken(s, A);
    s->chains[A].openings.items[0].verdict = PRO_BOGUS_CIPHER;
    assert_plaintext_broken(s, A);
    s->chains[A].proposal.block.entries[0].kind = PRO_ENTRY_BOGUS;
    s->chains[A].openings.items[0].verdict = PRO_BOGUS_CIPHER;
    assert_plaintext_broken(s, A);
    s->chains[C].proposal.block.entries[1].kind = PRO_ENTRY_TX;
    s->chains[C].openings.items[1].verdict = PRO_OPEN;
    assert_plaintext_broken(s, C);
    s->chains[B].proposal.block.entries[3].kind = PRO_ENTRY_TX;
    s->chains[B].openings.items[3].verdict = PRO_OPEN;
    assert_plaintext_broken(s, B);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_opening_must_be_signed_and_of_this_block),
        TEST(test_opening_must_solve_the_puzzle),
        TEST(test_opening_of_what_does_not_open_must_be_right_too),
        TEST(test_plaintext_is_what_the_cipher_opens_to),
        TEST(test_plaintext_is_bogus_exactly_if_it_is_no_transaction),
    };
    if (argc != 2) {
        return 1;
    }
    world = world_new(argv[1]);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    world_destroy(&world);
    return rc;
}

/* Every argument, and every reason to refuse one. */
#include "lockstep/generate/gen.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define WORDS_MAX 40

/* In: arguments after the verb, separated by single spaces. */
static int parse(const char *words, struct gen_args *args, struct buf *why)
{
    static char text[512]; /* `output` points into it */
    char verb[] = "generate";
    char *argv[WORDS_MAX] = {verb};
    int argc = 1;
    assert_true(strlen(words) < sizeof(text));
    memcpy(text, words, strlen(words) + 1);
    for (char *w = strtok(text, " "); w != NULL; w = strtok(NULL, " ")) {
        argv[argc++] = w;
    }
    return gen_args_parse(argc, argv, args, why);
}

static struct gen_args accepted(const char *words)
{
    struct gen_args args;
    struct buf why = {0};
    assert_int_equal(parse(words, &args, &why), 0);
    assert_int_equal(why.len, 0);
    return args;
}

static void refused(const char *words, const char *sentence)
{
    struct gen_args args = {.rollups = 77};
    struct buf why = {0};
    assert_int_equal(parse(words, &args, &why), ERR_INVALID);
    assert_string_equal(buf_cstr(&why), sentence);
    assert_int_equal(args.rollups, 77);
    buf_fini(&why);
}

static void nothing_said_means_the_defaults(void **state)
{
    struct gen_args a = accepted("");
    struct buf text = {0};
    gen_args_write(&a, &text);
    assert_string_equal(buf_cstr(&text),
                        "lockstep generate --rollups 4 --bundles 20 --legs 1..3 --accounts 20 "
                        "--pools 2 --conflict 0.80 --failure 20 --slots 1 --policy one_shot "
                        "--mix transfers,swaps,bridges,loans --seed 1");
    assert_null(a.output);
    buf_fini(&text);
}

static void every_argument_is_taken(void **state)
{
    struct gen_args a = accepted("--rollups 128 --bundles 10000 --legs 100 --accounts 10000 "
                                 "--pools 1000 --conflict 1.2 --failure 35% --slots 10000 "
                                 "--policy one_shot --mix loans,swaps,loans "
                                 "--seed 18446744073709551615 -o x.yaml");
    assert_int_equal(a.rollups, 128);
    assert_int_equal(a.bundles, 10000);
    assert_int_equal(a.legs_min, 100);
    assert_int_equal(a.legs_max, 100);
    assert_int_equal(a.accounts, 10000);
    assert_int_equal(a.pools, 1000);
    assert_int_equal(a.conflict_centi, 120);
    assert_int_equal(a.failure_percent, 35);
    assert_int_equal(a.slots, 10000);
    assert_int_equal(a.n_mix, 3);
    assert_int_equal(a.mix[0], GEN_LOANS);
    assert_int_equal(a.mix[1], GEN_SWAPS);
    assert_int_equal(a.mix[2], GEN_LOANS);
    assert_true(a.seed == UINT64_MAX);
    assert_string_equal(a.output, "x.yaml");
    assert_int_equal(accepted("--legs 2..7").legs_min, 2);
    assert_int_equal(accepted("--legs 2..7").legs_max, 7);
    assert_int_equal(accepted("--conflict 0").conflict_centi, 0);
    assert_int_equal(accepted("--conflict 0.05").conflict_centi, 5);
    assert_int_equal(accepted("--conflict 4.00").conflict_centi, 400);
    assert_true(accepted("--help").help);
}

static void what_the_command_says_is_what_was_meant(void **state)
{
    struct gen_args a = accepted("--rollups 9 --legs 2..7 --conflict 1.05 --mix bridges,swaps "
                                 "--failure 0 --seed 12");
    struct buf text = {0};
    struct buf again = {0};
    gen_args_write(&a, &text);
    struct gen_args b = accepted(buf_cstr(&text) + strlen("lockstep generate "));
    gen_args_write(&b, &again);
    assert_string_equal(buf_cstr(&again), buf_cstr(&text));
    buf_fini(&text);
    buf_fini(&again);
}

static void numbers_out_of_range_are_refused_with_reason_and_remedy(void **state)
{
    static const char *const cases[][2] = {
        {"--rollups 0", "--rollups takes a whole number from 1 to 128, not `0`: a scenario has a "
                        "rollup; take 1 or more"},
        {"--rollups 129", "--rollups takes a whole number from 1 to 128, not `129`: that is how "
                          "many a scenario may have; take more --slots for more blocks"},
        {"--bundles 0", "--bundles takes a whole number from 1 to 10000, not `0`: there must be "
                        "something to run; take 1 or more"},
        {"--bundles 10001",
         "--bundles takes a whole number from 1 to 10000, not `10001`: that is how many steps a "
         "scenario may have; take more --legs for more transactions"},
        {"--accounts 1", "--accounts takes a whole number from 2 to 10000, not `1`: a transfer "
                         "needs two; take 2 or more"},
        {"--accounts 10001", "--accounts takes a whole number from 2 to 10000, not `10001`: that "
                             "is how many a rollup may have; take fewer"},
        {"--pools 1001", "--pools takes a whole number from 0 to 1000, not `1001`: that is how "
                         "many a rollup may have; take more --rollups for more pools"},
        {"--slots 0", "--slots takes a whole number from 1 to 10000, not `0`: bundles need a slot "
                      "to go to; take 1 or more"},
        {"--slots 10001", "--slots takes a whole number from 1 to 10000, not `10001`: there are at "
                          "most 10000 bundles, and more would be empty; take fewer"},
        {"--failure 101", "--failure takes a whole number from 0 to 100, not `101`: it is a share "
                          "of the bundles in percent; take 100 for all"},
        {"--failure x", "--failure takes a whole number from 0 to 100, not `x`"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        refused(cases[i][0], cases[i][1]);
    }
    refused("--legs 101",
            "--legs takes 1 to 100, not `101`: a bundle has a leg, and by default the "
            "sequencer admits no more than 100; take more --bundles instead");
    refused("--legs 0..2", "--legs takes 1 to 100, not `0..2`: a bundle has a leg, and by default "
                           "the sequencer admits no more than 100; take more --bundles instead");
    refused("--conflict 4.01", "--conflict takes 0 to 4 with at most two decimals, not `4.01`: it "
                               "is the exponent of Zipf's law; 0 is uniform, 1.2 is hot, and at 4 "
                               "nine in ten draws are the first account");
}

static void refuses(const char *words, const char *part)
{
    struct gen_args args;
    struct buf why = {0};
    assert_int_equal(parse(words, &args, &why), ERR_INVALID);
    assert_non_null(strstr(buf_cstr(&why), part));
    buf_fini(&why);
}

static void what_is_no_number_is_refused(void **state)
{
    static const char *const options[] = {"--rollups", "--bundles",  "--accounts",
                                          "--pools",   "--slots",    "--failure",
                                          "--legs",    "--conflict", "--seed"};
    static const char *const values[] = {
        "x", "-1", "+1", "1x", "1e3", "0x10", "..", ".5", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        for (size_t k = 0; k < sizeof(values) / sizeof(values[0]); k++) {
            char words[64];
            (void)snprintf(words, sizeof(words), "%s %s", options[i], values[k]);
            refuses(words, options[i]);
        }
    }
    refuses("--legs 1..", "--legs takes a number or a range");
    refuses("--legs 1...3", "--legs takes a number or a range");
    refuses("--legs 1..3..5", "--legs takes a number or a range");
    refuses("--legs 4..2", "counts down");
    refuses("--conflict 1.234", "two decimals");
    refuses("--conflict 1.", "two decimals");
    refuses("--failure 5%%", "--failure takes");
    refuses("--rollups 5%", "--rollups takes");
    refuses("--seed 18446744073709551616", "--seed takes a whole number");
}

static void what_does_not_go_together_is_refused(void **state)
{
    refused("--mix swaps --pools 0",
            "--mix has swaps, and there are no pools: take --pools 1 or more");
    refused("--mix transfers,bridges --rollups 1",
            "--mix has bridges, and there is one rollup: take --rollups 2 or more");
    refused("--mix bridges",
            "a bridge takes two legs: take --legs 2..3, or something else into --mix");
    refused("--mix bridges,bridges --legs 1",
            "a bridge takes two legs: take --legs 2..4, or something else into --mix");
}

static void a_shape_sets_what_it_says_itself(void **state)
{
    struct gen_args a = accepted("--shape chain --bundles 200 --seed 3");
    struct gen_args c = accepted("--rollups 30 --shape cycle --policy one_shot");
    struct buf text = {0};
    assert_int_equal(a.shape, GEN_CHAIN);
    assert_int_equal(a.rollups, 2);
    assert_int_equal(a.legs_min, 2);
    assert_int_equal(a.legs_max, 2);
    assert_int_equal(a.accounts, 201);
    assert_int_equal(a.slots, 1);
    assert_int_equal(a.pools, 0);
    gen_args_write(&a, &text);
    assert_string_equal(buf_cstr(&text), "lockstep generate --shape chain --rollups 2 "
                                         "--bundles 200 --policy serial --seed 3");
    assert_int_equal(c.bundles, 30); /* the default would leave the circle open */
    assert_string_equal(c.policy, "one_shot");
    assert_int_equal(accepted("--shape cycle").rollups, 3);
    assert_int_equal(accepted("--shape cycle").bundles, 20);
    assert_int_equal(accepted("--shape line --rollups 128").rollups, 128);
    assert_int_equal(accepted("--shape crossing").bundles, 20);
    assert_int_equal(accepted("--shape chain --shape random").rollups, 4);
    assert_int_equal(accepted("--shape random --legs 3").shape, GEN_RANDOM);
    buf_fini(&text);
}

static void a_shape_refuses_what_it_leaves_no_room_for(void **state)
{
    static const char *const cases[][2] = {
        {"--shape chian", "--shape knows no `chian`; did you mean `chain`?"},
        {"--shape=", "--shape knows no ``; known shapes: random, chain, line, crossing, cycle"},
        {"--shape chain --legs 3",
         "--legs does not go with --shape chain: each of its bundles has two legs; leave it out, "
         "or take --shape random"},
        {"--accounts 9 --shape line",
         "--accounts does not go with --shape line: each of its bundles has a sender of its own; "
         "leave it out, or take --shape random"},
        {"--shape cycle --pools 0", "--pools does not go with --shape cycle: its legs are "
                                    "transfers; leave it out, or take --shape random"},
        {"--shape chain --conflict 1", "--conflict does not go with --shape chain: it says itself "
                                       "who pays whom; leave it out, or take --shape random"},
        {"--shape crossing --fail 50",
         "--failure does not go with --shape crossing: it says itself which bundles fail; leave "
         "it out, or take --shape random"},
        {"--shape line --slots 2",
         "--slots does not go with --shape line: its bundles depend on each other within a slot; "
         "leave it out, or take --shape random"},
        {"--shape line --mix transfers", "--mix does not go with --shape line: its legs are "
                                         "transfers; leave it out, or take --shape random"},
        {"--shape chain --rollups 3",
         "--shape chain does not go with --rollups 3: it goes back and forth between two rollups; "
         "leave --rollups out, or take --shape cycle for more"},
        {"--shape line --rollups 1",
         "--shape line does not go with --rollups 1: the line is on one rollup and its first "
         "bundle fails on another; take --rollups 2 or more"},
        {"--shape crossing --rollups 1", "--shape crossing does not go with --rollups 1: a pair "
                                         "crosses over two rollups; take --rollups 2 or more"},
        {"--shape cycle --rollups 2",
         "--shape cycle does not go with --rollups 2: a circle has three rollups; take --rollups "
         "3 or more, or --shape chain for two"},
        {"--shape chain --bundles 1", "--shape chain takes 2 bundles or more, not 1: one depends "
                                      "on another; take --bundles 2 or more"},
        {"--shape crossing --bundles 7", "--shape crossing takes an even number of bundles, not "
                                         "7: they come in pairs; take --bundles 8"},
        {"--shape cycle --rollups 5 --bundles 4",
         "--shape cycle takes a bundle for each of its 5 rollups at least, not 4: the circle "
         "would stay open; take --bundles 5 or more, or fewer --rollups"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        refused(cases[i][0], cases[i][1]);
    }
}

static void a_default_kind_yields_to_numbers_that_rule_it_out(void **state)
{
    assert_int_equal(accepted("--pools 0").n_mix, 3);
    assert_int_equal(accepted("--rollups 1").n_mix, 3);
    struct gen_args a = accepted("--rollups 1 --pools 0");
    assert_int_equal(a.n_mix, 2);
    assert_int_equal(a.mix[0], GEN_TRANSFERS);
    assert_int_equal(a.mix[1], GEN_LOANS);
}

static void words_that_are_not_known_are_refused(void **state)
{
    refused("--mix swap", "--mix knows no `swap`; did you mean `swaps`?");
    refuses("--mix transfers,,swaps", "--mix knows no ``");
    refuses("--mix swaps,", "--mix knows no ``");
    refuses("--mix swaps,swaps,swaps,swaps,swaps,swaps,swaps,swaps,swaps,swaps,swaps,swaps,swaps,"
            "swaps,swaps,swaps,swaps",
            "at most 16 words");
    refused("--policy serious",
            "--policy `serious` is none of the policies: one_shot, fixpoint, serial, "
            "inclusive, block_replace, two_phase");
    refused("--rolups 3", "no option `--rolups`; did you mean `--rollups`?");
    refused("-x", "no option `-x`; see lockstep generate --help");
    refused("--seed", "--seed needs a value; see lockstep generate --help");
    refused("out.yaml",
            "generate reads no file, and `out.yaml` is none of its options: -o out.yaml writes "
            "there");
    refused("--output=", "-o needs the name of a file; leave it out for standard output");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said_means_the_defaults),
        cmocka_unit_test(every_argument_is_taken),
        cmocka_unit_test(what_the_command_says_is_what_was_meant),
        cmocka_unit_test(numbers_out_of_range_are_refused_with_reason_and_remedy),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(what_does_not_go_together_is_refused),
        cmocka_unit_test(a_shape_sets_what_it_says_itself),
        cmocka_unit_test(a_shape_refuses_what_it_leaves_no_room_for),
        cmocka_unit_test(a_default_kind_yields_to_numbers_that_rule_it_out),
        cmocka_unit_test(words_that_are_not_known_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

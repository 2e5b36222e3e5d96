/* Messages of the loader, word for word: a good scenario with one thing changed. */
#include "lockstep/scenario/scn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char good[] =
    "version: 1\n"
    "name: base\n"
    "seed: 7\n"
    "rollups:\n"
    "  Alpha:\n"
    "    accounts: {alice: {ETH: 10, USDC: 500}, bob: {}}\n"
    "    pools: {eth-usdc: {ETH: 100, USDC: 2000, fee: 0.3%}}\n"
    "  Beta: {accounts: {alice: {ETH: 3}}}\n"
    "links: {default: {delay: 20ms}}\n"
    "timeline:\n"
    "  - at: slot 1\n"
    "    submit:\n"
    "      bundle: arb\n"
    "      from: alice\n"
    "      legs:\n"
    "        - {rollup: Alpha, ops: [{transfer: {to: bob, asset: ETH, amount: 5}}]}\n"
    "        - {rollup: Beta, ops: [{fail: {}}]}\n"
    "expect:\n"
    "  - {bundle: arb, is: excluded, cause: Beta.0}\n";

struct wrong {
    const char *find; /* its first occurrence in the good scenario ... */
    const char *put;  /* ... is replaced by this */
    const char *says;
};

static const struct wrong wrongs[] = {
    {"seed: 7", "sed: 7", "s:3:1: unknown key `sed` in scenario; did you mean `seed`?\n"},
    {"seed: 7", "seed: \"7\"", "s:3:7: `seed` is quoted text; write the number without quotes\n"},
    {"seed: 7", "seed: -7",
     "s:3:7: `seed` is `-7`, a whole number is needed (digits only); write for example 7\n"},
    {"seed: 7", "seed: 007", "s:3:7: `seed` is `007`; write the number without leading zeros\n"},
    {"seed: 7", "seed: 18446744073709551616",
     "s:3:7: `seed` is 18446744073709551616; it must be at least 0 and fit 64 bits\n"},
    {"seed: 7", "seed: 7\nseed: 8",
     "s:4:1: key `seed` is given twice, first on line 3 column 1; keep one\n"},
    {"seed: 7", "seed: [7]",
     "s:3:7: `seed` is a list, a single value is needed; write for example 7\n"},
    {"seed: 7", "seed:", "s:3:6: `seed` has no value; write for example 7\n"},
    {"seed: 7\n", "", "s:1:1: `seed` is missing in scenario; write for example seed: 7\n"},
    {"version: 1", "version: 2",
     "s:1:10: `version` is `2`, which is none of its values; known values: 1\n"},
    {"name: base", "name: 1st",
     "s:2:7: `name` is `1st`, which is not a name; write a letter, then up to 31 letters, digits, "
     "`-` or `_`\n"},
    {"name: base", "name: null",
     "s:2:7: `name` is `null`, which YAML does not read as text; quote it or take another word\n"},
    {"seed: 7", "seed: 7\npolicy: oneshot",
     "s:4:9: `policy` is `oneshot`, which is none of its values; did you mean `one_shot`?\n"},
    {"seed: 7", "seed: 7\ngranularity: leg",
     "s:4:14: `granularity` is `leg`, which is none of its values; known values: keys, rollup\n"},
    {"seed: 7", "seed: 7\nmax_rounds: 0",
     "s:4:13: `max_rounds` is 0; it must be between 1 and 1000000\n"},
    {"seed: 7", "seed: 7\nslots: 0", "s:4:8: `slots` is 0; it must be between 1 and 100000\n"},
    {"seed: 7", "seed: 7\ntimelock: {bits: 4096}",
     "s:4:18: `bits` is `4096`, which is none of its values; known values: 1024, 2048, 3072\n"},
    {"seed: 7", "seed: 7\ntimelock: {squarings: 0}",
     "s:4:23: `squarings` is 0; it must be between 1 and 1099511627776\n"},
    {"seed: 7", "seed: 7\nmatrix: {}",
     "s:4:1: unknown key `matrix` in scenario; known keys: version, name, description, seed, "
     "policy, granularity, max_rounds, mempool, slots, slot_duration, rollups, timelock, limits, "
     "l1, execution, links, timeline, expect\n"},
    {"delay: 20ms", "delay: 20", "s:9:26: `delay` is `20`, which has no unit; write 20ms or 20s\n"},
    {"delay: 20ms", "delay: 20 ms",
     "s:9:26: `delay` is `20 ms`, a duration is needed: a whole number and s, ms, us or ns; write "
     "for example 20ms\n"},
    {"delay: 20ms", "delay: 20min",
     "s:9:26: `delay` is `20min`, a duration is needed: a whole number and s, ms, us or ns; write "
     "for example 20ms\n"},
    {"delay: 20ms", "delay: 3601s", "s:9:26: `delay` is 3601s; it must be between 0s and 3600s\n"},
    {"delay: 20ms", "dealy: 20ms", "s:9:19: unknown key `dealy` in link; did you mean `delay`?\n"},
    {"delay: 20ms", "loss: 2", "s:9:25: `loss` is `2`, which has no unit; write 2%\n"},
    {"delay: 20ms", "loss: 101%", "s:9:25: `loss` is 101%; it must be between 0% and 100%\n"},
    {"delay: 20ms", "loss: 0.00001%",
     "s:9:25: `loss` is `0.00001%`, a percentage is needed, with four decimals at most; write for "
     "example 2%\n"},
    {"{default: {delay: 20ms}}", "{executor-Alfa -> sequencer: {delay: 1ms}}",
     "s:9:9: actor `executor-Alfa` does not exist here; did you mean `executor-Alpha`?\n"},
    {"{default: {delay: 20ms}}", "{sequencer => da: {delay: 1ms}}",
     "s:9:9: `sequencer => da` is no link; write `default`, `sequencer -> da` or `sequencer <-> "
     "da`\n"},
    {"{default: {delay: 20ms}}", "{da -> da: {delay: 1ms}}",
     "s:9:9: `da -> da` leads back to where it begins; name two different actors\n"},
    {"{default: {delay: 20ms}}", "{da <-> l1: {delay: 1ms}, l1 -> da: {loss: 1%}}",
     "s:9:34: link `l1 -> da` is set already by `da <-> l1` on line 9; keep one\n"},
    {"Beta: {acc", "9Beta: {acc",
     "s:8:3: `9Beta` is not a rollup name; write a letter, then up to 15 letters, digits or `-`\n"},
    {"Beta: {acc", "Beta: {chain_id: 1001, acc",
     "s:8:3: rollup `Beta` has chain id 1001, as has rollup `Alpha` on line 5; give each its "
     "own\n"},
    {"fee: 0.3%", "fee: 0.3", "s:7:51: `fee` is `0.3`, which has no unit; write 0.3%\n"},
    {"fee: 0.3%", "fees: 0.3%", "s:7:46: unknown key `fees` in pool; did you mean `fee`?\n"},
    {", USDC: 2000, fee", ", fee",
     "s:7:23: `pool` has 1 entry named by an asset; it must have 2\n"},
    {"ETH: 10,", "eth: 10,",
     "s:6:24: `eth` is not an asset; write a capital letter, then up to 9 capital letters or "
     "digits, like ETH\n"},
    {"ETH: 10,", "ETH: 340282366920938463463374607431768211456,",
     "s:6:29: `ETH` is 340282366920938463463374607431768211456; it must be at least 0 and fit 128 "
     "bits\n"},
    {"ETH: 10,", "ETH: 1.5,",
     "s:6:29: `ETH` is `1.5`, a whole number is needed (digits only); write for example 1000\n"},
    {"at: slot 1", "at: slot 0", "s:11:9: `at` is `slot 0`; slots count from 1\n"},
    {"at: slot 1", "at: slot 2",
     "s:11:9: slot 2 is not run, there are 1; raise `slots` or take an earlier one\n"},
    {"at: slot 1", "at: slot 1 + 5", "s:11:9: `at` is `5`, which has no unit; write 5ms or 5s\n"},
    {"at: slot 1", "at: tomorrow",
     "s:11:9: `at` is `tomorrow`, which is no moment; write 150ms, slot 1 or slot 1 + 100ms\n"},
    {"at: slot 1", "at: 2s",
     "s:11:9: the last slot has ended by then, nothing is admitted any more; submit earlier or "
     "raise `slots`\n"},
    {"  - at: slot 1\n    submit", "  - submit",
     "s:11:5: `at` is missing in step; write for example at: slot 1 + 100ms\n"},
    {"    submit:", "    sumbit:",
     "s:12:5: unknown key `sumbit` in step; did you mean `submit`?\n"},
    {"rollup: Beta", "rollup: Betta",
     "s:17:20: rollup `Betta` is not defined; did you mean `Beta`?\n"},
    {"rollup: Beta", "rollup: B",
     "s:17:20: rollup `B` is not defined; known rollups: Alpha, Beta\n"},
    {"      from: alice", "      from: alise",
     "s:14:13: account `alise` is not defined in rollup `Alpha`; did you mean `alice`?\n"
     "s:14:13: account `alise` is not defined in rollup `Beta`; did you mean `alice`?\n"},
    {"      from: alice", "      from: bob",
     "s:14:13: account `bob` is not defined in rollup `Beta`; add `bob: {}` to its accounts\n"},
    {"      from: alice\n", "",
     "s:15:11: this leg has no signer; add `from: <account>` to it or to its bundle\n"
     "s:16:11: this leg has no signer; add `from: <account>` to it or to its bundle\n"},
    {"to: bob", "to: bbo",
     "s:16:49: account `bbo` is not defined in any rollup; did you mean `bob`?\n"},
    {"asset: ETH", "asset: EHT",
     "s:16:61: asset `EHT` does not occur in rollup `Alpha`; did you mean `ETH`?\n"},
    {"amount: 5", "amount: 0", "s:16:74: `amount` is 0; it must be at least 1 and fit 128 bits\n"},
    {"transfer: {to: bob, asset: ETH, amount: 5}", "swap: {pool: usdc-eth, in: ETH, amount: 5}",
     "s:16:47: pool `usdc-eth` is not defined in rollup `Alpha`; known pools: eth-usdc\n"},
    {"transfer: {to: bob, asset: ETH, amount: 5}", "swap: {pool: eth-usdc, in: DAI, amount: 5}",
     "s:16:61: pool `eth-usdc` does not hold asset `DAI`; known assets: ETH, USDC\n"},
    {"transfer: {to: bob, asset: ETH, amount: 5}",
     "transfer: {to: bob, asset: ETH, amount: 5}, fail: {}",
     "s:16:78: `fail` cannot stand beside `transfer`; keep one of them\n"},
    {"transfer: {to: bob, asset: ETH, amount: 5}", "require: {balance: {account: bob, asset: ETH}}",
     "s:16:53: `require balance` lacks the key that says what it is; add one of: equals, at_least, "
     "at_most\n"},
    {"transfer: {to: bob, asset: ETH, amount: 5}",
     "require: {price: {pool: eth-usdc, asset: ETH, at_least: 3/0}}",
     "s:16:90: `at_least` is `3/0`, a ratio of two whole numbers is needed; write for example "
     "1900/1\n"},
    {"fail: {}", "fail: {why: because}", "s:17:40: unknown key `why`; fail takes none, write {}\n"},
    {"fail: {}", "fail", "s:17:37: `fail` has no value; write {}\n"},
    {"ops: [{fail: {}}]", "ops: {fail: {}}",
     "s:17:31: `ops` is a mapping, a list is needed; begin each entry with `- `\n"},
    {"ops: [{fail: {}}]", "ops: []",
     "s:17:31: `ops` has 0 entries; it must have between 1 and 64\n"},
    {"expect:",
     "  - {at: 3ms, submit: {bundle: arb, from: alice, legs: [{rollup: Beta, ops: [{fail: "
     "{}}]}]}}\nexpect:",
     "s:18:32: bundle `arb` is submitted twice, first on line 13; give each its own name\n"},
    {"expect:", "  - {at: 3ms, inject: {to: sequencer, from: wallet, hex: 0}}\nexpect:",
     "s:18:58: `hex` looks like a number to YAML; put the digits in quotes\n"},
    {"expect:", "  - {at: 3ms, inject: {to: sequencer, from: wallet, hex: abc}}\nexpect:",
     "s:18:58: `hex` is `abc`, bytes are needed: an even number of the digits 0-9 and a-f; write "
     "for example \"00ff\"\n"},
    {"expect:", "  - {at: 3ms, inject: {to: sequencr, from: wallet, hex: abcd}}\nexpect:",
     "s:18:28: actor `sequencr` does not exist here; did you mean `sequencer`?\n"},
    {"expect:",
     "  - {at: 3ms, inject: {to: da, from: wallet, repeat: {byte: 256, count: 1}}}\nexpect:",
     "s:18:61: `byte` is 256; it must be between 0 and 255\n"},
    {"expect:", "  - {at: 3ms, partition: {between: [da, da], for: 2s}}\nexpect:",
     "s:18:41: `da` cannot be cut off from itself; name another actor\n"},
    {"expect:", "  - {at: 3ms, partition: {between: [da], for: 2s}}\nexpect:",
     "s:18:36: `between` has 1 entry; it must have 2\n"},
    {"expect:", "  - {at: 3ms, partition: {from: da, for: 2s}}\nexpect:",
     "s:18:26: `to` is missing in partition; write for example to: sequencer\n"},
    {"expect:", "  - {at: 3ms, partition: {between: [da, l1], to: da, for: 2s}}\nexpect:",
     "s:18:46: `to` does not go with `between`; remove it\n"},
    {"expect:", "  - {at: 3ms, fault: {omit_leg: {rollup: Beta, order: 0}}}\nexpect:",
     "s:18:10: a fault of a party belongs to a whole slot; write `at: slot 1`\n"},
    {"expect:", "  - {at: slot 1, fault: {omit_leg: {rollup: Bet, order: 0}}}\nexpect:",
     "s:18:45: rollup `Bet` is not defined; did you mean `Beta`?\n"},
    {"expect:", "  - {at: slot 1, fault: {omit_leg: {rollup: Beta, order: 4096}}}\nexpect:",
     "s:18:58: `order` is 4096; it must be between 0 and 4095\n"},
    {"expect:",
     "  - {at: slot 1, fault: {swap_positions: {rollup: Beta, order: 2, with: 2}}}\nexpect:",
     "s:18:5: position 2 cannot be exchanged with itself; name two positions\n"},
    {"expect:", "  - {at: slot 1, fault: {omit_legs: {}}}\nexpect:",
     "s:18:26: unknown key `omit_legs` in fault; did you mean `omit_leg`?\n"},
    {"      from: alice\n", "      from: alice\n      fault: {garbage: {leg: 2}}\n",
     "s:13:15: there is no leg 2 in bundle `arb`; the last is 1\n"},
    {"      from: alice\n", "      from: alice\n      fault: {lift: {of: arb}}\n",
     "s:15:26: no bundle `arb` is submitted before this one; name one that is\n"},
    {"expect:", "  - {at: 3ms, submit: {bundle: again, from: alice}}\nexpect:",
     "s:18:32: bundle `again` has no `legs`; list at least one\n"},
    {"      from: alice\n", "      from: alice\n      fault: {replay: {of: arb}}\n",
     "s:13:15: bundle `arb` is a replay; leave out its legs\n"
     "s:15:28: no bundle `arb` is submitted before this one; name one that is\n"},
    {"is: excluded, cause: Beta.0}", "is: excluded}\n  - {slashed: sequencr}",
     "s:20:15: actor `sequencr` does not exist here; did you mean `sequencer`?\n"},
    {"is: excluded, cause: Beta.0}", "is: excluded}\n  - {slashed: sequencer, for: theft}",
     "s:20:31: `for` is `theft`, which is none of its values; known values: "
     "two_promises, two_orders, two_blocks, order_breaks_promise, block_breaks_promise, "
     "broken_order, bad_admission, wrong_openings, wrong_plaintext, "
     "split_bundle, foreign_cause, two_results, ...\n"},
    {"bundle: arb, is", "bundle: abr, is",
     "s:19:14: bundle `abr` is never submitted; did you mean `arb`?\n"},
    {"is: excluded", "is: exclude",
     "s:19:23: `is` is `exclude`, which is none of its values; did you mean `excluded`?\n"},
    {"is: excluded", "is: executed",
     "s:19:40: only an excluded bundle has a cause; remove it or write `is: excluded`\n"},
    {"cause: Beta.0", "cause: Beta",
     "s:19:40: `cause` is `Beta`, which names no leg; write the rollup, a dot and the position in "
     "its block, for example A.0\n"},
    {"cause: Beta.0", "cause: Gamma.0",
     "s:19:40: rollup `Gamma` is not defined; known rollups: Alpha, Beta\n"},
    {"cause: Beta.0", "slot: 2",
     "s:19:5: slot 2 is not run, there are 1; raise `slots` or take an earlier one\n"},
    {"cause: Beta.0", "cause: Beta.0, rounds: 2",
     "s:19:48: `rounds` cannot stand beside `bundle`; keep one of them\n"},
    {"cause: Beta.0", "cause: Beta.0, reason: limit",
     "s:19:5: only a refused bundle has a reason; remove it or write `is: refused`\n"},
    {"{bundle: arb, is: excluded, cause: Beta.0}", "{rounds: 1, is: executed}",
     "s:19:17: `is` does not go with `rounds`; remove it\n"},
    {"seed: 7", "seed: 7\nmempool: plain",
     "s:4:10: `mempool` is `plain`, which is none of its values; known values: encrypted, "
     "plaintext\n"},
    {"      from: alice\n", "      from: alice\n      open: all\n",
     "s:15:13: `open` is `all`, which is none of its values; known values: nothing, sender, "
     "transaction\n"},
    {"expect:", "  - {at: slot 1, fault: {censor: {account: alcie}}}\nexpect:",
     "s:18:44: account `alcie` is not defined in any rollup; did you mean `alice`?\n"},
    {"expect:",
     "  - {at: slot 1, fault: {front_run: {rollup: Beta, account: bob, pool: eth-usdc, in: ETH, "
     "amount: 1}}}\nexpect:",
     "s:18:61: account `bob` is not defined in rollup `Beta`; add `bob: {}` to its accounts\n"
     "s:18:72: pool `eth-usdc` is not defined in rollup `Beta`; no pools are defined\n"},
    {"expect:",
     "  - {at: slot 1, fault: {sandwich: {rollup: Alpha, account: bob, pool: eth-usdc, in: BTC, "
     "amount: 1}}}\nexpect:",
     "s:18:86: pool `eth-usdc` does not hold asset `BTC`; did you mean `ETH`?\n"},
    {"{bundle: arb, is: excluded, cause: Beta.0}", "{always: atomicity, mempool: plaintext}",
     "s:19:25: `mempool` does not go with `always`; remove it\n"},
    {"{bundle: arb, is: excluded, cause: Beta.0}", "{always: atomicty}",
     "s:19:14: `always` is `atomicty`, which is none of its values; did you mean `atomicity`?\n"},
    {"{bundle: arb, is: excluded, cause: Beta.0}", "{always: atomicity}\n  - {violated: atomicity}",
     "s:20:5: `atomicity` cannot both hold and be violated, see line 19; keep one\n"},
    {"{bundle: arb, is: excluded, cause: Beta.0}", "{rejected: {by: sequencer, reason: malfromed}}",
     "s:19:40: `reason` is `malfromed`, which is none of its values; did you mean `malformed`?\n"},
    {"{bundle: arb, is: excluded, cause: Beta.0}",
     "{balance: {rollup: Beta, account: alice, asset: USDC, equals: 0}}",
     "s:19:53: asset `USDC` does not occur in rollup `Beta`; known assets: ETH\n"},
    {"{bundle: arb, is: excluded, cause: Beta.0}", "{fingerprint: \"00\"}",
     "s:19:19: `fingerprint` has 1 bytes; it must have 32\n"},
    {"{bundle: arb, is: excluded, cause: Beta.0}", "{}",
     "s:19:5: `expectation` lacks the key that says what it is; add one of: bundle, rounds, "
     "balance, always, violated, rejected, lost, duplicated, slashed, "
     "penalized, fingerprint\n"},
    {"{bundle: arb, is: excluded, cause: Beta.0}", "arb is executed",
     "s:19:5: `expectation` is a single value, a mapping is needed; write `key: value` lines below "
     "it\n"},
    {"name: base", "name: &n base",
     "s:2:7: an anchor (`&name`); write the value out where it is used\n"},
    {"name: base", "name: *n", "s:2:7: an alias (`*name`); write the value out where it is used\n"},
    {"name: base", "name: !!str base",
     "s:2:7: a tag (`!name`); leave it out, the key says what the value is\n"},
    {"name: base", "name:\tbase", "s:2:6: a tab character; indent and separate with spaces\n"},
    {"name: base", "name: \"ba\\0se\"",
     "s:2:7: a control character in quoted text; remove the escape\n"},
    {"name: base", "name: \"base",
     "s:20:1: not valid YAML, found unexpected end of stream while scanning a quoted scalar that "
     "began on line 2; check brackets, quotes and indentation\n"},
    {"name: base", "[x]: base",
     "s:2:1: a list or mapping used as a key; a key is a word before `: `\n"},
    {"version: 1", "%YAML 1.1\n---\nversion: 1",
     "s:1:1: a YAML directive (`%...`); remove the line\n"},
    {"Beta.0}\n", "Beta.0}\n---\nversion: 1\n",
     "s:20:1: a second document begins here; a file holds one scenario\n"},
    {"Beta.0}\n", "Beta.0}\n...\nversion: 1\n",
     "s:21:1: not valid YAML, did not find expected <document start>; check brackets, quotes and "
     "indentation\n"},
    {"  Beta: {", "  Beta: [{",
     "s:9:1: not valid YAML, did not find expected ',' or ']' while parsing a flow sequence that "
     "began on line 8; check brackets, quotes and indentation\n"},
    {"name: base", "name: b\001se", "s:2:8: control character U+0001; remove it\n"},
    {"name: base", "name: b\377se", "s:2:8: byte 0xff is not UTF-8; save the file as UTF-8 text\n"},
    {"name: base", "name: b\rase",
     "s:2:8: a carriage return without a line feed; end lines with LF or CR LF\n"},
};

static void test_every_mistake_has_its_message(void **state)
{
    size_t failures = 0;
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        const struct wrong *w = &wrongs[i];
        const char *at = strstr(good, w->find);
        assert_non_null(at);
        struct buf text = {0};
        buf_append(&text, good, (size_t)(at - good));
        buf_printf(&text, "%s%s", w->put, at + strlen(w->find));
        struct buf errors = {0};
        struct scn *s = NULL;
        int rc = scn_load_bytes("s", buf_view(&text), &s, &errors);
        if (rc != ERR_INVALID || s != NULL || strcmp(buf_cstr(&errors), w->says) != 0) {
            failures++;
            print_message("`%s` for `%s` gives %s\n%swanted\n%s", w->put, w->find, err_name(rc),
                          buf_cstr(&errors), w->says);
        }
        scn_destroy(&s);
        buf_fini(&errors);
        buf_fini(&text);
    }
    assert_int_equal(failures, 0);
}

static void test_the_unchanged_scenario_is_good(void **state)
{
    struct buf errors = {0};
    struct scn *s = NULL;
    assert_int_equal(scn_load_bytes("s", bytes_str(good), &s, &errors), 0);
    assert_non_null(s);
    assert_int_equal(errors.len, 0);
    scn_destroy(&s);
    assert_null(s);
    buf_fini(&errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_unchanged_scenario_is_good),
        cmocka_unit_test(test_every_mistake_has_its_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

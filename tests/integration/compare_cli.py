"""lockstep compare: what it says, counts, writes and refuses.

usage: compare_cli.py LOCKSTEP SCENARIOS
"""
import csv
import json
import os
import sys
import unittest

import cli
from cli import Case

PLAIN, SEALED, NONE = 'plaintext', 'encrypted', 'no attack'

# Mallory watches pool p of A; slots, limits, attacks, submissions and expectations to be filled in.
MARKET = '''version: 1
name: market
seed: 9
slots: %(slots)d
slot_duration: 1s
rollups:
  A:
    accounts:
      alice: {ETH: 9000}
      bob: {ETH: 9000, USDC: 9000000}
      mallory: {ETH: 50000}
    pools: {p: {ETH: 100000, USDC: 200000000, fee: 0.3%%}}
timelock: {bits: 1024, squarings: 100, squarings_per_second: 1000, solver: trapdoor}
limits: {%(limits)s}
l1: {block_time: 1s, confirmations: 1, challenge_window: 2}
links: {default: {delay: 20ms}}
timeline:
%(timeline)s
expect:
%(expect)s
'''


def swap(pool, asset, amount):
    """What the pool pays; changes it. The formula of the ledger, written again."""
    other = {'ETH': 'USDC', 'USDC': 'ETH'}[asset]
    traded = amount - -(-amount * 3000 // 1000000)
    paid = pool[other] * traded // (pool[asset] + traded)
    pool[asset] += amount
    pool[other] -= paid
    return paid


def new_pool():
    return {'ETH': 100000, 'USDC': 200000000}


class Compare(Case):
    def scenario(self, *timeline, slots=1, limits='', expect='{rounds: 1}'):
        return self.file(MARKET % {
            'slots': slots, 'limits': limits, 'expect': '  - ' + expect,
            'timeline': '\n'.join('  - {%s}' % step for step in timeline)}, 'market.yaml')

    def attack(self, kind, amount=10000, slot=1, **more):
        more = ''.join(', %s: %s' % item for item in more.items())
        return ('at: slot %d, fault: {%s: {rollup: A, account: mallory, pool: p, in: ETH, '
                'amount: %d%s}}' % (slot, kind, amount, more))

    def sell(self, who, amount, at, asset='ETH', name=None, more=''):
        return ('at: %s, submit: {bundle: %s, from: %s, %slegs: [{rollup: A, ops: [{swap: '
                '{pool: p, in: %s, amount: %d}}]}]}' % (at, name or who, who, more, asset, amount))

    def compare(self, *arguments, code=0):
        got, out, err = self.lockstep('compare', '--over', 'mempool', *arguments)
        self.assertEqual((got, err), (code, ''), out)
        return out

    def table(self, *arguments, code=0):
        """Returns: the JSON object, and {(account, asset): {run: amount}}."""
        out = json.loads(self.compare(*arguments, '--out', '', '--format', 'json', code=code))
        amounts = {}
        for row in out['balances']:
            amounts[row['account'], row['asset']] = {k: int(v) for k, v in row['amounts'].items()}
        return out, amounts

    # What it costs whom.

    def test_a_sandwich_costs_what_the_formula_says(self):
        name = self.scenario(self.attack('sandwich', when_blind='wait'),
                             self.sell('alice', 2000, 'slot 1 + 100ms'))
        out, amounts = self.table(name)
        pool = new_pool()
        honest = swap(pool, 'ETH', 2000)
        pool = new_pool()
        bought = swap(pool, 'ETH', 10000)
        robbed = swap(pool, 'ETH', 2000)
        left = 40000 + swap(pool, 'USDC', bought)
        self.assertEqual(amounts['alice', 'USDC'], {NONE: honest, PLAIN: robbed, SEALED: honest})
        self.assertEqual(amounts['mallory', 'ETH'], {NONE: 50000, PLAIN: left, SEALED: 50000})
        self.assertNotIn(('mallory', 'USDC'), amounts)
        self.assertGreater(left, 50000)
        self.assertEqual(out['attacks'][0]['strikes'], {NONE: 0, PLAIN: 1, SEALED: 0})
        self.assertEqual([run['attacks'] for run in out['runs']], [False, True, True])
        self.assertIn('victim alice: loses %d USDC with a plaintext mempool, 0 encrypted\n'
                      % (honest - robbed), self.compare(name, '--out', ''))

    def test_every_victim_is_sandwiched_and_nobody_else(self):
        name = self.scenario(self.attack('sandwich'),
                             self.sell('bob', 900000, 'slot 1 + 100ms', 'USDC', 'other-way'),
                             self.sell('mallory', 10, 'slot 1 + 150ms'),
                             self.sell('alice', 2000, 'slot 1 + 200ms'),
                             self.sell('bob', 1000, 'slot 1 + 300ms'))
        out, amounts = self.table(name)
        self.assertEqual(out['attacks'][0]['strikes'], {NONE: 0, PLAIN: 2, SEALED: 1})
        pool = new_pool()
        swap(pool, 'USDC', 900000)
        eth = 50000 - 10
        kept = swap(pool, 'ETH', 10)
        for victim in 2000, 1000:
            bought = swap(pool, 'ETH', 10000)
            swap(pool, 'ETH', victim)
            eth += swap(pool, 'USDC', bought) - 10000
        self.assertEqual(amounts['mallory', 'ETH'][PLAIN], eth)
        self.assertEqual(amounts['mallory', 'USDC'][PLAIN], kept)

    def test_who_guesses_pays_the_fee_twice(self):
        name = self.scenario(self.attack('sandwich', when_blind='guess'),
                             self.sell('bob', 900000, 'slot 1 + 100ms', 'USDC'),
                             self.sell('alice', 2000, 'slot 1 + 200ms'))
        _, amounts = self.table(name)
        self.assertLess(amounts['mallory', 'ETH'][SEALED], 50000)
        self.assertGreater(amounts['mallory', 'ETH'][PLAIN], 50000)

    def test_what_a_bundle_leaves_open_is_read_in_an_encrypted_mempool_too(self):
        for what, struck in ('transaction', 1), ('sender', 0), ('nothing', 0):
            name = self.scenario(self.attack('front_run', when_blind='wait'),
                                 self.sell('alice', 2000, 'slot 1 + 100ms',
                                           more='open: %s, ' % what))
            out, _ = self.table(name)
            self.assertEqual(out['attacks'][0]['strikes'], {NONE: 0, PLAIN: 1, SEALED: struck})

    def test_the_sequencer_learns_what_was_revealed(self):
        """The closing trade is exact though earlier slots were sealed: nothing fails or is left."""
        name = self.scenario(self.attack('sandwich', slot=4), slots=4,
                             *(self.sell('alice', 1000 * i, 'slot %d + 100ms' % i, name='a%d' % i)
                               for i in (1, 2, 4)))
        _, amounts = self.table(name)
        self.assertNotIn(('mallory', 'USDC'), amounts)
        pool = new_pool()
        for amount in 1000, 2000:
            swap(pool, 'ETH', amount)
        bought = swap(pool, 'ETH', 10000)
        swap(pool, 'ETH', 4000)
        self.assertEqual(amounts['mallory', 'ETH'][SEALED], 40000 + swap(pool, 'USDC', bought))
        self.assertEqual(amounts['mallory', 'ETH'][SEALED], amounts['mallory', 'ETH'][PLAIN])

    def test_an_attack_that_does_not_fit_into_the_block_is_left(self):
        for room, struck in (3, 1), (2, 0):
            name = self.scenario(self.attack('sandwich'),
                                 self.sell('alice', 2000, 'slot 1 + 100ms'),
                                 limits='transactions_per_block: %d' % room)
            out, _ = self.table(name)
            self.assertEqual(out['attacks'][0]['strikes'][PLAIN], struck)
            for bundle in out['bundles']:
                for run in bundle['runs'].values():
                    self.assertEqual(run['outcome'], 'executed')

    def test_an_attacker_without_means_harms_nobody(self):
        name = self.scenario(self.attack('front_run', amount=50001),
                             self.sell('alice', 2000, 'slot 1 + 100ms'))
        _, amounts = self.table(name)
        self.assertEqual(len(set(amounts['alice', 'USDC'].values())), 1)

    # Form.

    def test_the_table_fits_a_terminal(self):
        for file in '50_front_run', '51_sandwich', '52_censor', '20_leg_fails':
            out = self.compare(os.path.join(cli.SCENARIOS, file + '.yaml'), '--out', '')
            self.assertTrue(all(len(line) <= 80 for line in out.splitlines()), out)
            self.assertIn('plaintext         encrypted' if file[0] == '5' else 'encrypted', out)

    def test_amounts_too_wide_for_a_column_get_lines_of_their_own(self):
        name = self.scenario(self.attack('sandwich'), self.sell('alice', 2000, 'slot 1 + 100ms'))
        with open(os.path.join(self.dir, name), encoding='utf-8') as f:
            text = f.read().replace('bob: {ETH: 9000', 'bob: {ETH: 170141183460469231731687303715')
        out = self.compare(self.file(text, name), '--out', '')
        self.assertIn('    encrypted             170141183460469231731687303715\n', out)
        self.assertTrue(all(len(line) <= 80 for line in out.splitlines()), out)

    def test_the_document_quotes_what_comes_out(self):
        with open(os.path.join(cli.SCENARIOS, '..', 'docs', 'blindness.md'), encoding='utf-8') as f:
            quoted = [line[4:] for line in f if line.startswith(('    victim', '    attacker'))]
        said = ''.join(self.compare(os.path.join(cli.SCENARIOS, name), '--out', '')
                       for name in ('51_sandwich.yaml', '52_censor.yaml'))
        self.assertEqual(len(quoted), 3)
        for line in quoted:
            self.assertIn(line, said)

    def test_without_attacks_there_is_nothing_to_leave_out(self):
        out, amounts = self.table(self.scenario(self.sell('alice', 2000, 'slot 1 + 100ms')))
        self.assertEqual([run['run'] for run in out['runs']], [PLAIN, SEALED])
        self.assertEqual(amounts['alice', 'USDC'][PLAIN], amounts['alice', 'USDC'][SEALED])

    def test_outputs_are_kept_and_numbered(self):
        name = self.scenario(self.attack('front_run'), self.sell('alice', 2000, 'slot 1 + 100ms'))
        text = self.compare(name)
        self.compare(name, '--out', 'out')
        folder = os.path.join(self.dir, 'out', 'market-by-mempool')
        self.assertEqual(sorted(os.listdir(folder)), ['0001', '0002', 'latest'])
        self.assertIn('outputs  out/market-by-mempool/0001', text)
        with open(os.path.join(folder, 'latest', 'balances.csv'), newline='') as f:
            rows = list(csv.DictReader(f))
        out, _ = self.table(name)
        self.assertEqual(len(rows), len(out['balances']))
        for row, balance in zip(rows, out['balances']):
            self.assertEqual(row['attacker'], 'yes' if balance['attacker'] else 'no')
            for run, amount in balance['amounts'].items():
                self.assertEqual(row[run], amount)
        with open(os.path.join(folder, 'latest', 'bundles.csv'), newline='') as f:
            row, = csv.DictReader(f)
        self.assertEqual((row['bundle'], row[PLAIN], row[PLAIN + ' slot']), ('alice', 'executed',
                                                                             '1'))
        with open(os.path.join(folder, 'latest', 'compare.json'), encoding='utf-8') as f:
            self.assertEqual(json.load(f), out)
        with open(os.path.join(folder, 'latest', 'summary.txt'), encoding='utf-8') as f:
            self.assertTrue(text.startswith(f.read()))

    def test_it_comes_out_the_same_on_both_hosts_and_again(self):
        name = self.scenario(self.attack('sandwich'), self.sell('alice', 2000, 'slot 1 + 100ms'))
        first, _ = self.table(name)
        self.assertEqual(self.table(name)[0], first)
        processes, _ = self.table(name, '--host', 'procs')
        self.assertEqual(processes.pop('host'), 'procs')
        self.assertEqual(first.pop('host'), 'inproc')
        self.assertEqual(processes, first)
        self.assertEqual(len({run['fingerprint'] for run in first['runs']}), 3)

    # Exit codes.

    def test_a_broken_expectation_is_told_with_its_run(self):
        sale = self.sell('alice', 2000, 'slot 1 + 100ms')
        for which, code in (PLAIN, 1), (SEALED, 0):
            name = self.scenario(self.attack('sandwich', when_blind='wait'), sale,
                                 expect='{balance: {rollup: A, account: mallory, asset: ETH, '
                                        'equals: 50000}, mempool: %s}' % which)
            out = self.compare(name, '--out', '', code=code)
            self.assertEqual('plaintext: failed: mallory on A holds 50000 ETH' in out, code == 1)
            self.assertIn('UNSAFE' if code else 'PASS', self.compare(name, '-q', '--out', '',
                                                                     code=code))

    def by_policy(self, name):
        code, out, err = self.lockstep('compare', '--format', 'json', '--out', '',
                                       os.path.join(cli.SCENARIOS, name + '.yaml'))
        self.assertEqual((code, err), (0, ''))
        return {run['run']: run['measures'] for run in json.loads(out)['runs']}

    def test_policies_are_compared_unless_something_else_is_asked_for(self):
        runs = self.by_policy('28_phantom_victim')
        self.assertEqual(list(runs), ['one_shot', 'fixpoint', 'serial', 'inclusive',
                                      'block_replace', 'two_phase'])
        self.assertEqual({name: run['included'] for name, run in runs.items()},
                         {'one_shot': 0, 'fixpoint': 0, 'serial': 1, 'inclusive': 0,
                          'block_replace': 0, 'two_phase': 1})
        self.assertEqual({name for name, run in runs.items() if run['collateral']},
                         {'one_shot', 'fixpoint', 'block_replace'})
        self.assertEqual({name for name, run in runs.items() if run['unlike_oracle'] == 0},
                         {'serial', 'two_phase'})

    def test_money_that_a_policy_makes_is_counted(self):
        runs = self.by_policy('37_money_from_nothing')
        self.assertEqual({name: run['made']['ETH'] for name, run in runs.items()},
                         {'one_shot': '30', 'fixpoint': '0', 'serial': '0', 'inclusive': '0',
                          'block_replace': '0', 'two_phase': '0'})
        self.assertEqual([name for name, run in runs.items() if run['mixed']],
                         ['one_shot', 'inclusive'])

    def test_the_table_of_policies_fits_a_terminal_and_is_kept(self):
        code, out, _ = self.lockstep('compare',
                                     os.path.join(cli.SCENARIOS, '26_swapped_cascade.yaml'))
        self.assertEqual(code, 0)
        self.assertLessEqual(max(len(line) for line in out.splitlines()
                                 if not line.startswith('outputs')), 80)
        kept = os.path.join(self.dir, 'out', 'swapped-cascade-by-policy', 'latest', 'policies.csv')
        with open(kept, encoding='utf-8', newline='') as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([(row['policy'], row['rounds']) for row in rows],
                         [('one_shot', '2'), ('fixpoint', '4'), ('serial', '4'),
                          ('inclusive', '1'), ('block_replace', '2'), ('two_phase', '4')])

    def test_state_proofs_are_compared_by_what_they_take_and_called_a_model(self):
        name = os.path.join(cli.SCENARIOS, '68_ideal_prover.yaml')
        code, out, _ = self.lockstep('compare', '--over', 'state_proof', name)
        self.assertEqual(code, 0)
        self.assertIn('of a prover that does not exist', out)
        self.assertLessEqual(max(len(line) for line in out.splitlines()
                                 if not line.startswith('outputs')), 80)
        kept = os.path.join(self.dir, 'out', 'ideal-prover-by-state_proof', 'latest',
                            'measures.csv')
        with open(kept, encoding='utf-8', newline='') as file:
            rows = {row['state_proof']: row for row in csv.DictReader(file)}
        self.assertEqual(list(rows), ['witness', 'reexecute', 'ideal_recursive'])
        decided = {kind: int(row['decided_ns']) for kind, row in rows.items()}
        # A executes 3 transactions, then one again or none: lone-a stands behind the removed one,
        # and has nothing to do with it. 50 ms each.
        again = int(rows['witness']['executed_again'])
        self.assertGreaterEqual(decided['ideal_recursive'] - decided['witness'],
                                (3 + again) * 50000000)
        self.assertLess(decided['witness'], decided['reexecute'])
        extra = int(rows['ideal_recursive']['bytes']) - int(rows['witness']['bytes'])
        self.assertGreaterEqual(extra, 3 * 200000)  # one for each result
        self.assertLess(extra, 3 * 210000)

    def test_misuse_is_explained(self):
        def refused(words, *arguments):
            code, out, err = self.lockstep('compare', *arguments)
            self.assertEqual((code, out), (64, ''))
            self.assertIn(words, err)
        refused('leave it out', '--policy', 'serial', 'x.yaml')
        refused('leave it out', '--over', 'policy', '--policy', 'serial', 'x.yaml')
        refused('did you mean `mempool`?', '--over', 'mempol', 'x.yaml')
        refused('did you mean `--over`?', '--ovr', 'mempool', 'x.yaml')
        refused('needs a value', '--over')
        refused('needs a scenario file', '--over', 'mempool')
        refused('leave it out', '--over', 'mempool', '--mempool', PLAIN, 'x.yaml')
        refused('did you mean `plaintext`?', '--over', 'mempool', '--mempool', 'plantext', 'x.yaml')
        self.assertEqual(self.lockstep('compare', '--help')[0], 0)
        code, out, err = self.lockstep('compare', '--over', 'mempool', 'missing.yaml')
        self.assertEqual((code, out), (65, ''))
        self.assertIn('no such file', err)
        self.assertFalse(os.path.exists(os.path.join(self.dir, 'out')))

    def test_outputs_that_cannot_be_kept_are_an_error(self):
        name = self.scenario(self.sell('alice', 2000, 'slot 1 + 100ms'))
        code, _, err = self.lockstep('compare', '--over', 'mempool', name, '--out',
                                     os.path.join(name, 'below'))
        self.assertEqual(code, 70)
        self.assertIn('choose another folder', err)


if __name__ == '__main__':
    cli.LOCKSTEP, cli.SCENARIOS = (os.path.abspath(path) for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1])

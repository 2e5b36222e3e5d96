"""lockstep generate: what it writes runs and comes out as it says; what it refuses.

usage: generate_cli.py LOCKSTEP SCENARIOS
"""
import os
import stat
import subprocess
import sys
import unittest

import cli
from cli import Case


class Runs(Case):
    def passes(self, *arguments):
        """Generates, checks and runs. Returns: the scenario."""
        code, out, err = self.lockstep('generate', '-o', 'g.yaml', *arguments)
        self.assertEqual((code, out, err), (0, '', ''))
        self.assertEqual(self.lockstep('check', 'g.yaml')[0], 0)
        code, out, err = self.lockstep('run', '--host', 'inproc', '--out', '', 'g.yaml')
        self.assertEqual((code, err), (0, ''), out)
        with open(os.path.join(self.dir, 'g.yaml'), encoding='utf-8') as f:
            return f.read()

    def test_the_defaults_run(self):
        text = self.passes()
        self.assertTrue(text.startswith('# yaml-language-server: $schema='))
        self.assertIn('is: excluded', text)

    def test_without_failures_one_round_is_enough(self):
        text = self.passes('--failure', '0', '--slots', '3', '--bundles', '40')
        self.assertIn('{rounds: 1}', text)
        self.assertIn('nonce: 1', text)
        self.assertNotIn('excluded', text)

    def test_the_fate_of_conditional_bundles_is_foreseen(self):
        seen = ''
        for seed in range(1, 7):
            seen += self.passes('--seed', str(seed), '--bundles', '100', '--failure', '60',
                                '--conflict', '2', '--slots', '3', '--rollups', '3')
        for words in 'is: executed', 'is: excluded', 'is: reverted', 'is: mixed':
            self.assertIn(words, seen)
        for words in ('violated: atomicity', 'always: atomicity', 'violated: conservation',
                      'always: conservation'):
            self.assertIn(words, seen)

    def test_each_kind_alone_runs(self):
        for kind in 'transfers', 'swaps', 'bridges', 'loans':
            self.passes('--mix', kind, '--legs', '2..5', '--failure', '40', '--conflict', '1.2',
                        '--rollups', '6')

    def test_the_extremes_run(self):
        self.passes('--rollups', '1', '--accounts', '2', '--pools', '0', '--bundles', '1')
        self.passes('--rollups', '30', '--legs', '100', '--bundles', '2', '--failure', '0')
        self.passes('--failure', '100', '--conflict', '4', '--accounts', '2', '--pools', '1')
        self.passes('--slots', '6', '--bundles', '3', '--seed', '18446744073709551615')

    def test_the_command_in_the_file_writes_it_again(self):
        text = self.passes('--seed', '9', '--mix', 'loans,swaps,loans', '--legs', '3')
        command = text.splitlines()[2].removeprefix('# lockstep ').split()
        self.assertEqual(self.lockstep(*command), (0, text, ''))

    def test_every_shape_comes_out_as_foreseen_under_every_policy(self):
        seen = ''
        for shape in 'chain', 'line', 'crossing', 'cycle':
            for policy in ('one_shot', 'fixpoint', 'serial', 'inclusive', 'block_replace',
                           'two_phase'):
                with self.subTest(shape=shape, policy=policy):
                    seen += self.passes('--shape', shape, '--bundles', '8', '--policy', policy)
        for words in ('is: mixed', 'violated: atomicity', 'violated: serial', 'always: serial'):
            self.assertIn(words, seen)

    def test_shapes_spread_over_more_rollups(self):
        for shape, rollups in ('line', 4), ('crossing', 5), ('cycle', 7), ('cycle', 30):
            text = self.passes('--shape', shape, '--rollups', str(rollups), '--seed', '5')
            self.assertIn('R30:' if rollups == 30 else '  %c:' % (64 + rollups), text)

    def test_a_chain_takes_a_round_for_each_bundle_and_one_more(self):
        for n in 2, 5, 20:
            text = self.passes('--shape', 'chain', '--bundles', str(n))
            self.assertIn('  - {rounds: %d}\n' % (n + 1), text)
            # Whatever is looked at: rollups as a whole, or keys.
            self.assertNotIn('granularity', text)
            name = self.file(text.replace('policy: serial\n',
                                          'policy: serial\ngranularity: rollup\n'), 'r.yaml')
            code, out, _ = self.lockstep('run', '--host', 'inproc', '--out', '', name)
            self.assertEqual(code, 0, out)

    def test_the_scenarios_made_here_are_what_their_commands_write(self):
        for name in '38_worst_case_chain.yaml', '39_long_dependency_line.yaml':
            with open(os.path.join(cli.SCENARIOS, name), encoding='utf-8') as f:
                text = f.read()
            command = text.splitlines()[2].removeprefix('# lockstep ').split()
            self.assertEqual(self.lockstep(*command), (0, text, ''))

    def test_both_hosts_agree(self):
        self.passes('--bundles', '30', '--failure', '50')
        prints = [next(line for line in self.lockstep('run', '--host', host, '--out', '',
                                                      'g.yaml')[1].splitlines()
                       if line.startswith('fingerprint')) for host in ('inproc', 'procs')]
        self.assertEqual(prints[0], prints[1])


class Usage(Case):
    def refused(self, words, *arguments, code=64):
        before = sorted(os.listdir(self.dir))
        got, out, err = self.lockstep('generate', *arguments)
        self.assertEqual((got, out), (code, ''), err)
        self.assertIn(words, err)
        self.assertEqual(err.count('\n'), 1)
        self.assertTrue(err.startswith('lockstep: '))
        self.assertEqual(sorted(os.listdir(self.dir)), before)

    def test_help_fits_a_terminal(self):
        for argument in '--help', '-h':
            code, out, err = self.lockstep('generate', argument)
            self.assertEqual((code, err), (0, ''))
            self.assertTrue(all(len(line) <= 80 for line in out.splitlines()), out)
        for word in ('shape', 'rollups', 'bundles', 'legs', 'accounts', 'pools', 'conflict', 'failure',
                     'slots', 'policy', 'mix', 'seed', 'output'):
            self.assertIn('--' + word, out)

    def test_refusals_are_one_sentence_with_a_remedy(self):
        self.refused('from 1 to 128, not `129`', '--rollups', '129')
        self.refused('write 3 or 1..4', '--legs', 'many')
        self.refused('take --rollups 2 or more', '--rollups', '1', '--mix', 'bridges')
        self.refused('did you mean `swaps`?', '--mix', 'swap')
        self.refused('did you mean `crossing`?', '--shape', 'crosing')
        self.refused('leave it out, or take --shape random', '--shape', 'line', '--legs', '2')
        self.refused('has room for 4096', '--rollups', '1', '--legs', '1', '--bundles', '5000',
                     '--mix', 'transfers')
        self.refused('do not fit a scenario', '--rollups', '128', '--bundles', '10000', '--legs',
                     '100', '--slots', '1000', '-o', 'x.yaml')

    def test_what_cannot_be_written_is_said(self):
        self.refused('cannot be written', '-o', 'no/such/folder/x.yaml', code=70)
        self.refused('is not a regular file', '-o', '.')
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([cli.LOCKSTEP, 'generate'], stdout=full, stderr=subprocess.PIPE,
                                  check=False)
        self.assertEqual(done.returncode, 70)
        self.assertIn(b'cannot be written', done.stderr)

    def test_a_file_is_replaced_as_a_whole_or_not_at_all(self):
        name = self.file('before', 'x.yaml')
        self.refused('from 2 to 10000', '--accounts', '1', '-o', name)
        with open(os.path.join(self.dir, name), encoding='utf-8') as f:
            self.assertEqual(f.read(), 'before')
        self.assertEqual(self.lockstep('generate', '-o', name)[0], 0)
        self.assertEqual(os.listdir(self.dir), [name])
        with open(os.path.join(self.dir, name), encoding='utf-8') as f:
            self.assertEqual(f.read(), self.lockstep('generate')[1])
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.dir, name)).st_mode) & 0o600, 0o600)


if __name__ == '__main__':
    cli.LOCKSTEP, cli.SCENARIOS = (os.path.abspath(path) for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

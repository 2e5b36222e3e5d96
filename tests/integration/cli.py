"""The command line as people use and misuse it: exit codes, what is said, what is left behind.

usage: cli.py LOCKSTEP SCENARIOS
"""
import contextlib
import json
import os
import pty
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

LOCKSTEP = SCENARIOS = None

SMALL = '''version: 1
name: small
seed: 5
policy: one_shot
slots: 1
slot_duration: 1s
rollups:
  A: {accounts: {alice: {ETH: 100}, bob: {}}}
timelock: {bits: 1024, squarings: 1000, squarings_per_second: 1000, solver: trapdoor}
l1: {block_time: 1s, confirmations: 1, challenge_window: 2}
links: {default: {delay: 20ms}}
timeline:
  - at: slot 1 + 100ms
    submit:
      bundle: pay
      from: alice
      legs: [{rollup: A, ops: [{transfer: {to: bob, asset: ETH, amount: 1}}]}]
expect:
'''


def all_of_terminal(main):
    """What was written to a terminal whose other side is closed; a read returns a part of it."""
    seen = b''
    with contextlib.suppress(OSError):  # the end, on Linux
        while part := os.read(main, 65536):
            seen += part
    os.close(main)
    return seen


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)

    def lockstep(self, *arguments, program=None, timeout=60):
        """Runs in the test's own folder. Returns: (exit code, standard output, standard error)."""
        done = subprocess.run([program or LOCKSTEP, *arguments], cwd=self.dir, timeout=timeout,
                              capture_output=True, stdin=subprocess.DEVNULL, check=False)
        out, err = (text.decode('utf-8', 'backslashreplace') for text in (done.stdout, done.stderr))
        for line in (out + err).splitlines():
            self.assertNotIn('\033', line, 'colours, though nobody looks')
        return done.returncode, out, err

    def file(self, text, name='small.yaml'):
        path = os.path.join(self.dir, name)
        with open(path, 'wb') as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return name

    def small(self, *expectations, **replacements):
        text = SMALL + ''.join('  - %s\n' % e for e in expectations or ['{rounds: 1}'])
        for old, new in replacements.items():
            self.assertIn(old.replace('__', ': '), text)
            text = text.replace(old.replace('__', ': '), new)
        return self.file(text)


class Usage(Case):
    def refused(self, words, *arguments):
        code, out, err = self.lockstep(*arguments)
        self.assertEqual((code, out), (64, ''))
        self.assertIn(words, err)
        return err

    def test_without_arguments_it_explains_itself(self):
        self.refused('Usage: lockstep VERB')

    def test_help_fits_a_terminal(self):
        for argument in 'help', '--help', '-h':
            code, out, err = self.lockstep(argument)
            self.assertEqual((code, err), (0, ''))
            self.assertTrue(all(len(line) <= 80 for line in out.splitlines()))
        self.assertIn('Exit codes', out)

    def test_the_version_is_told(self):
        self.assertRegex(self.lockstep('--version')[1], r'^lockstep \d+\.\d+\.\d+\n$')

    def test_words_nearly_right_are_recognized(self):
        self.refused('did you mean `run`?', 'rnu', 'x.yaml')
        self.refused('did you mean `--seed`?', 'run', '--sed', '1')
        self.refused('did you mean `inproc`?', 'run', '--host', 'inprocs', 'x.yaml')

    def test_values_are_checked(self):
        self.refused('--seed takes a whole number', 'run', '--seed', '-1', 'x.yaml')
        self.refused('--seed takes a whole number', 'run', '--seed', '18446744073709551616', 'x')
        self.refused('--seed takes a whole number', 'run', '--seed', '1e3', 'x.yaml')
        self.refused('--wall-limit takes', 'run', '--wall-limit', 'soon', 'x.yaml')
        self.refused('needs a value', 'run', '--seed')
        self.refused('no option `-x`', 'run', '-x')
        self.refused('needs a scenario file', 'run')
        self.refused('needs a scenario file', 'check')
        self.refused('none of the policies: one_shot, fixpoint, serial', 'run', '--policy', 'serious', 'x.yaml')
        self.refused('cannot list', 'list', 'nowhere')

    def test_the_catalogue_is_listed(self):
        code, out, _ = self.lockstep('list', SCENARIOS)
        self.assertEqual(code, 0)
        self.assertIn('11_flash_loan.yaml', out)
        self.assertNotIn('says nothing', out)
        self.assertTrue(all(len(line) <= 80 for line in out.splitlines()))

    def test_the_schema_is_json(self):
        self.assertIn('$schema', json.loads(self.lockstep('schema')[1]))


class BadScenarios(Case):
    def refused(self, name, *words):
        for verb in ['check'], ['run', '--host', 'inproc', '--out', 'out']:
            code, out, err = self.lockstep(*verb, name, timeout=20)
            self.assertEqual((code, out), (65, ''), err)
            self.assertIn(name, err)
            for word in words:
                self.assertIn(word, err)
        self.assertFalse(os.path.exists(os.path.join(self.dir, 'out')))

    def test_what_is_no_file_is_refused(self):
        self.refused('missing.yaml', 'there is no such file')
        os.mkdir(os.path.join(self.dir, 'folder'))
        self.refused('folder', 'is a directory')
        os.symlink('loop', os.path.join(self.dir, 'loop'))
        self.refused('loop')
        os.mkfifo(os.path.join(self.dir, 'pipe'))
        self.refused('pipe', 'not a regular file')
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(os.path.join(self.dir, 'socket'))
            self.refused('socket')
        self.refused('/dev/zero', 'not a regular file')

    def test_a_file_of_1_gib_is_not_read(self):
        path = os.path.join(self.dir, 'huge.yaml')
        with open(path, 'wb') as f:
            f.truncate(1 << 30)
        self.refused('huge.yaml', 'bytes')

    def test_deep_nesting_is_refused(self):
        for text in '[' * 200000, '{a: ' * 50000, '- ' * 100000, 'a:\n' + ' - ' * 100000:
            self.refused(self.file(text))

    def test_garbage_is_refused(self):
        for text in '', '\0', '\xff\xfe', '%YAML', '*', '&a [*a]', 'a: b: c', '\t', '[]', '"', '!!':
            self.refused(self.file(text.encode('latin-1')))
        self.refused(self.file(bytes(range(256)) * 100))

    def test_faults_are_told_with_line_and_column(self):
        self.refused(self.small(slots__1='slotz: 1'), 'small.yaml:5:1', 'did you mean `slots`?')
        self.refused(self.small(slot_duration__1s='slot_duration: 1'), 'small.yaml:6:16')
        self.refused(self.small(slot_duration__1s='slot_duration: 1 parsec'), 'small.yaml:6:16')
        self.refused(self.small(rollup__A='rollup: B'), 'small.yaml:17:', 'rollup')
        self.refused(self.small(from__alice='from: alise'), 'small.yaml:16:',
                     'did you mean `alice`?')
        self.refused(self.small(amount__1='amount: -1'), 'small.yaml:17:')
        self.refused(self.small(amount__1='amount: 340282366920938463463374607431768211456'),
                     'small.yaml:17:')
        self.refused(self.small('{bundle: nobody, is: executed}'), 'small.yaml:19:')
        self.refused(self.small(seed__5='seed: 5\nseed: 6'), 'small.yaml:4:')

    def test_a_policy_that_does_not_exist_is_refused(self):
        self.refused(self.small(policy__one_shot='policy: serious'), 'small.yaml:4:9', 'serial')


class Runs(Case):
    def run_small(self, *expectations, options=(), **replacements):
        return self.lockstep('run', '--host', 'inproc', *options,
                             self.small(*expectations, **replacements))

    def result(self):
        with open(os.path.join(self.dir, 'out/small/latest/result.json'), encoding='utf-8') as f:
            return json.load(f)

    def test_a_pass_leaves_its_reports(self):
        code, out, err = self.run_small('{bundle: pay, is: executed}', '{always: atomicity}')
        self.assertEqual((code, err), (0, ''))
        self.assertIn('PASS  2 of 2 expectations met', out)
        self.assertTrue(all(len(line) <= 80 for line in out.splitlines()), out)
        latest = os.path.join(self.dir, 'out/small/latest')
        self.assertEqual(sorted(os.listdir(latest)),
                         ['history.jsonl', 'junit.xml', 'result.json', 'summary.txt'])
        result = self.result()
        self.assertEqual(result['verdict'], 'PASS')
        self.assertEqual(result['bundles'][0]['outcome'], 'executed')
        suite = xml.etree.ElementTree.parse(latest + '/junit.xml').getroot()
        self.assertEqual((suite.get('tests'), suite.get('failures')), ('11', '0'))
        with open(latest + '/history.jsonl', encoding='utf-8') as f:
            kinds = {json.loads(line)['kind'] for line in f}
        self.assertLessEqual({'submitted', 'preconfirmed', 'stored', 'l1', 'note'}, kinds)

    def test_promises_after_the_deadline_are_counted(self):
        # A tenth of the puzzle's delay, against the 250 us that one leg takes to be admitted.
        for squarings, missed in (3, 0), (2, 1):
            code, out, _ = self.run_small('{bundle: pay, is: executed}',
                                          squarings__1000='squarings: %d' % squarings)
            self.assertEqual(code, 0)
            self.assertEqual(self.result()['promises'], {'given': 1, 'deadline_missed': missed})
            self.assertEqual('1 promise left after' in out, missed == 1)

    def test_the_reproduce_line_reproduces(self):
        _, out, _ = self.run_small(options=['--seed', '77'])
        line = next(x for x in out.splitlines() if x.startswith('reproduce '))
        self.assertIn('--seed 77', line)
        first = self.result()['fingerprint']
        self.assertEqual(self.lockstep('run', *line.split()[3:])[0], 0)
        self.assertEqual(self.result()['fingerprint'], first)
        self.assertEqual(sorted(os.listdir(os.path.join(self.dir, 'out/small'))),
                         ['0001', '0002', 'latest'])

    def test_a_broken_expectation_is_1(self):
        code, out, _ = self.run_small('{bundle: pay, is: excluded}',
                                      '{balance: {rollup: A, account: bob, asset: ETH, '
                                      'equals: 2}}')
        self.assertEqual(code, 1)
        self.assertIn('it is executed', out)
        self.assertIn('it holds 1', out)
        suite = xml.etree.ElementTree.parse(
            os.path.join(self.dir, 'out/small/latest/junit.xml')).getroot()
        self.assertEqual(suite.get('failures'), '2')

    def test_a_violation_that_does_not_come_is_1(self):
        self.assertEqual(self.run_small('{violated: atomicity}')[0], 1)

    def test_what_never_happened_is_2(self):
        code, out, _ = self.run_small('{rejected: {by: sequencer, reason: malformed, '
                                      'at_least: 1}}')
        self.assertEqual(code, 2)
        self.assertIn('INCONCLUSIVE', out)
        self.assertEqual(self.run_small('{lost: {at_least: 1}}')[0], 2)

    def test_another_fingerprint_is_5(self):
        code, out, _ = self.run_small('{fingerprint: "%s"}' % ('ab' * 32))
        self.assertEqual(code, 5, out)

    def test_a_system_cut_in_two_is_3(self):
        text = SMALL.replace('timeline:\n', 'timeline:\n  - at: 0s\n    partition: '
                             '{between: [sequencer, executor-A], for: 36000s}\n')
        code, out, _ = self.lockstep('run', '--host', 'inproc',
                                     self.file(text + '  - {always: liveness}\n'))
        self.assertEqual(code, 3, out)
        self.assertIn('STUCK', out)
        self.assertIn('missed a deadline in slot 1', out)

    def test_the_wall_limit_is_124(self):
        slow = self.small(**{'solver__trapdoor': 'solver: sequential',
                             'squarings__1000,': 'squarings: 2000000000,',
                             'squarings_per_second__1000,': 'squarings_per_second: 2000000000,'})
        code, out, _ = self.lockstep('run', '--wall-limit', '1', slow, timeout=30)
        self.assertEqual(code, 124, out)
        self.assertIn('TIMEOUT', out)

    def test_progress_shows_on_a_terminal_only(self):
        slow = self.small(**{'solver__trapdoor': 'solver: sequential',
                             'squarings__1000,': 'squarings: 2000000000,',
                             'squarings_per_second__1000,': 'squarings_per_second: 2000000000,'})
        command = [LOCKSTEP, 'run', '--wall-limit', '2', '--out', '', slow]
        main, side = pty.openpty()
        done = subprocess.run(command, cwd=self.dir, stdout=subprocess.PIPE, stderr=side,
                              stdin=subprocess.DEVNULL, timeout=60, check=False)
        os.close(side)
        seen = all_of_terminal(main).decode()
        self.assertEqual(done.returncode, 124)
        self.assertIn('small: 2.000 s simulated, ', seen)
        self.assertTrue(seen.endswith('\r\033[K'), 'the line is cleared in the end')
        self.assertEqual(self.lockstep(*command[1:])[2], '')

    def test_several_files_give_the_first_bad_code(self):
        good = self.small('{rounds: 1}')
        bad = self.file(SMALL + '  - {rounds: 2}\n', 'bad.yaml')
        code, out, _ = self.lockstep('run', '--host', 'inproc', '-q', good, bad, 'none.yaml', good)
        self.assertEqual(code, 1)
        self.assertEqual([line.split()[0] for line in out.splitlines() if 'small  ' in line],
                         ['PASS', 'UNSAFE', 'PASS'])

    def test_json_is_one_object_per_line(self):
        name = self.small()
        code, out, _ = self.lockstep('run', '--host', 'inproc', '--format', 'json', '--out', '',
                                     name, name)
        self.assertEqual(code, 0)
        self.assertEqual(len({json.loads(x)['fingerprint'] for x in out.splitlines()}), 1)
        self.assertEqual(os.listdir(self.dir), ['small.yaml'])

    def test_outputs_that_cannot_be_written_are_said_so(self):
        self.file('', 'occupied')
        code, _, err = self.run_small(options=['--out', 'occupied/there'])
        self.assertEqual(code, 70)
        self.assertIn('--out', err)


class Misbehaviour(Case):
    """Faults that a scenario scripts, from the file to the evidence."""

    MORE = ('{at: slot %d + 200ms, submit: {bundle: %s, from: alice, legs: [{rollup: A, '
            'ops: [{transfer: {to: bob, asset: ETH, amount: 1}}]}]}}')

    def run_with(self, steps, *expectations, slots=1):
        steps = [*steps, self.MORE % (1, 'more')]
        text = SMALL.replace('timeline:\n', 'timeline:\n' + ''.join('  - %s\n' % s for s in steps))
        text = text.replace('slots: 1', 'slots: %d' % slots)
        name = self.file(text + ''.join('  - %s\n' % e for e in expectations or ['{rounds: 1}']))
        return self.lockstep('run', '--host', 'inproc', name)

    def output(self, name):
        with open(os.path.join(self.dir, 'out/small/latest', name), encoding='utf-8') as f:
            return f.read()

    def test_who_is_caught_leaves_evidence_that_convicts(self):
        code, out, err = self.run_with(['{at: slot 1, fault: {omit_leg: {rollup: A, order: 0}}}'],
                                       '{slashed: sequencer, for: block_breaks_promise, slot: 1}',
                                       '{bundle: pay, is: voided}',
                                       '{balance: {rollup: A, account: bob, asset: ETH, '
                                       'equals: 0}}')
        self.assertEqual((code, err), (0, ''), out)
        self.assertIn('PASS  4 of 4 expectations met', out)
        self.assertIn('  slot 1   sequencer: omit_leg', out)
        self.assertRegex(out, r'  slot 1   sequencer slashed in block \d+, 32000000000 gwei, '
                              r'gas \d+\n           block_breaks_promise: ')
        self.assertIn('  pay     voided    sequencer was slashed for slot 1\n', out)
        self.assertTrue(all(len(line) <= 80 for line in out.splitlines()), out)
        result = json.loads(self.output('result.json'))
        sentence, = result['sentences']
        self.assertIn('           %s\n' % sentence['evidence_file'], out)
        self.assertEqual(result['faults'][0]['line'], 13)
        latest = os.path.join(self.dir, 'out/small/latest')
        self.assertEqual(sorted(os.listdir(latest + '/evidence')),
                         sorted(os.path.basename(e['file']) for e in result['evidence']))
        code, said, err = self.lockstep('verify', 'evidence', '--json',
                                        os.path.join(latest, sentence['evidence_file']))
        self.assertEqual((code, err), (0, ''))
        self.assertEqual({key: json.loads(said)[key] for key in ('verdict', 'slot', 'gas')},
                         {'verdict': 'convicts', 'slot': 1, 'gas': sentence['gas']})
        suite = xml.etree.ElementTree.fromstring(self.output('junit.xml'))
        self.assertEqual((suite.get('tests'), suite.get('failures')), ('13', '0'))
        history = [json.loads(line) for line in self.output('history.jsonl').splitlines()]
        self.assertEqual([h['what'] for h in history if h['kind'] == 'fault'], ['omit_leg'])
        slashed, = (h for h in history if h.get('what') == 'L1_SLASHED')
        self.assertIn(slashed['evidence'], [h['hash'] for h in history if h['kind'] == 'evidence'])
        self.assertEqual(slashed['detail'], sentence['detail'])

    def test_silence_is_penalized_without_evidence(self):
        code, out, _ = self.run_with(['{at: slot 1, fault: {withhold_reveal: {}}}'],
                                     '{penalized: sequencer, slot: 1}', '{bundle: pay, is: voided}')
        self.assertEqual(code, 0, out)
        self.assertIn('sequencer penalized in block', out)
        self.assertNotIn('evidence', os.listdir(os.path.join(self.dir, 'out/small/latest')))

    def test_a_fault_that_finds_no_occasion_is_2(self):
        code, out, _ = self.run_with(['{at: slot 1, fault: {omit_leg: {rollup: A, order: 7}}}'])
        self.assertEqual(code, 2, out)
        self.assertIn('  line 13   undecided the fault omit_leg takes effect in slot 1\n'
                      '                      line 13 scripts it, and there was no occasion\n', out)
        result = json.loads(self.output('result.json'))
        self.assertEqual((result['verdict'], result['faults'][0]['took_effect']),
                         ('INCONCLUSIVE', False))
        suite = xml.etree.ElementTree.fromstring(self.output('junit.xml'))
        self.assertEqual((suite.get('failures'), suite.get('skipped')), ('0', '1'))

    def test_a_slashing_that_does_not_come_is_1(self):
        code, out, _ = self.run_with([], '{slashed: sequencer}')
        self.assertEqual(code, 1, out)
        self.assertIn('nobody was slashed or penalized', out)

    def test_one_conviction_sweeps_what_was_built_on_it(self):
        code, out, _ = self.run_with(['{at: slot 1, fault: {omit_leg: {rollup: A, order: 0}}}',
                                      '{at: slot 2, fault: {omit_leg: {rollup: A, order: 0}}}',
                                      self.MORE % (2, 'next'), self.MORE % (2, 'last')],
                                     '{bundle: last, is: voided}', slots=2)
        self.assertEqual(code, 0, out)
        self.assertIn('void, and with it all up to slot 2', out)
        self.assertIn('the slot went with slot 1', out)
        self.assertEqual(len(json.loads(self.output('result.json'))['sentences']), 1)


class Programs(Case):
    """A folder with the programs, of which one is not what it should be."""

    def setUp(self):
        super().setUp()
        self.bin = os.path.join(self.dir, 'bin')
        os.mkdir(self.bin)
        home = os.path.dirname(LOCKSTEP)
        for name in os.listdir(home):
            path = os.path.join(home, name)
            if os.path.isfile(path) and (name.startswith('lockstep') or name.startswith('modulus')
                                         or name == 'kzg_setup.bin'):
                shutil.copy2(path, self.bin)

    def spoilt(self, code, *words):
        got, out, err = self.lockstep('run', self.small(), program=self.bin + '/lockstep')
        self.assertEqual((got, out), (code, ''), err)
        for word in words:
            self.assertIn(word, err)

    def replace(self, name, script):
        path = os.path.join(self.bin, name)
        os.unlink(path)
        with open(path, 'w', encoding='ascii') as f:
            f.write('#!/bin/sh\n' + script)
        os.chmod(path, 0o755)

    def test_the_copy_works(self):
        self.assertEqual(self.lockstep('run', self.small(), program=self.bin + '/lockstep')[0], 0)

    def test_a_missing_program_is_named(self):
        os.unlink(os.path.join(self.bin, 'lockstep-da-node'))
        self.spoilt(70, 'lockstep-da-node')

    def test_a_program_of_another_role_is_refused(self):
        shutil.copy2(self.bin + '/lockstep-wallet', self.bin + '/lockstep-da-node')
        self.spoilt(70, 'da', 'wallet')

    def test_a_program_that_ends_is_named_with_its_last_words(self):
        self.replace('lockstep-wallet', 'echo no luck today >&2; exit 3\n')
        self.spoilt(4, 'wallet', 'no luck today')

    def test_a_damaged_setup_is_named(self):
        with open(os.path.join(self.bin, 'kzg_setup.bin'), 'r+b') as f:
            f.seek(5000)
            f.write(b'damage')
        self.spoilt(70, 'kzg_setup.bin')

    def test_a_missing_modulus_is_named(self):
        os.unlink(os.path.join(self.bin, 'modulus-1024.txt'))
        self.spoilt(70, 'modulus-1024.txt')


if __name__ == '__main__':
    LOCKSTEP, SCENARIOS = (os.path.abspath(path) for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

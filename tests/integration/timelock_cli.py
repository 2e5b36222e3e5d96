"""`lockstep timelock` as people use and misuse it: exit codes, what is said, what is left behind.

usage: timelock_cli.py LOCKSTEP PARAMS_FOLDER
"""
import os
import random
import re

from timelock_case import Case, main, modulus_file
from timelock_model import Params, Puzzle


class Usage(Case):
    def test_without_a_verb_it_explains_itself(self):
        code, out, err = self.tl()
        self.assertEqual((code, out), (64, b''))
        self.assertIn('Usage: lockstep timelock VERB', err)

    def test_every_help_fits_a_terminal(self):
        texts = [self.fine(word) for word in ('help', '--help', '-h')]
        for verb in 'setup', 'info', 'lock', 'prove', 'verify', 'solve', 'open':
            self.assertIn('\n  %s ' % verb, texts[0])
            texts.append(self.fine(verb, '--help'))
            self.assertIn('lockstep timelock ' + verb, texts[-1])
        for line in '\n'.join(texts).splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_words_nearly_right_are_recognized(self):
        self.refused(64, 'did you mean `solve`?', 'slove', 'x')
        self.refused(64, 'did you mean `--params`?', 'solve', '--parms', 'p', 'x')
        self.refused(64, 'did you mean `trapdoor`?', 'solve', '--solver', 'trapdor', 'x')
        self.refused(64, 'did you mean `short`?', 'lock', '--profile', 'shrt', 'x')

    def test_options_of_other_verbs_are_refused(self):
        self.refused(64, 'timelock lock: no option `--solver`', 'lock', '--solver', 'x', 'y')
        self.refused(64, 'no option `-x`', 'open', '-x')

    def test_values_are_checked(self):
        for value in '0', '-1', '1e6', '', '9223372036854775808', '2^63', '2^', '2^-1', '3^4':
            self.refused(64, '--squarings takes', 'setup', '--squarings', value)
        for value in '0', '0.001', 'soon', '-1', '', '1e3', '90000', '.', '1.2.3', 'nan', 'inf':
            self.refused(64, '--checkpoint-every takes', 'solve', '--checkpoint-every', value)
        self.refused(64, '--bits cannot be `512`', 'setup', '--bits', '512')
        self.refused(64, 'needs a value', 'setup', '--out')

    def test_what_is_missing_is_said(self):
        self.refused(64, 'needs --out', 'setup', '--modulus', 'sim-1024', '--squarings', '5')
        self.refused(64, 'needs --squarings', 'setup', '--modulus', 'sim-1024', '--out', 'p')
        self.refused(64, 'either --modulus', 'setup', '--squarings', '5', '--out', 'p')
        self.refused(64, 'either --modulus', 'setup', '--modulus', 'sim-1024', '--bits', '1024',
                     '--squarings', '5', '--out', 'p')
        self.refused(64, 'takes no file', 'setup', '--squarings', '5', '--out', 'p', 'x')
        self.refused(64, 'takes files', 'info')
        self.refused(64, 'takes one plaintext file', 'lock', '--params', 'p', '--out', 'o', 'a', 'b')
        self.refused(64, 'takes a puzzle file and an opening', 'open', '--params', 'p', 'a')
        for verb in 'verify', 'solve':
            self.refused(64, 'takes puzzle files', verb, '--params', 'p')
            self.refused(64, 'needs --params', verb, 'a')
        self.refused(64, 'needs --out', 'prove', '--params', 'p', 'a')


class Setup(Case):
    def test_squaring_and_the_factors_give_the_same_file(self):
        self.write('n.txt', modulus_file(1024, False))
        self.setup(3000, 'squared.tlp', 'n.txt')
        self.setup(3000, 'factors.tlp')
        self.assertEqual(self.read('squared.tlp'), self.read('factors.tlp'))
        params = Params(self.read('squared.tlp'))
        self.assertEqual(params.squarings, 3000)
        self.assertEqual(params.put(pow(params.g, 2 ** 3000, params.n)),
                         params.put(params.h))

    def test_factors_are_kept_on_request_alone_and_then_are_secret(self):
        self.setup(50, 'open.tlp')
        self.setup(50, 'secret.tlp', options=['--with-trapdoor'])
        p = re.search(r'\np (\w+)', modulus_file(1024, True))[1]
        self.assertNotIn(bytes.fromhex(p), self.read('open.tlp'))
        self.assertIn(bytes.fromhex(p), self.read('secret.tlp'))
        self.assertEqual(self.mode('secret.tlp'), 0o600)
        self.assertEqual(Params(self.read('open.tlp')).digest,
                         Params(self.read('secret.tlp')).digest)

    def test_a_power_of_two_is_a_number(self):
        self.setup('2^9', 'a.tlp')
        self.setup('512', 'b.tlp')
        self.assertEqual(self.read('a.tlp'), self.read('b.tlp'))

    def test_the_rsa_challenge_number_is_built_in(self):
        self.setup(200, 'r.tlp', 'rsa-2048')
        n = Params(self.read('r.tlp')).n
        self.assertEqual((n.bit_length(), sum(map(int, str(n)))), (2048, 2738))
        self.assertEqual(str(n)[:12] + str(n)[-12:], '251959084756822120720357')
        self.refused(64, ['rsa-2048', 'no factors', '--with-trapdoor'], 'setup', '--modulus',
                     'rsa-2048', '--with-trapdoor', '--squarings', '5', '--out', 'x.tlp')

    def test_a_fresh_modulus_is_another_every_time(self):
        for name in 'a.tlp', 'b.tlp':
            self.fine('setup', '--bits', '1024', '--squarings', '100', '--out', name)
        a, b = Params(self.read('a.tlp')), Params(self.read('b.tlp'))
        self.assertEqual((a.bits, a.n.bit_length()), (1024, 1024))
        self.assertNotEqual(a.n, b.n)
        self.fine('info', 'a.tlp', 'b.tlp')

    def test_bad_moduli_are_refused(self):
        def refuse(words, text):
            self.write('m.txt', text)
            self.refused(65, ['m.txt', words], 'setup', '--modulus', 'm.txt', '--squarings', '5',
                         '--out', 'x.tlp')
        good = modulus_file(1024, True)
        digit = 'f' if good[-2] != 'f' else 'e'
        refuse('does not begin with the line', '')
        refuse('does not begin with the line', b'\xff\0')
        refuse('second line', good.replace('1024', '1000'))
        refuse('third line', good.replace('N ', 'N  '))
        refuse('after N come', good + '\n')
        refuse('', good[:-2] + digit + '\n')
        refuse('not 1 modulo 4', modulus_file(1024, False)[:-2] + 'f\n')
        self.refused(65, ['neither a file nor built in', 'sim-2048'], 'setup', '--modulus',
                     'sim-2049', '--squarings', '5', '--out', 'x.tlp')

    def test_outputs_are_not_replaced_without_force(self):
        self.setup(10)
        again = ['setup', '--modulus', 'sim-1024', '--squarings', '20', '--out', 'p.tlp']
        self.refused(64, ['p.tlp: exists already', '--force'], *again)
        self.fine(*again, '--force')
        self.assertEqual(Params(self.read('p.tlp')).squarings, 20)
        self.refused(70, 'cannot be written', *again[:-1], 'nowhere/p.tlp')
        os.mkdir(self.path('d'))
        self.refused(64, 'not a regular file', *again[:-1], 'd', '--force')
        self.assertEqual(sorted(os.listdir(self.dir)), ['d', 'p.tlp'])


class LockAndOpen(Case):
    def setUp(self):
        super().setUp()
        self.setup()

    def solve(self, *puzzles):
        self.fine('solve', '--params', 'p.tlp', *puzzles)

    def test_what_goes_in_comes_out(self):
        for i, text in enumerate([b'', b'x', bytes(range(256)) * 5000]):
            self.write('plain', text)
            for profile in 'full', 'short':
                name = '%d-%s.puz' % (i, profile)
                self.fine('lock', '--params', 'p.tlp', '--profile', profile, '--out', name, 'plain')
                self.solve(name)
                self.fine('open', '--params', 'p.tlp', name, name + '.opening', '--out', 'again',
                          '--force')
                self.assertEqual(self.read('again'), text)
        self.assertEqual(self.mode('again'), 0o600)
        self.assertEqual(self.mode('0-full.puz.opening'), 0o600)

    def test_two_locks_of_one_text_have_nothing_in_common(self):
        a, b = (Puzzle(self.read(self.lock(name))) for name in ('a.puz', 'b.puz'))
        self.assertNotEqual(a.u, b.u)
        self.assertNotEqual(a.ciphertext, b.ciphertext)
        self.assertEqual((a.context, a.digest), (b'', Params(self.read('p.tlp')).digest))

    def test_the_context_is_bound(self):
        self.write('ctx', bytes(range(200)))
        self.lock('a.puz', options=['--context', 'deal 7'])
        self.lock('b.puz', options=['--context', '@ctx'])
        self.assertEqual(Puzzle(self.read('a.puz')).context, b'deal 7')
        self.assertEqual(Puzzle(self.read('b.puz')).context, bytes(range(200)))
        self.fine('verify', '--params', 'p.tlp', '--context', 'deal 7', 'a.puz')
        self.fine('verify', '--params', 'p.tlp', '--context', '@ctx', 'b.puz')
        for verb in 'verify', 'solve':
            self.refused(1, ['a.puz', 'another context'], verb, '--params', 'p.tlp', '--context',
                         'deal 8', 'a.puz')
        self.write('a.puz', self.read('a.puz').replace(b'deal 7', b'deal 8'))
        self.refused(1, 'does not hold', 'verify', '--params', 'p.tlp', '--context', 'deal 8',
                     'a.puz')

    def test_lengths_have_limits(self):
        for name, limit in ('plain', 32 << 20), ('ctx', 64 << 10):
            with open(self.path(name), 'wb') as f:
                f.truncate(limit + 1)
        self.write('empty', b'')
        lock = ['lock', '--params', 'p.tlp', '--out', 'a.puz']
        self.refused(65, ['plain', 'longer than 33554432'], *lock, 'plain')
        self.refused(65, ['ctx', 'longer than 65536'], *lock, '--context', '@ctx', 'empty')
        self.refused(64, 'at most 65536', *lock, '--context', 'x' * 65537, 'empty')
        os.truncate(self.path('plain'), 32 << 20)
        os.truncate(self.path('ctx'), 64 << 10)
        self.fine(*lock, '--context', '@ctx', 'plain')
        self.solve('a.puz')
        self.fine('open', '--params', 'p.tlp', 'a.puz', 'a.puz.opening', '--out', 'again')
        self.assertEqual(self.read('again'), bytes(32 << 20))

    def test_outputs_are_not_replaced_without_force(self):
        self.lock()
        self.solve('a.puz')
        self.write('there', 'precious')
        for command in (['lock', '--params', 'p.tlp', 'p.tlp'],
                        ['prove', '--params', 'p.tlp', 'a.puz'],
                        ['open', '--params', 'p.tlp', 'a.puz', 'a.puz.opening']):
            self.refused(64, 'there: exists already', *command, '--out', 'there')
            self.fine(*command, '--out', 'there', '--force')
        self.assertEqual(self.read('there'), b'for later')

    def test_files_that_are_none_are_refused(self):
        self.lock()
        os.mkdir(self.path('d'))
        for name, words in ('missing', 'there is no such file'), ('d', 'is a directory'):
            self.refused(65, [name, words], 'info', name)
            self.refused(65, [name, words], 'verify', '--params', name, 'a.puz')
            self.refused(65, [name, words], 'verify', '--params', 'p.tlp', name)
            self.refused(65, [name, words], 'lock', '--params', 'p.tlp', '--out', 'x', name)
        self.refused(65, ['a.puz', 'not a time-lock parameter file'], 'verify', '--params', 'a.puz',
                     'a.puz')
        self.refused(65, ['p.tlp', 'is a time-lock parameter file, not a time-lock puzzle file'],
                     'verify', '--params', 'p.tlp', 'p.tlp')
        self.refused(65, 'none of the files', 'info', '/dev/null')
        self.refused(65, 'longer than', 'info', '/dev/zero')

    def test_other_parameters_are_named(self):
        self.lock()
        self.setup(1001, 'q.tlp')
        mine, other = (Params(self.read(n)).digest.hex()[:16] for n in ('p.tlp', 'q.tlp'))
        for verb in 'verify', 'solve':
            self.refused(65, ['a.puz', mine, 'q.tlp', other], verb, '--params', 'q.tlp', 'a.puz')

    def test_a_wrong_opening_is_refused(self):
        self.lock('a.puz')
        self.lock('b.puz')
        self.solve('a.puz', 'b.puz')
        opening = ['open', '--params', 'p.tlp', 'a.puz']
        self.refused(65, ['b.puz.opening', 'another puzzle than a.puz'], *opening, 'b.puz.opening')
        params, puzzle = Params(self.read('p.tlp')), Puzzle(self.read('a.puz'))
        for w in params.g, params.h, 4, 0:
            self.write('false', params.opening(puzzle.u, w))
            self.refused(1, ['false', 'w^e is not Q'], *opening, 'false')
        self.assertEqual(self.tl(*opening, 'a.puz.opening')[:2], (0, b'for later'))

    def test_garbage_has_its_own_code_and_the_sender_is_blamed(self):
        params = Params(self.read('p.tlp'))
        for ciphertext in b'x' * 16, b'x' * 100:
            self.write('g.puz', params.puzzle(ciphertext, b'ctx'))
            self.fine('verify', '--params', 'p.tlp', 'g.puz')
            self.fine('solve', '--params', 'p.tlp', 'g.puz', '--force')
            self.refused(6, ['g.puz', 'is garbage', 'its sender is to blame'], 'open', '--params',
                         'p.tlp', 'g.puz', 'g.puz.opening', '--out', 'x')

    def test_a_ciphertext_shorter_than_a_tag_is_no_puzzle(self):
        for length in 0, 15:
            self.write('g.puz', Params(self.read('p.tlp')).puzzle(b'x' * length))
            self.refused(1, ['g.puz', 'wrong length'], 'solve', '--params', 'p.tlp', 'g.puz')

    def test_a_ciphertext_altered_on_the_way_is_not_the_senders_garbage(self):
        self.lock()
        self.solve('a.puz')
        self.write('a.puz', self.read('a.puz')[:-1] + b'?')
        self.refused(1, ['a.puz', 'proof', 'altered'], 'open', '--params', 'p.tlp', 'a.puz',
                     'a.puz.opening')

    def test_no_damage_goes_unnoticed(self):
        self.lock()
        self.solve('a.puz')
        chance = random.Random(1)
        for name in 'p.tlp', 'a.puz', 'a.puz.opening':
            good = self.read(name)
            spoilt = [good[:n] for n in [0, 7, 8, 11, 43, len(good) - 1]
                      + [chance.randrange(len(good)) for _ in range(8)]]
            for _ in range(40):
                at = chance.randrange(len(good) * 8)
                spoilt.append(good[:at // 8] + bytes([good[at // 8] ^ 1 << at % 8])
                              + good[at // 8 + 1:])
            for bad in spoilt + [good + b'\0']:
                self.write(name, bad)
                code, out, err = self.tl('open', '--params', 'p.tlp', 'a.puz', 'a.puz.opening')
                self.assertIn(code, (1, 65), err)
                self.assertEqual((out, err.count('\n')), (b'', 1), err)
            self.write(name, good)
        self.assertEqual(self.tl('open', '--params', 'p.tlp', 'a.puz', 'a.puz.opening')[0], 0)


class VerifyAndProve(Case):
    def setUp(self):
        super().setUp()
        self.setup()

    def test_every_bad_puzzle_of_a_batch_is_blamed_and_no_good_one(self):
        params = Params(self.read('p.tlp'))
        names = [self.lock('%d.puz' % i) for i in range(6)]
        self.assertEqual(self.fine('verify', '--params', 'p.tlp', *names).count('opens after'), 6)
        self.write('2.puz', self.read('2.puz')[:-3] + b'???')
        self.write('4.puz', params.puzzle(b'x' * 20, false_q=True))
        code, out, err = self.tl('verify', '--params', 'p.tlp', *names)
        self.assertEqual(code, 1)
        self.assertEqual(re.findall(r'(\d)\.puz: ', err), ['2', '4'])
        self.assertEqual(re.findall(r'(\d)\.puz: opens', out.decode()), ['0', '1', '3', '5'])
        before = self.snapshot()
        self.refused(1, ['2.puz', '4.puz'], 'solve', '--params', 'p.tlp', *names, lines=2)
        self.assertEqual(self.snapshot(), before)

    def test_the_compact_proof_is_the_same_puzzle(self):
        for profile, length in ('full', 18 + 176), ('short', 18 + 64):
            name = self.lock(profile + '.puz', options=['--profile', profile])
            self.fine('prove', '--params', 'p.tlp', '--out', profile + '.small', name)
            large, small = Puzzle(self.read(name)), Puzzle(self.read(profile + '.small'))
            self.assertEqual(len(small.proof), length)
            self.assertEqual((large.u, large.q, large.ciphertext),
                             (small.u, small.q, small.ciphertext))
            self.fine('verify', '--params', 'p.tlp', profile + '.small')
            self.fine('solve', '--params', 'p.tlp', profile + '.small')
            self.assertEqual(self.tl('open', '--params', 'p.tlp', name,
                                     profile + '.small.opening')[:2], (0, b'for later'))
            self.refused(65, 'compact proof already', 'prove', '--params', 'p.tlp', '--out', 'x',
                         profile + '.small')

    def test_a_false_puzzle_is_not_rewritten(self):
        self.lock()
        self.write('a.puz', self.read('a.puz')[:-1] + b'?')
        self.refused(1, 'does not hold', 'prove', '--params', 'p.tlp', '--out', 'x', 'a.puz')

    def test_the_model_makes_puzzles_the_program_takes(self):
        params = Params(self.read('p.tlp'))
        self.write('m.puz', params.puzzle(b'c' * 30, b'context', seed=5))
        self.fine('verify', '--params', 'p.tlp', '--context', 'context', 'm.puz')


class Info(Case):
    def test_every_kind_of_file_fits_a_terminal(self):
        self.setup(options=['--with-trapdoor'])
        self.write('m.txt', modulus_file(1024, False))
        self.lock('text.puz', options=['--context', 'chain 7, bundle 9, leg 1 of 2'])
        self.lock('long.puz', options=['--context', 'long ' * 50])
        self.lock('control.puz', options=['--context', '\033[31m\n'])
        self.fine('solve', '--params', 'p.tlp', 'text.puz')
        out = self.fine('info', 'm.txt', 'p.tlp', 'text.puz', 'long.puz', 'control.puz',
                        'text.puz.opening')
        for line in out.splitlines():
            self.assertLessEqual(len(line), 80, line)
        for words in ('m.txt: time-lock modulus', 'p.tlp: time-lock parameters', 'squarings    1,000',
                      'whoever has it opens everything', '"chain 7, bundle 9, leg 1 of 2"',
                      '250 bytes', '1b5b33316d0a', 'profile full, batch form', 'time-lock opening',
                      Params(self.read('p.tlp')).digest.hex()):
            self.assertIn(words, out)

    def test_one_bad_file_does_not_hide_the_others(self):
        self.setup()
        self.write('bad', 'nothing of ours')
        code, out, err = self.tl('info', 'bad', 'p.tlp')
        self.assertEqual(code, 65)
        self.assertIn(b'p.tlp: time-lock parameters', out)
        self.assertIn('bad: is none of the files', err)


if __name__ == '__main__':
    main()

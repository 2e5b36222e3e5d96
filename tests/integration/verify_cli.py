"""`lockstep verify evidence` as people use and misuse it.

usage: verify_cli.py LOCKSTEP MAKE_EVIDENCE KZG_SETUP ROOT
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

LOCKSTEP = MAKE_EVIDENCE = KZG_SETUP = ROOT = None

KINDS = ['two_promises', 'two_orders', 'two_blocks', 'order_breaks_promise',
         'block_breaks_promise', 'broken_order', 'bad_admission', 'wrong_openings',
         'wrong_plaintext', 'split_bundle', 'foreign_cause', 'two_results', 'false_step']
EXECUTORS = ['two_results', 'false_step']


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        subprocess.run([MAKE_EVIDENCE, KZG_SETUP, cls.dir], check=True)

    def verify(self, *arguments, program=None):
        """Returns: (exit code, standard output, standard error)."""
        done = subprocess.run([program or LOCKSTEP, 'verify', *arguments], cwd=self.dir,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=60,
                              check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def evidence(self, kind):
        with open(os.path.join(self.dir, kind), 'rb') as f:
            return f.read()

    def file(self, data, name='made'):
        with open(os.path.join(self.dir, name), 'wb') as f:
            f.write(data)
        return name


class Judging(Case):
    def test_each_kind_convicts_in_one_sentence(self):
        for kind in KINDS:
            code, out, err = self.verify('evidence', kind)
            self.assertEqual((code, err), (0, ''), out)
            role = 'executor' if kind in EXECUTORS else 'sequencer'
            self.assertRegex(out, r'^%s: convicts %s 0x[0-9a-f]{40} of %s in slot 42: '
                                  r'it[s ].*; \d+ gas\n$' % (kind, role, kind))

    def test_culprits_are_one_of_each_role_and_gas_is_ethereums(self):
        code, out, err = self.verify('evidence', '--json', *KINDS)
        self.assertEqual((code, err), (0, ''))
        cases = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([c['kind'] for c in cases], KINDS)
        self.assertEqual([c['role'] == 'executor' for c in cases],
                         [kind in EXECUTORS for kind in KINDS])
        self.assertEqual(len({(c['role'], c['culprit']) for c in cases}), 2)
        self.assertEqual(len({c['deployment'] for c in cases}), 1)
        self.assertEqual({c['verdict'] for c in cases}, {'convicts'})
        self.assertEqual({c['slot'] for c in cases}, {42})
        for c in cases:
            data = self.evidence(c['file'])
            zeros = data.count(0)
            self.assertGreater(c['gas'], 21000 + 4 * zeros + 16 * (len(data) - zeros) + 3000)

    def test_tampered_evidence_convicts_nobody_and_is_6(self):
        for kind in KINDS:
            data = bytearray(self.evidence(kind))
            data[40] ^= 1
            code, out, err = self.verify('evidence', self.file(data))
            self.assertEqual((code, err), (6, ''))
            signer = 'by the executor of its rollup' if kind in EXECUTORS else 'by the sequencer'
            self.assertRegex(out, r'^made: convicts nobody: .* is not signed %s '
                                  r'\(%s\)\n$' % (signer, kind))
            code, out, _ = self.verify('evidence', '--json', 'made')
            self.assertEqual(code, 6)
            case = json.loads(out)
            self.assertEqual((case['verdict'], case['kind']), ('convicts_nobody', kind))
            self.assertNotIn('culprit', case)
            self.assertIn('signed', case['reason'])

    def test_what_is_no_evidence_is_65(self):
        good = self.evidence('two_orders')
        for data in b'', b'x', b'LSEVID01', good[:-1], good + b'\0', b'LSEVID02' + good[8:], \
                os.urandom(1000):
            code, out, err = self.verify('evidence', self.file(data))
            self.assertEqual((code, err), (65, ''))
            self.assertRegex(out, r'^made: is no evidence: [a-z ]+\n$')
            code, out, _ = self.verify('evidence', '--json', '--explain', 'made')
            self.assertEqual(code, 65)
            self.assertEqual(set(json.loads(out)), {'file', 'verdict', 'reason'})

    def test_a_file_of_1_gib_is_not_read(self):
        with open(os.path.join(self.dir, 'huge'), 'wb') as f:
            f.write(b'LSEVID01')
            f.truncate(1 << 30)
        code, out, _ = self.verify('evidence', 'huge')
        self.assertEqual((code, out), (65, 'huge: is no evidence: input exceeds a limit\n'))

    def test_missing_files_are_66(self):
        os.makedirs(os.path.join(self.dir, 'folder'), exist_ok=True)
        fifo = os.path.join(self.dir, 'pipe')
        if not os.path.exists(fifo):
            os.mkfifo(fifo)
        for name in 'nothing', 'folder', 'pipe', '/dev/zero', 'two_orders/x', '':
            code, out, err = self.verify('evidence', name)
            self.assertEqual((code, out), (66, ''), name)
            self.assertIn('lockstep: %s: ' % name, err)

    def test_several_files_give_the_first_bad_code(self):
        self.file(b'x', 'bad')
        code, out, err = self.verify('evidence', 'two_orders', 'none', 'bad', 'two_blocks')
        self.assertEqual(code, 66)
        self.assertEqual([line.split(':')[0] for line in out.splitlines()],
                         ['two_orders', 'bad', 'two_blocks'])
        self.assertIn('none', err)


class Explaining(Case):
    SECTIONS = {
        'two_promises': ['promise', 'second promise'],
        'two_orders': ['order commitment', 'second order commitment'],
        'two_blocks': ['block header', 'second block header'],
        'order_breaks_promise': ['promise', 'order commitment', 'opening'],
        'block_breaks_promise': ['promise', 'block header', 'opening', 'preimage'],
        'broken_order': ['promise', 'second promise'],
        'bad_admission': ['promise', 'parameters', 'leg'],
        'split_bundle': ['promise', 'second promise', 'block header', 'second block header'],
        'foreign_cause': ['promise', 'second promise', 'block header', 'opening', 'preimage'],
        'wrong_openings': ['promise', 'parameters', 'leg', 'openings'],
        'wrong_plaintext': ['promise', 'parameters', 'leg', 'solution', 'block header', 'opening',
                            'preimage'],
        'two_results': ['result', 'second result'],
        'false_step': ['leg', 'result', 'step', 'opening', 'preimage', 'transaction', 'cover'],
    }

    def test_the_listing_names_every_part_in_80_columns(self):
        for kind in KINDS:
            code, out, err = self.verify('evidence', '--explain', kind)
            self.assertEqual((code, err), (0, ''))
            lines = out.splitlines()[1:]
            self.assertTrue(all(len(line) <= 80 for line in lines), out)
            sections = [line[1:] for line in lines if line[1] != ' ']
            self.assertEqual(sections, ['descriptor'] + self.SECTIONS[kind])
            self.assertNotIn('somebody else', out)
            signer = "the rollup's executor" if kind in EXECUTORS else 'the sequencer'
            self.assertRegex(out, r'\n  signed by +%s\n' % signer)

    def test_machines_get_the_same_listing(self):
        for kind in KINDS:
            contents = json.loads(self.verify('evidence', '--json', '--explain', kind)[1])['contents']
            self.assertEqual(list(contents), ['descriptor'] + self.SECTIONS[kind])
            self.assertEqual(contents['descriptor']['L1 chain'], 1337)
            self.assertEqual(contents['descriptor']['executors'], 3)
            if 'promise' in contents:
                self.assertEqual(contents['promise']['slot'], 42)
                # the listed values are those of the file
                data = self.evidence(kind).hex()
                self.assertIn(contents['promise']['bundle id'], data)

    def test_a_foreign_signature_is_pointed_out(self):
        data = bytearray(self.evidence('two_promises'))
        data[-1] ^= 1
        code, out, _ = self.verify('evidence', '--explain', self.file(data))
        self.assertEqual(code, 6)
        self.assertEqual(out.count('the sequencer\n'), 1)
        self.assertEqual(out.count('somebody else'), 1)

    def test_any_damage_can_be_explained(self):
        for kind in KINDS:
            good = self.evidence(kind)
            names = []
            for at in range(0, len(good), max(1, len(good) // 100)):
                data = bytearray(good)
                data[at] ^= 0x81
                names.append(self.file(data, 'damaged%d' % at))
            code, out, err = self.verify('evidence', '--explain', '--json', *names)
            self.assertIn(code, (6, 65))
            self.assertEqual(err, '')
            for line in out.splitlines():
                self.assertNotEqual(json.loads(line)['verdict'], 'convicts')
            code, out, err = self.verify('evidence', '--explain', *names)
            self.assertIn(code, (6, 65))
            self.assertTrue(all(len(line) <= 80 for line in out.splitlines()
                                if line.startswith(' ')))


class Usage(Case):
    def test_misuse_is_64(self):
        for arguments in [], ['evidence'], ['something'], ['something', 'two_orders'], \
                ['evidence', '--expalin', 'two_orders'], ['--json']:
            code, out, err = self.verify(*arguments)
            self.assertEqual((code, out), (64, ''), arguments)
            self.assertTrue(err.startswith('lockstep: '))

    def test_help_fits_a_terminal_and_names_the_codes(self):
        code, out, err = self.verify('--help')
        self.assertEqual((code, err), (0, ''))
        self.assertTrue(all(len(line) <= 80 for line in out.splitlines()))
        for word in '6 convicts nobody', '65 no evidence', '66', '--explain', '--json':
            self.assertIn(word, out)

    def test_without_a_setup_it_says_so(self):
        lone = os.path.join(self.dir, 'bin')
        os.makedirs(lone, exist_ok=True)
        shutil.copy2(LOCKSTEP, lone)
        code, out, err = self.verify('evidence', 'two_orders', program=lone + '/lockstep')
        self.assertEqual((code, out), (70, ''))
        self.assertIn('KZG setup', err)


class Documentation(unittest.TestCase):
    def page(self, name):
        with open(os.path.join(ROOT, name), encoding='utf-8') as f:
            return f.read()

    def test_every_kind_is_documented_by_its_number(self):
        page = self.page('docs/evidence.md')
        self.assertEqual(re.findall(r'^\| (\d+) `(\w+)` \|', page, re.MULTILINE),
                         [(str(n), kind) for n, kind in enumerate(KINDS, 1)])

    def test_type_strings_and_hashes_are_published_as_tested(self):
        page = self.page('docs/evidence.md')
        types = re.findall(r'^\| `(\w+\(.*\))` \| `([0-9a-f]{64})` \|', page, re.MULTILINE)
        self.assertEqual(len(types), 3)
        tested = self.page('tests/unit/protocol/test_evidence.c')
        for text, type_hash in types:
            self.assertIn('\n    %s\n' % text, self.page('docs/protocol.md'))
            self.assertIn(type_hash, tested)


if __name__ == '__main__':
    LOCKSTEP, MAKE_EVIDENCE, KZG_SETUP, ROOT = (os.path.abspath(p) for p in sys.argv[1:5])
    unittest.main(argv=sys.argv[:1] + sys.argv[5:])

"""What the tests of `lockstep timelock` share: running it in a folder of one's own."""
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

LOCKSTEP, PARAMS = (os.path.abspath(path) for path in sys.argv[1:3])


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)

    def command(self, *arguments):
        return [LOCKSTEP, 'timelock', *(str(a) for a in arguments)]

    def tl(self, *arguments, stdin=b'', timeout=120):
        """Runs in the test's own folder. Returns: (exit code, standard output, standard error)."""
        done = subprocess.run(self.command(*arguments), cwd=self.dir, timeout=timeout, input=stdin,
                              capture_output=True, check=False)
        self.assertNotIn(b'\033', done.stdout + done.stderr, 'colours, though nobody looks')
        return done.returncode, done.stdout, done.stderr.decode('utf-8', 'backslashreplace')

    def fine(self, *arguments, stdin=b''):
        code, out, err = self.tl(*arguments, stdin=stdin)
        self.assertEqual((code, err), (0, ''), arguments)
        return out.decode('utf-8', 'backslashreplace')

    def refused(self, code, words, *arguments, stdin=b'', lines=1):
        """One sentence, naming the place; nothing on standard output; nothing left behind."""
        before = self.snapshot()
        got, out, err = self.tl(*arguments, stdin=stdin)
        self.assertEqual((got, out), (code, b''), err)
        self.assertEqual(err.count('\n'), lines, err)
        self.assertTrue(all(line.startswith('lockstep: ') for line in err.splitlines()), err)
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, err)
        self.assertEqual(self.snapshot(), before, 'no file appeared, vanished or changed')
        return err

    def snapshot(self):
        found = {}
        for folder, _, names in os.walk(self.dir):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and os.path.getsize(path) < 1 << 20:
                    found[os.path.relpath(path, self.dir)] = self.read(path)
        return found

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        with open(self.path(name), 'rb') as f:
            return f.read()

    def write(self, name, data):
        with open(self.path(name), 'wb') as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return name

    def mode(self, name):
        return stat.S_IMODE(os.stat(self.path(name)).st_mode)

    def setup(self, squarings=1000, name='p.tlp', modulus='sim-1024', options=()):
        self.fine('setup', '--modulus', modulus, '--squarings', squarings, '--out', name, *options)
        return name

    def lock(self, name='a.puz', text='for later', params='p.tlp', options=()):
        self.fine('lock', '--params', params, '--out', name, *options, '-', stdin=text.encode())
        return name


def modulus_file(bits, factors):
    with open(os.path.join(PARAMS, 'modulus-%d.txt' % bits), encoding='ascii') as f:
        lines = f.readlines()
    return ''.join(lines if factors else lines[:3])


def main():
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])

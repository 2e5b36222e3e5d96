"""`lockstep timelock solve`: one chain for many, and no interruption costs more than was promised.

usage: timelock_solve.py LOCKSTEP PARAMS_FOLDER
"""
import os
import pty
import random
import re
import signal
import subprocess

from timelock_case import PARAMS, Case, main
from timelock_model import Checkpoint, Params, Puzzle


class Solve(Case):
    def setUp(self):
        super().setUp()
        self.setup(options=['--with-trapdoor'], name='t.tlp')
        self.setup()

    def openings(self, *names):
        return [self.read(name + '.opening') for name in names]

    def test_a_batch_equals_single_solving_equals_the_trapdoor(self):
        names = [self.lock('%d.puz' % i, 'text %d' % i) for i in range(7)]
        self.fine('solve', '--params', 'p.tlp', *names)
        batch = self.openings(*names)
        self.fine('solve', '--params', 't.tlp', '--solver', 'trapdoor', '--out', '.', '--force',
                  *names)
        self.assertEqual(self.openings(*names), batch)
        for i, name in enumerate(names):
            os.unlink(self.path(name + '.opening'))
            self.fine('solve', '--params', 'p.tlp', name)
            self.assertEqual(self.openings(name), [batch[i]])
            self.assertEqual(self.tl('open', '--params', 'p.tlp', name, name + '.opening')[1],
                             b'text %d' % i)
        params = Params(self.read('p.tlp'))
        u = int.from_bytes(Puzzle(self.read('0.puz')).u, 'big')
        self.assertEqual(batch[0], params.opening(Puzzle(self.read('0.puz')).u,
                                                  pow(u, 2 ** 1000, params.n)))

    def test_outputs_go_where_they_are_sent(self):
        self.lock('a.puz')
        self.lock('b.puz')
        os.mkdir(self.path('d'))
        os.mkdir(self.path('e'))
        os.rename(self.path('b.puz'), self.path('e/b.puz'))
        solve = ['solve', '--params', 'p.tlp']
        self.fine(*solve, 'a.puz', '--out', 'x')
        self.fine(*solve, 'a.puz', 'e/b.puz', '--out', 'd')
        self.assertEqual(sorted(os.listdir(self.path('d'))), ['a.puz.opening', 'b.puz.opening'])
        self.assertEqual(self.read('x'), self.read('d/a.puz.opening'))
        self.refused(64, ['x is not a folder'], *solve, 'a.puz', 'e/b.puz', '--out', 'x')
        os.rename(self.path('e/b.puz'), self.path('e/a.puz'))
        self.refused(64, ['a.puz and e/a.puz', 'd/a.puz.opening'], *solve, 'a.puz', 'e/a.puz',
                     '--out', 'd', '--force')
        self.refused(70, ['nowhere/x', 'cannot be written'], *solve, 'a.puz', '--out', 'nowhere/x')

    def test_what_is_there_and_right_is_kept_and_nothing_else_is_replaced(self):
        self.lock('a.puz')
        self.lock('b.puz')
        solve = ['solve', '--params', 'p.tlp', 'a.puz', 'b.puz']
        self.fine(*solve)
        first = self.openings('a.puz', 'b.puz')
        self.assertIn('nothing to do', self.fine(*solve))
        os.unlink(self.path('b.puz.opening'))
        self.assertEqual(self.fine(*solve).count('opening: opens'), 1)
        self.write('b.puz.opening', first[0])
        self.refused(64, 'b.puz.opening: exists already', *solve)
        self.fine(*solve, '--force')
        self.assertEqual(self.openings('a.puz', 'b.puz'), first)

    def test_two_puzzles_with_one_u_are_named(self):
        self.lock('a.puz')
        self.lock('b.puz')
        self.fine('prove', '--params', 'p.tlp', '--out', 'c.puz', 'a.puz')
        self.refused(65, ['a.puz and c.puz have the same u', 'fits both'], 'solve', '--params',
                     'p.tlp', 'a.puz', 'b.puz', 'c.puz')
        self.fine('solve', '--params', 'p.tlp', 'c.puz')
        self.assertEqual(self.tl('open', '--params', 'p.tlp', 'a.puz', 'c.puz.opening')[1],
                         b'for later')

    def test_the_trapdoor_needs_factors_and_no_checkpoint(self):
        self.lock()
        self.refused(64, ['p.tlp', 'no factors', '--with-trapdoor'], 'solve', '--params', 'p.tlp',
                     '--solver', 'trapdoor', 'a.puz')
        self.refused(64, 'no --checkpoint', 'solve', '--params', 't.tlp', '--solver', 'trapdoor',
                     '--checkpoint', 'c', 'a.puz')


class Checkpoints(Case):
    """A chain of a few seconds on this machine, and its right result."""
    SECONDS = 1.5
    LONG = {'test_kill_9_at_any_moment_loses_nothing_that_was_kept': 5,
            'test_a_kill_loses_no_more_than_the_stated_seconds': 4}
    rate = None

    def setUp(self):
        super().setUp()
        if Checkpoints.rate is None:
            self.setup(500000, 'pace.tlp', 'sim-2048')
            self.lock('pace.puz', params='pace.tlp')
            out = self.fine('solve', '--params', 'pace.tlp', 'pace.puz')
            Checkpoints.rate = float(re.search(r'([\d.]+) M/s', out)[1]) * 1e6
        self.squarings = int(self.rate * self.LONG.get(self._testMethodName, self.SECONDS))
        self.setup(self.squarings, 'p.tlp', 'sim-2048')
        self.setup(self.squarings, 't.tlp', 'sim-2048', ['--with-trapdoor'])
        self.names = [self.lock('%d.puz' % i, 'text %d' % i) for i in range(3)]
        os.mkdir(self.path('right'))
        self.fine('solve', '--params', 't.tlp', '--solver', 'trapdoor', '--out', 'right',
                  *self.names)
        self.solve = ['solve', '--params', 'p.tlp', '--checkpoint', 'c', *self.names]

    def assert_solved(self):
        for name in self.names:
            self.assertEqual(self.read(name + '.opening'), self.read('right/%s.opening' % name))
        self.assertFalse(os.path.exists(self.path('c')), 'the checkpoint is deleted')
        self.assertEqual([n for n in os.listdir(self.dir) if n.endswith('.tmp')], [])

    def start(self, *options, stderr=subprocess.PIPE):
        return subprocess.Popen(self.command(*self.solve, *options), cwd=self.dir,
                                stdout=subprocess.PIPE, stderr=stderr, stdin=subprocess.DEVNULL)

    def wait_for_checkpoint(self, process, beyond=0):
        """Until the checkpoint is further than that."""
        while process.poll() is None:
            if os.path.exists(self.path('c')) and self.done() > beyond:
                return
            os.sched_yield()
        self.fail('ended too early: %s' % (process.communicate(),))

    def done(self):
        return Checkpoint(self.read('c')).done

    def drop_temporary(self):
        """A kill in the middle of a write leaves a file beside the checkpoint, never a broken one.
        Returns: how many."""
        found = [n for n in os.listdir(self.dir) if re.fullmatch(r'c\.\w{6}\.tmp', n)]
        for name in found:
            os.unlink(self.path(name))
        return len(found)

    def test_kill_9_at_any_moment_loses_nothing_that_was_kept(self):
        chance = random.Random(20)
        kills, reached, left = 0, 0, 0
        while True:
            process = self.start('--checkpoint-every', '0.05')
            try:
                out, err = process.communicate(
                    timeout=chance.uniform(0.03, 0.2) if kills < 25 else 120)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
            resumed = re.match(rb'c: going on at ([\d,]+) of', out)
            if reached:
                self.assertTrue(resumed or not out, out)
            if resumed:
                self.assertEqual(int(resumed[1].replace(b',', b'')), reached)
            self.assertEqual(err, b'')
            left += self.drop_temporary()
            if process.returncode == 0:
                break
            self.assertEqual(process.returncode, -signal.SIGKILL)
            kills += 1
            if os.path.exists(self.path('c')):
                self.assertGreaterEqual(self.done(), reached)
                reached = self.done()
        self.assertGreaterEqual(kills, 20)
        self.assertGreater(reached, self.squarings // 20)
        self.assertLessEqual(left, kills)
        self.assert_solved()

    def test_a_kill_loses_no_more_than_the_stated_seconds(self):
        """The progress shown is what was done at least; the checkpoint is what is left of it."""
        terminal, side = pty.openpty()
        process = self.start('--checkpoint-every', '0.5', stderr=side)
        os.close(side)
        seen = b''
        while seen.count(b'M/s') < 8:
            seen += os.read(terminal, 4096)
        process.kill()
        process.communicate()
        os.close(terminal)
        shown, pace = re.findall(r'solve: ([\d,]+) steps, [\d.]+ %, ([\d.]+) M/s',
                                 seen.decode())[-1]
        shown = int(shown.replace(',', ''))
        self.assertGreater(self.done(), 0)
        # Three times the pace, as it is a mean, and this machine may have been busy.
        self.assertGreater(self.done(), shown - 3 * float(pace) * 1e6 * 0.5)
        self.drop_temporary()
        self.assertRegex(seen.decode(), r'\d+ s left')

    def test_a_polite_end_keeps_everything(self):
        reached = 0
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            process = self.start('--checkpoint-every', '0.1')
            self.wait_for_checkpoint(process, reached)
            reached = self.done()
            process.send_signal(number)
            _, err = process.communicate()
            self.assertEqual(process.returncode, -number)
            told = re.fullmatch(r'lockstep: c: interrupted at ([\d,]+) steps; the same command '
                                r'goes on from there\n', err.decode())
            self.assertTrue(told, err)
            self.assertEqual(int(told[1].replace(',', '')), self.done())
            self.assertGreaterEqual(self.done(), reached)
            reached = self.done()
        self.assertIn('going on at', self.fine(*self.solve))
        self.assert_solved()

    def cut_short(self):
        """Leaves a checkpoint somewhere on the way. Returns: what is in it."""
        process = self.start('--checkpoint-every', '0.05')
        self.wait_for_checkpoint(process)
        process.kill()
        process.communicate()
        self.drop_temporary()
        return Checkpoint(self.read('c'))

    def test_the_checkpoint_is_the_power_it_says(self):
        c = self.cut_short()
        params = Params(self.read('p.tlp'))
        product = 1
        for name in self.names:
            product = product * int.from_bytes(Puzzle(self.read(name)).u, 'big') % params.n
        done = 0
        while done < c.done:  # Python's pow takes exponents of a length it can hold
            step = min(100000, c.done - done)
            product = pow(product, 1 << step, params.n)
            done += step
        self.assertEqual(c.x, params.put(product))
        self.assertEqual(self.mode('c'), 0o600)
        out = self.fine('info', 'c')
        self.assertIn('time-lock checkpoint', out)
        self.assertIn('{:,}'.format(c.done), out)
        self.assertIn('{:,}'.format(self.squarings), out)

    def test_a_checkpoint_of_something_else_is_refused(self):
        c = self.cut_short()
        kept = self.read('c')
        few = self.solve[:-1]
        self.refused(65, ['c: belongs to other puzzles', 'another --checkpoint'], *few)
        self.setup(self.squarings + 1, 'q.tlp', 'sim-2048')
        self.lock('q.puz', params='q.tlp')
        self.refused(65, 'c: was made under other parameters', 'solve', '--params', 'q.tlp',
                     '--checkpoint', 'c', 'q.puz')
        self.refused(65, 'not a time-lock checkpoint', *self.solve[:4], self.names[0],
                     *self.names)
        self.refused(65, 'is something else', *self.solve[:4], '/dev/null', *self.names)
        self.refused(70, 'cannot be written', *self.solve[:4], 'nowhere/c', *self.names)
        self.assertEqual(self.read('c'), kept)
        self.assertGreater(c.done, 0)
        order = self.solve[:5] + self.names[::-1]
        self.assertIn('going on at', self.fine(*order))
        self.assert_solved()

    def test_a_damaged_checkpoint_is_refused(self):
        self.cut_short()
        good = self.read('c')
        chance = random.Random(3)
        spoilt = [good[:n] for n in (0, 5, 8, 12, 55, 56, 87, 88, len(good) - 32, len(good) - 1)]
        for _ in range(40):
            at = chance.randrange(len(good) * 8)
            spoilt.append(good[:at // 8] + bytes([good[at // 8] ^ 1 << at % 8]) + good[at // 8 + 1:])
        for bad in spoilt + [good + b'\0']:
            self.write('c', bad)
            self.refused(65, ['c: ', 'delete it'], *self.solve)

    def test_a_forged_checkpoint_is_found_out(self):
        """With a checksum that fits: nonsense at once, a wrong value when the chain is over."""
        c = self.cut_short()
        true_x = c.x
        for x in bytes(256), b'\xff' * 256, c.x[:-1] + bytes([c.x[-1] ^ 1]):
            c.x = x
            self.write('c', c.file())
            code, _, err = self.tl(*self.solve)
            self.assertEqual((code, err.count('\n')), (65, 1))
        c.x, c.done = true_x, self.squarings + 1
        self.write('c', c.file())
        self.refused(65, 'not within its chain', *self.solve)
        c.done = self.squarings - 10  # skips most of the work
        self.write('c', c.file())
        code, _, err = self.tl(*self.solve)
        self.assertEqual(code, 65)
        self.assertIn('c: held a wrong value', err)
        self.assertFalse(any(os.path.exists(self.path(n + '.opening')) for n in self.names))

    def test_a_result_that_cannot_be_written_is_not_lost(self):
        os.mkdir(self.path('sub'))
        process = self.start('--checkpoint-every', '0.05', '--out', 'sub')
        self.wait_for_checkpoint(process)
        os.rmdir(self.path('sub'))
        out, err = process.communicate()
        self.assertEqual(process.returncode, 70, out)
        self.assertEqual(err.count(b'cannot be written'), 3)
        self.assertEqual(self.done(), self.squarings)
        os.mkdir(self.path('sub'))
        self.fine(*self.solve, '--out', 'sub')
        self.assertEqual(self.read('sub/1.puz.opening'), self.read('right/1.puz.opening'))

    def test_a_checkpoint_that_cannot_be_written_on_the_way_is_said_once(self):
        os.mkdir(self.path('sub'))
        self.solve[4] = 'sub/c'
        process = self.start('--checkpoint-every', '0.05', '--out', '.')
        while not os.path.exists(self.path('sub/c')):
            os.sched_yield()
        os.rename(self.path('sub'), self.path('gone'))
        out, err = process.communicate()
        self.assertEqual(process.returncode, 0, (out, err))
        self.assertEqual(err.count(b'solving goes on'), 1, err)
        for name in self.names:
            self.assertEqual(self.read(name + '.opening'), self.read('right/%s.opening' % name))

    def test_setup_survives_kill_9(self):
        """Long enough for the proof to take several passes."""
        with open(os.path.join(PARAMS, 'modulus-2048.txt'), encoding='ascii') as f:
            self.write('n.txt', ''.join(f.readlines()[:3]))
        chance = random.Random(21)
        steps = ['setup', '--modulus', 'n.txt', '--squarings', self.squarings, '--out', 's.tlp',
                 '--checkpoint', 'c', '--checkpoint-every', '0.2']
        kills, reached = 0, 0
        while True:
            process = subprocess.Popen(self.command(*steps), cwd=self.dir, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
            try:
                _, err = process.communicate(
                    timeout=chance.uniform(0.2, 0.9) if kills < 12 else 120)
            except subprocess.TimeoutExpired:
                process.kill()
                _, err = process.communicate()
            self.assertEqual(err, b'')
            self.drop_temporary()
            if process.returncode == 0:
                break
            kills += 1
            if os.path.exists(self.path('c')):
                self.assertGreaterEqual(self.done(), reached)
                reached = self.done()
        self.assertGreaterEqual(kills, 3)
        self.assertEqual(self.read('s.tlp'), self.read('p.tlp'))
        self.assertFalse(os.path.exists(self.path('c')))

    def test_a_wrong_checkpoint_of_setup_is_found_out(self):
        with open(os.path.join(PARAMS, 'modulus-1024.txt'), encoding='ascii') as f:
            self.write('n.txt', ''.join(f.readlines()[:3]))
        steps = ['setup', '--modulus', 'n.txt', '--squarings', 3 * self.squarings, '--out', 's.tlp',
                 '--checkpoint', 'c', '--checkpoint-every', '0.05']
        process = subprocess.Popen(self.command(*steps), cwd=self.dir, stdout=subprocess.DEVNULL)
        self.wait_for_checkpoint(process)
        process.kill()
        process.wait()
        self.drop_temporary()
        steps[4] = steps[4] + 1
        self.refused(65, 'c: was made under other parameters', *steps)
        steps[4] = steps[4] - 1
        self.refused(65, 'c: is a time-lock checkpoint of setup, not', *self.solve)
        self.assertIn('checkpoint of setup', self.fine('info', 'c'))
        self.refused(64, 'takes milliseconds', 'setup', '--modulus', 'sim-1024', '--squarings', 5,
                     '--out', 'x', '--checkpoint', 'y')
        c = Checkpoint(self.read('c'))
        c.x = (4).to_bytes(len(c.x), 'big')
        self.write('c', c.file())
        code, _, err = self.tl(*steps)
        self.assertEqual(code, 65, err)
        self.assertIn('c: held a wrong value', err)
        self.assertFalse(os.path.exists(self.path('s.tlp')))

    def test_quiet_is_quiet(self):
        self.assertEqual(self.fine('solve', '-q', *self.solve[1:]), '')
        self.assert_solved()


if __name__ == '__main__':
    main()

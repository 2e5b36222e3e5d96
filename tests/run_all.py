"""Every check, one after the other; the last line reads `N passed, N failed, N skipped`.

A step that fails shows its output, and the others still run. Started by ./dev, which has installed
what this needs.

usage: run_all.py | run_all.py --lint | run_all.py --only TEST...
"""
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time

GCC = 'build'
CLANG = 'build-clang'  # address and undefined-behaviour sanitizers, coverage for the fuzz targets
CLANG_OPTIONS = ['-Dfuzz=true', '-Db_sanitize=address,undefined', '-Db_lundef=false',
                 '-Dc_args=-fsanitize=fuzzer-no-link -fno-sanitize-recover=all',
                 '-Dc_link_args=-fsanitize=fuzzer-no-link']
# Slow under valgrind and covered by the sanitizers: whole runs, many cases, and suite 'slow'.
VALGRIND = 'valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite'
VALGRIND_LEAVES_OUT = ['lint', 'integration', 'scenario', 'property', 'slow']
JOBS = os.cpu_count() or 2


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.not_passed = []

    def add(self, name, verdict):
        setattr(self, verdict, getattr(self, verdict) + 1)
        if verdict != 'passed':
            self.not_passed.append('%s: %s' % (verdict, name))

    def __str__(self):
        return '%d passed, %d failed, %d skipped' % (self.passed, self.failed, self.skipped)


total = Tally()


def run(command):
    """Returns: (succeeded, output)."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            errors='replace', stdin=subprocess.DEVNULL)
    return result.returncode == 0, result.stdout


def step(name, action):
    """One line per step. action returns (succeeded, output, verdicts [(name, verdict)])."""
    print('%-34s ' % name, end='', flush=True)
    start = time.monotonic()
    succeeded, output, verdicts = action()
    tally = Tally()
    for test, verdict in verdicts:
        tally.add(test, verdict)
        total.add('%s: %s' % (name, test), verdict)
    if not succeeded and not tally.failed:  # for want of a verdict, or besides it
        total.add(name, 'failed')
    summary = str(tally) if verdicts else 'ok' if succeeded else 'FAILED'
    print('%s (%.0f s)' % (summary, time.monotonic() - start), flush=True)
    if not succeeded:
        print(output.rstrip(), flush=True)
    return succeeded


def single(name, command):
    """A check that counts as one test."""
    def action():
        succeeded, output = run(command)
        return succeeded, output, [(name, 'passed' if succeeded else 'failed')]
    step(name, action)


def build(name, commands):
    def action():
        for command in commands:
            succeeded, output = run(command)
            if not succeeded:
                return False, output, []
        return True, '', []
    return step(name, action)


def meson_tests(name, build_dir, arguments, log='testlog', wanted=()):
    """Runs meson tests and counts them by meson's own log. No log is a failure, as is a wanted test
    that does not exist."""
    path = os.path.join(build_dir, 'meson-logs', log + '.json')
    verdict_of = {'OK': 'passed', 'EXPECTEDFAIL': 'passed', 'SKIP': 'skipped'}

    def action():
        if os.path.exists(path):
            os.remove(path)
        succeeded, output = run(['meson', 'test', '-C', build_dir, '--no-rebuild',
                                 '--print-errorlogs', *arguments, *wanted])
        verdicts = []
        if os.path.exists(path):
            with open(path, encoding='utf-8') as file:
                for line in file:
                    test = json.loads(line)
                    verdicts.append((test['name'], verdict_of.get(test['result'], 'failed')))
        ran = {test.split(' / ')[-1] for test, _ in verdicts}
        for test in wanted:
            if test not in ran:
                succeeded = False
                output += '\nno such test: ' + test
        return succeeded and bool(verdicts), output, verdicts
    step(name, action)


def gcc_build():
    commands = [['./dev', 'build']]
    vectors = os.environ.get('LOCKSTEP_KZG_VECTORS')
    if vectors:
        if os.path.isfile(vectors):
            unpacked = 'build-vectors'
            os.makedirs(unpacked, exist_ok=True)
            commands += [['tar', '-xJf', vectors, '-C', unpacked]]
            vectors = unpacked
        commands += [['meson', 'configure', GCC, '-Dkzg_vectors=' + os.path.abspath(vectors)],
                     ['./dev', 'build']]
    return build('gcc: build', commands)


def clang_build():
    """A build directory made with other options is made anew."""
    options = os.path.join(CLANG, '.options')
    wanted = json.dumps(CLANG_OPTIONS)
    commands = [['ninja', '-C', CLANG, '--quiet']]
    current = None
    if os.path.exists(options):
        with open(options, encoding='utf-8') as file:
            current = file.read()
    if current != wanted:
        shutil.rmtree(CLANG, ignore_errors=True)
        commands.insert(0, ['env', 'CC=clang', 'meson', 'setup', CLANG, *CLANG_OPTIONS])
    succeeded = build('clang, sanitizers: build', commands)
    if os.path.exists(os.path.join(CLANG, 'build.ninja')):
        with open(options, 'w', encoding='utf-8') as file:
            file.write(wanted)
    return succeeded


def format_and_tidy():
    _, names = run([sys.executable, 'tests/lint/tree.py'])

    def formatting():
        succeeded, output = run(['clang-format', '--dry-run', '--Werror', *names.split()])
        where = re.findall(r'^(\S+):\d+:\d+: error', output, re.MULTILINE)
        places = ['%s: %d places' % (name, where.count(name)) for name in sorted(set(where))]
        return (succeeded, '\n'.join(places + ['./dev fmt puts that right']) if places else output,
                [('clang-format', 'passed' if succeeded else 'failed')])
    step('clang-format', formatting)
    single('clang-tidy', [sys.executable, 'tests/lint/tidy.py', CLANG])


def same_everywhere():
    """Every scenario has the same fingerprint built by gcc as by clang with sanitizers."""
    scenarios = sorted(glob.glob('scenarios/*.yaml'))

    def fingerprints(build_dir):
        _, output = run([build_dir + '/lockstep/lockstep', 'run', '--host', 'inproc', '--format',
                         'json', '--out', '', *scenarios])
        results = [json.loads(line) for line in output.splitlines() if line.startswith('{')]
        return {result['file']: result['fingerprint'] for result in results}

    def action():
        gcc, clang = fingerprints(GCC), fingerprints(CLANG)
        verdicts = [(name, 'passed' if gcc.get(name) and gcc.get(name) == clang.get(name)
                     else 'failed') for name in scenarios]
        output = '\n'.join('%s: gcc %s, clang %s' % (name, gcc.get(name), clang.get(name))
                           for name, verdict in verdicts if verdict == 'failed')
        return not output, output, verdicts
    step('fingerprints: gcc and clang', action)


def fuzz():
    """Runs every fuzz target from its corpus; new inputs go to the build directory."""
    seconds = os.environ.get('FUZZ_SECONDS', '10')
    targets = sorted(path for path in glob.glob(CLANG + '/tests/fuzz/*')
                     if os.path.isfile(path) and os.access(path, os.X_OK))

    def run_target(path):
        name = os.path.basename(path).removeprefix('fuzz_')
        found = os.path.join(CLANG, 'corpus', name)
        os.makedirs(found, exist_ok=True)
        seeds = os.path.join('tests/fuzz/corpus', name)
        corpora = [found] + ([seeds] if os.path.isdir(seeds) else [])
        succeeded, output = run([path, '-max_total_time=' + seconds, '-timeout=10',
                                 '-print_final_stats=1',
                                 '-artifact_prefix=%s/fuzz-%s-' % (CLANG, name), *corpora])
        return name, succeeded, output

    def action():
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            results = list(pool.map(run_target, targets))
        return (all(succeeded for _, succeeded, _ in results),
                '\n'.join(output for _, succeeded, output in results if not succeeded),
                [(name, 'passed' if succeeded else 'failed') for name, succeeded, _ in results])
    if targets:
        step('fuzz targets, %s s each' % seconds, action)


def main(arguments):
    start = time.monotonic()
    if arguments[:1] == ['--only']:
        meson_tests('gcc: tests', GCC, [], wanted=arguments[1:])
    elif arguments == ['--lint']:
        if gcc_build():
            meson_tests('gcc: lint', GCC, ['--suite', 'lint'])
        if clang_build():
            format_and_tidy()
    elif not arguments:
        if gcc_build():
            meson_tests('gcc: tests', GCC, [])
            meson_tests('valgrind: tests', GCC,
                        ['--wrapper', VALGRIND, '--timeout-multiplier', '20',
                         *('--no-suite=' + suite for suite in VALGRIND_LEAVES_OUT)],
                        'testlog-valgrind')
        if clang_build():
            meson_tests('clang, sanitizers: tests', CLANG,
                        ['--no-suite', 'lint', '--timeout-multiplier', '4'])
            same_everywhere()
            format_and_tidy()
            fuzz()
    else:
        sys.exit(__doc__)
    for line in total.not_passed:
        print(line)
    print('%.0f s' % (time.monotonic() - start))
    print(total)
    return 1 if total.failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

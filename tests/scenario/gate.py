"""Determinism gate: a scenario passes, and comes out the same, bit for bit, on every host, over
every transport, and when it is run again.

usage: gate.py LOCKSTEP SCENARIO
"""
import json
import os
import subprocess
import sys
import tempfile

RUNS = [
    ('procs', ['--host', 'procs']),
    ('procs again', ['--host', 'procs']),
    ('procs over tcp', ['--host', 'procs', '--transport', 'tcp']),
    ('inproc', ['--host', 'inproc']),
    ('inproc again', ['--host', 'inproc']),
]
# What may differ: who ran it, and how long that took.
MACHINE = ('host', 'machine', 'reproduce')


def run(lockstep, scenario, options):
    """Returns: (result.json without what depends on the machine, bytes of history.jsonl)."""
    with tempfile.TemporaryDirectory() as out:
        command = [lockstep, 'run', scenario, '--out', out, '--quiet', *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.exit('%s: exit code %d\n%s%s' % (' '.join(command), done.returncode, done.stdout,
                                                 done.stderr))
        name, = os.listdir(out)
        latest = os.path.join(out, name, 'latest')
        logs = [f for f in os.listdir(latest) if f.endswith('.stderr')]
        if logs:
            sys.exit('actors wrote to standard error: ' + ', '.join(logs))
        with open(os.path.join(latest, 'result.json'), encoding='utf-8') as f:
            result = json.load(f)
        with open(os.path.join(latest, 'history.jsonl'), 'rb') as f:
            history = f.read()
    return {k: v for k, v in result.items() if k not in MACHINE}, history


def fingerprint_of_seed(lockstep, scenario, seed):
    """Another seed may well break expectations; only the fingerprint counts."""
    done = subprocess.run([lockstep, 'run', scenario, '--out', '', '--host', 'inproc', '--format',
                           'json', '--seed', str(seed)], capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL)
    return json.loads(done.stdout)['fingerprint']


def main(lockstep, scenario):
    first, history = run(lockstep, scenario, RUNS[0][1])
    print('%s: %s, %d events, fingerprint %s' % (RUNS[0][0], first['scenario'], first['events'],
                                                 first['fingerprint']))
    if first['events'] < 100 or not history:
        sys.exit('hardly anything happened')
    for name, options in RUNS[1:]:
        result, again = run(lockstep, scenario, options)
        if result['fingerprint'] != first['fingerprint']:
            sys.exit('%s: another fingerprint: %s' % (name, result['fingerprint']))
        if again != history:
            sys.exit('%s: another history under the same fingerprint' % name)
        if result != first:
            sys.exit('%s: another result under the same fingerprint' % name)
        print('%s: the same' % name)
    if fingerprint_of_seed(lockstep, scenario, first['seed'] + 1) == first['fingerprint']:
        sys.exit('another seed, and yet the same fingerprint')


if __name__ == '__main__':
    main(*sys.argv[1:])

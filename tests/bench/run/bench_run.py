"""What a whole run costs, from the command line to the report: median wall-clock time, and how long
the processes take until all are ready.

usage: bench_run.py LOCKSTEP SCENARIO [RUNS]
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time


def measure(lockstep, scenario, host):
    """Returns: (wall-clock seconds, milliseconds until ready)."""
    with tempfile.TemporaryDirectory() as out:
        start = time.monotonic()
        done = subprocess.run([lockstep, 'run', scenario, '--host', host, '--out', out, '--format',
                               'json'], stdout=subprocess.PIPE, check=True)
        seconds = time.monotonic() - start
    return seconds, json.loads(done.stdout)['machine']['ready_ns'] / 1e6


def main(lockstep, scenario, runs='15'):
    print(os.path.basename(scenario))
    for host in 'procs', 'inproc':
        measure(lockstep, scenario, host)
        figures = [measure(lockstep, scenario, host) for _ in range(int(runs))]
        wall, ready = (statistics.median(column) for column in zip(*figures))
        print('%-8s %6.0f ms from start to report' % (host, 1000 * wall)
              + (', ready after %.0f ms' % ready if ready else ''))


if __name__ == '__main__':
    main(*sys.argv[1:])

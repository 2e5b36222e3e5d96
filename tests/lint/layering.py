"""Who may include whom: every room of the source tree sees only the rooms listed for it.

usage: layering.py ROOT | layering.py --self-test
"""
import os
import sys
import tempfile

import tree

# What a room without I/O may take from the C library. Not a clock, a file, a socket or a thread;
# that stdio is used for formatting only is purity.py's business.
PURE = '''assert ctype errno inttypes limits stdalign stdarg stdbool stddef stdint stdio stdlib
          stdnoreturn string'''
HASHES = 'uthash utlist'

# room               may include, besides itself                       system headers, besides PURE
ROOMS = {
    'proto':          ('',                                             ''),
    'common/base':    ('',                                             ''),
    'common/crypto':  ('base',                                         HASHES + ' gmp openssl/* nettle/* secp256k1* immintrin'),
    'common/ledger':  ('base crypto',                                  HASHES),
    'common/policy':  ('base',                                         ''),
    'common/protocol':('base crypto ledger',                           HASHES),
    'common/actor':   ('base crypto ledger protocol policy proto',     HASHES + ' protobuf-c/*'),
    'sequencer':      ('base crypto ledger protocol policy actor proto', HASHES + ' protobuf-c/*'),
    'executor':       ('base crypto ledger protocol actor proto',      HASHES + ' protobuf-c/*'),
    'da_node':        ('base crypto ledger protocol actor proto',      HASHES + ' protobuf-c/*'),
    'l1_stub':        ('base crypto ledger protocol actor proto',      HASHES + ' protobuf-c/*'),
    'wallet':         ('base crypto ledger protocol actor proto',      HASHES + ' protobuf-c/*'),
    # An actor's process: the core and what hosts it. Still no other actor.
    'ACTOR/main.c':   ('base crypto ledger protocol actor proto runtime', '*'),
    'common/runtime': ('base crypto actor proto',                      '*'),
    'lockstep':       ('*',                                            '*'),
    'tools':          ('*',                                            '*'),
    'tests':          ('*',                                            '*'),
}
ACTORS = ('sequencer', 'executor', 'da_node', 'l1_stub', 'wallet')

# Sources of c-kzg-4844 and blst: fetched, not ours, and for the crypto room only.
VENDORED = {'ckzg.h': 'common/crypto', 'blst.h': 'common/crypto',
            'common/utils.h': 'common/crypto', 'eip7594/fft.h': 'common/crypto'}


def room_of(path):
    """The room a file of ours is in, or None."""
    if any(path == actor + '/main.c' for actor in ACTORS):
        return path
    rooms = [room for room in ROOMS if path.startswith(room + '/')]
    return max(rooms, key=len) if rooms else None


def rule_of(room):
    return ROOMS['ACTOR/main.c' if room.endswith('/main.c') else room]


def matches(name, patterns):
    return any(name == p or (p.endswith('*') and name.startswith(p[:-1])) for p in patterns.split())


def check_include(path, quoted, target, exists):
    """None, or what is wrong with `path` including `target`."""
    room = room_of(path)
    if room is None:
        return 'is in no room of the layering table'
    rooms, headers = rule_of(room)
    if target in VENDORED:
        return None if room in (VENDORED[target], 'tests') else 'may not include <%s>' % target
    if not quoted:
        stem = target[:-2] if target.endswith('.h') else target
        return None if matches(stem, PURE + ' ' + headers) else 'may not include <%s>' % target
    to = room_of(target)
    if to is None:
        return 'includes "%s", which is not a path from the root' % target
    if not exists(target) and not (to == 'proto' and target.endswith('.pb-c.h')):
        return 'includes "%s", which does not exist' % target
    home = room.split('/')[0] if room.endswith('/main.c') else room
    if to == home or matches(to.removeprefix('common/'), rooms):
        return None
    return '(room %s) may not include "%s"' % (room, target)


def check(root):
    problems = []
    for name in tree.c_files(root):
        for quoted, target, line in tree.includes(tree.read(root, name)):
            problem = check_include(name, quoted, target,
                                    lambda t: os.path.exists(os.path.join(root, t)))
            if problem:
                problems.append('%s:%d: %s' % (name, line, problem))
    return problems


# file, its only line, whether that is allowed
PLANTED = [
    ('common/base/a.h', '#include <stdint.h>', True),
    ('common/base/b.h', '#include "common/crypto/a.h"', False),
    ('common/base/c.c', '#include <time.h>', False),
    ('common/crypto/a.h', '#include "common/base/a.h"', True),
    ('common/crypto/a.c', '#include <openssl/evp.h>', True),
    ('common/crypto/deep/b.c', '#include "common/crypto/a.h"', True),
    ('common/crypto/c.c', '#include <pthread.h>', False),
    ('common/crypto/d.c', '#include "common/ledger/a.h"', False),
    ('common/ledger/a.h', '#include "common/crypto/a.h"', True),
    ('common/ledger/b.c', '#include <openssl/evp.h>', False),
    ('common/protocol/a.h', '#include "common/ledger/a.h"', True),
    ('common/protocol/b.c', '#include "proto/l1.pb-c.h"', False),
    ('common/actor/a.h', '#include "proto/l1.pb-c.h"', True),
    ('common/actor/b.c', '#include <unistd.h>', False),
    ('common/actor/c.c', '#include "common/runtime/a.h"', False),
    ('common/runtime/a.h', '#include <czmq.h>', True),
    ('common/runtime/b.c', '#include "sequencer/a.h"', False),
    ('common/runtime/c.c', '#include "common/protocol/a.h"', False),
    ('sequencer/a.h', '#include "common/actor/a.h"', True),
    ('sequencer/b.c', '#include "executor/a.h"', False),
    ('sequencer/c.c', '#include <czmq.h>', False),
    ('sequencer/d.c', '#include "common/runtime/a.h"', False),
    ('sequencer/e.c', '#include "a.h"', False),
    ('sequencer/f.c', '#include "common/base/missing.h"', False),
    ('sequencer/main.c', '#include "common/runtime/a.h"', True),
    ('executor/a.h', '#include <sys/socket.h>', False),
    ('executor/main.c', '#include "sequencer/a.h"', False),
    ('wallet/a.c', '# include <fcntl.h>', False),
    ('lockstep/a.c', '#include "sequencer/a.h"', True),
    ('tests/unit/a.c', '#include "common/runtime/a.h"', True),
    ('stray/a.c', '#include <stdint.h>', False),
]


def self_test():
    with tempfile.TemporaryDirectory() as root:
        for name, line, _ in PLANTED:
            os.makedirs(os.path.join(root, os.path.dirname(name)), exist_ok=True)
            with open(os.path.join(root, name), 'w', encoding='utf-8') as file:
                file.write(line + '\n')
        found = {problem.split(':')[0] for problem in check(root)}
    expected = {name for name, _, allowed in PLANTED if not allowed}
    return (['planted violation not found: ' + name for name in sorted(expected - found)]
            + ['refused though allowed: ' + name for name in sorted(found - expected)])


if __name__ == '__main__':
    problems = self_test() if sys.argv[1] == '--self-test' else check(sys.argv[1])
    print('\n'.join(problems) if problems else 'ok')
    sys.exit(1 if problems else 0)

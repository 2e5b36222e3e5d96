"""No clock, file, socket, thread or randomness in the rooms without I/O, as the linker sees it.

Whatever the archives of those rooms import must be on the list below, or be defined by one of our
own archives or by the fetched sources of c-kzg-4844. A short allowlist of harmless names is easier
to keep honest than a list of everything that could do harm.

usage: purity.py BUILD_ROOT | purity.py --self-test CC...
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOMS = ['common/base', 'common/crypto', 'common/ledger', 'common/policy', 'common/protocol', 'common/actor',
         'sequencer', 'executor', 'da_node', 'l1_stub', 'wallet']

ALLOWED = set('''
    malloc calloc realloc free aligned_alloc
    memchr memcmp memcpy memmem memmove memset mempcpy memrchr explicit_bzero
    strchr strcmp strcpy strcspn strlen strncmp strncpy strndup strdup strnlen strpbrk strrchr
    strspn strstr strcasecmp strncasecmp stpcpy
    strtol strtoll strtoul strtoull strtoumax strtoimax
    snprintf vsnprintf asprintf vasprintf
    qsort bsearch abort
    toupper tolower isalnum isalpha isdigit isspace isxdigit __ctype_b_loc __ctype_tolower_loc
    __ctype_toupper_loc __errno_location __stack_chk_fail __assert_fail _GLOBAL_OFFSET_TABLE_
'''.split())

# Libraries that compute and nothing else. What reads or writes files or draws keys stays out.
ALLOWED_FAMILIES = re.compile(
    r'__gmp(?!\w*(printf|scanf|out_|inp_))|_?nettle_|secp256k1_|protobuf_c_'
    r'|EVP_(?!RAND|\w*keygen|Seal)|OSSL_PARAM_|SHA\d|HMAC'
    r'|BN_(?!\w*(rand|prime|print))'
    r'|(OPENSSL_cleanse|CRYPTO_memcmp|CRYPTO_free|ERR_clear_error)$'
    r'|__u?(div|mod|mul)[a-z]*[dt]i[34]$|__popcountdi2$|_?__(muloti4|mulodi4)$')

# file -> what it may import besides, and why
EXCEPTIONS = {
    # CHECK prints one line before it aborts.
    'common/base/check.c': {'fprintf', 'stderr', 'fputs', 'fwrite'},
    # Which of two kernels squares; both give the same bits.
    'common/crypto/timelock/tlp_ifma.c': {'__cpu_indicator_init', '__cpu_model'},
}

# glibc's spellings of the same function: fortified, large-file, by C standard.
SPELLINGS = [(re.compile(r'^__(\w+)_chk$'), r'\1'), (re.compile(r'^__isoc\d\d_'), '')]


def plain(symbol):
    symbol = symbol.split('@')[0]
    for pattern, replacement in SPELLINGS:
        symbol = pattern.sub(replacement, symbol)
    return symbol


def nm(objects, option):
    """Pairs (object, symbol)."""
    out = subprocess.run(['nm', '-A', '-P', option, *objects], check=True, capture_output=True,
                         text=True).stdout
    for line in out.splitlines():
        where, symbol = line.split()[:2]
        yield where.rstrip(':'), symbol


def objects_of(build, folders):
    """Objects of static libraries (meson keeps them in NAME.a.p) below the folders."""
    return [o for folder in folders
            for o in sorted(glob.glob(os.path.join(build, folder, '**', '*.a.p', '*.o'),
                                      recursive=True, include_hidden=True))]


def source_of(build, thing):
    """'BUILD/common/base/libbase.a.p/check.c.o' -> 'common/base/check.c', for messages."""
    folder, name = os.path.split(os.path.relpath(thing, build))
    return os.path.dirname(folder) + '/' + name.removesuffix('.o')


def check(build):
    ours = []
    vendored = []
    for o in objects_of(build, ROOMS):
        (vendored if '/libckzg.a.p/' in o else ours).append(o)
    if not ours:
        return ['no archives below %s: build first' % build]
    defining = ours + vendored + objects_of(build, ['proto'])
    defined = {symbol for _, symbol in nm(defining, '--defined-only')}
    problems = []
    for thing, symbol in nm(ours, '--undefined-only'):
        source = source_of(build, thing)
        name = plain(symbol)
        if (symbol in defined or name in ALLOWED or ALLOWED_FAMILIES.match(name)
                or name in EXCEPTIONS.get(source, ())):
            continue
        problems.append('%s imports %s, which is not on the list of harmless functions'
                        % (source, name))
    return problems


# One planted file for each kind of harm, and one harmless.
PLANTED = {
    'clock': '#include <time.h>\nlong f(void); long f(void) { return (long)time(0); }',
    'monotonic': '#include <time.h>\nint f(struct timespec *t);'
                 'int f(struct timespec *t) { return clock_gettime(CLOCK_MONOTONIC, t); }',
    'random': '#include <stdlib.h>\nint f(void); int f(void) { return rand(); }',
    'file': '#include <stdio.h>\nvoid *f(void); void *f(void) { return fopen("x", "r"); }',
    'environment': '#include <stdlib.h>\nchar *f(void); char *f(void) { return getenv("X"); }',
    'thread': '#include <pthread.h>\nint f(pthread_t *t, void *(*g)(void *));'
              'int f(pthread_t *t, void *(*g)(void *)) { return pthread_create(t, 0, g, 0); }',
    'socket': 'int zmq_send(void *, const void *, unsigned long, int); int f(void *s);'
              'int f(void *s) { return zmq_send(s, "", 0, 0); }',
    'harmless': '#include <stdlib.h>\nvoid *f(void); void *f(void) { return malloc(1); }',
}


def self_test(cc):
    problems = []
    for name, text in PLANTED.items():
        with tempfile.TemporaryDirectory() as build:
            folder = os.path.join(build, 'common/base/libx.a.p')
            os.makedirs(folder)
            source = os.path.join(build, name + '.c')
            with open(source, 'w', encoding='utf-8') as file:
                file.write(text + '\n')
            subprocess.run([*cc, '-c', source, '-o', os.path.join(folder, name + '.c.o')],
                           check=True)
            if bool(check(build)) == (name == 'harmless'):
                problems.append('planted %s: wrong verdict' % name)
    with tempfile.TemporaryDirectory() as empty:
        if not check(empty):
            problems.append('an empty build passed')
    return problems


if __name__ == '__main__':
    problems = self_test(sys.argv[2:]) if sys.argv[1] == '--self-test' else check(sys.argv[1])
    print('\n'.join(problems) if problems else 'ok')
    sys.exit(1 if problems else 0)

"""House rules that a regular expression can hold.

usage: style.py ROOT | style.py --self-test
"""
import os
import re
import sys
import tempfile

import tree

MAX_LINES = 600

C = ('.c', '.h')
SCRIPTS = ('.py', '.sh', 'meson.build', 'meson_options.txt', 'dev', 'run')
TEXT = C + SCRIPTS + ('.md', '.yaml', '.yml', '.json', '.proto', '.txt', 'Dockerfile')

# The one place that may look for the public vectors beside the checkout.
MAY_LOOK_OUTSIDE = {'.ci/run'}

# Spelled in two halves so that this file does not accuse itself.
RULES = [
    # which files, pattern, what is wrong
    (C, r'\btypedef\b[^;{}]*\b\w+_t\s*;', 'typedef of a name in _t'),
    (C, r'\btypedef\s+(struct|union)\b|\}\s*\w+_t\s*;', 'typedef of a struct'),
    (C, r'\b(sleep|usleep|nanosleep|clock_nanosleep|zclock_sleep)\s*\(', 'call that sleeps'),
    (TEXT, r'\b(TO' r'DO|FIX' r'ME|XX' r'X)\b', 'unfinished business'),
    (TEXT, r'(?<![\w-])sha' r'red/', 'path outside the repository'),
    (TEXT, r'(?<![\w./-])/(home|ro' r'ot|wo' r'rk)/', 'path of somebody\'s machine'),
    (TEXT, r'\b(registry\.npm' r'js|registry\.yarn' r'pkg|npm\.pkg\.git' r'hub|deb\.deb' r'ian'
           r'|security\.deb' r'ian|snapshot\.deb' r'ian|py' r'pi\.org|cra' r'tes\.io)\b',
     'host of a package registry'),
    (TEXT, r'\r', 'carriage return'),
    (TEXT, r'[ \t]+$', 'white space at the end of a line'),
]
RULES = [(files, re.compile(pattern, re.MULTILINE), text) for files, pattern, text in RULES]


def guard_problem(name, text, seen):
    """A guard ends in the file's name and is nobody else's: common/base/bytes.h, BASE_BYTES_H."""
    match = re.search(r'^#ifndef (\w+)\n#define \1\n', text, re.MULTILINE)
    ending = re.sub(r'\W', '_', os.path.basename(name)).upper()
    if not match or not re.fullmatch('(\\w+_)?' + ending, match[1]):
        return 'no header guard ending in ' + ending
    if seen.setdefault(match[1], name) != name:
        return 'header guard %s is also that of %s' % (match[1], seen[match[1]])
    return None


def check_file(name, text, guards):
    problems = []
    code = re.sub(r'/\*.*?\*/', lambda m: re.sub(r'[^\n]', ' ', m[0]), text, flags=re.DOTALL)
    for suffixes, pattern, what in RULES:
        if not name.endswith(suffixes):
            continue
        if what.startswith('path outside') and name in MAY_LOOK_OUTSIDE:
            continue
        searched = code if suffixes is C else text
        for m in pattern.finditer(searched):
            problems.append('%s:%d: %s' % (name, searched.count('\n', 0, m.start()) + 1, what))
    if name.endswith(C + SCRIPTS) and text.count('\n') > MAX_LINES:
        problems.append('%s: %d lines, at most %d' % (name, text.count('\n'), MAX_LINES))
    if name.endswith(TEXT) and not text.endswith('\n'):
        problems.append('%s: no newline at the end' % name)
    if name.endswith('.h'):
        problem = guard_problem(name, text, guards)
        if problem:
            problems.append('%s: %s' % (name, problem))
    return problems


def check(root):
    problems = []
    guards = {}
    for name in tree.files(root):
        if name.endswith(TEXT):
            problems += check_file(name, tree.read(root, name), guards)
    return problems


GUARDED = '#ifndef BASE_A_H\n#define BASE_A_H\n#endif\n'
# file, content, number of problems
PLANTED = [
    ('common/base/a.h', GUARDED, 0),
    ('common/base/b.h', GUARDED, 1),
    ('common/crypto/a.h', GUARDED, 1),
    ('common/crypto/b.h', 'int x;\n', 1),
    ('common/base/c.c', 'typedef unsigned word_' 't;\n', 1),
    ('common/base/d.c', 'typedef struct { int x; } pair;\n', 1),
    ('common/base/e.c', '/* a typedef struct in prose, sleep(1) too */\n', 0),
    ('common/base/f.c', 'typedef int (*step_fn)(uint32_t x);\n', 0),
    ('common/base/g.c', 'void f(void) { sle' 'ep(1); }\n', 1),
    ('common/base/h.c', '/* TO' 'DO: later */\n', 1),
    ('common/base/i.c', '\n' * MAX_LINES, 0),
    ('common/base/j.c', '\n' * (MAX_LINES + 1), 1),
    ('common/base/k.c', 'int x; \n', 1),
    ('common/base/l.c', 'int x;', 1),
    ('docs/a.md', 'see ../sha' 'red/x\n', 1),
    ('docs/b.md', 'unsha' 'red/x is fine\n', 0),
    ('docs/c.md', 'from /wo' 'rk/x\n', 1),
    ('package-lock.json', '"https://registry.npm' 'js.org/x"\n', 1),
    ('.ci/run', '../sha' 'red/x\n', 0),
]


def self_test():
    problems = []
    with tempfile.TemporaryDirectory() as root:
        for name, text, expected in PLANTED:
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8', newline='') as file:
                file.write(text)
        found = check(root)
    for name, _, expected in PLANTED:
        count = sum(problem.split(':')[0] == name for problem in found)
        if count != expected:
            problems.append('%s: %d problems found, %d planted' % (name, count, expected))
    return problems


if __name__ == '__main__':
    problems = self_test() if sys.argv[1] == '--self-test' else check(sys.argv[1])
    print('\n'.join(problems) if problems else 'ok')
    sys.exit(1 if problems else 0)

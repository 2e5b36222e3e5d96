"""clang-tidy over all C files of a build's compile_commands.json, two at a time, with a memory.

A file that was clean is skipped until it, a header of ours that it includes, its command, or
.clang-tidy changes.

usage: tidy.py BUILD_DIR
"""
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys

import tree


def closure(root, name, direct):
    """The file and every header of ours it includes, directly or not. direct: a cache."""
    seen, pending = set(), [name]
    while pending:
        part = pending.pop()
        if part in seen:
            continue
        seen.add(part)
        if part not in direct:
            direct[part] = [target for quoted, target, _ in tree.includes(tree.read(root, part))
                            if quoted and os.path.isfile(os.path.join(root, target))]
        pending += direct[part]
    return sorted(seen)


def main(build):
    root = '.'
    stamps = os.path.join(build, 'tidy-stamps')
    os.makedirs(stamps, exist_ok=True)
    with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as file:
        commands = {os.path.relpath(os.path.join(c['directory'], c['file'])): c['command']
                    for c in json.load(file)}
    ours = [name for name in tree.c_files(root) if name in commands]
    direct = {}

    def stamp_of(name):
        key = hashlib.sha256((tree.read(root, '.clang-tidy') + commands[name]).encode())
        for part in closure(root, name, direct):
            key.update(tree.read(root, part).encode())
        return os.path.join(stamps, key.hexdigest())

    def run(name, stamp):
        if os.path.exists(stamp):
            return None
        result = subprocess.run(['clang-tidy', '--quiet', '-p', build, name],
                                capture_output=True, text=True)
        if result.returncode == 0:
            open(stamp, 'w', encoding='utf-8').close()
            return None
        # Its paths are from, or through, the build directory; ours start at the root.
        through = r'^(\S*%s/)?\.\./' % re.escape(build)
        return re.sub(through, '', result.stdout or result.stderr, flags=re.MULTILINE)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = [text for text in pool.map(run, ours, [stamp_of(name) for name in ours]) if text]
    problems += ['%s: no target compiles it\n' % name
                 for name in tree.c_files(root) if name.endswith('.c') and name not in commands]
    print(''.join(problems) + '%d files, %d with findings' % (len(ours), len(problems)))
    return 1 if problems or not ours else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))

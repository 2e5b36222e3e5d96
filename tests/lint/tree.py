"""The repository's own files, and the includes of a C file: shared by the lint scripts.

Run as a script, it prints all C files, one a line (for clang-format).
"""
import os
import re
import subprocess
import sys

NOT_OURS = {'.git', 'node_modules', 'out', '__pycache__'}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def files(root='.'):
    """Paths relative to root, sorted: what git knows plus what it would add; without git, all."""
    try:
        out = subprocess.run(
            ['git', '-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
            check=True, capture_output=True, text=True).stdout
        names = [name for name in out.split('\0') if name]
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, subfolders, here in os.walk(root):
            subfolders[:] = [s for s in subfolders
                             if s not in NOT_OURS and not (folder == root and s.startswith('build'))]
            names += [os.path.relpath(os.path.join(folder, name), root) for name in here]
    return sorted(name for name in set(names) if os.path.isfile(os.path.join(root, name)))


def c_files(root='.'):
    return [name for name in files(root) if name.endswith(('.c', '.h'))]


def read(root, name):
    with open(os.path.join(root, name), encoding='utf-8') as file:
        return file.read()


def includes(text):
    """Pairs (is_quoted, path, line number) for every #include."""
    return [(m[1] == '"', m[2], text.count('\n', 0, m.start(2)) + 1)
            for m in INCLUDE.finditer(text)]


if __name__ == '__main__':
    sys.stdout.write(''.join(name + '\n' for name in c_files()))

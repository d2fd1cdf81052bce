#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns a folder into a C file: embed.py FOLDER OUTPUT.c DEPFILE. The table is sorted by path in bytes.

The dependency file names the folders too, so that a file that is new or gone is noticed by the next build.
"""

import hashlib
import pathlib
import sys

CONTENT_TYPES = {
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.ico': 'image/x-icon',
    '.jpg': 'image/jpeg',
    '.js': 'text/javascript; charset=utf-8',
    '.json': 'application/json',
    '.mjs': 'text/javascript; charset=utf-8',
    '.png': 'image/png',
    '.svg': 'image/svg+xml',
    '.txt': 'text/plain; charset=utf-8',
    '.webmanifest': 'application/manifest+json',
    '.webp': 'image/webp',
    '.woff2': 'font/woff2',
}


def c_bytes(content):
    lines = (content[at:at + 24] for at in range(0, len(content), 24))
    return '\n'.join('    ' + ','.join(str(byte) for byte in line) + ',' for line in lines)


def served(folder):
    """The files that have a content type; notes for developers (README.md) and hidden files have none."""
    files = [path for path in folder.rglob('*') if path.is_file() and path.suffix in CONTENT_TYPES]
    shown = [path for path in files if not any(part.startswith('.') for part in path.relative_to(folder).parts)]
    return sorted(shown, key=lambda path: ('/' + path.relative_to(folder).as_posix()).encode())


def main(folder, output, depfile):
    root = pathlib.Path(folder)
    files = served(root)
    text = ['/* SPDX-License-Identifier: Apache-2.0 */', '/* Made by embed.py. */', '#include "doors/static.h"', '']
    rows = []
    for number, path in enumerate(files):
        content = path.read_bytes()
        name = '/' + path.relative_to(root).as_posix()
        if any(char in name for char in '"\\') or not name.isascii():
            sys.exit(f'embed.py: {path}: a name with such characters cannot be served')
        tag = hashlib.sha256(content).hexdigest()[:24]
        text.append(f'static const uint8_t file_{number}[] = {{\n{c_bytes(content or bytes(1))}\n}};')
        kind = CONTENT_TYPES[path.suffix]
        rows.append(f'    {{ "{name}", "{kind}", "\\"{tag}\\"", file_{number}, {len(content)} }},')
    if not rows:
        sys.exit(f'embed.py: {root}: no file to serve')
    text.append('const struct static_file static_files[] = {')
    text.extend(rows)
    text.append('};')
    text.append(f'const size_t static_file_count = {len(rows)};')
    pathlib.Path(output).write_text('\n'.join(text) + '\n')
    folders = [root, *(path for path in root.rglob('*') if path.is_dir())]
    needs = ' '.join(str(path).replace(' ', '\\ ') for path in [*files, *folders])
    pathlib.Path(depfile).write_text(f'{output}: {needs}\n')


if __name__ == '__main__':
    if len(sys.argv) != 4:
        sys.exit('usage: embed.py FOLDER OUTPUT.c DEPFILE')
    main(*sys.argv[1:])

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what can be checked of the documents; prints TAP. Findings are `file:line: what is wrong`."""

import pathlib
import re
import sys
import urllib.parse

import tap
import tidy

LINES_MAX = {'docs/architecture.md': 200, 'docs/style.md': 150}
RECORD_PARTS = ('## Context', '## Choice', '## Why', '## What else')

# Each library and tool that the build or the tests want: the word by which its decision record is found.
DEPENDENCIES = {
    'libmicrohttpd': 'libmicrohttpd', 'sqlite3': 'sqlite', 'jansson': 'jansson', 'libcrypto': 'openssl',
    'libssl': 'openssl', 'libcurl': 'libcurl', 'libqrencode': 'libqrencode', 'zlib': 'libqrencode',
    'cmocka': 'cmocka', 'liblzma': 'liblzma', 'libzip': 'libzip', 'libpq': 'libpq',
}
OWN_DEPENDENCIES = ('threads',)


def documents(tree):
    return [path for path in tree.paths if path.endswith('.md')]


def records(tree):
    return [path for path in documents(tree) if re.match(r'docs/decisions/\d', path)]


def prose(tree, path):
    """(number, line) without what stands in fenced blocks."""
    fenced = False
    for number, line in enumerate(tree.lines(path), 1):
        if line.lstrip().startswith('```'):
            fenced = not fenced
        elif not fenced:
            yield number, line


def anchors(tree, path):
    """The names that headings can be linked by, made as the usual viewers make them."""
    found = set()
    for _, line in prose(tree, path):
        match = re.match(r'#+\s+(.*)', line)
        if match:
            kept = re.sub(r'[^\w\- ]', '', re.sub(r'[`*]', '', match[1]).strip().lower())
            found.add(kept.replace(' ', '-'))
    return found


def check_links(tree):
    for path in documents(tree):
        for number, line in prose(tree, path):
            for target in re.findall(r'\]\(([^)\s]+)\)', re.sub(r'`[^`]*`', '', line)):
                if re.match(r'[a-z]+:', target):
                    continue
                name, _, anchor = urllib.parse.unquote(target).partition('#')
                where = (tree.root / path).parent / name if name else tree.root / path
                if not where.exists():
                    yield f'{path}:{number}: {target} leads nowhere'
                elif anchor and where.suffix == '.md':
                    known = where.resolve().relative_to(tree.root.resolve()).as_posix()
                    if known in tree.paths and anchor not in anchors(tree, known):
                        yield f'{path}:{number}: {known} has no heading for #{anchor}'


def check_fences(tree):
    for path in documents(tree):
        fences = sum(1 for line in tree.lines(path) if line.lstrip().startswith('```'))
        if fences % 2:
            yield f'{path}:1: a fenced block is not closed'


def check_lengths(tree):
    for path, limit in LINES_MAX.items():
        if path in tree.paths and len(tree.lines(path)) > limit:
            yield f'{path}:{limit + 1}: {len(tree.lines(path))} lines, the limit is {limit}'


def check_records(tree):
    seen = {}
    for path in records(tree):
        lines, number = tree.lines(path), pathlib.PurePath(path).name[:4]
        if not re.fullmatch(r'docs/decisions/\d{4}-[a-z0-9-]+\.md', path):
            yield f'{path}:1: is to be named NNNN-what-was-decided.md'
        if number in seen:
            yield f'{path}:1: {number} is taken by {seen[number]}'
        seen.setdefault(number, path)
        if not lines or not lines[0].startswith(f'# {number}: '):
            yield f'{path}:1: is to begin with "# {number}: "'
        if not any(re.fullmatch(r'Date: \d{4}-\d\d-\d\d', line) for line in lines[:5]):
            yield f'{path}:3: wants "Date: YYYY-MM-DD"'
        for part in RECORD_PARTS:
            if part not in lines:
                yield f'{path}:1: wants the part "{part}"'


def check_dependencies(tree):
    names = ' '.join(records(tree))
    for path in tree.paths:
        if pathlib.PurePath(path).name != 'meson.build':
            continue
        for number, line in enumerate(tree.lines(path), 1):
            for name in re.findall(r"\bdependency\('([^']+)'", line):
                if name not in OWN_DEPENDENCIES and DEPENDENCIES.get(name, name) not in names:
                    yield f'{path}:{number}: no decision record speaks of {name}'


def check_commands(tree):
    """What a document tells the reader to type after ./run exists."""
    if 'run' not in tree.paths:
        return
    known = set(re.findall(r'^  ([a-z]+)  +\S', tree.text('run'), re.MULTILINE))
    for path in documents(tree):
        for number, line in enumerate(tree.lines(path), 1):
            for command in re.findall(r'\./run ([a-z]+)\b', line):
                if command not in known:
                    yield f'{path}:{number}: ./run has no command {command}'


CHECKS = (
    ('links lead somewhere', check_links),
    ('fenced blocks are closed', check_fences),
    ('documents keep their length', check_lengths),
    ('decision records have their form', check_records),
    ('each dependency has a decision record', check_dependencies),
    ('commands of ./run that are spoken of exist', check_commands),
)


def main(root):
    tree = tidy.Tree(root)
    report = tap.Report()
    for name, check in CHECKS:
        report.case(name, list(check(tree)))
    return report.end()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]))

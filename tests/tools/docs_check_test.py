#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The canary of docs_check.py: each rule broken once is found where it is."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import docs_check
import tap
import tidy

RECORD = ('# 0001: Keep it\n\nDate: 2026-11-22\n\n## Context\nx\n\n## Choice\nx\n\n## Why\nx\n\n## What else\nx\n')
SOUND = {
    'run': '  demo     plays the day\n',
    'meson.build': "threads = dependency('threads')\ncrypto = dependency('libcrypto')\n",
    'README.md': '# A till\n[the way](docs/a.md#second-part) and [far](https://example.org/x) `[no](link)`\n'
                 '```\n[no](link)\n./run demo\n```\n',
    'docs/a.md': '# First\n## Second part\n[back](../README.md)\n',
    'docs/decisions/0001-openssl.md': RECORD,
}


class Canary(unittest.TestCase):
    def findings(self, changes):
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**SOUND, **changes}.items():
                target = pathlib.Path(root, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding='utf-8')
            subprocess.run(['git', 'init', '-q', '.'], cwd=root, check=True)
            subprocess.run(['git', 'add', '-A', '-f'], cwd=root, check=True)
            tree = tidy.Tree(root)
            return [finding for _, check in docs_check.CHECKS for finding in check(tree)]

    def found(self, path, text, start):
        findings = self.findings({path: text})
        self.assertEqual(len(findings), 1, findings)
        self.assertTrue(findings[0].startswith(start), findings[0])

    def test_sound_documents_have_no_findings(self):
        self.assertEqual(self.findings({}), [])

    def test_a_link_to_nowhere(self):
        self.found('docs/a.md', '# First\n## Second part\n[x](b.md)\n', 'docs/a.md:3: b.md leads')
        self.found('docs/a.md', '# First\n', 'README.md:2: docs/a.md has no heading')

    def test_an_open_fence(self):
        self.found('docs/a.md', '# First\n## Second part\n```\n', 'docs/a.md:1: a fenced')

    def test_a_long_document(self):
        self.found('docs/style.md', 'x\n' * 151, 'docs/style.md:151: 151 lines')

    def test_the_form_of_a_record(self):
        path = 'docs/decisions/0001-openssl.md'
        self.found(path, RECORD.replace('Date: 2026-11-22', 'Date: soon'), f'{path}:3: wants "Date')
        self.found(path, RECORD.replace('## Why', '## How'), f'{path}:1: wants the part "## Why"')
        self.found(path, RECORD.replace('# 0001:', '# 0002:'), f'{path}:1: is to begin')
        self.found('docs/decisions/0001-other.md', RECORD, 'docs/decisions/0001-other.md:1: 0001 is taken')

    def test_a_dependency_without_a_record(self):
        self.found('meson.build', "x = dependency('libfoo')\n", 'meson.build:1: no decision record speaks of libfoo')

    def test_a_command_that_does_not_exist(self):
        self.found('docs/b.md', 'type ./run dance\n', 'docs/b.md:1: ./run has no command dance')


if __name__ == '__main__':
    sys.exit(tap.run(Canary))

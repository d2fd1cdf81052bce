# SPDX-License-Identifier: Apache-2.0
"""Runs the program under test, given as the first argument of the test, in a folder of its own."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'tools'))
import tap  # noqa: E402 pylint: disable=wrong-import-position

ONETILL = str(pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / 'build' / 'src' / 'app' / 'onetill')


def run_tests(*classes):
    sys.exit(tap.run(*classes))


def koubei():
    """Where the real payment counts are, or None."""
    named = os.environ.get('ONETILL_KOUBEI')
    for folder in [pathlib.Path(named)] if named else [ROOT.parent / 'shared' / 'data' / 'koubei17']:
        if (folder / 'pay_daily.csv.xz').exists():
            return folder
    return None


class Case(unittest.TestCase):
    """A test with a folder, which is gone afterwards."""

    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='onetill-e2e-'))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def run_program(self, *arguments, seconds=120):
        environment = dict(os.environ, TMPDIR=str(self.folder))
        return subprocess.run([ONETILL, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, timeout=seconds, env=environment, cwd=self.folder)

    def start_program(self, *arguments):
        environment = dict(os.environ, TMPDIR=str(self.folder))
        return subprocess.Popen([ONETILL, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=environment, cwd=self.folder)

    def audit(self, store):
        """What the audit says of a store, and its exit status."""
        done = self.run_program('audit', '--store', store, '--json')
        return json.loads(done.stdout), done.returncode

    def rows(self, store):
        """All rows of a store that nobody serves, as one text."""
        with sqlite3.connect(f'file:{store}?mode=ro', uri=True) as database:
            return '\n'.join(database.iterdump())


def port_free():
    """One below those that the system gives to who asks for any: nobody else takes it before it is used."""
    for _ in range(1000):
        port = random.randrange(20000, 32000)
        with contextlib.suppress(OSError), contextlib.closing(socket.socket()) as probe:
            probe.bind(('127.0.0.1', port))
            return port
    raise AssertionError('no port is free')


def children(pid):
    """The processes that a process has started."""
    text = pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text(encoding='ascii')
    return [int(word) for word in text.split()]

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What ./run promises, tried with stand-ins for apt, Meson, Ninja and the program in a folder of their own."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import tap

ROOT = pathlib.Path(__file__).resolve().parents[2]
REAL_COMMANDS = ('bash', 'cat', 'dirname', 'env', 'mktemp', 'rm')
COMMANDS_OF_BUILD = ('gcc', 'pkg-config')
STAND_INS = {
    'dpkg-query': 'for last; do :; done\n[ -e "$STATE/installed-$last" ] && printf installed || exit 1\n',
    'apt-get': 'echo "apt chatter"\necho "apt-get $*" >>"$STATE/log"\n[ ! -e "$STATE/apt-breaks" ]\n',
    'sudo': 'echo "sudo $*" >>"$STATE/log"\n[ "$1" = -v ] || exec "$@"\n',
    'meson': 'echo "meson chatter"\necho "meson $*" >>"$STATE/log"\n',
    'ninja': 'echo "ninja chatter"\necho "ninja $*" >>"$STATE/log"\n[ ! -e "$STATE/ninja-breaks" ]\n',
}
PROGRAM = 'echo "{}"\nfor one; do echo "[$one]"; done\npwd\nexit 7\n'
LIBRARIES = ('libc6-dev', 'libmicrohttpd-dev', 'libsqlite3-dev', 'libjansson-dev', 'libssl-dev',
             'libcurl4-openssl-dev', 'libqrencode-dev', 'zlib1g-dev', 'liblzma-dev', 'libzip-dev', 'libpq-dev')


class Run(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name, 'a clone')
        self.state = pathlib.Path(self.folder.name, 'state')
        self.commands = pathlib.Path(self.folder.name, 'bin')
        for folder in (self.root / 'build/src/app', self.state, self.commands):
            folder.mkdir(parents=True)
        shutil.copy(ROOT / 'run', self.root)
        for name in REAL_COMMANDS:
            (self.commands / name).symlink_to(shutil.which(name))
        for name, text in {**STAND_INS, **{name: 'true\n' for name in COMMANDS_OF_BUILD}}.items():
            self.script(self.commands / name, text)
        self.script(self.root / 'build/src/app/onetill', PROGRAM)
        for name in LIBRARIES:
            (self.state / f'installed-{name}').touch()

    def tearDown(self):
        self.folder.cleanup()

    def script(self, path, text):
        path.write_text('#!/bin/sh\n' + text, encoding='utf-8')
        path.chmod(0o755)

    def run_it(self, *arguments):
        return subprocess.run([str(self.root / 'run'), *arguments], cwd='/usr', text=True, check=False,
                              capture_output=True, env=dict(os.environ, PATH=str(self.commands), STATE=str(self.state)))

    def log(self):
        path = self.state / 'log'
        return path.read_text(encoding='utf-8') if path.exists() else ''

    def test_only_the_program_speaks_on_standard_output(self):
        (self.state / 'installed-zlib1g-dev').unlink()
        done = self.run_it('demo', '--json', 'two words', '', '*')
        self.assertEqual(done.stdout, '{}\n[demo]\n[--json]\n[two words]\n[]\n[*]\n/usr\n')
        self.assertEqual(done.returncode, 7)

    def test_nothing_is_installed_when_nothing_is_missing(self):
        self.run_it('bench')
        self.assertNotIn('apt-get', self.log())
        self.assertIn('ninja -C', self.log())

    def test_what_is_missing_is_named_and_installed(self):
        (self.state / 'installed-libjansson-dev').unlink()
        (self.state / 'installed-zlib1g-dev').unlink()
        (self.commands / 'gcc').unlink()
        done = self.run_it('build')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stderr.splitlines()[0].endswith('with apt-get: gcc libjansson-dev zlib1g-dev'))
        lines = [line for line in self.log().splitlines() if line.startswith('apt-get')]
        self.assertEqual(lines, ['apt-get update -q', 'apt-get install -y -q --no-install-recommends gcc '
                                 'libjansson-dev zlib1g-dev'])
        self.assertNotIn('cmocka', done.stderr)
        self.assertNotIn('chatter', done.stderr)

    def test_a_failed_installation_says_what_apt_said(self):
        (self.state / 'installed-zlib1g-dev').unlink()
        (self.state / 'apt-breaks').touch()
        done = self.run_it('build')
        self.assertEqual(done.returncode, 1)
        self.assertIn('apt chatter', done.stderr)
        self.assertNotIn('ninja', self.log())

    def test_a_failed_build_does_not_start_the_program(self):
        (self.state / 'ninja-breaks').touch()
        done = self.run_it('serve')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn('ninja chatter', done.stderr)

    def test_the_build_is_configured_once_and_without_tests(self):
        self.run_it('build')
        self.assertIn('meson setup -Dtests=disabled', self.log())
        (self.root / 'build/build.ninja').touch()
        self.run_it('build')
        self.assertEqual(self.log().count('meson setup'), 1)

    def test_an_unknown_command_is_refused(self):
        done = self.run_it('dance')
        self.assertEqual((done.returncode, done.stdout), (2, ''))
        self.assertIn('no such command: dance', done.stderr)


if __name__ == '__main__':
    sys.exit(tap.run(Run))

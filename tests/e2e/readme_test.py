#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The commands under "The first payment" in the README, and after them those of docs/local.md, as they stand there, in
a fresh shell. Prints TAP."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import unittest

import program

SECTION = re.compile(r'^## The first payment\n(.*?)^## ', re.MULTILINE | re.DOTALL)
FENCE = re.compile(r'^```sh\n(.*?)^```', re.MULTILINE | re.DOTALL)
PORT_SHOWN = '8080'


def commands():
    section = SECTION.search((program.ROOT / 'README.md').read_text(encoding='utf-8'))
    return ''.join(FENCE.findall(section[1])) if section else ''


def commands_local():
    """Those of docs/local.md, between the first payment and the README's audit."""
    first, rest = commands().split('build/src/app/onetill audit', 1)
    local = ''.join(FENCE.findall((program.ROOT / 'docs' / 'local.md').read_text(encoding='utf-8')))
    return first + local + 'build/src/app/onetill audit' + rest


class FirstPayment(program.Case):

    def paste(self, text):
        """In a folder that looks like the checkout after a build; everything else is a shell that knows nothing."""
        place = pathlib.Path(self.folder) / 'build' / 'src' / 'app'
        place.mkdir(parents=True)
        (place / 'onetill').symlink_to(program.ONETILL)
        environment = {'PATH': os.environ['PATH'], 'HOME': str(self.folder), 'LC_ALL': 'C'}
        shell = subprocess.Popen(['bash', '-u'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True, cwd=self.folder, env=environment, start_new_session=True)
        self.addCleanup(self.end_group, shell.pid)
        out, errors = shell.communicate(text, timeout=150)
        return out, errors, shell.returncode

    @staticmethod
    def end_group(group):
        """What the commands left running, should they not have come to their end."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)

    @unittest.skipUnless(shutil.which('curl'), 'there is no curl')
    def test_the_commands_pay_and_prove_it(self):
        text = commands()
        self.assertIn(PORT_SHOWN, text)
        out, errors, status = self.paste(text.replace(PORT_SHOWN, str(program.port_free())))
        self.assertEqual([line for line in errors.splitlines() if not line.startswith('rows')], [])  # the progress
        self.assertEqual(status, 0)
        answers = [json.loads(line) for line in out.splitlines() if line.startswith('{')]
        self.assertEqual(len(answers), 5, out)
        self.assertEqual(answers[-1]['state'], 'TRADE_SUCCESS')
        self.assertEqual(answers[-1]['subject'], 'milk')
        self.assertFalse([answer for answer in answers if 'code' in answer])  # no problem among them
        self.assertIn('hold', out.splitlines()[-1])

    @unittest.skipUnless(shutil.which('curl'), 'there is no curl')
    def test_the_commands_of_the_local_line_sell_and_redeem(self):
        out, errors, status = self.paste(commands_local().replace(PORT_SHOWN, str(program.port_free())))
        self.assertEqual([line for line in errors.splitlines() if not line.startswith('rows')], [])
        self.assertEqual(status, 0)
        answers = [json.loads(line) for line in out.splitlines() if line.startswith('{')]
        self.assertEqual(len(answers), 11, out)
        purchase, prepared, redeemed = answers[6:9]
        self.assertEqual((purchase['state'], prepared['valid']), ('issued', True))
        self.assertEqual(redeemed['redemptions'][0]['gross_minor'], 3800)
        self.assertEqual(answers[10]['slot_minutes'], 60)
        self.assertIn('hold', out.splitlines()[-1])

    @unittest.skipUnless(shutil.which('curl'), 'there is no curl')
    def test_what_does_not_pay_is_noticed(self):
        text = commands().replace('"amount_minor":2850', '"amount_minor":0')
        text = text.replace(PORT_SHOWN, str(program.port_free()))
        out, _, _ = self.paste(text)
        self.assertIn('amount_minor', out)
        self.assertNotIn('TRADE_SUCCESS', out)


if __name__ == '__main__':
    program.run_tests(FirstPayment)

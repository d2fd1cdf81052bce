#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The canary of the counting: what must count as a failure does."""

import sys
import unittest

import cases
import tap

NODE = """TAP version 13
# Subtest: page
    # Subtest: shows the rate
    ok 1 - shows the rate
    # Subtest: shows the budget
    not ok 2 - shows the budget
    1..2
not ok 1 - page
1..1
# tests 2
# suites 1
# pass 1
# fail 1
# cancelled 0
# skipped 0
# todo 0
# duration_ms 12.5
"""


class Counting(unittest.TestCase):
    def check(self, output, returncode, passed, failed, skipped=0, errors=''):
        result = cases.count('program', output, returncode, errors)
        self.assertEqual((result.passed, result.failed, result.skipped), (passed, failed, skipped))

    def test_each_case_counts(self):
        self.check('1..3\nok 1 - a\nok 2 - b\nok 3 - c\n', 0, 3, 0)
        self.check('1..2\nnot ok 1 - a\n# x != y\nok 2 - b\n# not ok - tests\n', 1, 1, 1)

    def test_groups_of_one_program_add_up(self):
        self.check('1..1\nok 1 - a\n# ok - tests\n1..2\nok 1 - b\nok 2 - c\n', 0, 3, 0)

    def test_stopping_halfway_is_a_failure(self):
        self.check('1..3\nok 1 - a\n', -11, 1, 2)
        self.check('1..3\nok 1 - a\n', 0, 1, 2)
        self.check('ok 1 - a\n', 0, 1, 1)
        self.check('1..1\nBail out! no disk\n', 1, 0, 1)

    def test_a_bad_status_is_a_failure_whatever_was_printed(self):
        self.check('1..1\nok 1 - a\n', 1, 1, 1)
        self.check('', 134, 0, 1)

    def test_a_program_without_cases_is_a_failure(self):
        self.check('1..0\n', 0, 0, 1)

    def test_skipping_says_why_and_passes_nothing(self):
        self.check('1..2\nok 1 - a # SKIP no data\nok 2 - b\n', 0, 1, 0, 1)
        self.check('1..0 # skip no browser\n', 0, 0, 0, 1)
        self.check('no browser\n', 77, 0, 0, 1)
        self.assertEqual(cases.count('p', '1..1\nok 1 - a # SKIP no data\n', 0).notices, ('no data',))

    def test_a_planned_case_is_not_a_passed_one(self):
        self.check('1..1\nok 1 - a # to' 'do later\n', 0, 0, 1)

    def test_node_counts_cases_and_not_groups(self):
        self.check(NODE, 1, 1, 1)

    def test_pytest_is_read_from_its_last_line(self):
        self.check('...F\n=== 3 passed, 1 failed in 0.12s ===\n', 1, 3, 1)
        self.check('3 passed, 2 errors in 0.12s\n', 1, 3, 2)
        self.check('..\n2 passed, 1 warning in 70.12s (0:01:10)\n', 0, 2, 0)

    def test_a_plain_program_is_one_case(self):
        self.check('all is well\n', 0, 1, 0)
        self.check('', 1, 0, 1)


if __name__ == '__main__':
    sys.exit(tap.run(Counting))

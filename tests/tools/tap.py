# SPDX-License-Identifier: Apache-2.0
"""Prints TAP: for checks that collect findings, and for unittest classes."""

import unittest


class Report:
    """Cases as they come, the plan at the end."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def case(self, name, findings, skip=''):
        """One case; it fails when there are findings, and prints them."""
        self.count += 1
        self.failed += 1 if findings else 0
        print(f'{"not ok" if findings else "ok"} {self.count} - {name}{f" # SKIP {skip}" if skip else ""}')
        for finding in findings:
            for line in str(finding).splitlines():
                print(f'# {line}')

    def end(self):
        print(f'1..{self.count}')
        return 1 if self.failed or not self.count else 0


def _name(test):
    return test.id().rpartition('.')[2].removeprefix('test_').replace('_', ' ')


class _Result(unittest.TestResult):
    def __init__(self, report):
        super().__init__()
        self.report = report

    def addSuccess(self, test):
        self.report.case(_name(test), [])

    def addFailure(self, test, err):
        self.report.case(_name(test), [self._exc_info_to_string(err, test)])

    def addError(self, test, err):
        self.addFailure(test, err)

    def addSkip(self, test, reason):
        self.report.case(_name(test), [], skip=reason)


def run(*classes):
    report = Report()
    loader = unittest.TestLoader()
    unittest.TestSuite(loader.loadTestsFromTestCase(one) for one in classes).run(_Result(report))
    return report.end()

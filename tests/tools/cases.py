# SPDX-License-Identifier: Apache-2.0
"""How many cases a test program passed, read from what it printed.

Understood are TAP (cmocka, our own programs, `node --test --test-reporter=tap`) and the last line of pytest. A program
that prints neither is one case, and its exit status says how it went. Whatever the program printed, a bad exit status,
or fewer cases than it had announced, is a failure: a crash halfway must not pass for half a success.
"""

import dataclasses
import re

SKIPPED_STATUS = 77  # the exit status by which a whole program says that it cannot run here

PLAN = re.compile(r'^1\.\.(\d+)\s*(#\s*skip\b.*)?$', re.IGNORECASE)
CASE = re.compile(r'^(not )?ok\b(.*)$')
DIRECTIVE = re.compile(r'(?<!\\)#\s*(skip|todo)\b\S*\s*(.*)$', re.IGNORECASE)
NODE_COUNT = re.compile(r'^# (tests|pass|fail|cancelled|skipped|todo) (\d+)$')
PYTEST_LAST = re.compile(r'^=*\s*((?:\d+ \w+(?:, )?)+) in [\d.]+s\b.*$')


@dataclasses.dataclass(frozen=True)
class Result:
    name: str
    passed: int
    failed: int
    skipped: int
    output: str = ''
    notices: tuple = ()  # why something was skipped

    def summary(self):
        text = f'{self.passed} passed, {self.failed} failed'
        return f'{text}, {self.skipped} skipped' if self.skipped else text


def total(name, results):
    results = list(results)
    return Result(name, sum(r.passed for r in results), sum(r.failed for r in results),
                  sum(r.skipped for r in results))


def node_count(lines):
    """Node sums up itself, and only it knows which of its nested lines are cases and which are groups."""
    found = {match[1]: int(match[2]) for match in map(NODE_COUNT.match, lines) if match}
    if 'tests' not in found or 'pass' not in found:
        return None
    failed = found.get('fail', 0) + found.get('cancelled', 0) + found.get('todo', 0)
    return found['pass'], failed, found.get('skipped', 0), ()


def tap_count(lines):
    """None when this is not TAP. Several plans, one for each group of an executable, add up."""
    planned, passed, failed, skipped, notices, seen_plan = 0, 0, 0, 0, [], False
    for line in lines:
        plan, case = PLAN.match(line), CASE.match(line)
        if plan:
            planned, seen_plan = planned + int(plan[1]), True
            if plan[2]:
                skipped += 1
                notices.append(plan[2].lstrip('# '))
                planned += 1 - int(plan[1])
        elif line.startswith('Bail out!'):
            failed += 1
        elif case:
            directive = DIRECTIVE.search(case[2])
            if directive and directive[1].lower() == 'skip':
                skipped += 1
                notices.append(directive[2] or case[2].strip(' -'))
            elif case[1] or directive:
                failed += 1  # a case that is only planned proves nothing
            else:
                passed += 1
    if not seen_plan and passed + failed + skipped == 0:
        return None
    if not seen_plan:
        failed += 1  # without a plan nobody can tell whether it stopped halfway
    return passed, failed + max(0, planned - passed - failed - skipped), skipped, tuple(notices)


def pytest_count(lines):
    for line in reversed(lines):
        match = PYTEST_LAST.match(line)
        if match:
            found = {word.rstrip('s'): int(number) for number, word in re.findall(r'(\d+) (\w+)', match[1])}
            return (found.get('passed', 0), found.get('failed', 0) + found.get('error', 0) + found.get('xpassed', 0),
                    found.get('skipped', 0) + found.get('xfailed', 0) + found.get('deselected', 0), ())
    return None


def count(name, output, returncode, errors=''):
    lines = output.splitlines()
    everything = output + ('\n' + errors if errors.strip() else '')
    counted = node_count(lines) or tap_count(lines) or pytest_count(lines)
    if counted is None:
        if returncode == SKIPPED_STATUS:
            return Result(name, 0, 0, 1, everything, (lines[-1] if lines else 'it cannot run here',))
        counted = (1, 0, 0, ()) if returncode == 0 else (0, 1, 0, ())
    passed, failed, skipped, notices = counted
    if returncode not in (0, SKIPPED_STATUS) and failed == 0:
        failed = 1
    if passed + failed + skipped == 0:
        failed = 1  # a program without a single case is a broken harness
    return Result(name, passed, failed, skipped, everything, notices)

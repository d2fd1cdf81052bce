#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whatever a header of the business declares is in the lists that the product is made of; prints TAP.

A command, table, report, timer or share of the audit that nobody lists compiles and does nothing.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'tools'))
import tap  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = ('src/ledger', 'src/people', 'src/till', 'src/lines')
COMMENTS = re.compile(r'/\*.*?\*/', re.S)


def text_of(pattern, folders=SOURCES):
    """All files that match, without comments."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob(pattern))]
    return COMMENTS.sub(' ', '\n'.join(path.read_text() for path in paths))


def declared(text, kind):
    """Names of `extern const struct KIND a, b;`."""
    names = []
    for group in re.findall(rf'extern const struct {kind} ([^;*()\[\]]+);', text):
        names += [name.strip() for name in group.split(',')]
    return names


def missing(names, listed, where):
    return [f'{name} is not listed in {where}' for name in names if name not in listed]


def findings_of(headers, lists, ledger, sources):
    """One list of findings for each rule."""
    words = {word: set(re.findall(rf'^\s*{word}\((\w+)\)', lists, re.M)) for word in ('ROWS', 'COMMAND', 'READ')}
    timers = dict(re.findall(r'^\s*TIMER\((\w+), (\w+)\)', lists, re.M))
    kinds = [kind for kind in re.findall(r'\bTIMER_(\w+)\b', ledger) if kind != 'count']
    internal = set(re.findall(r'const struct command (\w+) = \{[^;]*?COMMAND_internal', sources, re.S))
    parts = {kind: declared(headers, kind) for kind in ('audit_part', 'local_part')}
    listed = set(re.findall(r'&(\w+)', sources))
    return {
        'commands': missing([name for name in declared(headers, 'command') if name not in internal],
                            words['COMMAND'], 'a .def as COMMAND'),
        'tables': missing(declared(headers, 'table'), words['ROWS'], 'a .def as ROWS'),
        'lists and reports': missing(declared(headers, 'read'), words['READ'], 'a .def as READ'),
        'timers': missing(dict.fromkeys(kinds), timers, 'a .def as TIMER') +
        [f'{name} is no internal command' for name in timers.values() if name not in internal],
        'parts of lines': missing(parts['audit_part'] + parts['local_part'], listed, 'its line'),
    }


def main():
    report = tap.Report()
    headers, lists = text_of('*.h'), text_of('*.def')
    ledger = COMMENTS.sub(' ', (ROOT / 'src/ledger/ledger_rows.h').read_text())
    sources = text_of('*.c')
    for name, findings in findings_of(headers, lists, ledger, sources).items():
        report.case(f'{name} that are declared are in the product', findings)
    lost = ('extern const struct command lost_make; extern const struct table lost_table;'
            'extern const struct read lost_list; extern const struct audit_part lost_part;')
    found = findings_of(headers + lost, lists, ledger + ' TIMER_lost ', sources)
    silent = [name for name, findings in found.items() if not any('lost' in finding for finding in findings)]
    report.case('what nobody lists is noticed', [f'not among {name}' for name in silent])
    return report.end()


if __name__ == '__main__':
    sys.exit(main())

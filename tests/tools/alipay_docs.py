#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/alipay.md, made from what the program says of itself: alipay_docs.py [--write] DOCUMENT COMMAND…

COMMAND prints the description (onetill describe alipay). Without --write the tables that stand in the document are
compared with those that should, and what a description must keep is checked; prints TAP.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys

import tap

USES = ('honoured', 'stored', 'accepted', 'refused')
GATEWAY_CODES = ('isv.', 'isp.', 'aop.')


def provocation(description, method, code):
    """How the code comes about at this method, or None."""
    for entry in description['provocations']:
        ends = entry['methods'].split()
        if entry['sub_code'] == code and (not ends or any(method.endswith('.' + end) for end in ends)):
            return entry['how']
    return None


def codes_of(method):
    return [code for part in method['codes'] for code in part.split()]


def methods_table(description):
    yield '| method | v3 | what it does | stands on |'
    yield '|---|---|---|---|'
    for method in description['methods']:
        v3 = f"`{method['v3_method']} {method['v3']}`" if method['v3'] else ''
        yield f"| `{method['name']}` | {v3} | {method['summary']} | {method['command']} |"


def fields_table(method):
    yield '| request field | type | must | here | |'
    yield '|---|---|---|---|---|'
    for field in method['fields']:
        size = f" ≤ {field['size']}" if field['size'] else ''
        must = {'must': 'yes', 'may': '', 'depends': 'depends'}[field['need']]
        yield f"| `{field['name']}` | {field['type']}{size} | {must} | {field['use']} | {field['text']} |"
    if method['answers']:
        yield ''
        yield '| answer field | when |'
        yield '|---|---|'
        for answer in method['answers']:
            yield f"| `{answer['name']}` | {answer['text']} |"


def coverage(description):
    for method in description['methods']:
        yield f"### {method['name']}"
        yield ''
        yield from fields_table(method)
        yield ''


def codes(description):
    """By method: those that come about by themselves with how, and the names of the others."""
    for method in description['methods']:
        documented = codes_of(method)
        if not documented:
            continue
        how = {code: provocation(description, method['name'], code) for code in documented}
        yield f"### {method['name']}"
        yield ''
        yield '| code | how to provoke it |'
        yield '|---|---|'
        yield from (f'| `{code}` | {how[code]} |' for code in documented if how[code])
        others = [f'`{code}`' for code in documented if not how[code]]
        if others:
            yield f"| {', '.join(others)} | the fault `code` |"
        yield ''


def gateway_codes(description):
    yield '| code | sub_code | v3 | how to provoke it |'
    yield '|---|---|---|---|'
    for result in description['results']:
        if result['sub_code'].startswith(GATEWAY_CODES):
            how = provocation(description, '', result['sub_code']) or own_provocation(description, result['sub_code'])
            name = result['sub_code'].split('.', 1)[1]
            yield f"| {result['code']} | `{result['sub_code']}` | {result['v3_status']} `{name}` | {how} |"


def own_provocation(description, code):
    """Of a gateway's code that only some methods have."""
    for entry in description['provocations']:
        if entry['sub_code'] == code:
            return entry['how']
    return 'the fault `code`'


def counts(description):
    methods = description['methods']
    uses = collections.Counter(field['use'] for method in methods for field in method['fields'])
    answers = sum(len(method['answers']) for method in methods)
    documented = [(method['name'], code) for method in methods for code in codes_of(method)]
    natural = sum(1 for name, code in documented if provocation(description, name, code))
    gateway = sum(1 for result in description['results'] if result['sub_code'].startswith(GATEWAY_CODES))
    with_v3 = sum(1 for method in methods if method['v3'])
    yield (f"{len(methods)} methods, {with_v3} of them in v3 too. {sum(uses.values())} request fields: "
           f"{', '.join(f'{uses[use]} {use}' for use in USES)}. {answers} answer fields.")
    yield ''
    yield (f"{len(documented)} business codes are documented for them; {natural} come about by themselves, all "
           f"{len(documented)} by the fault `code`. {gateway} codes are the gateway's own.")


SECTIONS = {'counts': counts, 'methods': methods_table, 'coverage': coverage, 'gateway': gateway_codes, 'codes': codes}


def rewritten(document, description):
    for name, lines in SECTIONS.items():
        begin, end = f'<!-- {name}: made by tests/tools/alipay_docs.py -->', f'<!-- end of {name} -->'
        body = '\n'.join(lines(description)).rstrip()
        pattern = re.compile(re.escape(begin) + r'.*?' + re.escape(end), re.S)
        if not pattern.search(document):
            raise SystemExit(f'the document has no section {name}')
        document = pattern.sub(lambda _: f'{begin}\n{body}\n{end}', document)
    return document


def flaws(description):
    """What a description must keep."""
    known = {result['sub_code'] for result in description['results']}
    documented = {code for method in description['methods'] for code in codes_of(method)}
    for entry in description['provocations']:
        if entry['sub_code'] not in documented | known | {'10003'}:
            yield f"{entry['sub_code']} is provoked and no code"
        for end in entry['methods'].split():
            names = [method for method in description['methods'] if method['name'].endswith('.' + end)]
            if not any(entry['sub_code'] in codes_of(method) for method in names):
                yield f"{entry['sub_code']} is provoked at {end}, which does not document it"
    for method in description['methods']:
        names = [field['name'] for field in method['fields']]
        for name in {name for name in names if names.count(name) > 1}:
            yield f"{method['name']}: {name} stands there twice"
        for field in method['fields']:
            if field['use'] == 'refused' and field['need'] == 'must':
                yield f"{method['name']}: {field['name']} must be there and is refused"


def main(arguments):
    write = arguments[0] == '--write'
    path = pathlib.Path(arguments[1 if write else 0])
    command = arguments[2 if write else 1:]
    description = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    document = path.read_text(encoding='utf-8')
    wanted = rewritten(document, description)
    if write:
        path.write_text(wanted, encoding='utf-8')
        return 0
    report = tap.Report()
    report.case('the description keeps its rules', list(flaws(description)))
    changed = [] if document == wanted else ['its tables are older than the program; run this with --write']
    report.case('the document says what the program does', changed)
    return report.end()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

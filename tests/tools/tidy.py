#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what docs/style.md says about the shape of the code. Reads the files that git knows; prints TAP.

Every finding is `file:line: what is wrong`. The rules are the tables below; what they mean stands in docs/style.md.
tidy_exceptions.txt lists what may be larger than its budget, with the exact figure: a figure that could be lower, or
is no longer needed, is a finding too, so that the list only shrinks. tidy_test.py breaks each rule once.
"""

import collections
import functools
import pathlib
import re
import subprocess
import sys

import c_text
import tap

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 800
HEADER_LINES_MAX = 200
LINE_COLUMNS_MAX = 120

# Which folders of src/ the files of a folder may include besides its own. A longer path wins over a shorter one.
_SPINE = ('base', 'engine')
_BUSINESS = (*_SPINE, 'ledger', 'people', 'till')
LAYERS = {
    'base': (),
    'engine': ('base',),
    'store': _SPINE,
    'ledger': _SPINE,
    'people': (*_SPINE, 'ledger'),
    'till': (*_SPINE, 'ledger', 'people'),
    'lines': (*_BUSINESS, 'lines'), # product.c: what a build is made of
    'lines/pay': _BUSINESS,
    'lines/local': _BUSINESS,
    'lines/retail': _BUSINESS,
    'insight': (*_BUSINESS, 'lines'),
    'doors': (*_BUSINESS, 'store', 'lines', 'insight'),
    # A client in a process of its own: it shares the values and the codecs of what is scanned, nothing else.
    'load': ('base', *(f'till/{codec}.h' for codec in ('barcode', 'emvco', 'emvco_profile',
                                                             'paycode_digits', 'pay_url'))),
    'app': (*_BUSINESS, 'store', 'lines', 'insight', 'doors', 'load'),
}

# What each foreign library is hidden behind.
LIBRARIES = {
    'sqlite3.h': ('src/store/',),
    'libpq-fe.h': ('src/store/',),
    'microhttpd.h': ('src/doors/',),
    'curl/curl.h': ('src/doors/', 'src/load/'),
    'zip.h': ('src/doors/alipay/',),
}

# Call: (what to use instead, where in src/ it is allowed; tests obey only the rules marked everywhere).
Ban = collections.namedtuple('Ban', 'instead allowed everywhere', defaults=((), True))
# What lives as long as the process is taken from the heap when it is opened: here, and nowhere else.
_ARENA = Ban('an arena (base/arena.h)', ('src/base/arena.c', 'src/engine/batch.c', 'src/engine/engine.c',
                                         'src/engine/timers.c', 'src/engine/view.c', 'src/store/', 'src/load/',
                                         'src/till/audit_map.c', 'src/doors/http', 'src/doors/live',
                                         'src/doors/events', 'src/doors/notify', 'src/doors/alipay/', 'src/app/'),
             False)
_CLOCK = Ban('the moment of the command, or base/os_clock.h', ('src/base/os_clock.c',), False)
BANNED = {
    'strcpy': Ban('span_copy'),
    'strncpy': Ban('span_copy'),
    'strcat': Ban('a builder, or snprintf'),
    'strncat': Ban('a builder, or snprintf'),
    'sprintf': Ban('snprintf'),
    'vsprintf': Ban('vsnprintf'),
    'gets': Ban('fgets'),
    'atoi': Ban('span_to_i64'),
    'atol': Ban('span_to_i64'),
    'atoll': Ban('span_to_i64'),
    'localtime': Ban('civil_of'),
    'gmtime': Ban('civil_of'),
    'strtok': Ban('span_cut'),
    'rand': Ban('os_random, or a seeded generator'),
    'srand': Ban('os_random, or a seeded generator'),
    'random': Ban('os_random, or a seeded generator'),
    'alloca': Ban('an arena (base/arena.h)'),
    'system': Ban('posix_spawn with an argument list'),
    'popen': Ban('posix_spawn with an argument list'),
    'malloc': _ARENA,
    'calloc': _ARENA,
    'realloc': _ARENA,
    'free': _ARENA,
    'strdup': _ARENA,
    'clock_gettime': _CLOCK,
    'gettimeofday': _CLOCK,
    'time': _CLOCK,
    'getrandom': Ban('base/os_random.h', ('src/base/os_random.c',), False),
}

# Money is whole; a fraction of anything is only measured, never kept.
FLOATING_ALLOWED = ('src/load/', 'src/doors/metrics', 'src/doors/live', 'src/app/bench')

# Whatever the project says, it says about itself. In pieces, so that this list does not find itself.
FOREIGN_WORDS = ('/wo' 'rk/', '.lib' 'rary', 'sub' 'agent', 'helper ' 'session')
MARKS = re.compile(r'\b(?:FIX' r'ME|TO' r'DO|XX' r'X)\b')

CODE_ENDINGS = ('.c', '.h', '.def', '.py', '.js', '.mjs', '.css', '.html', '.sql', '.sh')
CODE_NAMES = ('meson.build', 'meson_options.txt', 'run')
# Kept as they came or as they are compared: only the foreign words are looked for.
DATA_FOLDERS = ('tests/fuzz/corpus/', 'tests/data/', 'web/vendor/')
DATA_ENDINGS = ('.json', '.svg', '.csv', '.jsonl')
EXCEPTIONS = 'tests/tools/tidy_exceptions.txt'


def is_code(path):
    return not is_data(path) and (path.endswith(CODE_ENDINGS) or pathlib.PurePath(path).name in CODE_NAMES)


def is_data(path):
    return path.startswith(DATA_FOLDERS) or path.endswith(DATA_ENDINGS)


def is_c(path):
    return path.endswith(('.c', '.h')) and not is_data(path)


class Tree:
    """The files that git knows, those that are still there."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        listed = subprocess.run(['git', '-c', 'safe.directory=*', 'ls-files', '-z'], cwd=root, check=True,
                                capture_output=True)
        names = listed.stdout.decode('utf-8', 'surrogateescape').split('\0')
        self.paths = sorted(name for name in names if name and (self.root / name).is_file())

    @functools.lru_cache(maxsize=None)
    def text(self, path):
        return (self.root / path).read_bytes().decode('utf-8', 'replace')

    def is_text(self, path):
        return '\0' not in self.text(path)

    def lines(self, path):
        return self.text(path).splitlines()

    @functools.lru_cache(maxsize=None)
    def bare(self, path):
        """C without comments and the insides of literals; the lines stay where they are."""
        return c_text.strip(self.text(path))

    def includes(self, path):
        for number, line in enumerate(self.lines(path), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if match:
                yield number, match[2], match[1] == '"'


def layer_of(path):
    """The entry of LAYERS for a path below src/, or None."""
    folder = path.rpartition('/')[0]
    while folder and folder not in LAYERS:
        folder = folder.rpartition('/')[0]
    return folder or None


def check_layers(tree):
    for path in tree.paths:
        if not path.startswith('src/') or not is_c(path):
            continue
        layer = layer_of(path[len('src/'):])
        if layer is None:
            yield f'{path}:1: this folder has no place in the layers (LAYERS in tidy.py)'
            continue
        allowed = (layer, *LAYERS[layer])
        for number, target, quoted in tree.includes(path):
            if quoted and not any(target == one or target.startswith(one + '/') for one in allowed):
                yield f'{path}:{number}: {layer} may not include "{target}", only {", ".join(allowed)}'


def check_internal(tree):
    for path in tree.paths:
        if not is_c(path):
            continue
        folder = path.rpartition('/')[0]
        for number, target, quoted in tree.includes(path):
            home, _, name = target.rpartition('/')
            if quoted and (name == 'internal.h' or name.endswith('_internal.h')) and folder.startswith('src/') \
                    and home not in ('', folder[len('src/'):]):
                yield f'{path}:{number}: "{target}" is private to its folder'


def check_libraries(tree):
    for path in tree.paths:
        if not path.startswith('src/') or not is_c(path):
            continue
        for number, target, _ in tree.includes(path):
            if target in LIBRARIES and not path.startswith(LIBRARIES[target]):
                yield f'{path}:{number}: <{target}> stays behind {" and ".join(LIBRARIES[target])}'


def check_own_header(tree):
    for path in tree.paths:
        header = path[:-2] + '.h'
        if not path.startswith('src/') or not path.endswith('.c') or header not in tree.paths:
            continue
        first = next(tree.includes(path), (1, 'nothing', False))
        if first[1] != header[len('src/'):]:
            yield f'{path}:{first[0]}: includes {first[1]} before its own header "{header[len("src/"):]}"'


def check_guards(tree):
    for path in tree.paths:
        if not path.endswith('.h') or not is_c(path):
            continue
        name = path[len('src/'):] if path.startswith('src/') else path
        guard = re.sub(r'[^A-Z0-9]', '_', name.upper())
        directives = re.findall(r'^\s*#\s*(\w+)\s*(\S*)', tree.bare(path), re.MULTILINE)
        if len(directives) < 3 or directives[0] != ('ifndef', guard) or directives[1] != ('define', guard) \
                or directives[-1][0] != 'endif':
            yield f'{path}:1: wants the header guard {guard}'


def check_calls(tree):
    pattern = re.compile(r'(?<![\w.>])(' + '|'.join(BANNED) + r')\s*\(')
    for path in tree.paths:
        if not is_c(path):
            continue
        for number, line in enumerate(tree.bare(path).splitlines(), 1):
            for match in pattern.finditer(line):
                ban = BANNED[match[1]]
                if not path.startswith(ban.allowed) and (ban.everywhere or path.startswith('src/')):
                    yield f'{path}:{number}: {match[1]}() is banned: use {ban.instead}'


def check_floating(tree):
    for path in tree.paths:
        if not path.startswith('src/') or not is_c(path) or path.startswith(FLOATING_ALLOWED):
            continue
        for number, line in enumerate(tree.bare(path).splitlines(), 1):
            if re.search(r'\b(?:double|float)\b', line):
                yield f'{path}:{number}: floating point belongs to measuring only'


def exceptions(tree):
    """{(kind, what): (figure, line)} and the findings about the list itself."""
    listed, findings = {}, []
    lines = tree.lines(EXCEPTIONS) if EXCEPTIONS in tree.paths else []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith('#'):
            continue
        words = line.split(None, 3)
        if len(words) < 4 or words[0] not in ('function', 'file') or not words[2].isdigit():
            findings.append(f'{EXCEPTIONS}:{number}: wants: function|file WHAT LINES REASON')
        elif (words[0], words[1]) in listed:
            findings.append(f'{EXCEPTIONS}:{number}: {words[1]} is listed twice')
        else:
            listed[words[0], words[1]] = (int(words[2]), number)
    return listed, findings


def sizes(tree):
    """(kind, what, where, lines, budget) of everything that has a budget."""
    for path in tree.paths:
        if not is_code(path):
            continue
        budget = HEADER_LINES_MAX if path.endswith('.h') else FILE_LINES_MAX
        yield 'file', path, f'{path}:1', len(tree.lines(path)), budget
        if path.endswith(('.c', '.h')):
            for name, first, last in c_text.functions(tree.bare(path)):
                yield 'function', f'{path}:{name}', f'{path}:{first}', last - first + 1, FUNCTION_LINES_MAX


def check_sizes(tree):
    listed, findings = exceptions(tree)
    yield from findings
    for kind, what, where, lines, budget in sizes(tree):
        figure, number = listed.pop((kind, what), (None, 0))
        if figure is None and lines > budget:
            yield f'{where}: {kind} {what} has {lines} lines, the budget is {budget}'
        elif figure is not None and lines <= budget:
            yield f'{EXCEPTIONS}:{number}: {what} keeps its budget now: take it off the list'
        elif figure is not None and lines < figure:
            yield f'{EXCEPTIONS}:{number}: {what} has {lines} lines now: lower {figure} to that'
        elif figure is not None and lines > figure:
            yield f'{where}: {what} has grown to {lines} lines, the exception is for {figure}'
    for (_, what), (_, number) in listed.items():
        yield f'{EXCEPTIONS}:{number}: there is no {what}: take it off the list'


def check_licence(tree):
    for path in tree.paths:
        if is_code(path) and not any('SPDX-License-Identifier: Apache-2.0' in line for line in tree.lines(path)[:2]):
            yield f'{path}:1: the SPDX line is missing'


def check_whitespace(tree):
    for path in tree.paths:
        if is_data(path) or path == 'LICENSE' or not tree.is_text(path):
            continue
        text = tree.text(path)
        for number, line in enumerate(text.split('\n'), 1):
            if '\t' in line:
                yield f'{path}:{number}: a tab'
            if line != line.rstrip():
                yield f'{path}:{number}: blanks at the end'
            if is_code(path) and len(line) > LINE_COLUMNS_MAX:
                yield f'{path}:{number}: {len(line)} columns, the limit is {LINE_COLUMNS_MAX}'
        if text and not text.endswith('\n'):
            yield f'{path}:{text.count(chr(10)) + 1}: the last line has no end'


def check_marks(tree):
    for path in tree.paths:
        if is_data(path) or not tree.is_text(path):
            continue
        for number, line in enumerate(tree.lines(path), 1):
            match = MARKS.search(line)
            if match:
                yield f'{path}:{number}: {match[0]}: do it, or write it down where work is planned'


def check_words(tree):
    for path in tree.paths:
        for number, line in enumerate(tree.text(path).lower().split('\n'), 1):
            for word in FOREIGN_WORDS:
                if word in line:
                    yield f'{path}:{number}: "{word}" has nothing to do with this project'


def check_built(tree):
    """A source that no meson.build of its folder or above names is dead."""
    for path in tree.paths:
        if not path.endswith('.c') or is_data(path):
            continue
        folder, _, below = path.rpartition('/')
        while True:
            build = f'{folder}/meson.build' if folder else 'meson.build'
            if build in tree.paths and f"'{below}'" in tree.text(build):
                break
            if not folder:
                yield f'{path}:1: no meson.build names it'
                break
            folder, _, name = folder.rpartition('/')
            below = f'{name}/{below}'


def refusals(tree):
    """(line, name, number) of each refusal."""
    path = 'src/engine/refusal.def'
    if path not in tree.paths:
        return
    bare = c_text.strip(tree.text(path))
    for match in re.finditer(r'^\s*REFUSAL\(\s*(\w+)\s*,\s*(\d+)\s*,', bare, re.MULTILINE):
        yield bare.count('\n', 0, match.start(1)) + 1, match[1], int(match[2])


def check_refusal_numbers(tree):
    names, numbers = {}, {}
    if 'src/engine/refusal.def' in tree.paths and not any(refusals(tree)):
        yield 'src/engine/refusal.def:1: not a single REFUSAL(name, number, …) is understood'
    for line, name, number in refusals(tree):
        for seen, value in ((names, name), (numbers, number)):
            if value in seen:
                yield f'src/engine/refusal.def:{line}: {value} is taken in line {seen[value]}'
            seen.setdefault(value, line)


def scenarios(tree):
    return [path for path in tree.paths if path.startswith('tests/scenario/') and path.endswith('.txt')]


def check_refusals_tested(tree):
    words = set()
    for path in scenarios(tree):
        words.update(re.findall(r'\w+', re.sub(r'#.*', '', tree.text(path))))
    for line, name, _ in refusals(tree):
        if name != 'none' and name not in words:
            yield f'src/engine/refusal.def:{line}: no scenario ends in {name}'


CHECKS = (
    ('includes point downwards', check_layers),
    ('internal headers stay in their folder', check_internal),
    ('foreign libraries stay behind one folder', check_libraries),
    ('a source includes its own header first', check_own_header),
    ('headers have their guard', check_guards),
    ('banned calls', check_calls),
    ('floating point only where things are measured', check_floating),
    ('functions, files and headers keep their budgets', check_sizes),
    ('each file names its licence', check_licence),
    ('tabs, trailing blanks and long lines', check_whitespace),
    ('no marks of unfinished work', check_marks),
    ('the project speaks of itself only', check_words),
    ('every source is built', check_built),
    ('refusals have a name and a number of their own', check_refusal_numbers),
    ('every refusal has a scenario', check_refusals_tested),
)


def main(root):
    tree = Tree(root)
    report = tap.Report()
    if not tree.paths:
        report.case('git lists the files', [f'{root}: git knows no files here'])
    for name, check in CHECKS:
        if check is check_refusals_tested and not scenarios(tree):
            report.case(name, [], skip='there are no scenarios yet')
        else:
            report.case(name, list(check(tree)))
    return report.end()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]))

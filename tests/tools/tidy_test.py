#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The canary of tidy.py: a small tree that obeys, and then each rule broken once, which must be found where it is."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import c_text
import tap
import tidy

SPDX = '/* SPDX-License-Identifier: Apache-2.0 */\n'
SOUND = {
    'meson.build': "# SPDX-License-Identifier: Apache-2.0\nexecutable('x', 'src/till/a.c', 'src/base/os_clock.c')\n",
    'src/base/base.h': SPDX + '#ifndef BASE_BASE_H\n#define BASE_BASE_H\n#endif\n',
    'src/base/os_clock.c': SPDX + '#include "base/base.h"\nlong f(void)\n{\n    return time(0);\n}\n',
    'src/till/a.h': SPDX + '#ifndef TILL_A_H\n#define TILL_A_H\n#endif\n',
    'src/till/a.c': SPDX + '#include "till/a.h"\n\n#include "base/base.h"\n\n'
                           '/* double atoi(1) is only spoken of here */\n'
                           'int g(struct door *door)\n{\n    return door->free(door, "strcpy(a, b) {");\n}\n',
    'src/engine/refusal.def': SPDX + 'REFUSAL(none, 0, 200, "", "")\nREFUSAL(shop_closed, 2, 409, "shop", "closed")\n',
    'tests/scenario/shop.txt': '# a comment\norder_place -> shop_closed\n',
    tidy.EXCEPTIONS: '# nothing\n',
}
LONG_BODY = '    x();\n' * 70
LONG_FUNCTION = f'int longer(void)\n{{\n{LONG_BODY}}}\n'


def body(*lines):
    return SPDX + '#include "till/a.h"\n' + ''.join(line + '\n' for line in lines)


class Canary(unittest.TestCase):
    def findings(self, changes):
        """What tidy finds in the sound tree after these files were added, replaced or (None) removed."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**SOUND, **changes}.items():
                if text is not None:
                    target = pathlib.Path(root, path)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_text(text, encoding='utf-8')
            subprocess.run(['git', 'init', '-q', '.'], cwd=root, check=True)
            subprocess.run(['git', 'add', '-A', '-f'], cwd=root, check=True)
            tree = tidy.Tree(root)
            return [finding for _, check in tidy.CHECKS for finding in check(tree)]

    def found(self, path, text, start, also=None):
        """Exactly one finding, and it starts like this."""
        findings = self.findings({path: text, **(also or {})})
        self.assertEqual(len(findings), 1, findings)
        self.assertTrue(findings[0].startswith(start), findings[0])

    def test_a_sound_tree_has_no_findings(self):
        self.assertEqual(self.findings({}), [])

    def test_an_include_upwards(self):
        self.found('src/base/base.h', SPDX + '#ifndef BASE_BASE_H\n#define BASE_BASE_H\n#include "till/a.h"\n#endif\n',
                   'src/base/base.h:4: base may not include "till/a.h"')

    def test_the_engine_and_the_lines_keep_apart(self):
        header = '#ifndef {0}\n#define {0}\n#include "{1}"\n#endif\n'
        self.found('src/engine/e.h', SPDX + header.format('ENGINE_E_H', 'store/store.h'),
                   'src/engine/e.h:4: engine may not')
        self.found('src/lines/pay/p.h', SPDX + header.format('LINES_PAY_P_H', 'lines/local/l.h'),
                   'src/lines/pay/p.h:4: lines/pay may not')
        self.found('src/load/l.h', SPDX + header.format('LOAD_L_H', 'till/trade.h'), 'src/load/l.h:4: load may not')
        self.assertEqual(self.findings({'src/doors/d.h': SPDX + header.format('DOORS_D_H', 'lines/pay/p.h')}), [])
        self.assertEqual(self.findings({'src/insight/i.h': SPDX + header.format('INSIGHT_I_H', 'lines/pay/p.h')}), [])

    def test_a_folder_without_a_layer(self):
        self.found('src/other/o.h', SPDX + '#ifndef OTHER_O_H\n#define OTHER_O_H\n#endif\n', 'src/other/o.h:1: this')

    def test_a_foreign_internal_header(self):
        for name in ('internal.h', 'view_internal.h'):
            self.found('src/till/a.c', body(f'#include "engine/{name}"'), 'src/till/a.c:3: "engine/')

    def test_a_library_outside_of_its_folder(self):
        self.found('src/till/a.c', body('#include <sqlite3.h>'), 'src/till/a.c:3: <sqlite3.h> stays')

    def test_own_header_second(self):
        self.found('src/till/a.c', SPDX + '#include <stdio.h>\n#include "till/a.h"\n',
                   'src/till/a.c:2: includes stdio.h')

    def test_a_wrong_guard(self):
        self.found('src/till/a.h', SPDX + '#ifndef A_H\n#define A_H\n#endif\n',
                   'src/till/a.h:1: wants the header guard')

    def test_each_banned_call(self):
        for name in tidy.BANNED:
            self.found('src/till/a.c', body(f'int h(void) {{ return {name} (0); }}'), f'src/till/a.c:3: {name}() is')

    def test_tests_may_allocate_but_not_copy_blindly(self):
        self.found('tests/t.c', SPDX + 'void t(void) { free(malloc(time(0))); sprintf(0, 0); }\n',
                   'tests/t.c:2: sprintf() is', {'tests/meson.build': SPDX + "x = 't.c'\n"})

    def test_floating_point_in_the_books(self):
        for kind in ('double', 'float'):
            self.found('src/till/a.c', body(f'static {kind} rate;'), 'src/till/a.c:3: floating')

    def test_too_long_a_function(self):
        self.found('src/till/a.c', body('static int n;', LONG_FUNCTION.rstrip()),
                   'src/till/a.c:4: function src/till/a.c:longer has 73 lines')

    def test_too_long_a_file(self):
        self.found('src/till/a.c', body(*['static int n;'] * 799), 'src/till/a.c:1: file src/till/a.c has 801')
        self.found('src/till/a.h', SOUND['src/till/a.h'].replace('#endif', 'int x;\n' * 197 + '#endif'),
                   'src/till/a.h:1: file src/till/a.h has 201')

    def test_exceptions_only_shrink(self):
        listed = 'function src/till/a.c:longer {} a dispatch\n'
        long_one = {'src/till/a.c': body(LONG_FUNCTION.rstrip())}
        self.assertEqual(self.findings({tidy.EXCEPTIONS: listed.format(73), **long_one}), [])
        self.found(tidy.EXCEPTIONS, listed.format(74), f'{tidy.EXCEPTIONS}:1: src/till/a.c:longer has 73', long_one)
        self.found(tidy.EXCEPTIONS, listed.format(72), 'src/till/a.c:3: src/till/a.c:longer has grown', long_one)
        self.found(tidy.EXCEPTIONS, listed.format(73), f'{tidy.EXCEPTIONS}:1: there is no src/till/a.c:longer')
        self.found(tidy.EXCEPTIONS, 'file src/till/a.c 900 big\n', f'{tidy.EXCEPTIONS}:1: src/till/a.c keeps')
        self.found(tidy.EXCEPTIONS, 'file src/till/a.c\n', f'{tidy.EXCEPTIONS}:1: wants')

    def test_no_licence_line(self):
        self.found('src/till/a.c', '#include "till/a.h"\n', 'src/till/a.c:1: the SPDX line')

    def test_whitespace(self):
        self.found('src/till/a.c', body('\tint x;'), 'src/till/a.c:3: a tab')
        self.found('src/till/a.c', body('int x; '), 'src/till/a.c:3: blanks')
        self.found('src/till/a.c', body('/* ' + 'é' * 115 + ' */'), 'src/till/a.c:3: 121 columns')
        self.found('src/till/a.c', body('int x;')[:-1], 'src/till/a.c:3: the last line')

    def test_marks_of_unfinished_work(self):
        for mark in ('FIX' 'ME', 'TO' 'DO', 'XX' 'X'):
            self.found('docs/a.md', f'# A\n{mark}: later\n', f'docs/a.md:2: {mark}')

    def test_words_of_elsewhere(self):
        for word in tidy.FOREIGN_WORDS:
            self.found('docs/a.md', f'# A\nsee {word.upper()}\n', 'docs/a.md:2: "')

    def test_a_source_that_nobody_builds(self):
        self.found('src/till/dead.c', SPDX, 'src/till/dead.c:1: no meson.build')

    def test_refusals(self):
        more = SOUND['src/engine/refusal.def']
        self.found('src/engine/refusal.def', more + 'REFUSAL(shop_gone, 3, 404, "shop", "gone")\n',
                   'src/engine/refusal.def:4: no scenario ends in shop_gone')
        self.found('src/engine/refusal.def', more + 'REFUSAL(shop_closed, 3, 404, "shop", "gone")\n',
                   'src/engine/refusal.def:4: shop_closed is taken in line 3')
        self.found('src/engine/refusal.def', more.replace('none, 0', 'none, 2'),
                   'src/engine/refusal.def:3: 2 is taken in line 2')
        self.found('src/engine/refusal.def', SPDX + 'REFUSAL none\n', 'src/engine/refusal.def:1: not a single')
        self.found('tests/scenario/shop.txt', '# shop_closed\norder_place -> ok\n',
                   'src/engine/refusal.def:3: no scenario ends in shop_closed')

    def test_a_finding_fails_the_program(self):
        with tempfile.TemporaryDirectory() as root:
            subprocess.run(['git', 'init', '-q', '.'], cwd=root, check=True)
            pathlib.Path(root, 'a.c').write_text('int x;\t\n', encoding='utf-8')
            subprocess.run(['git', 'add', '-A', '-f'], cwd=root, check=True)
            done = subprocess.run([sys.executable, str(pathlib.Path(tidy.__file__)), root], check=False, text=True,
                                  capture_output=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn('# a.c:1: a tab', done.stdout)


class Measuring(unittest.TestCase):
    def functions(self, text):
        return list(c_text.functions(c_text.strip(text)))

    def test_functions_and_only_functions(self):
        text = ('struct s {\n    int a;\n};\n'
                'static const int table[] = {\n    1,\n};\n'
                'static struct s *\nfirst(int (*call)(void))\n{\n    if (call) {\n    }\n}\n'
                'enum e { A, B };\n'
                'int second(void) __attribute__((cold))\n{\n}\n')
        self.assertEqual(self.functions(text), [('first', 7, 12), ('second', 14, 16)])

    def test_braces_that_do_not_count(self):
        text = ('int f(void)\n{\n    char c = \'{\';\n    /* { */ // {\n    g("{ \\" {");\n'
                '#if A\n    if (a) {\n#else\n    if (b) {\n#endif\n    }\n}\n'
                '#define BEGIN { \\\n    {\n'
                'int h(void)\n{\n}\n')
        self.assertEqual(self.functions(text), [('f', 1, 12), ('h', 15, 17)])


if __name__ == '__main__':
    sys.exit(tap.run(Canary, Measuring))

# SPDX-License-Identifier: Apache-2.0
"""Just enough of C to measure it: text without comments and literals, and where each function begins and ends."""

import re

_TOKEN = re.compile(r'//(?:[^\n\\]|\\.|\\\n)*'       # comment to the end of the line
                    r'|/\*.*?(?:\*/|\Z)'             # comment
                    r'|"(?:[^"\\\n]|\\.|\\\n)*"'     # text
                    r"|'(?:[^'\\\n]|\\.)+'", re.DOTALL)


def strip(text):
    """Blanks out comments and the insides of literals, the text of an #include too; keeps every line end."""
    def blank(match):
        found = match[0]
        inside = re.sub(r'[^\n]', ' ', found)
        return f'{found[0]}{inside[1:-1]}{found[0]}' if found[0] in '"\'' else inside
    return _TOKEN.sub(blank, text)


def _without_directives(bare):
    """Preprocessor lines blanked, and of each #if only the first branch kept, so that braces pair up."""
    kept, branches, continued = [], [], False
    for line in bare.split('\n'):
        directive = re.match(r'\s*#\s*(\w+)', line)
        if directive and not continued:
            word = directive[1]
            if word in ('if', 'ifdef', 'ifndef'):
                branches.append(True)
            elif word in ('else', 'elif') and branches:
                branches[-1] = False
            elif word == 'endif' and branches:
                branches.pop()
        if directive or continued:
            kept.append('')
            continued = line.endswith('\\')
        else:
            kept.append(line if all(branches) else '')
    return '\n'.join(kept)


def functions(bare):
    """(name, first line, last line) of each function with a body, from stripped text.

    A function is a `{` outside of all braces with a `)` before it; the name is the word before the parameters, the
    first line is where its declaration begins.
    """
    text = _without_directives(bare)
    depth, begin, opened, header = 0, 0, 0, ''
    for match in re.finditer(r'[{};]', text):
        at = match.start()
        if match[0] == '{':
            if depth == 0:
                header, opened = text[begin:at], begin
            depth += 1
        elif match[0] == '}':
            depth = max(0, depth - 1)
            if depth == 0:
                name = _name(header)
                if name:
                    first = opened + len(header) - len(header.lstrip())
                    yield name, text.count('\n', 0, first) + 1, text.count('\n', 0, at) + 1
                begin = at + 1
        elif depth == 0:
            begin = at + 1


def _name(header):
    """The function's name, or empty when the braces are those of a type or a value."""
    header = re.sub(r'__attribute__\s*\(\(.*?\)\)', '', header, flags=re.DOTALL).strip()
    if not header.endswith(')') or '=' in header:
        return ''
    depth = 0
    for at in range(len(header) - 1, -1, -1):
        depth += {')': 1, '(': -1}.get(header[at], 0)
        if depth == 0:
            match = re.search(r'(\w+)\s*$', header[:at])
            return match[1] if match else ''
    return ''

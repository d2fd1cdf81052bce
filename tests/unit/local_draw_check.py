#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Computes lotteries and red packets again from their seeds, by docs/draws.md alone. Takes the program that prints
them (local_draw_print.c); prints TAP. The functions are what anybody who took part may run."""

import hashlib
import subprocess
import sys


def sha256(*parts):
    return hashlib.sha256(b''.join(parts)).digest()


def be64(number):
    return number.to_bytes(8, 'big')


def lottery_winners(seed, tickets, winners):
    """The numbers of the winning entries, in the order of their places."""
    chain = sha256(seed)
    for number, ticket in enumerate(tickets, 1):
        chain = sha256(chain, be64(number), be64(ticket))
    key = sha256(seed, chain)
    half = 1
    while 4 ** half < len(tickets):
        half += 1
    mask = 2 ** half - 1

    def place(number):
        at = number - 1
        while True:
            left, right = at >> half, at & mask
            for step in range(8):
                value = int.from_bytes(sha256(key, bytes([step]), be64(right))[:8], 'big')
                left, right = right, left ^ (value & mask)
            at = left << half | right
            if at < len(tickets):
                return at

    places = {place(number): number for number in range(1, len(tickets) + 1)}
    return [places[at] for at in range(winners)]


def packet_pieces(seed, total, count, even):
    """What the first, the second, … who opens the packet gets."""
    pieces = []
    for number in range(1, count + 1):
        left = count - number + 1
        if even or left == 1:
            piece = total // left
        else:
            value = int.from_bytes(sha256(seed, be64(number))[:8], 'big')
            piece = 1 + (value * (2 * (total // left) - 1) >> 64)
        pieces.append(piece)
        total -= piece
    return pieces


def numbers(line, name):
    words = line.split()
    assert words[0] == name, line
    return [int(word) for word in words[1:]]


def checks(text):
    lines = iter(text.splitlines())
    for line in lines:
        kind, *sizes = line.split()
        seed = bytes.fromhex(next(lines).split()[1])
        commit = bytes.fromhex(next(lines).split()[1])
        yield f'{line}: the commit is that of the seed', commit == sha256(seed)
        if kind == 'lottery':
            tickets = numbers(next(lines), 'tickets')
            found = numbers(next(lines), 'winners')
            yield f'{line}: the winners', found == lottery_winners(seed, tickets, int(sizes[1]))
        else:
            found = numbers(next(lines), 'pieces')
            yield f'{line}: the pieces', found == packet_pieces(seed, int(sizes[0]), int(sizes[1]), sizes[2] == 'even')


def main():
    run = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True, text=True)
    results = list(checks(run.stdout))
    print(f'1..{len(results) + 1}')
    for count, (what, holds) in enumerate(results, 1):
        print(f'{"ok" if holds else "not ok"} {count} - {what}')
    # A canary: with another seed other numbers win.
    other = lottery_winners(bytes(32), range(100), 5) == lottery_winners(bytes(31) + b'\1', range(100), 5)
    print(f'{"not ok" if other or len(results) < 20 else "ok"} {len(results) + 1} - another seed is another draw')


if __name__ == '__main__':
    main()

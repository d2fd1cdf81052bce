#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""onetill demo: what it prints is complete and lawful, and it does not say that a broken day was a good one."""

import contextlib
import json
import os
import re
import signal
import sqlite3
import time
import urllib.request

import program

SECONDS, SHOPPERS = 3, 20000
CITY = ('--seconds', SECONDS, '--shoppers', SHOPPERS)


class Demo(program.Case):
    def test_the_json_object_is_complete_and_lawful(self):
        done = self.run_program('demo', *CITY, '--exit', '--json')
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertEqual(1, len(done.stdout.splitlines()))
        said = json.loads(done.stdout)
        self.assertTrue(said['ok'])
        for key in ('payments', 'payments_per_second', 'discount_minor', 'budget_spent_minor',
                    'repeats_without_effect'):
            self.assertIs(int, type(said[key]), key)
            self.assertGreater(said[key], 0, key)
        self.assertEqual(said['discount_minor'], said['budget_spent_minor'])
        self.assertEqual(said['budget_spent_minor'], sum(one['spent_minor'] for one in said['campaigns']))
        for one in said['campaigns']:
            self.assertEqual(one['budget_minor'], one['spent_minor'] + one['left_minor'], one['name'])
            self.assertGreaterEqual(one['left_minor'], 0, one['name'])
        latency = said['latency_ms']
        self.assertLess(0, latency['p50'])
        self.assertLessEqual(latency['p50'], latency['p99'])
        self.assertLessEqual(latency['p99'], latency['p999'])
        self.assertLessEqual(latency['p999'], latency['max'])
        self.assertIs(True, said['audit']['ok'])
        # Each shopper's money, each payment and each refund is a transfer of its own.
        self.assertGreaterEqual(said['audit']['transfers'], SHOPPERS + said['payments'] + said['refunds'])
        self.assertGreater(said['audit']['seconds'], 0)
        self.assertTrue({'code_unknown', 'balance_short', 'attempts_exceeded'} <= set(said['refusals']),
                        said['refusals'])
        self.assertTrue({'code_used', 'code_elsewhere'} & set(said['refusals']), said['refusals'])
        for key in ('refunds', 'cancelled', 'confirmed', 'paid_by_qr', 'half_sent', 'unread', 'outcomes_closed'):
            self.assertGreater(said[key], 0, key)
        self.assertEqual([], os.listdir(self.folder), 'a store that nobody named is deleted')

    def test_the_eighth_of_march_gives_what_there_is_and_no_more(self):
        done = self.run_program('demo', '--day', '0308', '--scale', 1000, '--exit', '--json')
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertEqual(1, len(done.stdout.splitlines()))
        said = json.loads(done.stdout)
        self.assertIs(True, said['ok'])
        self.assertIs(True, said['audit'])
        self.assertEqual(0, said['overlaps'])
        self.assertEqual(said['paid_minor'], said['sold_minor'])
        # What came back may have been given once more.
        self.assertLessEqual(said['tickets'] - said['returned'], said['tickets_there_were'])
        self.assertEqual((38, 38), (said['won'], said['packets']))
        self.assertGreater(said['entries'], 100)
        for key in ('tickets', 'tickets_per_second', 'gone', 'early', 'repeats', 'dinners', 'redeemed',
                    'refused_twice', 'returned', 'bookings', 'arrived', 'parts_opened', 'escrow_minor'):
            self.assertGreater(said[key], 0, key)
        for who in ('won_us', 'lost_us', 'counter_us'):
            self.assertLess(0, said[who]['p50'], who)
            self.assertLessEqual(said[who]['p50'], said[who]['max'], who)
        self.assertEqual([], os.listdir(self.folder), 'a store that nobody named is deleted')

    def test_the_eighth_of_march_in_words(self):
        store = self.folder / 'march.till'
        done = self.run_program('demo', '--day', '0308', '--scale', 2000, '--seed', 8, '--exit', '--store', store)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn('agree to the cent; nothing was given twice', done.stdout)
        for what in ('paid for tickets and dinners', 'earned by shops', 'commission', 'given back', 'waits in escrow'):
            sums = re.search(what + r' +([\d,.]+) +([\d,.]+)', done.stdout)
            self.assertEqual(sums[1], sums[2], what)
        verdict, status = self.audit(store)
        self.assertEqual((True, 0), (verdict['ok'], status))
        for arguments in (('--day', '0309'), ('--day', '0308', '--scale', '0')):
            self.assertEqual(2, self.run_program('demo', *arguments).returncode, arguments)

    def test_the_report_in_words_and_a_store_that_stays(self):
        store = self.folder / 'city.till'
        done = self.run_program('demo', *CITY, '--seed', 5, '--exit', '--store', store)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn('agree to the cent', done.stdout)
        given = re.search(r'Discount given.* ([\d,.]+) yuan', done.stdout)[1]
        spent = re.search(r'Budget spent.* ([\d,.]+) yuan', done.stdout)[1]
        self.assertEqual(given, spent)
        self.assertIn('the pay code is not known or out of date', done.stdout)
        verdict, status = self.audit(store)
        self.assertEqual((True, 0), (verdict['ok'], status))
        again = self.run_program('demo', '--exit', '--store', store)
        self.assertEqual(3, again.returncode)
        self.assertIn('exists', again.stderr)
        with sqlite3.connect(store) as database:
            database.execute('UPDATE accounts SET balance = balance + 1 '
                             'WHERE owner_id = (SELECT max(owner_id) FROM accounts)')
        verdict, status = self.audit(store)
        self.assertEqual((False, 1), (verdict['ok'], status))

    def test_it_keeps_serving_until_it_is_told_to_stop(self):
        running = self.start_program('demo', *CITY)
        self.addCleanup(running.kill)
        url, token = self.addresses(running)
        request = urllib.request.Request(f'{url}/v1/campaigns/1201', headers={'Authorization': f'Bearer {token}'})
        with urllib.request.urlopen(request, timeout=60) as answer:
            self.assertGreater(json.load(answer)['spent_minor'], 0)
        server = program.children(running.pid)
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=150)
        self.assertEqual(0, running.returncode)
        self.assertEqual([], [pid for pid in server if os.path.exists(f'/proc/{pid}')])

    def addresses(self, running):
        lines = []
        for line in running.stdout:
            lines.append(line)
            found = re.search(r"Bearer (\S+)' (http://[\d.:]+)/v1/campaigns", line)
            if found:
                return found[2], found[1]
        self.fail(''.join(lines))
        return None

    def test_a_server_that_dies_is_no_good_day(self):
        running = self.start_program('demo', '--seconds', 60, '--shoppers', 2000, '--exit', '--json')
        self.addCleanup(running.kill)
        os.kill(self.served(running), signal.SIGKILL)
        output, errors = running.communicate(timeout=150)
        self.assertIn(running.returncode, (1, 3), output + errors)
        if output:
            self.assertFalse(json.loads(output)['ok'])

    def test_a_store_that_is_tampered_with_is_no_good_day(self):
        store = self.folder / 'city.till'
        running = self.start_program('demo', *CITY, '--exit', '--json', '--store', store)
        self.addCleanup(running.kill)
        self.served(running)
        # A wallet behind the server's back: with so many some are not touched by the day any more.
        changed, give_up = 0, time.monotonic() + 120
        while changed == 0:
            self.assertLess(time.monotonic(), give_up, 'the city is never built')
            with (contextlib.suppress(sqlite3.OperationalError),  # it has no tables yet
                  contextlib.closing(sqlite3.connect(store, timeout=60)) as database, database):
                changed = database.execute('UPDATE accounts SET balance = balance + 1 '
                                           'WHERE owner_id > 1000000').rowcount
        output, errors = running.communicate(timeout=150)
        self.assertIn(running.returncode, (1, 3), output + errors)
        if output:
            self.assertFalse(json.loads(output)['ok'])

    def served(self, running):
        """The server's process id, when the day has been going on for a moment."""
        for _ in range(600):
            if running.poll() is not None:
                self.fail(running.stderr.read())
            for pid in program.children(running.pid):
                with open(f'/proc/{pid}/cmdline', encoding='utf-8') as arguments:
                    if '\0serve\0' in arguments.read():
                        time.sleep(1)
                        return pid
            time.sleep(0.1)
        self.fail('the demo starts no server')
        return 0

    def test_arguments_that_make_no_sense(self):
        for arguments in (('--seconds', 0), ('--shoppers', 'many'), ('--seed', -1), ('more',), ('--no-such',)):
            done = self.run_program('demo', *arguments)
            self.assertEqual(2, done.returncode, arguments)
            self.assertEqual('', done.stdout)


if __name__ == '__main__':
    program.run_tests(Demo)

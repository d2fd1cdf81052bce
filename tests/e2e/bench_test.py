#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""onetill bench: its figures are complete, every payment it counts is in the store, and it leaves nothing behind."""

import json
import os
import sys

import program

sys.path.insert(0, str(program.ROOT / 'tests' / 'support'))
import cluster  # noqa: E402 pylint: disable=wrong-import-position

CITY = ('--shoppers', 1000, '--shops', 20, '--warmup', 0, '--seconds', 1)


class Bench(program.Case):
    def figures(self, *arguments):
        done = self.run_program('bench', *CITY, *arguments, '--json')
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertEqual(1, len(done.stdout.splitlines()))
        return json.loads(done.stdout)

    def assert_complete(self, run):
        self.assertGreater(run['payments'], 0)
        self.assertGreater(run['payments_per_second'], 0)
        self.assertAlmostEqual(run['payments_per_second'] / run['empty_per_second'], run['share_of_empty'], delta=0.01)
        self.assertGreater(run['clock_moves'], 0)
        self.assertEqual({}, run['errors'])
        self.assertEqual(0, run['unknown'])
        latency = run['latency_ms']
        self.assertLessEqual(0, latency['p50'])
        self.assertLessEqual(latency['p50'], latency['p99'])
        self.assertLessEqual(latency['p99'], latency['p999'])
        self.assertLessEqual(latency['p999'], latency['max'])
        for phase in ('http', 'decide', 'store', 'client', 'total'):
            self.assertGreater(run['cpu_us_per_payment'][phase], 0, phase)
        self.assertGreater(run['store_bytes_per_payment'], 100)
        self.assertGreater(run['syncs_per_second'], 0)
        self.assertGreater(run['resident_mb'], 1)

    def assert_proved(self, said, payments):
        self.assertEqual(payments, said['verified']['counted'])
        self.assertEqual(payments, said['verified']['found'])
        self.assertEqual(0, said['verified']['missing'])
        self.assertTrue(said['verified']['sums_agree'])
        self.assertTrue(said['audit']['ok'])
        self.assertGreaterEqual(said['audit']['transfers'], payments)

    def test_a_closed_loop_is_measured_and_proved(self):
        # So few shoppers that they all pay several times: the test clock must be moved for them.
        said = self.figures('--connections', '8,32', '--shoppers', 100)
        self.assertEqual([8, 32], [run['connections'] for run in said['runs']])
        for run in said['runs']:
            self.assert_complete(run)
        self.assert_proved(said, sum(run['payments'] for run in said['runs']))
        self.assertEqual([], os.listdir(self.folder), 'a store that nobody named is deleted')

    def test_an_open_loop_keeps_to_its_rate_and_the_store_stays_when_it_is_named(self):
        store = self.folder / 'bench.till'
        said = self.figures('--rate', 1500, '--budget', 'spread', '--store', store)
        self.assertEqual(('spread', 1500), (said['budget'], said['rate']))
        self.assertTrue(1200 < said['payments'] < 1800, said['payments'])
        self.assert_proved(said, said['payments'])
        verdict, status = self.audit(store)
        self.assertEqual((True, 0), (verdict['ok'], status))

    def test_the_alipay_door_is_measured_beside_the_other_and_its_answers_are_signed(self):
        said = self.figures('--door', 'alipay', '--connections', '16', '--beside', '2', '--verify')
        gateway = said['gateway']
        self.assertEqual('alipay', said['door'])
        self.assertGreater(said['payments'], 50)
        self.assertEqual({}, said['errors'])
        self.assertGreater(gateway['beside'], 10)
        self.assertEqual(said['payments'], gateway['signatures_checked'])
        self.assertEqual(0, gateway['signatures_wrong'])
        self.assertGreaterEqual(gateway['prepared'], said['payments'])
        self.assertGreater(gateway['rsa_per_second'], 0)
        self.assertGreater(gateway['share_of_rsa'], 0)
        self.assertGreater(gateway['read_us'], gateway['verify_us'])
        self.assertGreater(gateway['write_us'], gateway['sign_us'])
        self.assertGreater(gateway['sign_us'], gateway['verify_us'])
        self.assert_proved(said, said['payments'] + gateway['beside'])
        self.assertEqual([], os.listdir(self.folder), 'nor do the keys of the platform stay')

    def test_the_gateway_keeps_to_a_rate_and_its_shoppers_pay_again_in_the_next_minute(self):
        said = self.figures('--door', 'alipay', '--rate', 150, '--shoppers', 100, '--connections', '64')
        self.assertTrue(110 < said['payments'] < 200, said['payments'])
        self.assertGreater(said['clock_moves'], 0)
        self.assertEqual({}, said['errors'])
        self.assert_proved(said, said['payments'])

    def test_two_processes_on_one_database_are_measured_as_one_till(self):
        server = cluster.joined()
        self.addCleanup(server.close)
        place = server.database()
        self.addCleanup(server.drop, place)
        said = self.figures('--store', place, '--servers', 2, '--budget', 'spread')
        self.assertEqual(({}, 2), (said['errors'], said['servers']))
        self.assertGreater(said['payments'], 50)
        self.assertGreater(said['cpu_us_per_payment']['database'], 0)
        self.assert_proved(said, said['payments'])
        self.assertEqual([], os.listdir(self.folder), 'the key of the database goes too')
        done = self.run_program('bench', *CITY, '--store', place)
        self.assertEqual(3, done.returncode)
        self.assertIn('an empty one is needed', done.stderr)

    def test_searches_are_measured_among_the_deals_of_the_city(self):
        said = self.figures('--search', 600, '--connections', 4)
        self.assertEqual((600, 40, 4), (said['deals'], said['shops'], said['connections']))
        self.assertEqual((0, 0), (said['wrong'], said['empty'] * 100 // said['searches'] // 50))
        self.assertGreater(said['searches'], 50)
        self.assertEqual(said['searches'], said['latency']['count'])
        self.assertEqual(said['searches'], sum(said[kind]['count'] for kind in ('nearest', 'category', 'open',
                                                                                'cheapest')))
        self.assertEqual([], os.listdir(self.folder), 'a store that nobody named is deleted')
        too_many = self.run_program('bench', *CITY, '--search', 6000)
        self.assertEqual(3, too_many.returncode)
        self.assertIn('use more --shops', too_many.stderr)

    def test_a_rush_gives_exactly_what_there_is_and_each_of_it_is_redeemed_once(self):
        said = self.figures('--claims', 300, '--price', 380, '--redeem', '--connections', '64')
        self.assertEqual(380, said['price_minor'])
        self.assertEqual((True, True), (said['ok'], said['audit']))
        self.assertEqual((300, 300, 0), (said['given'], said['distinct'], said['left']))
        self.assertEqual(300, said['winners']['count'])
        self.assertEqual(700, said['losers_beside']['count'] + said['losers_late']['count'])
        self.assertGreater(said['repeats']['count'], 0)
        self.assertEqual((0, 0), (said['faults'], said['odd']))
        self.assertEqual((300, 0), (said['redeemed'], said['redeemed_again']))
        for key in ('claims_per_second', 'losers_per_second', 'redeemed_per_second'):
            self.assertGreater(said[key], 0, key)
        for who in ('winners', 'losers_late', 'redemptions'):
            self.assertLess(0, said[who]['p50_us'], who)
            self.assertLessEqual(said[who]['p99_us'], said[who]['max_us'], who)
        self.assertEqual([], os.listdir(self.folder), 'a store that nobody named is deleted')

    def test_a_cinema_sells_no_seat_twice(self):
        said = self.figures('--booking', 400, '--connections', 16)
        self.assertTrue(said['ok'])
        self.assertTrue(said['audit'])
        self.assertEqual((2, 400), (said['shows'], said['seats']))
        self.assertEqual((0, 0, 0, 0), (said['overlaps'], said['differing'], said['faults'], said['odd']))
        self.assertEqual(said['sold'], 2 * (said['bookings'] - said['cancelled']))
        self.assertGreater(said['sold'], 300)
        self.assertGreater(said['cancelled'], 0)
        self.assertGreater(said['repeated'], 0)
        for why in ('seat_taken', 'seat_gap', 'slot_full'):
            self.assertGreater(said[why], 0, why)
        self.assertEqual([], os.listdir(self.folder), 'a store that nobody named is deleted')

    def test_what_makes_no_sense_is_refused_before_anything_is_made(self):
        for arguments in (['--connections', '0'], ['--budget', 'warm'], ['--shoppers', 'many'], ['more'],
                          ['--door', 'back'], ['--redeem'], ['--claims', '0'], ['--beside', '1'], ['--verify'],
                          ['--servers', '2'], ['--door', 'alipay', '--beside', '64'],
                          ['--booking', '100', '--door', 'alipay'], ['--door', 'alipay', '--seconds', '400']):
            self.assertEqual(2, self.run_program('bench', *arguments).returncode, arguments)
        taken = self.folder / 'taken'
        taken.write_text('something else')
        self.assertEqual(3, self.run_program('bench', '--store', taken).returncode)
        self.assertEqual('something else', taken.read_text())


program.run_tests(Bench)

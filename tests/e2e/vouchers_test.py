#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Vouchers at the real server: many tills with one code at the same instant, a server that dies under them, and tills
without a network, which know nothing but a public key (their signatures are checked with openssl)."""

import base64
import collections
import datetime
import pathlib
import signal
import subprocess
import tempfile
import threading
import time

from program import ONETILL, Case, run_tests
from till import Server

DEAL = '2000000001'
CARD = '2000000002'
HEADER = bytes.fromhex('302a300506032b6570032100')  # of the DER of an Ed25519 public key


def unpadded(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def instant(seconds=None):
    moment = datetime.datetime.fromtimestamp(time.time() if seconds is None else seconds, datetime.timezone.utc)
    return moment.isoformat().replace('+00:00', 'Z')


class CutOff:
    """A till without a network: it has the public key and knows its own shop."""

    def __init__(self, shop, key):
        self.shop, self.taken = shop, []
        self.der = HEADER + unpadded(key)

    def signed(self, text):
        body, _, signature = text.rpartition('.')
        with tempfile.TemporaryDirectory() as folder:
            files = {'key': self.der, 'text': body.encode(), 'signature': unpadded(signature)}
            for name, content in files.items():
                (pathlib.Path(folder) / name).write_bytes(content)
            command = ['openssl', 'pkeyutl', '-verify', '-pubin', '-keyform', 'DER', '-inkey', 'key', '-rawin',
                       '-in', 'text', '-sigfile', 'signature']
            done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
            return done.returncode == 0

    def take(self, text):
        """What docs/offline.md says that a till checks."""
        fields = text.split('.')
        _, code, _, _, _, shop, pieces, _, until, _ = fields
        if not self.signed(text):
            return 'not signed'
        if shop != self.shop:
            return 'elsewhere'
        if time.time() > int(until):
            return 'too late'
        if code in (mine['code'] for mine in self.taken):
            return 'taken before'
        self.taken.append({'code': code, 'pieces': int(pieces), 'accepted_at': instant()})
        return None

    def tell(self, client):
        return client.must('POST', f'/v1/shops/{self.shop}/reconciliations', {'taken': self.taken})['taken']


class Vouchers(Case):
    """Each piece is redeemed once, whoever wants it at the same time."""

    def setUp(self):
        super().setUp()
        self.store = self.folder / 'shop.till'
        self.serve()
        self.operator.must('POST', '/v1/merchants', {'merchant_id': '1', 'name': 'Lotus'})
        for shop in '12':
            self.operator.must('POST', '/v1/shops', {'merchant_id': '1', 'shop_id': shop, 'name': 'S' + shop})
        for shopper in '12':
            self.operator.must('POST', '/v1/shoppers', {'shopper_id': shopper, 'name': 'A',
                                                        'no_password_limit_minor': 10**9})
            self.operator.must('POST', f'/v1/shoppers/{shopper}/wallet/top_up', {'amount_minor': 10**7})
        end = instant(time.time() + 9 * 86400)
        for deal, kind, more in ((DEAL, 'voucher', {}),
                                 (CARD, 'times', {'parts': [{'merchant_id': '1', 'name': 'visits', 'pieces': 60,
                                                             'share_minor': 1000}]})):
            self.operator.must('POST', '/v1/deals', {
                'deal_id': deal, 'shop_id': '1', 'kind': kind, 'title': 'T', 'price_minor': 1000, 'commission_bp': 500,
                'stock': 1000, 'sale_until': end, 'valid_until': end, 'refund': 'any_time',
                'shops': [{'shop_id': '1'}, {'shop_id': '2'}], **more})

    def serve(self):
        self.server = Server(ONETILL, store=str(self.store))
        self.addCleanup(self.server.close)
        self.operator = self.server.operator()

    def bought(self, deal=DEAL, copies=1, shopper='1'):
        self.operator.must('POST', f'/v1/deals/{deal}/purchases', {'shopper_id': shopper, 'copies': copies,
                                                                   'confirmed': True})
        listed = self.operator.must('GET', f'/v1/shoppers/{shopper}/vouchers?state=open&limit={copies}')['data']
        self.assertEqual([voucher['deal_id'] for voucher in listed], [deal] * copies)
        return listed

    def at_once(self, count, work):
        """Lets `count` threads begin together; their results."""
        gate, results = threading.Barrier(count), [None] * count

        def run(place):
            client = self.server.operator()
            client.get('/v1/time')
            gate.wait()
            results[place] = work(client, place)
            client.close()
        threads = [threading.Thread(target=run, args=(place,)) for place in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def money(self):
        return [self.operator.must('GET', f'/v1/shops/{shop}/funds')['available_minor'] for shop in '12']

    def test_one_of_many_redeems_a_code(self):
        voucher, = self.bought()

        def redeem(client, place):
            answer = client.post(f'/v1/shops/{1 + place % 2}/redemptions', {'codes': [{'code': voucher['code']}]})
            return answer.status, answer.json.get('code')
        results = collections.Counter(self.at_once(24, redeem))
        self.assertEqual(results, {(201, None): 1, (409, 'voucher_redeemed'): 23})
        self.assertEqual(sum(self.money()), 950)

    def test_visits_are_counted_one_by_one(self):
        card, = self.bought(CARD)
        results = self.at_once(16, lambda client, _: sum(
            client.post('/v1/shops/1/redemptions', {'codes': [{'code': card['code']}]}).status == 201
            for _ in range(6)))
        self.assertEqual(sum(results), 60)
        now = self.operator.must('GET', f'/v1/vouchers/{card["voucher_id"]}')
        self.assertEqual((now['state'], now['pieces_left'], now['left_minor']), ('redeemed', 0, 0))
        self.assertIsNone(self.server.stop() or self.server.audit())

    def test_returned_or_redeemed_and_never_both(self):
        vouchers = self.bought(copies=20)

        def both(client, place):
            voucher = vouchers[place // 2]
            if place % 2 == 0:
                return client.post('/v1/shops/1/redemptions', {'codes': [{'code': voucher['code']}]}).status == 201
            return client.post(f'/v1/vouchers/{voucher["voucher_id"]}/return', {}).status == 200
        done = self.at_once(40, both)
        for place in range(0, 40, 2):
            self.assertEqual(done[place] + done[place + 1], 1)
        self.assertEqual(self.money()[0], 950 * sum(done[0::2]))
        self.assertIsNone(self.server.stop() or self.server.audit())

    def test_the_same_request_after_a_kill_has_the_same_answer(self):
        vouchers = self.bought(copies=12)
        bodies = [{'codes': [{'code': voucher['code']}]} for voucher in vouchers]
        answers = self.at_once(12, lambda client, place: client.post(
            '/v1/shops/1/redemptions', bodies[place], key=f'redeem-{place}').json)
        self.server.stop(signal.SIGKILL)
        self.serve()
        again = [self.operator.post('/v1/shops/1/redemptions', body, key=f'redeem-{place}').json
                 for place, body in enumerate(bodies)]
        self.assertEqual(again, answers)
        self.assertEqual(self.money()[0], 12 * 950)
        for answer in answers:  # and each can be undone once
            undo = f'/v1/redemptions/{answer["redemptions"][0]["redemption_id"]}/undo'
            self.assertEqual([self.operator.post(undo, {}).status for _ in range(2)], [200, 409])
        self.assertEqual(self.money()[0], 0)
        self.assertIsNone(self.server.stop() or self.server.audit())

    def kept(self, shop, vouchers):
        """The signed texts on the holder's phone."""
        return [self.operator.must('POST', f'/v1/vouchers/{voucher["voucher_id"]}/keep', {'shop_id': shop})
                for voucher in vouchers]

    def reserved(self, shop, pieces=10):
        quota = self.operator.must('PUT', f'/v1/shops/{shop}/voucher-quotas/{DEAL}',
                                   {'pieces': pieces, 'accept_in_s': 3600})
        self.assertEqual(self.operator.must('GET', f'/v1/shops/{shop}/voucher-quotas/{DEAL}')['offline_key'],
                         quota['offline_key'])
        return quota['offline_key']

    def test_a_till_without_a_network_takes_what_was_set_aside_for_it(self):
        here, there = CutOff('1', self.reserved('1', 3)), CutOff('2', self.reserved('2'))
        vouchers = self.bought(copies=4)
        texts = [kept['offline_code'] for kept in self.kept('1', vouchers[:3])]
        short = self.operator.post(f'/v1/vouchers/{vouchers[3]["voucher_id"]}/keep', {'shop_id': '1'})
        self.assertEqual((short.status, short.json['code']), (409, 'quota_short'))
        self.assertEqual([here.take(text) for text in texts], [None] * 3)
        self.assertEqual([there.take(text) for text in texts], ['elsewhere'] * 3)
        self.assertEqual(here.take(texts[0]), 'taken before')
        forged = texts[0].replace(vouchers[0]['code'], vouchers[3]['code'])
        self.assertEqual(CutOff('1', self.reserved('1', 3)).take(forged), 'not signed')
        # meanwhile nobody else can have them, and the holder neither
        for path, body in (('/v1/shops/2/redemptions', {'codes': [{'code': vouchers[0]['code']}]}),
                           (f'/v1/vouchers/{vouchers[0]["voucher_id"]}/return', {}),
                           (f'/v1/vouchers/{vouchers[0]["voucher_id"]}/give', {'to_shopper_id': '2'})):
            self.assertEqual(self.operator.post(path, body).json['code'], 'voucher_kept')
        told = here.tell(self.operator)
        self.assertEqual([line['reason'] for line in told], [None] * 3)
        self.assertEqual(here.tell(self.operator), told)  # told again, the same
        self.assertEqual(self.money(), [3 * 950, 0])
        self.assertIsNone(self.server.stop() or self.server.audit())

    def test_of_two_tills_that_are_cut_off_one_gets_a_conflict(self):
        key = self.reserved('1')
        tills = [CutOff('1', key) for _ in range(8)]
        text = self.kept('1', self.bought())[0]['offline_code']
        for till in tills:
            self.assertIsNone(till.take(text))
            time.sleep(0.001)  # each at another time
        told = self.at_once(8, lambda client, place: tills[place].tell(client)[0]['reason'])
        self.assertEqual(collections.Counter(told), {None: 1, 'redeemed': 7})
        conflicts = self.operator.must('GET', '/v1/shops/1/conflicts')['data']
        self.assertEqual([conflict['reason'] for conflict in conflicts], ['redeemed'] * 7)
        self.assertEqual(self.money(), [950, 0])
        self.assertIsNone(self.server.stop() or self.server.audit())


if __name__ == '__main__':
    run_tests(Vouchers)

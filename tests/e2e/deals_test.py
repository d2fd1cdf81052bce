#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Deals through the REST door: found near a place page by page, bought at once and later, in groups, by many at the
same time who cannot have more than there is; what is wrong in their rules is named."""

import threading
import time

import program
from till import TIMEOUT_S, Client, Server, Side

UNTIL = {'sale_until': '2034-12-12T00:00:00Z', 'valid_until': '2034-12-31T00:00:00Z'}


class Deals(program.Case):
    def setUp(self):
        super().setUp()
        self.server = Server(program.ONETILL)
        self.addCleanup(self.server.close)
        self.operator = self.server.operator()
        self.side = Side(self.server, self.operator, 1)

    def tearDown(self):
        self.assertTrue(self.server.alive())
        self.assertEqual(0, self.server.stop())
        self.assertFalse(self.server.audit(), self.server.errors())

    def deal(self, **more):
        body = dict({'shop_id': self.side.shop, 'kind': 'voucher', 'title': 'noodles', 'price_minor': 1000,
                     'stock': 100}, **UNTIL)
        return self.operator.must('POST', '/v1/deals', dict(body, **more))

    def buy(self, deal, client=None, **more):
        body = dict({'shopper_id': self.side.shopper, 'confirmed': True}, **more)
        return (client or self.operator).post(f'/v1/deals/{deal["deal_id"]}/purchases', body)

    def near(self, client, **query):
        query = dict({'latitude_e6': 30250000, 'longitude_e6': 120150000}, **query)
        path = '/v1/nearby/deals?' + '&'.join(f'{name}={value}' for name, value in query.items())
        found, cursor = [], ''
        while cursor is not None:
            answer = client.must('GET', path + (f'&cursor={cursor}' if cursor else ''))
            found += answer['data']
            cursor = answer['next_cursor']
        return found

    def test_deals_are_found_page_by_page(self):
        must = self.operator.must
        shops = []
        for number in range(12):
            shop = must('POST', '/v1/shops', {'merchant_id': self.side.merchant, 'name': f'shop {number}'})['shop_id']
            must('PUT', f'/v1/shops/{shop}/place', {'latitude_e6': 30250000 + number * 1500,
                                                    'longitude_e6': 120150000, 'category': 'dining'})
            shops.append(shop)
        for number in range(30):
            self.deal(shop_id=shops[number % 12], title=f'deal {number}', price_minor=1000 - number,
                      category='film' if number % 3 == 0 else 'dining')
        chain = self.deal(shop_id=shops[7], title='chain', shops=[{'shop_id': shop} for shop in shops[3:9]])
        shopper = self.side.client('shopper')
        whole = self.near(shopper, limit=100)
        self.assertEqual(31, len(whole))
        self.assertEqual(whole, self.near(shopper, limit=4))
        self.assertEqual(sorted(deal['distance_m'] for deal in whole), [deal['distance_m'] for deal in whole])
        once = [deal for deal in whole if deal['deal_id'] == chain['deal_id']]
        self.assertEqual([(shops[3], 'shop 3')], [(deal['shop_id'], deal['shop_name']) for deal in once])
        self.assertEqual({'film'}, {deal['category'] for deal in self.near(shopper, category='film')})
        cheap = self.near(shopper, order='price', limit=7)
        self.assertEqual(list(range(971, 1001)), [deal['price_minor'] for deal in cheap[:30]])
        close = self.near(shopper, radius_m=500)
        self.assertTrue(close and max(deal['distance_m'] for deal in close) <= 500)
        must('POST', f'/v1/deals/{whole[0]["deal_id"]}/pause')
        self.assertNotIn(whole[0]['deal_id'], [deal['deal_id'] for deal in self.near(shopper)])
        must('PUT', f'/v1/shops/{shops[0]}/place', {'latitude_e6': 45000000, 'longitude_e6': 120150000})
        self.assertNotIn(shops[0], [deal['shop_id'] for deal in self.near(shopper)])

    def test_what_is_wrong_is_named(self):
        for field, wrong in (('parts', {'kind': 'bundle'}), ('face_minor', {'kind': 'stored_value'}),
                             ('group_least', {'kind': 'group'}), ('group_until', {'kind': 'group', 'group_least': 2}),
                             ('price_minor', {'price_minor': 0}), ('list_price_minor', {'list_price_minor': 5}),
                             ('valid_until', {'valid_until': '2034-12-11T00:00:00Z'}),
                             ('lapse_refunds', {'refund': 'never', 'lapse_refunds': True}),
                             ('shops', {'shops': [{'shop_id': self.side.shop}] * 2}),
                             ('parts', {'parts': [{'merchant_id': self.side.merchant, 'pieces': 1,
                                                   'share_minor': 999}]})):
            body = dict({'shop_id': self.side.shop, 'kind': 'voucher', 'title': 'x', 'price_minor': 1000}, **UNTIL)
            answer = self.operator.post('/v1/deals', dict(body, **wrong))
            self.assertEqual(422, answer.status, wrong)
            self.assertEqual({field}, set(answer.fields), wrong)
        answer = self.operator.send('PUT', f'/v1/shops/{self.side.shop}/place',
                                    {'latitude_e6': 1, 'longitude_e6': 1,
                                     'hours': [{'minute_from': 1, 'minute_to': 2}]})
        self.assertEqual((422, {'hours'}), (answer.status, set(answer.fields)))

    def test_bought_at_once_later_and_once_only(self):
        deal = self.deal(copies_per_person=3)
        body = {'shopper_id': self.side.shopper, 'confirmed': True}
        path = f'/v1/deals/{deal["deal_id"]}/purchases'
        first = self.operator.send('POST', path, body, key='once')
        again = self.operator.send('POST', path, body, key='once')
        self.assertEqual((201, first.json['purchase_id']), (again.status, again.json['purchase_id']))
        later = self.buy(deal, pay_later=True).json
        self.assertEqual(('waiting', 'WAIT_BUYER_PAY'), (later['state'], later['trade_state']))
        self.side.client('shopper').must('POST', f'/v1/trades/{later["trade_id"]}/confirm')
        bought = self.operator.must('GET', f'/v1/purchases/{later["purchase_id"]}')
        self.assertEqual(('issued', 1000), (bought['state'], bought['paid_minor']))
        self.assertEqual('deal_limit_reached', self.buy(deal, copies=2).code)
        money = self.operator.must('GET', f'/v1/merchants/{self.side.merchant}/deal_money')['data'][0]
        self.assertEqual((2, 2000, 2000, 0), (money['sold_copies'], money['sold_minor'], money['escrow_minor'],
                                              money['earned_minor']))
        days = self.operator.must('GET', f'/v1/deals/{deal["deal_id"]}/days')['data']
        self.assertEqual([(self.side.shop, 2)], [(day['shop_id'], day['sold_pieces']) for day in days])
        bought = self.operator.must('GET', f'/v1/shoppers/{self.side.shopper}/purchases')['data']
        self.assertEqual([later['purchase_id'], first.json['purchase_id']], [one['purchase_id'] for one in bought])

    def test_no_more_is_sold_than_there_is(self):
        deal = self.deal(stock=40)
        answers, lock = [], threading.Lock()

        def press():
            client = Client(self.server, self.server.operator_token)
            for _ in range(12):
                answer = self.buy(deal, client)
                with lock:
                    answers.append((answer.status, answer.code))
        threads = [threading.Thread(target=press) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(40, answers.count((201, None)))
        self.assertEqual(32, answers.count((409, 'deal_sold_out')))
        left = self.operator.must('GET', f'/v1/deals/{deal["deal_id"]}')
        self.assertEqual((0, 40), (left['copies_left'], left['sold_copies']))

    def until_state(self, purchase, state):
        """A timer does it: it comes, if late on a busy machine."""
        give_up = time.monotonic() + TIMEOUT_S
        while self.operator.must('GET', f'/v1/purchases/{purchase["purchase_id"]}')['state'] != state:
            self.assertLess(time.monotonic(), give_up, state)
            time.sleep(0.02)

    def test_a_group_stands_by_itself(self):
        deal = self.deal(kind='group', group_least=2, group_until='2034-12-01T00:00:00Z')
        first = self.buy(deal, copies=2).json
        self.assertEqual(('paid', 1), (first['state'], first['group_short']))
        other = self.operator.must('POST', '/v1/shoppers', {'name': 'other', 'no_password_limit_minor': 100000})
        self.operator.must('POST', f'/v1/shoppers/{other["shopper_id"]}/wallet/top_up', {'amount_minor': 5000})
        self.assertEqual(201, self.buy(deal, shopper_id=other['shopper_id']).status)
        self.until_state(first, 'issued')
        self.assertEqual(3, self.operator.must('GET', f'/v1/deals/{deal["deal_id"]}')['sold_copies'])
        failing = self.deal(kind='group', group_least=9, group_until='2034-12-01T00:00:00Z')
        paid = self.buy(failing).json
        before = self.operator.must('GET', f'/v1/shoppers/{self.side.shopper}/wallet')['balance_minor']
        self.operator.must('POST', f'/v1/deals/{failing["deal_id"]}/end')
        self.until_state(paid, 'refunded')
        after = self.operator.must('GET', f'/v1/shoppers/{self.side.shopper}/wallet')['balance_minor']
        self.assertEqual(1000, after - before)


program.run_tests(Deals)

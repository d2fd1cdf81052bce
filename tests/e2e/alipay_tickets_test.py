#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""alipay_tickets_test.py ONETILL: vouchers of deals through the gateway, as a shop's counter uses them: a code is
looked at, used, used again under the same number, and taken back; templates are made and vouchers of them sent. Books
and vouchers are audited at the end. Prints TAP."""

import datetime
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'tools'))

# pylint: disable=wrong-import-position
import tap
from alipay_openssl import BEIJING, Case

QUERY = 'koubei.trade.ticket.ticketcode.query'
USE = 'koubei.trade.ticket.ticketcode.use'
CANCEL = 'koubei.trade.ticket.ticketcode.cancel'
TEMPLATE = 'alipay.marketing.cashlessvoucher.template.create'
DETAIL = 'alipay.marketing.voucher.templatedetail.query'
SEND = 'alipay.marketing.voucher.send'
VOUCHER = 'alipay.marketing.voucher.query'


class Counter(Case):
    """A shop's counter, and deals to be bought."""

    def setUp(self):
        super().setUp()
        self.must = self.app.operator.must

    def deal(self, kind='voucher', **more):
        body = {'shop_id': self.app.shop, 'kind': kind, 'category': 'dining', 'title': '双人下午茶', 'price_minor': 6000,
                'list_price_minor': 9800, 'valid_from': '2000-01-01T00:00:00Z', 'valid_until': '2100-01-01T00:00:00Z',
                'sale_from': '2000-01-01T00:00:00Z', 'sale_until': '2100-01-01T00:00:00Z', 'refund': 'any_time',
                'stock': 100, 'commission_bp': 500, **more}
        return self.must('POST', '/v1/deals', body)['deal_id']

    def ten_visits(self):
        return [{'merchant_id': self.app.merchant, 'pieces': 10, 'share_minor': 10000}]

    def bought(self, deal):
        self.must('POST', f'/v1/deals/{deal}/purchases',
                  {'shopper_id': self.app.shopper, 'copies': 1, 'confirmed': True})
        vouchers = self.must('GET', f'/v1/shoppers/{self.app.shopper}/vouchers')['data']
        return max(vouchers, key=lambda voucher: int(voucher['voucher_id']))

    def use(self, code, number=None, **more):
        return self.app.call(USE, {'request_id': number or self.app.number(), 'ticket_code': code,
                                   'shop_id': self.app.shop, **more})


class Tickets(Counter):
    """Codes of what was bought."""

    def test_a_code_is_looked_at_used_and_taken_back(self):
        voucher = self.bought(self.deal())
        code, number = voucher['code'], self.app.number()
        seen = self.app.must(QUERY, {'ticket_code': f'{code[:4]} {code[4:8]} {code[8:]}', 'shop_id': self.app.shop})
        self.assertEqual((seen['ticket_status'], seen['item_name']), ('EFFECTIVE', '双人下午茶'))
        self.assertEqual((seen['original_price'], seen['current_price']), ('98.00', '60.00'))
        self.assertEqual((seen['available_quantity'], seen['total_quantity'], seen['time_cards']), ('1', '1', False))
        self.assertEqual((seen['voucher_id'], seen['ticket_trans_info_list']), (voucher['voucher_id'], []))
        first = self.use(code, number)
        self.assertEqual((first['code'], first['biz_code']), ('10000', 'SUCCESS'))
        self.assertEqual((first['receipt_amount'], first['buyer_pay_amount'], first['discount_amount']),
                         ('60.00', '60.00', '0.00'))
        self.assertEqual(len(first['ticket_use_details']), 1)
        again = self.use(code, number)
        self.assertEqual(again, {**first, 'biz_code': 'BIZ_ALREADY_SUCCESS'})
        self.assertEqual(self.use(code)['sub_code'], 'TICKET_USED')
        seen = self.app.must(QUERY, {'ticket_code': code, 'shop_id': self.app.shop})
        self.assertEqual((seen['ticket_status'], seen['available_quantity']), ('USED', '0'))
        self.assertEqual([one['ticket_trans_id'] for one in seen['ticket_trans_info_list']],
                         [first['ticket_trans_id']])
        funds = self.must('GET', f'/v1/shops/{self.app.shop}/funds')
        self.assertEqual(funds['available_minor'], 5700)
        cancel = {'request_biz_no': number, 'request_id': self.app.number(), 'ticket_code': code}
        self.assertEqual(self.app.must(CANCEL, cancel)['biz_code'], 'SUCCESS')
        self.assertEqual(self.app.must(CANCEL, cancel)['biz_code'], 'BIZ_ALREADY_SUCCESS')
        self.assertEqual(self.must('GET', f'/v1/shops/{self.app.shop}/funds')['available_minor'], 0)
        self.assertEqual(self.use(code, number)['sub_code'], 'TICKET_REQUEST_INCONSISTENT')  # it is no use any more
        seen = self.app.must(QUERY, {'ticket_code': code, 'shop_id': self.app.shop})
        self.assertEqual((seen['ticket_status'], seen['ticket_trans_info_list']), ('EFFECTIVE', []))

    def test_a_card_of_visits_is_used_in_parts(self):
        code = self.bought(self.deal('times', price_minor=10000, list_price_minor=12000,
                                     parts=self.ten_visits()))['code']
        three = self.use(code, quantity=3)
        self.assertEqual((three['receipt_amount'], three['ticket_use_details'][0]['quantity']), ('30.00', '3'))
        self.assertEqual(self.use(code, quantity=8)['sub_code'], 'TICKET_QUANTITY_NOT_ENOUGH')
        number = self.app.number()
        self.assertEqual(self.use(code, number, quantity=7)['receipt_amount'], '70.00')
        self.assertEqual(self.use(code, number, quantity=6)['sub_code'], 'TICKET_REQUEST_INCONSISTENT')
        back = self.app.call(CANCEL, {'request_id': number, 'ticket_code': code, 'quantity': 6})
        self.assertEqual(back['sub_code'], 'TICKET_REQUEST_INCONSISTENT')
        self.app.must(CANCEL, {'request_id': number, 'ticket_code': code, 'quantity': 7})
        seen = self.app.must(QUERY, {'ticket_code': code})
        self.assertEqual((seen['available_quantity'], seen['total_quantity'], seen['time_cards']), ('7', '10', True))

    def test_only_the_last_use_is_taken_back_and_only_within_an_hour(self):
        code = self.bought(self.deal('times', price_minor=10000, list_price_minor=12000,
                                     parts=self.ten_visits()))['code']
        first, second = self.app.number(), self.app.number()
        self.use(code, first)
        self.use(code, second)
        self.assertEqual(self.app.call(CANCEL, {'request_id': first, 'ticket_code': code})['sub_code'],
                         'TICKET_CANCEL_NOT_LAST')
        self.app.move(minutes=61)
        self.assertEqual(self.app.call(CANCEL, {'request_id': second, 'ticket_code': code})['sub_code'],
                         'TICKET_CANCEL_TIME_OUT')
        self.assertEqual(self.app.call(CANCEL, {'request_id': 'never', 'ticket_code': code})['sub_code'],
                         'TICKET_USE_NOT_EXIST')

    def test_what_is_returned_unknown_or_somewhere_else_is_not_used(self):
        voucher = self.bought(self.deal())
        elsewhere = self.must('POST', '/v1/shops', {'merchant_id': self.app.merchant, 'name': 'B'})['shop_id']
        code = voucher['code']
        self.assertEqual(self.use(code, shop_id=elsewhere)['sub_code'], 'TICKET_SHOP_NOT_MATCH')
        seen = self.app.must(QUERY, {'ticket_code': code, 'shop_id': elsewhere})
        self.assertEqual(seen['ticket_status'], 'UN_EFFECTIVE')
        self.assertEqual(self.use('123456789012', shop_id=self.app.shop)['sub_code'], 'TICKET_NOT_EXIST')
        self.assertEqual(self.use('12', shop_id=self.app.shop)['sub_code'], 'TICKET_NOT_EXIST')
        self.assertEqual(self.use(code, quantity=0)['sub_code'], 'INVALID_PARAMETER')
        self.assertEqual(self.use(code, code_type='EXTERNAL_CODE')['sub_code'], 'INVALID_PARAMETER')
        self.must('POST', f'/v1/vouchers/{voucher["voucher_id"]}/return', {})
        self.assertEqual(self.use(code)['sub_code'], 'TICKET_REFUNDED')
        self.assertEqual(self.app.must(QUERY, {'ticket_code': code})['ticket_status'], 'REFUNDED')

    def test_times_are_kept(self):
        noon = self.bought(self.deal(minute_from=720, minute_to=721))['code']
        now = self.must('GET', '/v1/time')['now']
        minute = (int(now[11:13]) * 60 + int(now[14:16]) + 480) % 1440
        if abs(minute - 720) < 3:
            self.app.move(minutes=10)
        self.assertEqual(self.use(noon)['sub_code'], 'TICKET_NOT_IN_TIME')
        short = self.bought(self.deal(valid_days=1, refund='never'))['code']
        self.app.move(days=3)
        self.assertEqual(self.use(short)['sub_code'], 'TICKET_EXPIRED')
        seen = self.app.must(QUERY, {'ticket_code': short})
        self.assertEqual((seen['ticket_status'], seen['available_quantity']), ('UN_EFFECTIVE', '0'))

    def test_what_was_paid_out_meanwhile_cannot_be_taken_back(self):
        code, number = self.bought(self.deal())['code'], self.app.number()
        self.use(code, number)
        self.app.must('alipay.fund.trans.uni.transfer', {
            'out_biz_no': self.app.number(), 'trans_amount': '57.00', 'product_code': 'TRANS_ACCOUNT_NO_PWD',
            'biz_scene': 'DIRECT_TRANSFER', 'payee_info': {'identity': f'20880{int(self.app.shopper):011d}',
                                                           'identity_type': 'ALIPAY_USER_ID'}})
        self.assertEqual(self.app.call(CANCEL, {'request_id': number, 'ticket_code': code})['sub_code'],
                         'TICKET_SELLER_BALANCE_NOT_ENOUGH')

    def test_codes_are_not_guessed(self):
        said = set()
        for _ in range(200):
            said.add(self.use('000000000000')['sub_code'])
            if len(said) == 2:
                break
        self.assertEqual(said, {'TICKET_NOT_EXIST', 'TICKET_TOO_MANY_ATTEMPTS'})

    def test_what_campaigns_paid_is_told_apart(self):
        campaign = self.must('POST', '/v1/campaigns', {
            'name': 'Half', 'kind': 'percentage', 'percent_bp': 5000, 'merchant_share_bp': 2500,
            'starts_at': '2000-01-01T00:00:00Z', 'ends_at': '2100-01-01T00:00:00Z',
            'targets': [{'kind': 'shop', 'id': self.app.shop}]})['campaign_id']
        self.must('POST', f'/v1/campaigns/{campaign}/fund', {'platform_minor': 100000, 'merchant_minor': 100000})
        used = self.use(self.bought(self.deal())['code'])
        self.assertEqual([used[name] for name in ('receipt_amount', 'buyer_pay_amount', 'discount_amount',
                                                  'koubei_subsidy_amount', 'invoice_amount')],
                         ['60.00', '30.00', '30.00', '22.50', '30.00'])


class Sent(Counter):
    """Templates, and vouchers that are sent."""

    def content(self, **more):
        return {'out_biz_no': self.app.number(), 'voucher_type': 'CASHLESS_FIX_VOUCHER', 'brand_name': '物美',
                'amount': '10.00', 'floor_amount': '50.00', 'voucher_quantity': 2,
                'publish_start_time': '2000-01-01 00:00:00', 'publish_end_time': '2000-02-01 00:00:00',
                'voucher_valid_period': '{"type":"RELATIVE","duration":36,"unit":"HOUR"}',
                'voucher_description': '["堂食可用","不找零"]',
                'rule_conf': json.dumps({'PID': f'20881{int(self.app.merchant):011d}', 'STORE': self.app.shop}), **more}

    def running(self, begun=1, **more):
        """A template that began so many days ago."""
        day = datetime.datetime.now(BEIJING).replace(microsecond=0, tzinfo=None)
        return self.content(publish_start_time=str(day - datetime.timedelta(days=begun)),
                            publish_end_time=str(day + datetime.timedelta(days=30)), **more)

    def send(self, template, number=None, **more):
        return self.app.call(SEND, {'template_id': template, 'out_biz_no': number or self.app.number(),
                                    'user_id': f'20880{int(self.app.shopper):011d}', **more})

    def test_a_template_is_made_sent_and_redeemed(self):
        content = self.running()
        template = self.app.must(TEMPLATE, content)['template_id']
        self.assertEqual(self.app.must(TEMPLATE, content)['template_id'], template)
        self.assertEqual(self.app.call(TEMPLATE, {**content, 'amount': '11.00'})['sub_code'],
                         'OUT_BIZ_NO_INCONSISTENT')
        number = self.app.number()
        first = self.send(template, number)
        self.assertEqual(first['code'], '10000', first)
        self.assertEqual(self.send(template, number), first)
        second = self.app.must(SEND, {'template_id': template, 'out_biz_no': self.app.number(),
                                      'login_id': '15912345620'})
        self.assertNotEqual(second['voucher_id'], first['voucher_id'])
        friend = self.must('POST', '/v1/shoppers', {'name': 'Wang'})['shopper_id']
        self.assertEqual(self.send(template, number, user_id=f'20880{int(friend):011d}')['sub_code'],
                         'OUT_BIZ_NO_INCONSISTENT')
        self.assertEqual(self.send(template)['sub_code'], 'VOUCHER_TEMPLATE_USED_UP')
        self.assertEqual(self.send(template, login_id='nobody@example.com', user_id='')['sub_code'], 'USER_NOT_EXIST')
        seen = self.app.must(VOUCHER, {'voucher_id': first['voucher_id']})
        self.assertEqual((seen['status'], seen['available'], seen['total_amount'], seen['available_amount']),
                         ('ENABLED', True, '10.00', '10.00'))
        self.assertEqual((seen['template_id'], seen['voucher_name']), (template, '物美 10.00元代金券'))
        code = self.must('GET', f'/v1/vouchers/{first["voucher_id"]}')['code']
        used = self.use(code)
        self.assertEqual((used['biz_code'], used['receipt_amount']), ('SUCCESS', '0.00'))
        seen = self.app.must(VOUCHER, {'voucher_id': first['voucher_id']})
        self.assertEqual((seen['status'], seen['available_amount'], seen['used_count']), ('USED', '0.00', 1))
        detail = self.app.must(DETAIL, {'template_id': template})
        self.assertEqual([detail[name] for name in ('status', 'voucher_quantity', 'publish_count', 'used_count')],
                         ['S', 2, 2, 1])

    def test_what_is_wrong_with_a_template_is_named(self):
        for field, value in (('voucher_type', 'CASHLESS_RANDOM_VOUCHER'), ('amount', '0.50'), ('voucher_quantity', 0),
                             ('publish_end_time', '2000-06-01 00:00:00'), ('voucher_valid_period', '{}'),
                             ('voucher_available_time', '[{},{}]'), ('rule_conf', '{"PID":"2088"}'),
                             ('total_amount', '5.00')):
            node = self.app.call(TEMPLATE, self.content(**{field: value}))
            self.assertEqual((node['sub_code'], field in node['sub_msg']), ('INVALID_PARAMETER', True), (field, node))
        self.assertEqual(self.app.call(DETAIL, {'template_id': '7'})['sub_code'], 'VOUCHER_TEMPLATE_NOT_EXIST')
        self.assertEqual(self.app.call(VOUCHER, {'voucher_id': '7'})['sub_code'], 'VOUCHER_NOT_EXIST')
        self.assertEqual(self.send('7')['sub_code'], 'VOUCHER_TEMPLATE_NOT_EXIST')
        other = self.must('POST', '/v1/merchants', {'name': 'O'})['merchant_id']
        theirs = self.must('POST', '/v1/shops', {'merchant_id': other, 'name': 'O'})['shop_id']
        conf = json.dumps({'PID': f'20881{int(self.app.merchant):011d}', 'STORE': theirs})
        self.assertEqual(self.app.call(TEMPLATE, self.running(rule_conf=conf))['sub_code'], 'VOUCHER_RULES_INVALID')

    def test_hours_and_time_of_a_template_are_kept(self):
        template = self.app.must(TEMPLATE, self.running(begun=-1))['template_id']
        self.assertEqual(self.send(template)['sub_code'], 'VOUCHER_TEMPLATE_NOT_ACTIVE')
        self.app.move(days=2)
        sent = self.send(template)
        self.assertEqual(sent['code'], '10000', sent)
        self.app.move(days=5)
        self.assertEqual(self.app.must(VOUCHER, {'voucher_id': sent['voucher_id']})['status'], 'EXPIRED')
        self.app.move(days=60)
        self.assertEqual(self.app.must(DETAIL, {'template_id': template})['status'], 'E')


if __name__ == '__main__':
    Case.program = sys.argv[1]
    sys.exit(tap.run(Tickets, Sent))

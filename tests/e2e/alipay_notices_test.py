#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""alipay_notices_test.py ONETILL: notices of trades from a real server to a shop's, verified with `openssl`. Prints
TAP."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'tools'))

# pylint: disable=wrong-import-position
import tap
from alipay_openssl import Case

# What the protocol names; gopay and others verify only what they know.
NAMED = set('''notify_time notify_type notify_id app_id auth_app_id charset version sign_type sign trade_no out_trade_no
    out_biz_no buyer_id buyer_logon_id seller_id trade_status total_amount receipt_amount invoice_amount
    buyer_pay_amount point_amount refund_fee send_back_fee subject body gmt_create gmt_payment gmt_refund gmt_close
    fund_bill_list voucher_detail_list passback_params'''.split())


class Notices(Case):
    def test_a_payment_is_told_and_verified(self):
        paid = self.app.pay('18.40', body='two cups', passback_params='a=1&b=%2F',
                            notify_url=self.shop.url + '/here?x=1&y=2')
        notice = self.next()
        self.assertEqual(notice.path, '/here?x=1&y=2')
        self.assertEqual(notice.content_type, 'application/x-www-form-urlencoded; charset=utf-8')
        self.assertLessEqual(set(notice.values), NAMED)
        for name in ('trade_no', 'out_trade_no', 'total_amount', 'receipt_amount', 'buyer_pay_amount', 'buyer_logon_id',
                     'invoice_amount', 'point_amount', 'gmt_payment'):
            self.assertEqual(notice[name], paid[name], name)
        self.assertEqual(notice['buyer_id'], paid['buyer_user_id'])
        self.assertEqual(notice['buyer_logon_id'], '159****5620')
        self.assertEqual((notice['subject'], notice['body'], notice['passback_params']),
                         ('咖啡 A+B&C', 'two cups', 'a=1&b=%2F'))
        self.assertEqual((notice['app_id'], notice['auth_app_id']), (self.app.app_id, self.app.app_id))
        self.assertEqual((notice['trade_status'], notice['notify_type'], notice['version'], notice['sign_type']),
                         ('TRADE_SUCCESS', 'trade_status_sync', '1.0', 'RSA2'))
        self.assertRegex(notice['notify_id'], r'^\d{34}$')
        self.assertEqual(notice['fund_bill_list'], '[{"amount":"18.40","fundChannel":"ALIPAYACCOUNT"}]')
        log = self.app.log_until(lambda log: log[0]['state'] == 'done')
        self.assertEqual((log[0]['attempts'], log[0]['last_status']), (1, 200))

    def test_without_an_address_of_its_own_the_apps_is_used(self):
        self.app.pay('1.00')
        self.assertEqual(self.next().path, '/app')

    def test_it_speaks_gbk_and_sha1_when_the_request_did(self):
        self.app.pay('2.00', charset='gbk', sign_type='RSA')
        notice = self.next()
        self.assertEqual(notice.content_type, 'application/x-www-form-urlencoded; charset=GBK')
        self.assertEqual((notice['subject'], notice['sign_type']), ('咖啡 A+B&C', 'RSA'))
        self.assertIn(b'subject=%BF%A7%B7%C8', notice.body)

    def test_a_refund_is_told_with_its_number(self):
        paid = self.app.pay('10.00')
        self.next()
        self.app.must('alipay.trade.refund', {'trade_no': paid['trade_no'], 'refund_amount': '3.50',
                                              'out_request_no': 'R1'})
        part = self.next()
        self.assertEqual((part['trade_status'], part['refund_fee'], part['send_back_fee'], part['out_biz_no']),
                         ('TRADE_SUCCESS', '3.50', '3.50', 'R1'))
        self.assertRegex(part['gmt_refund'], r'^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$')
        self.app.must('alipay.trade.refund', {'trade_no': paid['trade_no'], 'refund_amount': '6.50',
                                              'out_request_no': 'R2'})
        whole = self.next()
        self.assertEqual((whole['trade_status'], whole['refund_fee'], whole['send_back_fee']),
                         ('TRADE_CLOSED', '10.00', '6.50'))
        self.assertIn('gmt_close', whole)

    def opened(self):
        """A trade that waits for its buyer."""
        return self.app.must('alipay.trade.create', {'out_trade_no': self.app.number(), 'total_amount': '3.00',
                                                     'subject': 'tea', 'buyer_logon_id': '15912345620'})

    def test_closing_is_told_to_who_wants_more_than_payments(self):
        opened = self.opened()
        self.app.must('alipay.trade.close', {'trade_no': opened['trade_no']})
        notice = self.next()
        self.assertEqual((notice['trade_no'], notice['trade_status']), (opened['trade_no'], 'TRADE_CLOSED'))
        self.assertIn('gmt_close', notice)
        for name in ('gmt_payment', 'receipt_amount', 'fund_bill_list', 'refund_fee', 'gmt_refund'):
            self.assertNotIn(name, notice)
        self.app.operator.must('POST', f'/v1/apps/{self.app.app_id}', {
            'shop_id': self.app.shop, 'name': 'POS 1', 'notify_url': self.shop.url + '/app', 'notify_paid_only': True})
        self.app.must('alipay.trade.close', {'trade_no': self.opened()['trade_no']})
        self.app.must('alipay.trade.precreate', {'out_trade_no': self.app.number(), 'total_amount': '3.00',
                                                 'subject': 'tea'})
        self.app.move(days=1)  # what nobody scanned closes, and was never there
        paid = self.app.pay('1.00')
        self.assertEqual(self.next()['trade_no'], paid['trade_no'])
        self.assertTrue(self.shop.nothing(0.1))

    def test_only_success_ends_it_and_the_schedule_is_the_protocols(self):
        wrong = [(200, b'Success'), (200, b'success\n'), (500, b'success'), (302, b'success'), (204, b''),
                 (200, b'"success"'), (200, b'<p>success</p>')]
        for answer in wrong:
            self.shop.answers.put(answer)
        self.app.pay('4.00')
        first = self.next()
        for attempts, minutes in enumerate((4, 10, 10, 60, 120, 360, 900), 1):
            log = self.app.log_until(lambda log, attempts=attempts: log[0]['attempts'] == attempts)
            self.assertEqual((log[0]['state'], log[0]['last_status']), ('pending', wrong[attempts - 1][0]))
            self.app.move(minutes=minutes - 1)
            self.assertTrue(self.shop.nothing(0.15), minutes)
            self.app.move(minutes=1, seconds=5)
            again = self.next()
            self.assertEqual(again['notify_id'], first['notify_id'])
            self.assertGreater(again['notify_time'], first['notify_time'])
        self.app.log_until(lambda log: log[0]['state'] == 'done' and log[0]['attempts'] == 8)

    def test_the_eighth_failure_gives_up_and_a_replay_begins_anew(self):
        for _ in range(8):
            self.shop.answers.put((200, b'fail'))
        self.app.pay('5.00')
        first = self.next()
        for attempts in range(1, 8):
            self.app.log_until(lambda log, attempts=attempts: log[0]['attempts'] == attempts)
            self.app.move(hours=16)
            self.next()
        log = self.app.log_until(lambda log: log[0]['state'] == 'failed')
        self.app.operator.must('POST', f"/v1/deliveries/{log[0]['delivery_id']}/replay")
        self.assertEqual(self.next()['notify_id'], first['notify_id'])
        self.app.log_until(lambda log: log[0]['state'] == 'done')

    def test_a_restart_loses_no_notice_and_keeps_the_key(self):
        self.shop.answers.put((503, b''))
        self.app.pay('6.00')
        first = self.next()
        self.app.log_until(lambda log: log[0]['attempts'] == 1)
        self.restart()
        self.app.move(minutes=5)
        again = self.next()  # verified with the platform's key of before
        self.assertEqual(again['notify_id'], first['notify_id'])
        self.app.log_until(lambda log: log[0]['state'] == 'done')

    def test_faults_on_demand_lose_repeat_and_delay(self):
        self.app.fault('notice_lost')
        self.app.pay('7.00')
        log = self.app.log_until(lambda log: log and log[0]['attempts'] == 1)
        self.assertEqual((log[0]['state'], log[0]['last_status']), ('pending', 0))
        self.assertTrue(self.shop.nothing(0.1))
        self.app.fault('notice_repeated')
        self.app.move(minutes=5)
        self.assertEqual(self.next().body, self.next().body)
        self.app.fault('notice_late', delay_ms=60000)
        self.app.pay('8.00')
        self.assertTrue(self.shop.nothing())
        self.app.move(minutes=2)
        self.assertEqual(self.next()['total_amount'], '8.00')

    def test_a_disabled_app_is_told_nothing_more(self):
        self.shop.answers.put((500, b''))
        self.app.pay('9.00')
        self.next()
        self.app.log_until(lambda log: log[0]['attempts'] == 1)
        self.app.operator.must('POST', f'/v1/apps/{self.app.app_id}', {'shop_id': self.app.shop, 'name': 'POS 1',
                                                                       'disabled': True})
        self.app.move(minutes=5)
        self.app.log_until(lambda log: log[0]['state'] == 'failed')
        self.assertTrue(self.shop.nothing(0.1))


if __name__ == '__main__':
    Case.program = sys.argv[1]
    sys.exit(tap.run(Notices))

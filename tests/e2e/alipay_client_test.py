#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""alipay_client_test.py ONETILL: the gateway from the side of clients that are not the official one, and of those who
mean ill. Every request is put together and signed here, with `openssl`, by the description of the protocol alone: the
places where clients put their parameters, wrong signatures, wrong keys, replayed and old requests, what was slipped in
unsigned, and two apps that try to reach each other's trades. Prints TAP."""

import datetime
import json
import pathlib
import random
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'tools'))

# pylint: disable=wrong-import-position
import tap
from alipay_openssl import BEIJING, App, Case, Keys, canonical, pem_of

FORM = 'application/x-www-form-urlencoded;charset=utf-8'
QUERY = 'alipay.trade.query'


def stamp(**apart):
    return (datetime.datetime.now(BEIJING) + datetime.timedelta(**apart)).strftime('%Y-%m-%d %H:%M:%S')


def form(parameters):
    return urllib.parse.urlencode(parameters)


class Wire:
    """One app's requests, as bytes."""

    def __init__(self, app):
        self.app = app

    def parameters(self, method, content, **more):
        return {'app_id': self.app.app_id, 'method': method, 'charset': 'utf-8', 'sign_type': 'RSA2', 'version': '1.0',
                'timestamp': stamp(), 'biz_content': json.dumps(content, ensure_ascii=False), **more}

    def signed(self, method, content, **more):
        parameters = self.parameters(method, content, **more)
        parameters['sign'] = self.app.keys.sign(canonical(parameters, {'sign'}, 'utf-8'), 'sha256')
        return parameters

    def send(self, query, body=None, content_type=FORM):
        """The node of the answer as it is named, and whether it is signed by the platform."""
        path = '/gateway.do' + ('?' + query if query else '')
        status, headers, answer = self.app.fetch(path, body.encode() if body is not None else None,
                                                 content_type if body is not None else None)
        assert status == 200, (status, answer)
        assert headers['trace_id'], headers
        name, _, rest = answer[2:].partition(b'":')
        node, mark, tail = rest.rpartition(b',"sign":"')
        good = mark and self.app.keys.verifies(node, tail.rstrip(b'"}').decode(), 'sha256')
        document = json.loads(answer)
        return name.decode(), document[name.decode()], bool(good)

    def code(self, query, body=None):
        """The sub_code of the answer, or its code when there is none."""
        _, node, _ = self.send(query, body)
        return node.get('sub_code', node['code'])

    # -- the REST protocol

    def authorization(self, method, target, body='', app_id=None, apart_ms=0, nonce=None, extra='', turned=False):
        now = int(time.time() * 1000) + apart_ms
        nonce = nonce or f'{random.getrandbits(128):032x}'
        parts = [f'app_id={app_id or self.app.app_id}', f'nonce={nonce}', f'timestamp={now}']
        text = ','.join(reversed(parts) if turned else parts) + extra
        signed = f'{text}\n{method}\n{target}\n{body}\n'
        return f'ALIPAY-SHA256withRSA {text},sign={self.app.keys.sign(signed.encode(), "sha256")}'

    def rest(self, method, target, body='', authorization=None, **more):
        """(status, document), the signature of the answer verified when it was good."""
        connection = self.app.server.connect()
        headers = {'authorization': authorization or self.authorization(method, target, body, **more)}
        if body:
            headers['content-type'] = 'application/json'
        connection.request(method, target, body.encode() or None, headers)
        answer = connection.getresponse()
        told, text = {name: value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        if answer.status < 300:
            signed = b'%s\n%s\n%s\n' % (told['alipay-timestamp'].encode(), told['alipay-nonce'].encode(), text)
            assert self.app.keys.verifies(signed, told['alipay-signature'], 'sha256'), told
        return answer.status, json.loads(text)


class Placed(Case):
    """Wherever a client puts its parameters."""

    def setUp(self):
        super().setUp()
        self.wire = Wire(self.app)
        self.paid = self.app.pay('18.40')

    def placed(self, in_query, **more):
        parameters = self.wire.signed(QUERY, {'out_trade_no': self.paid['out_trade_no']}, **more)
        first = {name: value for name, value in parameters.items() if in_query is None or name in in_query}
        second = {name: value for name, value in parameters.items() if name not in first}
        return first, second

    def found(self, query, body=None):
        name, node, good = self.wire.send(query, body)
        self.assertEqual(name, 'alipay_trade_query_response')
        self.assertTrue(good)
        self.assertEqual((node['code'], node.get('trade_no')), ('10000', self.paid['trade_no']), node)

    def test_all_in_the_query_of_a_get(self):
        first, _ = self.placed(None)
        self.found(form(first))

    def test_all_in_the_body(self):
        first, _ = self.placed(None)
        self.found('', form(first))

    def test_the_charset_in_both(self):
        first, _ = self.placed(None)
        self.found('charset=utf-8', form(first))
        self.found('charset=UTF-8', form(first))  # the body's spelling was signed
        first, _ = self.placed(None, charset='UTF-8')
        second = dict(first, charset='utf-8')
        self.found('charset=UTF-8', form(second))  # the query's was

    def test_the_content_in_the_body_and_the_rest_in_the_query(self):
        first, second = self.placed({'app_id', 'method', 'charset', 'sign_type', 'timestamp', 'version', 'sign'})
        self.found(form(first), form(second))

    def test_what_is_empty_signed_or_not(self):
        parameters = self.wire.parameters(QUERY, {'out_trade_no': self.paid['out_trade_no']}, notify_url='')
        for text in (canonical(parameters, {'sign'}, 'utf-8'),
                     '&'.join(f'{name}={value}' for name, value in sorted(parameters.items())).encode()):
            parameters['sign'] = self.app.keys.sign(text, 'sha256')
            self.found('', form(parameters))
            parameters.pop('sign')

    def test_parameters_that_nobody_knows(self):
        first, _ = self.placed(None, alipay_sdk='my-own-1.0', zz='&=%+ 中', A='')
        self.found('', form(first))

    def test_a_signature_decoded_once_too_often(self):
        while True:
            first, _ = self.placed(None)
            if '+' in first['sign']:
                break
        self.found('', form(first).replace('%2B', '+'))

    def test_any_order_and_spelling(self):
        dice = random.Random(3)
        for _ in range(20):
            first, _ = self.placed(None)
            pairs = list(first.items())
            dice.shuffle(pairs)
            cut = dice.randrange(len(pairs) + 1)

            def spelt(value):
                return ''.join(f'%{byte:02{dice.choice("xX")}}' if dice.random() < 0.5 or not chr(byte).isalnum()
                               else chr(byte) for byte in value.encode())

            query, body = ('&'.join(f'{spelt(name)}={spelt(value)}' for name, value in part)
                           for part in (pairs[:cut], pairs[cut:]))
            self.found(query, body)

    def test_gets_and_posts_of_the_rest_protocol(self):
        body = json.dumps({'out_trade_no': self.paid['out_trade_no']})
        for more in ({}, {'turned': True}, {'extra': ',expired_seconds=120'}, {'extra': ',mine=1,sign=x'}):
            status, document = self.wire.rest('POST', '/v3/alipay/trade/query', body, **more)
            self.assertEqual((status, document.get('trade_no')), (200, self.paid['trade_no']), document)
        target = '/v3/alipay/data/dataservice/bill/downloadurl/query?bill_type=trade&bill_date=2001-01-01&x=%E4%B8%AD+'
        status, document = self.wire.rest('GET', target)
        self.assertEqual((status, document['code']), (400, 'BILL_NOT_EXIST'), document)


class Attacked(Case):
    """What must not get through."""

    def setUp(self):
        super().setUp()
        self.wire = Wire(self.app)
        self.paid = self.app.pay('18.40')
        self.content = {'out_trade_no': self.paid['out_trade_no']}

    def refund(self, **more):
        return self.wire.signed('alipay.trade.refund', dict(self.content, refund_amount='0.01', out_request_no='R'),
                                **more)

    def nothing_came_back(self):
        trade = self.app.operator.must('GET', f'/v1/trades/{int(self.paid["trade_no"][9:])}')
        self.assertEqual(int(trade['left_minor']), 1840)

    def test_a_signature_stands_for_every_byte(self):
        parameters = self.refund()
        for name, value in parameters.items():
            if name in ('sign', 'sign_type'):
                continue
            for changed in (value[:-1] + chr(ord(value[-1]) ^ 1), value + '0', ''):
                code = self.wire.code('', form(dict(parameters, **{name: changed})))
                self.assertNotEqual(code, '10000', (name, changed))
        for sign in ('', 'x', 'AAAA', parameters['sign'][:-4], parameters['sign'].swapcase(), parameters['sign'] * 2):
            code = self.wire.code('', form(dict(parameters, sign=sign)))
            self.assertIn(code, ('isv.invalid-signature', 'isv.missing-signature'))
        self.assertIn(self.wire.code('', form(dict(parameters, sign_type='RSA'))),
                      ('isv.invalid-signature', 'isv.invalid-signature-type'))
        self.nothing_came_back()
        self.assertEqual(self.wire.code('', form(parameters)), '10000')

    def test_the_answer_shows_what_was_to_be_signed(self):
        parameters = self.refund()
        expected = canonical(parameters, {'sign'}, 'utf-8').decode()
        name, node, good = self.wire.send('', form(dict(parameters, sign='AAAA')))
        self.assertEqual((name, node['code'], good), ('alipay_trade_refund_response', '40002', True))
        self.assertIn(expected.replace('&', '&amp;').replace('"', '&quot;'), node['sub_msg'])

    def test_an_answer_is_given_however_much_was_to_be_signed(self):
        for content in ('"' * 9000, '\t' * 14000, '中' * 6000, 'x' * 60000):
            parameters = dict(self.wire.parameters(QUERY, self.content), biz_content=content, sign='AAAA')
            self.assertEqual(self.wire.code('', form(parameters)), 'isv.invalid-signature')

    def test_a_browser_runs_nothing_that_an_answer_says(self):
        subject = '<img src=x onerror=alert(1)>'
        paid = self.app.pay('1.00', subject=subject)
        query = self.wire.signed(QUERY, {'out_trade_no': paid['out_trade_no']})
        page = self.wire.signed('alipay.trade.page.pay', {'out_trade_no': subject})
        for parameters in (query, dict(query, sign='AAAA'), page, {'method': QUERY}):
            status, headers, answer = self.app.fetch('/gateway.do?' + form(parameters))
            self.assertEqual((status, headers['content-type']), (200, 'text/html;charset=utf-8'))
            self.assertEqual(headers['content-security-policy'],
                             "default-src 'none'; frame-ancestors 'none'; sandbox")
            self.assertEqual(headers['x-content-type-options'], 'nosniff')
            self.assertEqual(subject.encode() in answer, parameters is query, answer)

    def test_nothing_is_slipped_in_beside_what_was_signed(self):
        parameters = self.refund()
        other = dict(self.content, refund_amount='18.40', out_request_no='R')
        content = {'biz_content': json.dumps(other)}
        for query, body in ((form(parameters), form(content)), (form(content), form(parameters))):
            self.wire.code(query, body)
            trade = self.app.operator.must('GET', f'/v1/trades/{int(self.paid["trade_no"][9:])}')
            self.assertIn(int(trade['left_minor']), (1840, 1839))
        for extra in ({'app_id': '9021999999999999'}, {'method': 'alipay.trade.cancel'}, {'sign_type': 'RSA'},
                      {'sign': 'AAAA'}):
            self.assertNotEqual(self.wire.code(form(extra), form(parameters)), '10000', extra)
        self.assertNotEqual(self.wire.code('', form(parameters) + '&zz=1'), '10000')
        self.assertNotEqual(self.wire.code('', form(parameters) + '&biz_content=%7B%7D'), '10000')

    def test_a_charset_that_nobody_signed_does_not_count(self):
        parameters = self.wire.parameters(QUERY, self.content, charset='')
        parameters['sign'] = self.app.keys.sign(canonical(parameters, {'sign'}, 'utf-8'), 'sha256')
        for query, body in (('charset=', form(dict(parameters, charset='gbk'))),
                            ('charset=gbk', form(parameters))):
            status, headers, answer = self.app.fetch('/gateway.do?' + query, body.encode(), FORM)
            self.assertEqual((status, headers['content-type']), (200, 'text/html;charset=utf-8'))
            self.assertEqual(json.loads(answer)['alipay_trade_query_response']['code'], '10000', answer)

    def test_shares_that_are_no_list_are_not_passed_over(self):
        shares = json.dumps([{'trans_out': '2088000000000001', 'amount': '0.01'}])
        more = {'refund_amount': '0.01', 'out_request_no': 'R'}
        node = self.app.call('alipay.trade.refund', dict(self.content, **more, refund_royalty_parameters=shares))
        self.assertEqual(node['sub_code'], 'ACQ.INVALID_PARAMETER')
        self.nothing_came_back()
        self.app.must('alipay.trade.refund', dict(self.content, **more, refund_royalty_parameters=''))
        shares = json.dumps([{'trans_in': '2088000000000001', 'amount': '0.01'}])
        node = self.app.call('alipay.trade.order.settle',
                             {'trade_no': self.paid['trade_no'], 'out_request_no': 'S', 'royalty_parameters': shares,
                              'extend_params': {'royalty_finish': 'true'}})
        self.assertEqual(node['sub_code'], 'ACQ.INVALID_PARAMETER')

    def test_an_old_request_is_refused_whatever_stands_beside_it(self):
        for apart in ({'hours': -25}, {'hours': 25}):
            old = self.refund(timestamp=stamp(**apart))
            self.assertEqual(self.wire.code('', form(old)), 'isv.invalid-timestamp')
            for fresh in (stamp(), stamp(minutes=1)):
                self.assertEqual(self.wire.code(form(old), 'timestamp=' + urllib.parse.quote(fresh)),
                                 'isv.invalid-timestamp')
        for wrong in ('', 'now', '2026-02-30 00:00:00', stamp() + '.5'):
            self.assertIn(self.wire.code('', form(self.refund(timestamp=wrong))),
                          ('isv.invalid-timestamp', 'isv.missing-timestamp'))
        self.nothing_came_back()

    def test_a_recorded_rest_request_is_not_taken_twice(self):
        body = json.dumps(dict(self.content, refund_amount='0.01', out_request_no='R'))
        target = '/v3/alipay/trade/refund'
        authorization = self.wire.authorization('POST', target, body)
        self.assertEqual(self.wire.rest('POST', target, body, authorization)[0], 200)
        status, document = self.wire.rest('POST', target, body, authorization)
        self.assertEqual((status, document['code']), (401, 'suspected-attack'))
        nonce = 'n' * 32
        self.assertEqual(self.wire.rest('POST', target, body, nonce=nonce)[0], 200)
        self.assertEqual(self.wire.rest('POST', target, body, nonce=nonce)[0], 401)

    def test_a_rest_request_is_near_the_clock(self):
        body, target = json.dumps(self.content), '/v3/alipay/trade/query'
        for apart_s, extra, good in ((-590, '', True), (590, '', True), (-610, '', False), (610, '', False),
                                     (-30, ',expired_seconds=60', True), (-90, ',expired_seconds=60', False),
                                     (-700, ',expired_seconds=9999', False)):
            status, document = self.wire.rest('POST', target, body, apart_ms=apart_s * 1000, extra=extra)
            self.assertEqual(status == 200, good, (apart_s, document))
            if not good:
                self.assertEqual(document['code'], 'illegal-timestamp')

    def test_a_rest_signature_stands_for_every_part(self):
        body, target = json.dumps(self.content), '/v3/alipay/trade/query'
        for changed in ({'body': body + ' '}, {'target': target + '?x=1'}, {'target': '/v3/alipay/trade/cancel'}):
            sent = {'body': body, 'target': target, **changed}
            authorization = self.wire.authorization('POST', target, body)
            status, document = self.wire.rest('POST', sent['target'], sent['body'], authorization)
            self.assertEqual((status, document['code']), (401, 'invalid-signature'), changed)
        authorization = self.wire.authorization('POST', target, body)
        for wrong, code in ((authorization.replace('nonce=', 'nonce=x'), 'invalid-signature'),
                            (authorization.replace('ALIPAY-SHA256withRSA', 'Bearer'), 'invalid-signature-type'),
                            (authorization.partition(',sign=')[0], 'missing-signature'),
                            ('ALIPAY-SHA256withRSA sign=x', 'missing-signature')):
            status, document = self.wire.rest('POST', target, body, wrong)
            self.assertEqual((status // 100, document['code']), (4, code), document)
        trade = self.app.operator.must('GET', f'/v1/trades/{int(self.paid["trade_no"][9:])}')
        self.assertEqual(trade['state'], 'TRADE_SUCCESS')

    def test_what_is_no_request_is_answered_all_the_same(self):
        for query, body, content_type in (('', '', FORM), ('x', 'y', FORM), ('%', '%%%', FORM), ('&&==', '\0', FORM),
                                          ('', '{}', 'application/json'), ('', 'x', 'multipart/form-data'),
                                          ('', '--b\r\n', 'multipart/form-data; boundary=b'),
                                          ('', '&'.join(f'p{i}=' for i in range(100)), FORM),
                                          ('method=' + 'x' * 200, '', FORM), ('method=a"b', '', FORM)):
            name, node, good = self.wire.send(query, body, content_type)
            self.assertIn(node['code'], ('40001', '40002', '20000'), (name, node))
            self.assertFalse(good)
        name, node, _ = self.wire.send('')
        self.assertEqual((name, node['sub_code']), ('error_response', 'isv.missing-method'))

    def test_a_limit_of_size_holds(self):
        parameters = self.wire.signed(QUERY, {'out_trade_no': 'x' * 20000})
        self.assertEqual(self.wire.code(form(parameters)), 'ACQ.INVALID_PARAMETER')
        parameters = self.wire.signed(QUERY, {'out_trade_no': 'x' * 70000})
        connection = self.app.server.connect()
        connection.request('POST', '/gateway.do', form(parameters), {'Content-Type': FORM})
        self.assertEqual(connection.getresponse().status, 413)
        connection.close()


class Apart(Case):
    """Two apps of two merchants."""

    def setUp(self):
        super().setUp()
        folder = pathlib.Path(self.server.folder) / 'other'
        folder.mkdir()
        self.other = _second(self.server, folder)
        self.mine, self.theirs = Wire(self.app), Wire(self.other)

    def test_neither_key_speaks_for_the_other_app(self):
        paid = self.app.pay('5.00')
        parameters = self.theirs.parameters(QUERY, {'trade_no': paid['trade_no']}, app_id=self.app.app_id)
        parameters['sign'] = self.other.keys.sign(canonical(parameters, {'sign'}, 'utf-8'), 'sha256')
        self.assertEqual(self.theirs.code('', form(parameters)), 'isv.invalid-signature')
        body = json.dumps({'trade_no': paid['trade_no']})
        status, document = self.theirs.rest('POST', '/v3/alipay/trade/query', body, app_id=self.app.app_id)
        self.assertEqual((status, document['code']), (401, 'invalid-signature'))

    def test_neither_sees_or_moves_the_others_trades(self):
        paid = self.app.pay('5.00')
        opened = self.app.must('alipay.trade.create', {'out_trade_no': self.app.number(), 'total_amount': '3.00',
                                                       'subject': 'x', 'buyer_logon_id': '15912345620'})
        for reference in ({'trade_no': paid['trade_no']}, {'out_trade_no': paid['out_trade_no']},
                          {'trade_no': opened['trade_no']}):
            for method, more in ((QUERY, {}), ('alipay.trade.close', {}),
                                 ('alipay.trade.refund', {'refund_amount': '5.00', 'out_request_no': 'R'}),
                                 ('alipay.trade.fastpay.refund.query', {'out_request_no': 'R'}),
                                 ('alipay.trade.order.settle', {'out_request_no': 'S', 'trade_no': paid['trade_no'],
                                                                'royalty_parameters': [{'trans_in': '2088000000000001',
                                                                                        'amount': '1.00'}]})):
                node = self.other.call(method, {**reference, **more})
                unknown = self.other.call(method, {**more, 'trade_no': '2020010190000000000000000001'})
                self.assertEqual((node['code'], node.get('sub_code')), (unknown['code'], unknown.get('sub_code')),
                                 (method, node))
                self.assertNotIn('total_amount', node)
                self.assertNotIn('buyer_user_id', node)
            cancelled = self.other.must('alipay.trade.cancel', {'trade_no': paid['trade_no']})
            self.assertNotIn('action', cancelled)
        self.assertEqual(self.app.must(QUERY, {'trade_no': paid['trade_no']})['trade_status'], 'TRADE_SUCCESS')
        self.assertEqual(self.app.must(QUERY, {'trade_no': opened['trade_no']})['trade_status'], 'WAIT_BUYER_PAY')

    def test_each_has_its_own_numbers_and_bill(self):
        for amount in ('1.00', '2.00'):
            self.app.pay(amount, out_trade_no='same' + amount)
            self.other.pay(amount, out_trade_no='same' + amount)
        seen = [wire.must(QUERY, {'out_trade_no': 'same1.00'}) for wire in (self.app, self.other)]
        self.assertEqual([node['total_amount'] for node in seen], ['1.00', '1.00'])
        self.assertNotEqual(seen[0]['trade_no'], seen[1]['trade_no'])

    def test_an_app_that_was_switched_off_is_refused_at_once(self):
        self.other.pay('1.00')
        self.other.operator.must('POST', f'/v1/apps/{self.other.app_id}',
                                 {'shop_id': self.other.shop, 'name': 'POS 1', 'disabled': True})
        self.assertEqual(self.theirs.code('', form(self.theirs.signed(QUERY, {'out_trade_no': 'x'}))),
                         'isv.invalid-app-state')
        self.app.pay('1.00')

    def test_a_new_key_replaces_the_old_one(self):
        old = self.other.keys.private.read_bytes()
        folder = self.other.keys.folder / 'new'
        folder.mkdir()
        fresh = Keys(folder)
        fresh.platform.write_bytes(self.other.keys.platform.read_bytes())
        self.other.operator.must('POST', f'/v1/apps/{self.other.app_id}',
                                 {'shop_id': self.other.shop, 'name': 'POS 1', 'public_key': fresh.public})
        stale, self.other.keys = self.other.keys, fresh
        self.assertEqual(stale.private.read_bytes(), old)
        self.other.pay('1.00')
        self.other.keys = stale
        self.assertEqual(self.theirs.code('', form(self.theirs.signed(QUERY, {'out_trade_no': 'x'}))),
                         'isv.invalid-signature')


def _second(server, folder):
    """Another merchant's app; shoppers' logon ids are unique, so hers differs."""
    must = server.operator().must
    app = App.__new__(App)
    app.server, app.keys, app.operator = server, Keys(folder), server.operator()
    app.merchant = must('POST', '/v1/merchants', {'name': 'Other Mart'})['merchant_id']
    app.shop = must('POST', '/v1/shops', {'merchant_id': app.merchant, 'name': 'Other shop'})['shop_id']
    app.shopper = must('POST', '/v1/shoppers', {'name': 'Wang', 'logon_id': 'wang@other.example'})['shopper_id']
    must('POST', f'/v1/shoppers/{app.shopper}/wallet/top_up', {'amount_minor': 450000})
    app.app_id = must('POST', '/v1/apps', {'merchant_id': app.merchant, 'shop_id': app.shop, 'name': 'POS 1',
                                           'public_key': app.keys.public})['app_id']
    platform = must('GET', '/v1/alipay/platform')['alipay_public_key']
    app.keys.platform.write_text(pem_of(platform), encoding='ascii')
    return app


if __name__ == '__main__':
    Case.program = sys.argv[1]
    sys.exit(tap.run(Placed, Attacked, Apart))

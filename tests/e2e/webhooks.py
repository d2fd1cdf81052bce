#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Webhooks from end to end: a real `onetill serve --test-clock` and a receiver of this process. Prints TAP.

    webhooks.py ONETILL

Registers an endpoint, pays, receives and verifies; fails, moves the clock and sees the next attempt; stops the
server in the middle and starts it again; rotates the secret; lets the last attempt fail and replays; and holds the
delivery log against what came. Standard library only.
"""

import base64
import datetime
import hashlib
import hmac
import http.server
import json
import pathlib
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid

PATIENCE_S = 60


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what comes, and answers with what `answers` says, 200 when it says nothing any more."""

    daemon_threads = True

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.got = queue.Queue()
        self.answers = queue.Queue()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def next(self):
        return self.got.get(timeout=PATIENCE_S)

    def nothing(self, seconds):
        time.sleep(seconds)
        return self.got.empty()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        try:
            status = self.server.answers.get_nowait()
        except queue.Empty:
            status = 200
        self.send_response(status)
        self.send_header('Content-Length', '0')
        self.end_headers()
        self.server.got.put((dict(self.headers.items()), body, self.path))

    def log_message(self, *arguments):
        pass


class Till:
    def __init__(self, onetill, store):
        self.onetill, self.store = onetill, store
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.onetill, 'serve', '--store', self.store, '--listen', '127.0.0.1:0',
                                         '--test-clock'], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith('ready '), line
        self.url = line.split()[1]
        self.token = pathlib.Path(self.store + '.operator-token').read_text(encoding='ascii').strip()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE_S)

    def ask(self, method, path, body=None):
        headers = {'Authorization': 'Bearer ' + self.token}
        data = None
        if method != 'GET':
            headers['Idempotency-Key'] = str(uuid.uuid4())
        if body is not None:
            headers['Content-Type'] = 'application/json'
            data = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def must(self, method, path, body=None):
        status, answer = self.ask(method, path, body)
        assert status in (200, 201), (method, path, status, answer)
        return answer

    def move(self, **step):
        now = datetime.datetime.fromisoformat(self.must('GET', '/v1/time')['now'].replace('Z', '+00:00'))
        later = (now + datetime.timedelta(**step)).isoformat().replace('+00:00', 'Z')
        self.must('POST', '/v1/test/clock', {'now': later})

    def metric(self, name):
        request = urllib.request.Request(self.url + '/metrics')
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + ' '):
                    return int(line.split()[1])
        raise AssertionError(name)


class Shop:
    """A merchant with a shop, and a shopper with money."""

    def __init__(self, till, url):
        self.till = till
        self.merchant = till.must('POST', '/v1/merchants', {'name': 'Wu Mart'})['merchant_id']
        self.shop = till.must('POST', '/v1/shops', {'merchant_id': self.merchant, 'name': '物美 "中关村"'})['shop_id']
        self.shopper = till.must('POST', '/v1/shoppers', {'name': 'Li'})['shopper_id']
        till.must('POST', f'/v1/shoppers/{self.shopper}/wallet/top_up', {'amount_minor': 450000})
        self.device = till.must('POST', f'/v1/shoppers/{self.shopper}/devices')['device_id']
        self.endpoint = till.must('POST', '/v1/webhooks', {'merchant_id': self.merchant, 'url': url})
        self.count = 0

    def pay(self, amount):
        self.count += 1
        self.till.move(minutes=2)  # a pay code is taken once
        code = self.till.must('GET', f'/v1/shoppers/{self.shopper}/devices/{self.device}/pay_code')['pay_code']
        return self.till.must('POST', '/v1/trades/pay', {'shop_id': self.shop, 'out_trade_no': f'n{self.count}',
                                                         'amount_minor': amount, 'pay_code': code})

    def log(self):
        return self.till.must('GET', f'/v1/merchants/{self.merchant}/deliveries')['data']

    def log_until(self, holds):
        until = time.monotonic() + PATIENCE_S
        while True:
            log = self.log()
            if holds(log):
                return log
            assert time.monotonic() < until, log
            time.sleep(0.05)


def signatures(headers, body, *secrets):
    """What the header must be, by the specification alone."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix('whsec_')) for secret in secrets]
    digests = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
    return ' '.join('v1,' + base64.b64encode(digest).decode() for digest in digests)


def paid_is_delivered(till, receiver, shop):
    trade = shop.pay(2500)
    headers, body, path = receiver.next()
    event = json.loads(body)
    assert path == '/hook' and headers['Content-Type'] == 'application/json'
    assert event['type'] == 'trade.paid'
    assert event['data'] == trade, 'the event holds the trade as it was answered'
    assert abs(int(headers['webhook-timestamp']) - time.time()) < PATIENCE_S
    assert headers['webhook-signature'] == signatures(headers, body, shop.endpoint['secret'])
    log = shop.log_until(lambda log: log[0]['state'] == 'done')
    assert len(log) == 1 and log[0]['attempts'] == 1 and log[0]['last_status'] == 200
    assert headers['webhook-id'] == 'msg_' + log[0]['delivery_id']


def a_failure_waits_for_the_clock(till, receiver, shop):
    receiver.answers.put(500)
    shop.pay(2600)
    first = receiver.next()
    log = shop.log_until(lambda log: log[0]['attempts'] == 1)
    assert log[0]['state'] == 'pending' and log[0]['last_status'] == 500
    assert receiver.nothing(0.5), 'the clock stands still'
    till.move(seconds=10)
    again = receiver.next()
    assert again[1] == first[1] and again[0]['webhook-id'] == first[0]['webhook-id']
    shop.log_until(lambda log: log[0]['state'] == 'done' and log[0]['attempts'] == 2)


def a_restart_loses_nothing(till, receiver, shop):
    receiver.answers.put(503)
    trade = shop.pay(2700)
    receiver.next()
    shop.log_until(lambda log: log[0]['attempts'] == 1)
    till.must('POST', f"/v1/trades/{trade['trade_id']}/refunds", {'out_request_no': 'r1', 'amount_minor': 700})
    assert receiver.nothing(0.5), 'the refund is told after the payment'
    assert till.stop() == 0
    till.start()
    till.move(minutes=10)
    told = [json.loads(receiver.next()[1])['type'] for _ in range(2)]
    assert told == ['trade.paid', 'trade.refunded'], told
    shop.log_until(lambda log: [one['state'] for one in log[:2]] == ['done', 'done'])


def a_rotated_secret_overlaps_for_a_day(till, receiver, shop):
    old = shop.endpoint['secret']
    new = till.must('POST', f"/v1/webhooks/{shop.endpoint['endpoint_id']}/rotate")['secret']
    assert new != old
    shop.pay(2800)
    headers, body, _ = receiver.next()
    assert headers['webhook-signature'] == signatures(headers, body, new, old)
    till.move(days=2)
    shop.pay(2900)
    headers, body, _ = receiver.next()
    assert headers['webhook-signature'] == signatures(headers, body, new)


def the_last_failure_can_be_replayed(till, receiver, shop):
    for _ in range(8):
        receiver.answers.put(410)
    shop.pay(3000)
    first = receiver.next()
    for attempts in range(1, 8):
        shop.log_until(lambda log: log[0]['attempts'] == attempts)
        till.move(hours=11)
        receiver.next()
    log = shop.log_until(lambda log: log[0]['state'] == 'failed')
    assert log[0]['attempts'] == 8 and log[0]['last_status'] == 410
    till.must('POST', f"/v1/deliveries/{log[0]['delivery_id']}/replay")
    again = receiver.next()
    assert again[0]['webhook-id'] == first[0]['webhook-id'] and again[1] == first[1]
    shop.log_until(lambda log: log[0]['state'] == 'done')
    assert till.metric('onetill_webhooks_given_up_total') == 1
    until = time.monotonic() + PATIENCE_S
    while till.metric('onetill_webhooks_pending') > 0:
        assert time.monotonic() < until
        time.sleep(0.05)


def a_disabled_endpoint_hears_nothing_more(till, receiver, shop):
    till.must('DELETE', f"/v1/webhooks/{shop.endpoint['endpoint_id']}")
    before = len(shop.log())
    shop.pay(3100)
    assert receiver.nothing(0.5)
    assert len(shop.log()) == before


def bad_addresses_are_refused(till, receiver, shop):
    for url in ('http://example.org/hook', 'ftp://127.0.0.1/', 'https://', 'http://127.0.0.1:80@example.org/',
                'http://localhost.example.org/'):
        status, answer = till.ask('POST', '/v1/webhooks', {'merchant_id': shop.merchant, 'url': url})
        assert (status, answer['code']) == (422, 'url_invalid'), (url, status, answer)


def main(onetill):
    receiver = Receiver()
    tests = [paid_is_delivered, a_failure_waits_for_the_clock, a_restart_loses_nothing,
             a_rotated_secret_overlaps_for_a_day, the_last_failure_can_be_replayed,
             a_disabled_endpoint_hears_nothing_more, bad_addresses_are_refused]
    failed = 0
    print(f'1..{len(tests)}')
    with tempfile.TemporaryDirectory(prefix='onetill-webhooks-') as folder:
        till = Till(onetill, folder + '/store')
        try:
            shop = Shop(till, f'http://127.0.0.1:{receiver.server_port}/hook')
            for number, test in enumerate(tests, 1):
                try:
                    test(till, receiver, shop)
                    print(f'ok {number} - {test.__name__}', flush=True)
                except (AssertionError, queue.Empty, KeyError) as wrong:
                    failed += 1
                    print(f'not ok {number} - {test.__name__}\n# {wrong!r}', flush=True)
        finally:
            failed += till.stop() != 0
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))

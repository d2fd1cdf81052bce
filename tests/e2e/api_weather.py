# SPDX-License-Identifier: Apache-2.0
"""Bad weather: slow, silent and too many clients, a stop in the middle of work, TLS, clocks."""

import concurrent.futures
import contextlib
import http.client
import itertools
import json
import pathlib
import re
import select
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from api_operations import Till
from till import CODES_SEEN, TIMEOUT_S, Client, Server, Side

P99_QUIET_FACTOR = 20  # how much slower others may get beside clients that hang: the machine itself is noisy
P99_ALLOWED_S = 1  # clients that hang do so for longer


class Weather(Till):
    def measure(self, count=400):
        """The 99th of a hundred answers to a well-behaved client, in seconds."""
        client, took = self.server.operator(), []
        for _ in range(count):
            begun = time.monotonic()
            answer = client.post('/v1/trades/preview', {'shop_id': self.ours.shop, 'amount_minor': 900})
            took.append(time.monotonic() - begun)
            self.assertEqual(answer.status, 200)
        client.close()
        return sorted(took)[count * 99 // 100]

    def test_slow_and_half_requests_hurt_nobody_else(self):
        quiet = self.measure()
        body = b'{"shop_id":"11","out_trade_no":"half","amount_minor":100,"pay_code":"281234567890123456"}'
        head = (f'POST /v1/trades/pay HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {self.server.operator_token}\r\n'
                'Content-Type: application/json\r\nIdempotency-Key: half\r\n'
                f'Content-Length: {len(body)}\r\n\r\n').encode()
        starts = (b'', b'G', b'GET /v1/time HTTP/1.1\r\nHo', head[:60], head, head + body[:-1], b'\r\n')
        wires = [(self.server.socket(), starts[i % len(starts)]) for i in range(350)]
        for wire, start in wires:
            wire.sendall(start)
        going_on = threading.Event()

        def trickle():
            while not going_on.wait(0.05):
                for wire, start in wires[::3]:
                    with contextlib.suppress(OSError):
                        wire.send(b'x' if start.startswith(b'G') else b'')
        slow = threading.Thread(target=trickle)
        slow.start()
        try:
            beside = self.measure()
        finally:
            going_on.set()
            slow.join()
            for wire, _ in wires:
                wire.close()
        print(f'# p99 {quiet * 1000:.1f} ms alone, {beside * 1000:.1f} ms beside {len(wires)} clients that hang')
        self.assertLess(beside, max(P99_ALLOWED_S, quiet * P99_QUIET_FACTOR))
        self.assertEqual(self.operator.get('/v1/merchants/1/trades/half').status, 404)

    def test_clients_that_do_not_wait_for_their_answer(self):
        bodies = [self.ours.pay_body(100) for _ in range(40)]
        for number, body in enumerate(bodies):
            text = json.dumps(body).encode()
            with self.server.socket() as wire:
                wire.sendall(('POST /v1/trades/pay HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'
                              f'Authorization: Bearer {self.server.operator_token}\r\n'
                              f'Idempotency-Key: gone-{number}\r\n'
                              f'Content-Length: {len(text)}\r\n\r\n').encode() + text)
        time.sleep(0.3)
        for number, body in enumerate(bodies):
            answer = self.operator.post('/v1/trades/pay', json.dumps(body).encode(), key=f'gone-{number}')
            self.assertEqual((answer.status, answer.json['state']), (201, 'TRADE_SUCCESS'))

    def test_more_than_it_can_take_is_refused_at_once(self):
        """More lists than the readers' queue holds, all at once: 503 with Retry-After, and the others are served."""
        for _ in range(120):
            self.ours.opened()
        ask = (f'GET /v1/shops/{self.ours.shop}/trades?limit=100 HTTP/1.1\r\nHost: a\r\n'
               f'Authorization: Bearer {self.server.operator_token}\r\n\r\n').encode()
        refused = served = 0
        for _ in range(5):
            wires = [self.server.socket() for _ in range(1500)]
            for wire in wires:
                wire.sendall(ask)
            for wire in wires:
                with wire:
                    head = wire.recv(4000)
                    served += head.startswith(b'HTTP/1.1 200')
                    if head.startswith(b'HTTP/1.1 503'):
                        refused += 1
                        self.assertRegex(head.lower(), rb'retry-after: [1-9]')
                        CODES_SEEN.add('busy')
                        self.assertIn(b'"code":"busy"', head)
            if refused:
                break
        print(f'# {served} served, {refused} refused')
        self.assertGreater(refused, 0)
        self.assertGreater(served, 0)
        self.assertEqual(self.operator.get('/healthz').status, 200)

    def test_trades_end_when_the_test_clock_moves(self):
        opened, scanned = self.ours.opened(), self.ours.waiting()
        now = Client(self.server).get('/v1/time').json['now']
        self.assertEqual(self.operator.post('/v1/test/clock', {'now': '2014-12-12T02:03:00Z'}).status, 200)
        self.wait_for(scanned, 'timeout')
        self.assertEqual(self.operator.must('GET', f'/v1/trades/{opened["trade_id"]}')['state'], 'WAIT_BUYER_PAY')
        self.assertEqual(self.operator.post('/v1/test/clock', {'now': '2014-12-12T02:20:00Z'}).status, 200)
        self.wait_for(opened, 'timeout')
        back = self.operator.post('/v1/test/clock', {'now': now})
        self.assertEqual((back.status, back.code), (422, 'clock_backwards'))
        late = self.ours.client('shopper').post(f'/v1/trades/{scanned["trade_id"]}/confirm')
        self.assertEqual((late.status, late.code), (409, 'trade_closed'))

    def wait_for(self, trade, reason):
        until = time.monotonic() + 5
        while time.monotonic() < until:
            now = self.operator.must('GET', f'/v1/trades/{trade["trade_id"]}')
            if now['state'] == 'TRADE_CLOSED':
                self.assertEqual(now['close_reason'], reason)
                return
            time.sleep(0.01)
        self.fail(f'still {now}')


class Tls(unittest.TestCase):
    def test_tls_with_a_certificate_of_ones_own(self):
        with tempfile.TemporaryDirectory(prefix='onetill-e2e-') as folder:
            cert, key = pathlib.Path(folder) / 'cert.pem', pathlib.Path(folder) / 'key.pem'
            subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
                            '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=till', '-addext',
                            'subjectAltName=IP:127.0.0.1'], check=True, capture_output=True)
            context = ssl.create_default_context(cafile=str(cert))
            server = Server(Till.program, '--tls-cert', str(cert), '--tls-key', str(key), '--test-clock', tls=context)
            try:
                side = Side(server, server.operator(), 1)
                self.assertEqual(side.paid()['state'], 'TRADE_SUCCESS')
                plain = server.raw(b'GET /v1/time HTTP/1.1\r\nHost: a\r\n\r\n', 5)
                self.assertNotIn(b' 200 ', plain)
                old = ssl.create_default_context(cafile=str(cert))
                old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
                with socket.create_connection(('127.0.0.1', server.port), 5) as wire:
                    with old.wrap_socket(wire, server_hostname='127.0.0.1') as secure:
                        self.assertEqual(secure.version(), 'TLSv1.2')
                half = [socket.create_connection(('127.0.0.1', server.port), 5) for _ in range(50)]
                for wire in half:
                    wire.sendall(b'\x16\x03\x01\x02\x00')  # a handshake that goes no further
                self.assertEqual(Client(server).get('/healthz').status, 200)
                for wire in half:
                    wire.close()
                self.assertEqual((server.stop(), server.audit()), (0, None))
            finally:
                server.close()

    def test_tls_files_that_do_not_do(self):
        with tempfile.TemporaryDirectory(prefix='onetill-e2e-') as folder:
            (pathlib.Path(folder) / 'x.pem').write_text('nonsense')
            for files in (['--tls-cert', f'{folder}/x.pem', '--tls-key', f'{folder}/x.pem'],
                          ['--tls-cert', f'{folder}/none', '--tls-key', f'{folder}/none'],
                          ['--tls-cert', f'{folder}/x.pem']):
                done = subprocess.run([Till.program, 'serve', '--store', f'{folder}/shop.db', '--listen', '127.0.0.1:0',
                                       *files], capture_output=True, text=True, timeout=20, check=False)
                self.assertIn(done.returncode, (2, 3), files)
                self.assertNotEqual(done.stderr, '')


class Stopping(Till):
    """Many clients are in the middle of it when the server is told to stop."""

    stopped = True

    def flood(self, number, odd, told):
        """Opens trades one after the other until the connection ends; notes what was answered, and how."""
        client = self.ours.client('terminal')
        for serial in itertools.count():
            name = f's{number}-{serial}'
            try:
                answer = client.send('POST', '/v1/trades', {'shop_id': self.ours.shop, 'out_trade_no': name,
                                                            'amount_minor': 100}, again=False)
            except (OSError, http.client.HTTPException):
                return
            if answer.status == 201:
                told.append(name)
            elif answer.status not in (503, 504):
                odd.append(repr(answer))

    def test_what_was_accepted_is_answered(self):
        odd, told = [], [[] for _ in range(32)]
        threads = [threading.Thread(target=self.flood, args=(i, odd, told[i])) for i in range(32)]
        for thread in threads:
            thread.start()
        give_up = time.monotonic() + TIMEOUT_S
        while sum(map(len, told)) <= 100 and time.monotonic() < give_up:
            time.sleep(0.05)
        begun = time.monotonic()
        self.assertEqual(self.server.stop(signal.SIGTERM), 0)
        took = time.monotonic() - begun
        for thread in threads:
            thread.join()
        self.nothing(odd)
        answered = {number for numbers in told for number in numbers}
        self.assertGreater(len(answered), 100)
        again = Server(self.program, *self.options, store=self.server.store)
        try:
            operator, kept, cursor = again.operator(), set(), None
            while cursor is not None or not kept:
                page = operator.must('GET', f'/v1/shops/{self.ours.shop}/trades?limit=100'
                                     + (f'&cursor={cursor}' if cursor else ''))
                kept |= {trade['out_trade_no'] for trade in page['data']}
                cursor = page['next_cursor']
        finally:
            again.stop()
            again.process.stdout.close()
            again.log.close()
        print(f'# {len(answered)} answered before the end, which took {took:.2f} s')
        self.assertEqual(answered - kept, set(), 'answered and not kept')
        self.assertEqual(kept - answered, set(), 'kept and not answered')

    def test_a_signal_while_clients_hang(self):
        server = Server(self.program, *self.options)
        try:
            wires = [server.socket() for _ in range(50)]
            for wire in wires[::2]:
                wire.sendall(b'POST /v1/trades HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{')
            stream = server.socket()
            stream.sendall(b'GET /v1/live HTTP/1.1\r\nHost: a\r\n\r\n')
            select.select([stream], [], [], 5)
            begun = time.monotonic()
            self.assertEqual(server.stop(signal.SIGINT), 0)
            self.assertLess(time.monotonic() - begun, 15)
            for wire in (*wires, stream):
                wire.close()
        finally:
            server.close()


class RealClock(Till):
    """What only a server for sandboxes does, a real one does not; and what a memory store cannot."""

    options = ()

    def test_the_clock_is_nobodys(self):
        answer = self.operator.post('/v1/test/clock', {'now': '2034-12-12T02:03:00Z'})
        self.assertEqual((answer.status, answer.code), (409, 'clock_fixed'))
        device = self.ours.device()
        code = self.operator.get(f'/v1/shoppers/{self.ours.shopper}/devices/{device}/pay_code')
        self.assertEqual((code.status, code.code), (409, 'clock_fixed'))
        self.assertFalse(Client(self.server).get('/v1/time').json['test_clock'])

    def test_codes_cannot_be_guessed(self):
        codes = [self.operator.post('/v1/trades/pay', {
            'shop_id': self.ours.shop, 'terminal_id': self.ours.terminal, 'out_trade_no': self.ours.next(),
            'amount_minor': 1, 'pay_code': f'28{number:016d}'}).code for number in range(14)]
        self.assertIn('code_unknown', codes)
        self.assertEqual(codes[-1], 'attempts_exceeded')

    def test_timers_and_waiting_trades_on_a_real_clock(self):
        """Found by killing the server: a wait of two minutes set while longer ones run ended the process."""
        opened = [self.ours.opened() for _ in range(30)]
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            paid = list(pool.map(self.scan, opened))
        self.assertEqual(set(paid), {201})

    def scan(self, trade):
        client = self.ours.client('shopper')
        answer = client.post('/v1/qr/pay', {'qr': trade['qr_emvco'], 'confirmed': False})
        client.close()
        return answer.status

    def test_lists_without_a_database(self):
        server = Server(self.program, '--test-clock', store='memory:')
        try:
            answer = Client(server).get('/healthz')
            self.assertEqual(answer.status, 200)
            listed = Client(server, self.server.operator_token).get('/v1/campaigns')
            self.assertEqual(listed.status, 401)  # another store, another key
        finally:
            server.stop()
            server.process.stdout.close()
            server.log.close()

    def test_zzz_every_problem_was_seen(self):
        """Runs last of all: each code of the description was provoked, but for those that only a fault brings."""
        problem = self.document['components']['schemas']['Problem']
        codes = {part['const'] for part in problem['properties']['code']['oneOf']}
        faults = {'late', 'read_failed', 'too_large', 'reads_absent', 'not_found', 'outcome_unknown', 'database_away'}
        self.assertEqual(codes - CODES_SEEN - faults, set())
        self.assertFalse(re.search('ssert', self.server.errors()))

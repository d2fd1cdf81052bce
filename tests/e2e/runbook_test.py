#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The runbook of docs/operate.md, step by step, while a till is at work on the database: a synchronous standby that
takes over, Patroni, pgbouncer, and a restore to a moment. After each everything that was answered is there, once."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import program
from reads_test import Server

sys.path.insert(0, str(program.ROOT / 'tests' / 'support'))
import cluster  # noqa: E402 pylint: disable=wrong-import-position

WAIT_S = 90
LATER = (503, 504)  # nothing was done, or nobody knows yet: the same request is repeated
PGBOUNCER = shutil.which('pgbouncer', path=f'{os.environ["PATH"]}:/usr/sbin')


class Work(threading.Thread):
    """Somebody who makes merchants and repeats each request until it is answered, as a till does."""

    def __init__(self, server, first=1):
        super().__init__(daemon=True)
        self.client = type(server.operator)(server, server.operator.token)
        self.first = self.next = first
        self.gap_s = 0.0
        self.trouble = {}
        self.ending = threading.Event()
        self.failed = None

    def run(self):
        last = time.monotonic()
        while not self.ending.is_set():
            body = {'merchant_id': str(self.next), 'name': f'M {self.next}'}
            try:
                answer = self.client.send('POST', '/v1/merchants', body, key=f'work-{self.next}')
                said = answer.status
            except OSError as error:
                said = type(error).__name__
            except Exception as error:  # pylint: disable=broad-exception-caught
                said = type(error).__name__
            if said in (200, 201):
                self.gap_s = max(self.gap_s, time.monotonic() - last)
                last = time.monotonic()
                self.next += 1
            elif isinstance(said, int) and said not in LATER:
                self.failed = answer
                return
            else:
                self.trouble[said] = self.trouble.get(said, 0) + 1
                time.sleep(0.05)

    def answered(self):
        return self.next - self.first

    def more(self, count=20):
        """Until so many more were answered."""
        wanted, give_up = self.next + count, time.monotonic() + WAIT_S
        while self.next < wanted:
            if self.failed is not None or time.monotonic() > give_up or not self.is_alive():
                raise AssertionError(f'{self.answered()} answered, then {self.trouble}: {self.failed!r}')
            time.sleep(0.01)

    def end(self):
        self.ending.set()
        self.join(60)
        self.client.close()


class Runbook(program.Case):
    def folder_of_postgres(self):
        """One that the server's user may write to."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix='onetill-runbook-', dir=cluster.home()))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        user = cluster.unprivileged()
        if user:
            os.chown(folder, user['user'], user['group'])
        return folder

    def holds(self, place, work):
        """Nothing that was answered is missing, nothing is there twice, and the books hold."""
        verdict, status = self.audit(place)
        self.assertEqual((True, 0), (verdict['ok'], status), verdict)
        there = int(cluster.run_sql(place, 'SELECT count(*) FROM merchants'))
        self.assertIn(there - work.answered(), (0, 1))  # one was asked for when it ended
        self.assertEqual(there, int(cluster.run_sql(place, 'SELECT count(DISTINCT name) FROM merchants')))

    def told(self, text):
        print(f'# {text}')

    # ---- a standby by hand ----

    def test_a_synchronous_standby_takes_over(self):
        primary = cluster.Cluster(durable=True, replicated=True, options={
            'wal_log_hints': 'on', 'wal_keep_size': '256MB'})
        self.addCleanup(primary.close)
        for name, value in primary.settings.items():  # they stand in its file, where pg_rewind looks
            primary.sql(f"ALTER SYSTEM SET {name} = '{value}'")
        database = primary.database()
        standby = primary.standby()
        self.addCleanup(standby.close)
        self.assertEqual('sync', primary.sql('SELECT sync_state FROM pg_stat_replication'))
        both = primary.place_of_both(standby, database)
        server = Server(self, '--store', both)
        work = Work(server)
        work.start()
        work.more(200)
        primary.stop('kill')
        standby.sql("ALTER SYSTEM SET synchronous_standby_names = ''")
        standby.sql('SELECT pg_reload_conf()')
        standby.promote()
        work.more()
        self.told(f'standby by hand: {work.gap_s:.1f} s without an answer, {work.trouble}')
        self.rewind(primary, standby)
        work.more()
        standby.stop('kill')  # and back
        primary.sql("ALTER SYSTEM SET synchronous_standby_names = ''")
        primary.sql('SELECT pg_reload_conf()')
        primary.promote()
        work.more()
        work.end()
        self.assertEqual(server.process.poll(), None)
        self.holds(both, work)

    def rewind(self, behind, ahead):
        """What was the primary becomes a standby of the one that took over."""
        ahead.sql('CHECKPOINT')  # without it pg_rewind may believe that nothing has parted
        done = subprocess.run([f'{cluster.programs()}/pg_rewind', '-D', behind.data, '-R',
                               f'--source-server=host={ahead.folder} user=till dbname=postgres'],
                              check=False, capture_output=True, text=True, cwd=behind.folder, **cluster.unprivileged())
        self.assertEqual(0, done.returncode, done.stderr)
        with open(behind.data / 'postgresql.auto.conf', 'a', encoding='ascii') as settings:
            settings.write(f"primary_conninfo = 'host={ahead.folder} user=till application_name=db1'\n")
        behind.start()
        ahead.sql("ALTER SYSTEM SET synchronous_standby_names = 'db1'")
        ahead.sql('SELECT pg_reload_conf()')
        give_up = time.monotonic() + WAIT_S
        while ahead.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != '1':
            self.assertLess(time.monotonic(), give_up, behind.log()[-2000:])
            time.sleep(0.1)

    # ---- Patroni ----

    def patroni(self, folder, name, ports, etcd):
        settings = {
            'scope': 'till', 'name': name, 'namespace': '/onetill/',
            'restapi': {'listen': f'127.0.0.1:{ports["rest"]}', 'connect_address': f'127.0.0.1:{ports["rest"]}'},
            'etcd3': {'host': f'127.0.0.1:{etcd}'},
            'bootstrap': {
                'dcs': {'ttl': 20, 'loop_wait': 1, 'retry_timeout': 3, 'maximum_lag_on_failover': 0,
                        'synchronous_mode': True, 'postgresql': {'use_pg_rewind': True, 'parameters': {
                            'max_connections': 100, 'wal_level': 'replica', 'wal_log_hints': 'on'}}},
                'initdb': [{'encoding': 'UTF8'}, 'data-checksums', {'locale': 'C.UTF-8'}]},
            'postgresql': {
                'listen': f'127.0.0.1:{ports["sql"]}', 'connect_address': f'127.0.0.1:{ports["sql"]}',
                'data_dir': str(folder / name), 'bin_dir': cluster.programs(), 'pgpass': str(folder / f'{name}.pgpass'),
                'pg_hba': ['local all all trust', 'host all all 127.0.0.1/32 trust',
                           'host replication all 127.0.0.1/32 trust'],
                'authentication': {'superuser': {'username': 'till'}, 'replication': {'username': 'follower'},
                                   'rewind': {'username': 'till'}},
                'parameters': {'unix_socket_directories': str(folder), 'dynamic_shared_memory_type': 'mmap',
                               'shared_buffers': '32MB', 'huge_pages': 'off'}}}
        (folder / f'{name}.yml').write_text(json.dumps(settings), encoding='ascii')  # JSON is YAML
        return self.daemon(folder, name, '/usr/bin/patroni', str(folder / f'{name}.yml'))

    def daemon(self, folder, name, *command):
        log = open(folder / f'{name}.log', 'ab')  # pylint: disable=consider-using-with
        self.addCleanup(log.close)
        process = subprocess.Popen(  # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True,
            preexec_fn=cluster.end_with_parent,
            env={'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8', 'HOME': str(folder)}, **cluster.unprivileged())
        self.addCleanup(self.group_end, process)
        return process

    @staticmethod
    def group_end(process):
        """The process and all that it started: its group is its own."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def leader(self, folder, other_than=None):
        give_up = time.monotonic() + WAIT_S
        while True:
            for name, ports in self.ports.items():
                with contextlib.suppress(cluster.ClusterError):
                    where = f'postgres://till@127.0.0.1:{ports["sql"]}/postgres?connect_timeout=2'
                    if name != other_than and cluster.run_sql(where, 'SELECT pg_is_in_recovery()') == 'f':
                        return name, where
            if time.monotonic() > give_up:
                logs = ''.join(path.read_text(errors='replace')[-1500:] for path in sorted(folder.glob('*.log')))
                raise AssertionError(f'nobody leads: {logs}')
            time.sleep(0.1)

    @unittest.skipUnless(shutil.which('patroni') and shutil.which('etcd'), 'needs patroni and etcd')
    def test_patroni_takes_over(self):
        folder = self.folder_of_postgres()
        etcd, peer = program.port_free(), program.port_free()
        self.daemon(folder, 'etcd', shutil.which('etcd'), '--data-dir', str(folder / 'etcd'), '--unsafe-no-fsync',
                    '--listen-client-urls', f'http://127.0.0.1:{etcd}', '--advertise-client-urls',
                    f'http://127.0.0.1:{etcd}', '--listen-peer-urls', f'http://127.0.0.1:{peer}',
                    '--initial-advertise-peer-urls', f'http://127.0.0.1:{peer}', '--initial-cluster',
                    f'default=http://127.0.0.1:{peer}')
        self.ports = {name: {'rest': program.port_free(), 'sql': program.port_free()} for name in ('a', 'b')}
        nodes = {'a': self.patroni(folder, 'a', self.ports['a'], etcd)}
        _, where = self.leader(folder)
        nodes['b'] = self.patroni(folder, 'b', self.ports['b'], etcd)
        give_up = time.monotonic() + WAIT_S
        while cluster.run_sql(where, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != '1':
            self.assertLess(time.monotonic(), give_up)
            time.sleep(0.1)
        cluster.run_sql(where, 'CREATE DATABASE till')
        hosts = ','.join(f'127.0.0.1:{ports["sql"]}' for ports in self.ports.values())
        both = f'postgres://till@{hosts}/till?target_session_attrs=read-write'
        server = Server(self, '--store', both)
        work = Work(server)
        work.start()
        work.more(100)
        was, _ = self.leader(folder)
        os.killpg(nodes[was].pid, signal.SIGSTOP)  # the machine hangs: it neither answers nor hangs up
        self.kill_postgres(folder / was)
        self.group_end(nodes[was])
        now, _ = self.leader(folder, other_than=was)
        self.assertNotEqual(was, now)
        work.more()
        work.end()
        self.told(f'Patroni: {work.gap_s:.1f} s without an answer, {work.trouble}')
        self.assertEqual(server.process.poll(), None)
        self.holds(both, work)

    @staticmethod
    def kill_postgres(data):
        """The first process and its children, by their numbers."""
        first = int((data / 'postmaster.pid').read_text(encoding='ascii').split()[0])
        children = subprocess.run(['ps', '-o', 'pid=', '--ppid', str(first)], capture_output=True, text=True,
                                  check=False).stdout.split()
        for number in [first, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)

    # ---- pgbouncer ----

    def bouncer(self, folder, database, mode, size=60, more=''):
        name = database.partition('@/')[2].partition('?')[0]
        port = program.port_free()
        (folder / f'{mode}.ini').write_text(
            f'[databases]\n{name} = host={cluster.urllib.parse.unquote(database.partition("host=")[2])} user=till\n'
            f'[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\nunix_socket_dir =\n'
            f'pool_mode = {mode}\nmax_client_conn = 200\ndefault_pool_size = {size}\n{more}', encoding='ascii')
        self.daemon(folder, mode, PGBOUNCER, str(folder / f'{mode}.ini'))
        place = f'postgres://till@127.0.0.1:{port}/{name}'
        give_up = time.monotonic() + WAIT_S
        while True:
            try:
                cluster.run_sql(place, 'SELECT 1')
                return place
            except cluster.ClusterError as error:
                self.assertLess(time.monotonic(), give_up, error)
                time.sleep(0.05)

    @unittest.skipUnless(PGBOUNCER, 'needs pgbouncer')
    def test_pgbouncer_pools_sessions(self):
        primary = cluster.joined()
        self.addCleanup(primary.close)
        database = primary.database()
        folder = self.folder_of_postgres()
        server = Server(self, '--store', self.bouncer(folder, database, 'session'))
        work = Work(server)
        work.start()
        work.more(100)
        work.end()
        self.holds(database, work)

    @unittest.skipUnless(PGBOUNCER, 'needs pgbouncer')
    def test_pgbouncer_must_not_pool_transactions(self):
        primary = cluster.joined()
        self.addCleanup(primary.close)
        database = primary.database()
        for mode in ('transaction', 'statement'):
            place = self.bouncer(self.folder_of_postgres(), database, mode)
            self.refused(place, mode)
            self.refused(place, mode)  # also by sessions that were marked before
        # Sessions that go round in a circle, and a pool that others are busy in.
        place = self.bouncer(self.folder_of_postgres(), database, 'transaction', 2, 'server_round_robin = 1\n')
        self.refused(place, 'circle')
        place = self.bouncer(self.folder_of_postgres(), database, 'transaction', 6)
        busy = [subprocess.Popen([f'{cluster.programs()}/psql', '-qX', place], stdin=subprocess.PIPE, text=True,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(3)]
        for one in busy:
            one.stdin.write('SELECT pg_sleep(0.001) FROM generate_series(1, 3) \\watch 0.001\n')
            one.stdin.flush()
        try:
            for _ in range(5):
                self.refused(place, 'busy')
        finally:
            for one in busy:
                one.kill()
                one.communicate()
        left = cluster.run_sql(database, "SELECT count(*) FROM pg_class WHERE relname LIKE 'onetill%'")
        self.assertEqual(0, int(left))

    def refused(self, place, what):
        """By everything that opens a store; nothing is left behind."""
        for command in (('serve', '--key', 'till.key', '--listen', '127.0.0.1:0'), ('audit',)):
            done = self.run_program(command[0], '--store', place, *command[1:], seconds=20)
            self.assertNotEqual(0, done.returncode, what)
            self.assertIn('a pooler that hands its sessions round', done.stderr, what)
            self.assertIn('Set pool_mode = session', done.stderr, what)
            self.assertEqual(1, done.stderr.count('\n'), done.stderr)

    @unittest.skipUnless(PGBOUNCER, 'needs pgbouncer')
    def test_a_pool_of_sessions_must_have_enough(self):
        primary = cluster.joined()
        self.addCleanup(primary.close)
        place = self.bouncer(self.folder_of_postgres(), primary.database(), 'session', 1)
        done = self.run_program('serve', '--store', place, '--key', 'till.key', '--listen', '127.0.0.1:0', seconds=30)
        self.assertNotEqual(0, done.returncode)
        self.assertIn('default_pool_size must hold all connections', done.stderr)

    # ---- a server that hangs ----

    @staticmethod
    def processes(data):
        """The server's first process, then its children."""
        first = int((data / 'postmaster.pid').read_text(encoding='ascii').split()[0])
        return [first, *program.children(first)]

    def signal_all(self, processes, number):
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    def health(self, server):
        """The status of /healthz, and what /metrics says of the database."""
        client = type(server.operator)(server, server.operator.token)
        try:
            said = client.send('GET', '/healthz').status
            text = client.send('GET', '/metrics').body.decode()
        finally:
            client.close()
        values = dict(line.rsplit(' ', 1) for line in text.splitlines() if line.startswith('onetill_database_'))
        return said, int(values['onetill_database_away']), float(values['onetill_database_seen_seconds'])

    def health_becomes(self, server, status):
        give_up = time.monotonic() + WAIT_S
        while (found := self.health(server))[0] != status:
            self.assertLess(time.monotonic(), give_up, found)
            time.sleep(0.1)
        return found

    def test_a_database_that_hangs(self):
        primary = cluster.Cluster()
        self.addCleanup(primary.close)
        database = primary.database()
        server = Server(self, '--store', database)
        self.assertEqual(200, self.health(server)[0])
        work = Work(server)
        work.start()
        work.more(100)
        stopped = self.processes(primary.data)
        self.addCleanup(self.signal_all, stopped, signal.SIGCONT)
        self.signal_all(stopped, signal.SIGSTOP)  # it neither answers nor hangs up
        _, away, unseen = self.health_becomes(server, 503)
        self.assertEqual(1, away)
        self.assertGreaterEqual(unseen, 5)
        give_up = time.monotonic() + WAIT_S
        while not set(LATER) & set(work.trouble):  # and the till is told to come again
            self.assertLess(time.monotonic(), give_up, work.trouble)
            time.sleep(0.1)
        answered = work.answered()
        self.signal_all(stopped, signal.SIGCONT)
        self.health_becomes(server, 200)
        work.more()
        self.assertGreater(work.answered(), answered)
        work.end()
        self.told(f'a database that hung: {work.gap_s:.1f} s without an answer, {work.trouble}')
        self.assertIsNone(server.process.poll())
        self.holds(database, work)

    # ---- back to a moment ----

    def test_a_restore_to_a_moment(self):
        archive = self.folder_of_postgres()
        primary = cluster.Cluster(durable=True, replicated=True, options={
            'archive_mode': 'on', 'archive_command': f'test ! -f {archive}/%f && cp %p {archive}/%f'})
        self.addCleanup(primary.close)
        database = primary.database()
        server = Server(self, '--store', database)
        work = Work(server)
        work.start()
        work.more(50)
        base = archive / 'base'
        subprocess.run([f'{cluster.programs()}/pg_basebackup', '-D', base, '-d', f'host={primary.folder} user=till',
                        '-X', 'none', '-c', 'fast'], check=True, capture_output=True, **cluster.unprivileged())
        work.more(50)
        kept = work.next - 1  # answered by now
        time.sleep(1)
        moment = primary.sql('SELECT clock_timestamp()')
        time.sleep(1)
        work.more(50)
        work.end()
        server.close()
        primary.sql('DROP TABLE merchants', database)  # the mistake
        primary.sql('SELECT pg_switch_wal()')
        give_up = time.monotonic() + WAIT_S
        while primary.sql('SELECT count(*) FROM pg_stat_archiver WHERE last_archived_wal IS NOT NULL') != '1' or (
                primary.sql("SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'") != '0'):
            self.assertLess(time.monotonic(), give_up)
            time.sleep(0.1)
        primary.stop('fast')
        with open(base / 'postgresql.auto.conf', 'a', encoding='ascii') as settings:
            settings.write(f"restore_command = 'cp {archive}/%f %p'\nrecovery_target_time = '{moment}'\n"
                           "recovery_target_action = 'promote'\narchive_mode = off\n")
        (base / 'recovery.signal').touch()
        for path in (base / 'recovery.signal', base / 'postgresql.auto.conf'):
            user = cluster.unprivileged()
            if user:
                os.chown(path, user['user'], user['group'])
        shutil.rmtree(primary.data)
        shutil.move(base, primary.data)
        primary.settings.pop('archive_mode')
        primary.settings.pop('archive_command')
        primary.start()
        give_up = time.monotonic() + WAIT_S
        while primary.sql('SELECT pg_is_in_recovery()') != 'f':
            self.assertLess(time.monotonic(), give_up)
            time.sleep(0.1)
        verdict, status = self.audit(database)
        self.assertEqual((True, 0), (verdict['ok'], status), verdict)
        self.assertGreaterEqual(int(primary.sql('SELECT count(*) FROM merchants', database)), kept)
        again = Server(self, '--store', database)
        self.assertEqual(f'M {kept}', again.operator.must('GET', f'/v1/merchants/{kept}')['name'])
        more = Work(again, first=500000)
        more.start()
        more.more()
        more.end()
        verdict, status = self.audit(database)
        self.assertEqual((True, 0), (verdict['ok'], status), verdict)


if __name__ == '__main__':
    program.run_tests(Runbook)

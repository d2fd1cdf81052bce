# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server for tests: a cluster in a folder of its own, on a Unix socket in that folder and no network
address, run by a user without rights also when root runs the tests. It ends with the process that started it, however
that ends, and takes its folder along; no other server is ever touched.

For Python: `Cluster()`, or `joined()`, which uses the server that the whole run shares when there is one. For other
programs, such as tests/support/cluster.c: `cluster.py serve` prints `ready PLACE`, obeys one command a line (see
`SERVED`) with `ok …` or `failed …`, and ends with its input. A server ends with the thread that started it.
"""

import argparse
import ctypes
import fcntl
import glob
import itertools
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

SHARED = 'ONETILL_TEST_CLUSTER'  # the place of a server that the whole run shares
PREFIX = 'onetill-postgres-'
USER = 'till'
ROOM_BYTES = 2 << 30  # that memory must have for a cluster to live there
START_S = 60
PR_SET_PDEATHSIG = 1
_NUMBERS = itertools.count(1)
_PRCTL = ctypes.CDLL(None).prctl

SETTINGS = {
    'listen_addresses': '', 'max_connections': '300', 'shared_buffers': '64MB', 'huge_pages': 'off', 'jit': 'off',
    'dynamic_shared_memory_type': 'mmap',  # in the folder, so that nothing is left
    'min_wal_size': '32MB', 'max_wal_size': '512MB', 'wal_level': 'minimal', 'max_wal_senders': '0',
    'fsync': 'off', 'full_page_writes': 'off', 'log_min_messages': 'warning', 'log_min_error_statement': 'panic',
}
# What a power cut needs is kept; what a killed server needs is there without it as well.
DURABLE = {'fsync': 'on', 'full_page_writes': 'on'}
REPLICATED = {'wal_level': 'replica', 'max_wal_senders': '8', 'hot_standby': 'on', 'wal_receiver_timeout': '5s',
              'wal_retrieve_retry_interval': '200ms'}


class ClusterError(Exception):
    pass


def programs():
    """The folder of initdb and postgres, which Debian keeps off the PATH."""
    named = os.environ.get('ONETILL_POSTGRES_BIN')
    folders = [named] if named else sorted(glob.glob('/usr/lib/postgresql/*/bin'),
                                           key=lambda path: float(path.split('/')[4]), reverse=True)
    for folder in folders:
        if os.access(f'{folder}/initdb', os.X_OK) and os.access(f'{folder}/postgres', os.X_OK):
            return folder
    found = shutil.which('postgres')
    if not found:
        raise ClusterError('there is no PostgreSQL server here: apt-get install postgresql')
    return str(pathlib.Path(found).resolve().parent)


def unprivileged():
    """Whom the server runs as: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return {}
    for name in ('postgres', 'nobody'):
        try:
            user = pwd.getpwnam(name)
            return {'user': user.pw_uid, 'group': user.pw_gid, 'extra_groups': []}
        except KeyError:
            continue
    raise ClusterError('neither postgres nor nobody is a user here')


def home():
    """In memory where there is room: what a disk does to a server is not the business of these tests."""
    memory = '/dev/shm'
    if os.access(memory, os.W_OK):
        room = os.statvfs(memory)
        if room.f_bavail * room.f_frsize >= ROOM_BYTES:
            return memory
    return tempfile.gettempdir()


def sweep(folder):
    """Removes what runs have left that were killed together with their servers: nobody holds its lock."""
    for left in glob.glob(f'{folder}/{PREFIX}*'):
        try:
            if time.time() - os.stat(left).st_mtime < 60:
                continue
            with open(f'{left}/owner', 'r+', encoding='ascii') as owner:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
        except OSError:
            continue


def end_with_parent():
    _PRCTL(PR_SET_PDEATHSIG, signal.SIGQUIT)


def place(database, *folders, attributes=''):
    """The address of a database on the first of these servers that answers as wanted."""
    hosts = urllib.parse.quote(','.join(map(str, folders)), safe=',')
    wanted = f'&target_session_attrs={attributes}' if attributes else ''
    return f'postgres://{USER}@/{database}?host={hosts}{wanted}'


def run_sql(where, statement):
    """The rows as text, columns parted by |."""
    done = subprocess.run(['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', where, '-c', statement], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120)
    if done.returncode != 0:
        raise ClusterError(f'{statement[:200]}: {done.stderr.strip()}')
    return done.stdout.strip()


class Joined:
    """Databases on a server that somebody else started."""

    def __init__(self, where):
        self.where = where

    def sql(self, statement, database=None):
        return run_sql(database or self.where, statement)

    def database(self):
        """The place of a database that is new and empty."""
        name = f'test_{os.getpid()}_{next(_NUMBERS)}'
        self.sql(f'CREATE DATABASE {name}')
        return self.where.replace('@/postgres?', f'@/{name}?')

    def drop(self, database):
        """Whoever is connected to it loses the connection."""
        name = urllib.parse.urlsplit(database).path.strip('/')
        self.sql(f'DROP DATABASE IF EXISTS {name} WITH (FORCE)')

    def close(self):
        pass


class Cluster(Joined):
    def __init__(self, durable=False, replicated=False, options=None, copy_of=None, within=None):
        self.folder = None
        self.within = within  # the folder it is made in; None: in memory where there is room
        self.process = None
        self.primary = copy_of
        self.bin = programs()
        self.as_user = unprivileged()
        self.settings = {**SETTINGS, **(DURABLE if durable else {}), **(REPLICATED if replicated else {}),
                         **(options or {})}
        self._folder_make()
        super().__init__(place('postgres', self.folder))
        try:
            if copy_of:
                self._copy(copy_of)
            else:
                self._create()
            self.start()
        except BaseException:
            self.close()
            raise

    def _folder_make(self):
        parent = self.within or home()
        sweep(parent)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self.data = self.folder / 'data'
        self.lock = open(self.folder / 'owner', 'w', encoding='ascii')  # pylint: disable=consider-using-with
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        if self.as_user:
            os.chown(self.folder, self.as_user['user'], self.as_user['group'])

    def _run(self, program, *arguments):
        done = subprocess.run([f'{self.bin}/{program}', *map(str, arguments)], text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, cwd=self.folder,
                              env={'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8'}, **self.as_user)
        if done.returncode != 0:
            raise ClusterError(f'{program}: {done.stdout.strip()}')

    def _create(self):
        common = ('-N', '-A', 'trust', '-U', USER, '-E', 'UTF8', '--locale=C.UTF-8', '-D', self.data)
        try:  # a collation that differs from that of bytes shows where an order was left to chance
            self._run('initdb', '--locale-provider=icu', '--icu-locale=en-US', *common)
        except ClusterError:
            shutil.rmtree(self.data, ignore_errors=True)
            self._run('initdb', *common)

    def _copy(self, primary):
        self._run('pg_basebackup', '-D', self.data, '-d', f'host={primary.folder} user={USER}', '-X', 'stream', '-R',
                  '-c', 'fast')
        with open(self.data / 'postgresql.auto.conf', 'a', encoding='ascii') as settings:
            settings.write(f"primary_conninfo = 'host={primary.folder} user={USER} application_name=standby'\n"
                           "synchronous_standby_names = ''\n")

    def start(self):
        """Starts the server and waits until it answers."""
        command = [f'{self.bin}/postgres', '-D', str(self.data), '-k', str(self.folder)]
        for name, value in self.settings.items():
            command += ['-c', f'{name}={value}']
        with open(self.folder / 'log', 'ab') as log:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                preexec_fn=end_with_parent, env={'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC'},
                start_new_session=True, **self.as_user)
        give_up = time.monotonic() + START_S
        while subprocess.run([f'{self.bin}/pg_isready', '-q', '-U', USER, '-h', str(self.folder)], check=False,
                             stdin=subprocess.DEVNULL).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > give_up:
                raise ClusterError(f'the server did not start: {self.log()[-2000:]}')
            time.sleep(0.02)

    def log(self):
        path = self.folder / 'log'
        return path.read_text(encoding='utf-8', errors='replace') if path.exists() else ''

    def stop(self, how='fast'):
        """smart: waits for its clients; fast: disconnects them; immediate: as if killed, with its children; kill:
        SIGKILL of the first process, whose children notice."""
        if self.process is None:
            return
        self.process.send_signal({'smart': signal.SIGTERM, 'fast': signal.SIGINT, 'immediate': signal.SIGQUIT,
                                  'kill': signal.SIGKILL}[how])
        try:
            self.process.wait(START_S)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
        self.process = None

    def restart(self, how='immediate'):
        self.stop(how)
        give_up = time.monotonic() + START_S
        while True:
            try:  # after a kill the children must have noticed before the memory can be had again
                return self.start()
            except ClusterError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.1)

    def terminate(self, database=None, where='true'):
        """Ends the connections to a database, as an administrator would; returns how many."""
        name = urllib.parse.urlsplit(database or self.where).path.strip('/')
        return int(self.sql('SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE '
                            f"datname = '{name}' AND pid <> pg_backend_pid() AND ({where})"))

    def standby(self):
        """A copy that follows this server and without whose word it commits nothing from now on."""
        follower = Cluster(copy_of=self, options=self.settings)
        self.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        self.sql('SELECT pg_reload_conf()')
        give_up = time.monotonic() + START_S
        while self.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != '1':
            if time.monotonic() > give_up:
                raise ClusterError('the standby does not follow')
            time.sleep(0.05)
        return follower

    def promote(self):
        """The standby takes over."""
        if self.sql('SELECT pg_promote(true, 60)') != 't':
            raise ClusterError('the standby was not promoted')

    def place_of_both(self, other, database):
        """Of a database on this server or the other one, whichever takes writes."""
        name = urllib.parse.urlsplit(database).path.strip('/')
        return place(name, self.folder, other.folder, attributes='read-write')

    def close(self):
        self.stop('immediate')
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.lock.close()
            self.folder = None


def joined():
    """The server that the whole run shares, or one of our own."""
    where = os.environ.get(SHARED)
    return Joined(where) if where else Cluster()


# ---- for other programs ----

class Served:
    """The servers of one program: number 0 is the first, others are standbys."""

    def __init__(self, first):
        self.servers = [first]

    def stop(self, number, how):
        self.servers[int(number)].stop(how)

    def start(self, number):
        self.servers[int(number)].start()

    def restart(self, number, how):
        self.servers[int(number)].restart(how)

    def standby(self, number):
        self.servers.append(self.servers[int(number)].standby())
        return f'{len(self.servers) - 1} {self.servers[-1].where}'

    def promote(self, number):
        self.servers[int(number)].promote()

    def remove(self, number):
        self.servers[int(number)].close()

    def log(self, number):
        return self.servers[int(number)].log()[-3000:].replace('\n', ' / ')


SERVED = ('stop', 'start', 'restart', 'standby', 'promote', 'remove', 'log')


def obey(served):
    for line in sys.stdin:
        command, *arguments = line.split()
        try:
            if command not in SERVED:
                raise ClusterError(f'no such command: {command}')
            print('ok', getattr(served, command)(*arguments) or '', flush=True)
        except (ClusterError, OSError, TypeError, ValueError, IndexError) as error:
            print('failed', ' '.join(str(error).split()), flush=True)


def main(arguments):
    parser = argparse.ArgumentParser(prog='cluster.py')
    parser.add_argument('command', choices=['serve'])
    parser.add_argument('--durable', action='store_true', help='with fsync')
    parser.add_argument('--replicated', action='store_true', help='may have standbys')
    parser.add_argument('--option', action='append', default=[], metavar='NAME=VALUE')
    options = parser.parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    _PRCTL(PR_SET_PDEATHSIG, signal.SIGTERM)
    served = None
    try:
        served = Served(Cluster(options.durable, options.replicated,
                                dict(one.split('=', 1) for one in options.option)))
        print('ready', served.servers[0].where, flush=True)
        obey(served)
    except ClusterError as error:
        print('failed', ' '.join(str(error).split()), flush=True)
        return 1
    finally:
        for server in served.servers if served else ():
            server.close()
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests in stages and counts their cases.

A stage is a command of its own or the Meson tests of some suites in one build. A stage without tests is left out,
never counted as passed; a build that fails counts as one failure. Cases are counted from what the tests print
(cases.py). The last line is `N passed, N failed`, and the exit status is 0 only when something passed and nothing
failed. Started by `./run test`, `./run fuzz` and `./run soak`.

Some stages run side by side, because half of them mostly wait: for a disk, a browser, a time to pass. What a build
needs for all its stages is built once, by the first of them; the builds of the slow tools only take what is left of
the processors. A stage is shown when it ends.
"""

import argparse
import concurrent.futures
import dataclasses
import functools
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import cases

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
import cluster  # noqa: E402 pylint: disable=wrong-import-position
SIDE_BY_SIDE = 3  # stages
OUTPUT_LINES_MAX = 200  # of a failing test: what went wrong stands at the end
# Linking takes a sixth of a sanitizer build with the usual linker, half of that with this one.
GOLD = ('-Dc_link_args=-fuse-ld=gold',) if shutil.which('ld.gold') else ()


@dataclasses.dataclass(frozen=True)
class Build:
    folder: str
    options: tuple = ()
    compiler: str = ''
    time_factor: int = 2  # how much longer a test may take than it does alone: others run beside it
    patient: bool = False  # built with what the others leave of the processors


BUILDS = {
    'release': Build('build', ('-Dtests=enabled',)),
    # Clang, so that its warnings are heard too. Optimised a little: a sanitizer at -O0 takes twice as long.
    'asan': Build('build-asan', ('-Dtests=enabled', '-Dbuildtype=debugoptimized', '-Doptimization=1',
                                 '-Db_sanitize=address,undefined', '-Db_lundef=false',
                                 '-Dc_args=-fno-sanitize-recover=all', *GOLD), 'clang', 6, patient=True),
    'tsan': Build('build-tsan', ('-Dtests=enabled', '-Dbuildtype=debugoptimized', '-Doptimization=1',
                                 '-Db_sanitize=thread', '-Db_lundef=false', *GOLD), 'clang', 10, patient=True),
    'fuzz': Build('build-fuzz', ('-Dtests=enabled', '-Dfuzz=true', '-Dbuildtype=debugoptimized', '-Doptimization=1',
                                 '-Db_sanitize=address,undefined', '-Db_lundef=false',
                                 '-Dc_args=-fno-sanitize-recover=all', *GOLD), 'clang', patient=True),
}


@dataclasses.dataclass(frozen=True)
class Stage:
    name: str
    title: str
    build: str = ''
    suites: tuple = ()
    commands: tuple = ()
    slow_tool: bool = False  # left out by --fast
    together: bool = True    # its tests may run side by side
    waiting: bool = False    # they mostly wait: one more of them runs at a time
    in_memory: bool = False  # its files: the same tests have been on a disk in another stage


# In the order in which they begin: the long ones early, so that none is left alone at the end.
STAGES = (
    Stage('unit', 'unit tests', 'release', ('unit',), waiting=True),
    Stage('asan', 'the same under AddressSanitizer and UBSan', 'asan', ('unit', 'scenario', 'model', 'sim'),
          slow_tool=True, waiting=True, in_memory=True),
    Stage('tidy', 'structure and banned calls', commands=('tests/tools/tidy.py', 'tests/tools/tidy_test.py',
                                                          'tests/tools/cases_test.py', 'tests/tools/run_test.py')),
    Stage('docs', 'documents', commands=('tests/tools/docs_check.py', 'tests/tools/docs_check_test.py')),
    Stage('e2e', 'the real server from outside', 'release', ('e2e',), waiting=True),
    Stage('crash', 'kill -9 under load', 'release', ('crash',), together=False),
    Stage('page', 'the page in Chromium', 'release', ('page',), waiting=True),
    Stage('tsan', 'engine and doors under ThreadSanitizer', 'tsan', ('threads',), slow_tool=True, waiting=True,
          in_memory=True),
    Stage('sim', 'the whole pipeline on a fake clock, crashing between any two writes', 'release', ('sim',)),
    Stage('model', 'random histories against the naive second implementation', 'release', ('model',)),
    Stage('fuzz', 'decoders under libFuzzer', 'fuzz', ('fuzz',), slow_tool=True),
    Stage('scenario', 'scenarios on every store', 'release', ('scenario',)),
)

# What the three commands run, and how far: tests read these figures from their environment.
PLANS = {
    'test': (tuple(stage.name for stage in STAGES), {}, 3),
    'fuzz': (('fuzz',), {}, 60),
    'soak': (('model', 'sim', 'crash', 'fuzz'), {'ONETILL_SEEDS': '100000', 'ONETILL_KILLS': '1000'}, 600),
}


class Runner:
    def __init__(self, options, environment, fuzz_seconds, stages):
        self.options = options
        self.environment = environment
        self.fuzz_seconds = fuzz_seconds
        self.stages = stages
        self.jobs = os.cpu_count() or 1
        self.built = {}  # by the name of the build: its suites, and what went wrong
        self.faults_shown = set()
        self.locks = {name: threading.Lock() for name in (*BUILDS, 'npm', 'shown')}
        self.cluster = None
        self.cluster_tried = threading.Event()
        self.memory = None

    def call(self, command, **more):
        return subprocess.run([str(part) for part in command], cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                              errors='replace', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              **more)

    def open(self):
        """One PostgreSQL server for all tests of the run that do not want to kill theirs; it ends with the thread
        that started it, so the main one does."""
        try:
            self.memory = tempfile.TemporaryDirectory(prefix='onetill-test-', dir=cluster.home())
            if cluster.SHARED not in self.environment and any(stage.suites and stage.name != 'fuzz'
                                                              for stage in self.stages):
                self.cluster = cluster.Cluster()
                self.environment[cluster.SHARED] = self.cluster.where
        except cluster.ClusterError as error:
            print(f'   no PostgreSQL server to share: {error}')
        finally:
            self.cluster_tried.set()

    def close(self):
        if self.cluster is not None:
            self.cluster.close()
        if self.memory is not None:
            self.memory.cleanup()

    def build(self, name):
        """The suites of a build after building what its stages need; None and what went wrong otherwise."""
        with self.locks[name]:
            if name not in self.built:
                fault = self.configure(BUILDS[name])
                self.built[name] = (None, fault) if fault else self.compile(name)
            return self.built[name]

    def configure(self, build):
        folder = ROOT / build.folder
        options = ['-Dwerror=true', *build.options]
        if (folder / 'build.ninja').exists():
            done = self.call(['meson', 'configure', folder, *options])
        else:
            environment = dict(os.environ, **({'CC': build.compiler} if build.compiler else {}))
            done = self.call(['meson', 'setup', *options, folder, ROOT], env=environment)
        if done.returncode == 0:
            done = self.call(['ninja', '-C', folder, 'build.ninja'])
        return '' if done.returncode == 0 else f'configuring {build.folder} failed\n{done.stdout}'

    def compile(self, name):
        build = BUILDS[name]
        folder = ROOT / build.folder
        wanted = {suite for stage in self.stages if stage.build == name for suite in stage.suites}
        listed = subprocess.run(['meson', 'introspect', '--tests', '--targets', str(folder)], check=True,
                                capture_output=True, text=True)
        known = json.loads(listed.stdout)
        suites, needed = set(), set()
        for test in known['tests']:
            of_test = {suite.split(':')[-1] for suite in test['suite']}
            suites |= of_test
            if of_test & wanted:
                needed.update(test['depends'])
        files = [os.path.relpath(file, folder) for target in known['targets'] if target['id'] in needed
                 for file in target['filename']]
        if files:
            done = self.call([*(['nice'] if build.patient else []), 'ninja', '-C', folder, *files])
            if done.returncode != 0:
                return None, f'building {build.folder} failed\n{done.stdout}'
        return suites, ''

    def run_commands(self, stage):
        results = []
        for command in stage.commands:
            done = self.call([sys.executable, ROOT / command])
            results.append(cases.count(command, done.stdout, done.returncode))
        return results

    def run_suites(self, stage):
        suites, fault = self.build(stage.build)
        if suites is None:
            return [self.build_failed(BUILDS[stage.build].folder, fault)]
        present = [suite for suite in stage.suites if suite in suites]
        if not present:
            return []
        if stage.name in ('e2e', 'page'):
            with self.locks['npm']:
                fault = self.fetch_node_packages()
            if fault:
                return [cases.Result('npm ci', 0, 1, 0, fault)]
        self.cluster_tried.wait()
        return self.run_meson(stage, present)

    def run_meson(self, stage, suites):
        build = BUILDS[stage.build]
        folder = ROOT / build.folder
        log = folder / 'meson-logs' / f'stage-{stage.name}.json'
        log.unlink(missing_ok=True)
        command = ['meson', 'test', '-C', folder, '--no-rebuild', '--logbase', f'stage-{stage.name}',
                   '--num-processes', self.jobs + stage.waiting if stage.together else 1, '--timeout-multiplier',
                   0 if self.options.command == 'soak' else build.time_factor]
        for suite in suites:
            command += ['--suite', suite]
        if stage.name == 'fuzz':
            command += ['--test-args', f'-max_total_time={self.fuzz_seconds} -timeout=10 -rss_limit_mb=2048']
        if build.compiler:
            command = without_random_addresses() + command
        done = self.call(command, env=dict(self.environment, TMPDIR=self.memory.name) if stage.in_memory
                         else self.environment)
        if not log.exists():
            return [cases.Result('meson test', 0, 1, 0, done.stdout)]
        results = []
        for line in log.read_text(errors='replace').splitlines():
            test = json.loads(line)
            returncode = 77 if test['result'] == 'SKIP' else test['returncode']
            if test['result'] == 'TIMEOUT':
                test['stdout'] += '\nnot ok - it took too long and was stopped\n'
            results.append(cases.count(test['name'], test.get('stdout', ''), returncode, test.get('stderr', '')))
        if done.returncode != 0 and not any(result.failed for result in results):
            results.append(cases.Result('meson test', 0, 1, 0, done.stdout))
        return results

    def build_failed(self, what, fault):
        """One failure for each stage that could not run; the long output only once."""
        with self.locks['shown']:
            output = 'as above' if what in self.faults_shown else fault
            self.faults_shown.add(what)
        return cases.Result(what, 0, 1, 0, output)

    def fetch_node_packages(self):
        """Some tests want a browser driver or an SDK from npm; the lock file says which, to the byte."""
        for lock in ROOT.glob('tests/*/package-lock.json'):
            stamp = lock.parent / 'node_modules' / '.package-lock.json'
            if stamp.exists() and stamp.stat().st_mtime >= lock.stat().st_mtime:
                continue
            done = self.call(['npm', 'ci', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', lock.parent])
            if done.returncode != 0:
                return done.stdout
        return ''


@functools.lru_cache(maxsize=None)
def without_random_addresses():
    """The shadow memory of the sanitizers collides with the widest address randomisation of newer kernels."""
    command = ['setarch', platform.machine(), '-R']
    if shutil.which('setarch') and subprocess.run([*command, 'true'], check=False, capture_output=True).returncode == 0:
        return command
    return []


def environment_for(options, settings):
    environment = dict(os.environ, **settings)
    # Meson would have the C library fill what is allocated: large areas that are hardly used are then touched to the
    # last page, by the server as well, and a simulated life takes thirty times as long. AddressSanitizer fills too.
    environment['MALLOC_PERTURB_'] = '0'
    # The last: memory is mapped anew only where much is cleared, because each page of it is a fault of its own.
    environment['ASAN_OPTIONS'] = ('abort_on_error=1:detect_leaks=1:strict_string_checks=1:check_initialization_order=1'
                                   ':clear_shadow_mmap_threshold=100000000')
    environment['UBSAN_OPTIONS'] = 'halt_on_error=1:print_stacktrace=1'
    suppressions = ROOT / 'tests' / 'tools' / 'tsan.supp'
    environment['TSAN_OPTIONS'] = 'halt_on_error=1:second_deadlock_stack=1' + (
        f':suppressions={suppressions}' if suppressions.exists() else '')
    if options.seeds:
        environment['ONETILL_SEEDS'] = str(options.seeds)
    return environment


def show_failure(result):
    print(f'--- {result.name}: {result.failed} failed', flush=True)
    lines = result.output.rstrip().splitlines()
    if len(lines) > OUTPUT_LINES_MAX:
        print(f'    … {len(lines) - OUTPUT_LINES_MAX} lines left out')
    for line in lines[-OUTPUT_LINES_MAX:]:
        print(f'    {line}')


def run_stage(runner, stage):
    """The sum over the stage's tests, or None when it has none yet."""
    begun = time.monotonic()
    results = runner.run_commands(stage) if stage.commands else runner.run_suites(stage)
    if not results:
        return None
    total = cases.total(stage.name, results)
    with runner.locks['shown']:
        print(f'== {stage.name}: {stage.title}', flush=True)
        for result in results:
            if result.failed:
                show_failure(result)
            for reason in result.notices:
                print(f'   skipped: {result.name}: {reason}')
        print(f'   {total.summary()} in {len(results)} programs, {time.monotonic() - begun:.1f} s', flush=True)
    return total


def run_stages(runner, stages):
    """The sums in the order of the stages. More of them run at a time than there are processors."""
    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        running = [pool.submit(run_stage, runner, stage) for stage in stages]
        try:
            runner.open()
            totals = [one.result() for one in running]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            runner.close()
    return [total for total in totals if total is not None]


def options_parse(arguments):
    parser = argparse.ArgumentParser(prog='./run')
    parser.add_argument('command', choices=PLANS)
    parser.add_argument('--only', action='append', metavar='STAGE', choices=[stage.name for stage in STAGES])
    parser.add_argument('--seeds', type=int, metavar='N', help='histories of the model and the simulation')
    parser.add_argument('--seconds', type=int, metavar='N', help='fuzzing time of each decoder')
    parser.add_argument('--fast', action='store_true', help='no sanitizers, no fuzzing')
    parser.add_argument('--list', action='store_true', help='name the stages')
    return parser.parse_args(arguments)


def main(arguments):
    options = options_parse(arguments)
    names, settings, fuzz_seconds = PLANS[options.command]
    chosen = [stage for stage in STAGES if stage.name in names
              and (not options.only or stage.name in options.only) and not (options.fast and stage.slow_tool)]
    if options.list:
        for stage in chosen:
            print(f'{stage.name:9} {stage.title}')
        return 0
    runner = Runner(options, environment_for(options, settings), options.seconds or fuzz_seconds, chosen)
    begun = time.monotonic()
    totals = run_stages(runner, chosen)
    total = cases.total('all', totals)
    print(f'== all stages: {time.monotonic() - begun:.0f} s')
    for part in totals:
        if part.failed:
            print(f'   {part.name}: {part.failed} failed')
    print(total.summary(), flush=True)
    return 0 if total.failed == 0 and total.passed > 0 else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests in stages and counts their cases.

A stage is a command of its own or the Meson tests of some suites in one build. A stage without tests is left out,
never counted as passed; a build that fails counts as one failure. Cases are counted from what the tests print
(cases.py). The last line is `N passed, N failed`, and the exit status is 0 only when something passed and nothing
failed. Started by `./run test`, `./run fuzz` and `./run soak`.
"""

import argparse
import dataclasses
import functools
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import time

import cases

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'support'))
import cluster  # noqa: E402 pylint: disable=wrong-import-position
OUTPUT_LINES_MAX = 200  # of a failing test: what went wrong stands at the end


@dataclasses.dataclass(frozen=True)
class Build:
    folder: str
    options: tuple = ()
    compiler: str = ''
    time_factor: int = 1  # how much slower than the release build a test may be


BUILDS = {
    'release': Build('build', ('-Dtests=enabled',)),
    # Clang, so that its warnings are heard too. Optimised a little: a sanitizer at -O0 takes twice as long.
    'asan': Build('build-asan', ('-Dtests=enabled', '-Dbuildtype=debugoptimized', '-Doptimization=1',
                                 '-Db_sanitize=address,undefined', '-Db_lundef=false',
                                 '-Dc_args=-fno-sanitize-recover=all'), 'clang', 5),
    'tsan': Build('build-tsan', ('-Dtests=enabled', '-Dbuildtype=debugoptimized', '-Doptimization=1',
                                 '-Db_sanitize=thread', '-Db_lundef=false'), 'clang', 10),
    'fuzz': Build('build-fuzz', ('-Dtests=enabled', '-Dfuzz=true', '-Dbuildtype=debugoptimized', '-Doptimization=1',
                                 '-Db_sanitize=address,undefined', '-Db_lundef=false',
                                 '-Dc_args=-fno-sanitize-recover=all'), 'clang'),
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


STAGES = (
    Stage('tidy', 'structure and banned calls', commands=('tests/tools/tidy.py', 'tests/tools/tidy_test.py',
                                                          'tests/tools/cases_test.py', 'tests/tools/run_test.py')),
    Stage('docs', 'documents', commands=('tests/tools/docs_check.py', 'tests/tools/docs_check_test.py')),
    Stage('unit', 'unit tests', 'release', ('unit',)),
    Stage('scenario', 'scenarios on every store', 'release', ('scenario',)),
    Stage('model', 'random histories against the naive second implementation', 'release', ('model',)),
    Stage('sim', 'the whole pipeline on a fake clock, crashing between any two writes', 'release', ('sim',)),
    Stage('asan', 'the same under AddressSanitizer and UBSan', 'asan', ('unit', 'scenario', 'model', 'sim'),
          slow_tool=True),
    Stage('tsan', 'engine and doors under ThreadSanitizer', 'tsan', ('threads',), slow_tool=True),
    Stage('fuzz', 'decoders under libFuzzer', 'fuzz', ('fuzz',), slow_tool=True),
    Stage('e2e', 'the real server from outside', 'release', ('e2e',), waiting=True),
    Stage('crash', 'kill -9 under load', 'release', ('crash',), together=False),
    Stage('page', 'the page in Chromium', 'release', ('page',), waiting=True),
)

# What the three commands run, and how far: tests read these figures from their environment.
PLANS = {
    'test': (tuple(stage.name for stage in STAGES), {}, 3),
    'fuzz': (('fuzz',), {}, 60),
    'soak': (('model', 'sim', 'crash', 'fuzz'), {'ONETILL_SEEDS': '100000', 'ONETILL_KILLS': '1000'}, 600),
}


class Runner:
    def __init__(self, options, environment, fuzz_seconds):
        self.options = options
        self.environment = environment
        self.fuzz_seconds = fuzz_seconds
        self.jobs = os.cpu_count() or 1
        self.faults_shown = set()
        self.cluster = None

    def call(self, command, **more):
        return subprocess.run([str(part) for part in command], cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                              errors='replace', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              **more)

    def cluster_share(self):
        """One PostgreSQL server for all tests of the run that do not want to kill theirs."""
        if self.cluster is None and cluster.SHARED not in self.environment:
            try:
                self.cluster = cluster.Cluster()
                self.environment[cluster.SHARED] = self.cluster.where
            except cluster.ClusterError as error:
                print(f'   no PostgreSQL server to share: {error}')

    def close(self):
        if self.cluster is not None:
            self.cluster.close()

    @functools.lru_cache(maxsize=None)
    def configured(self, build_name):
        """The suites of the build, after configuring it when needed; None and what went wrong otherwise."""
        build = BUILDS[build_name]
        folder = ROOT / build.folder
        options = ['-Dwerror=true', *build.options]
        if (folder / 'build.ninja').exists():
            done = self.call(['meson', 'configure', folder, *options])
        else:
            environment = dict(os.environ, **({'CC': build.compiler} if build.compiler else {}))
            done = self.call(['meson', 'setup', *options, folder, ROOT], env=environment)
        if done.returncode == 0:
            done = self.call(['ninja', '-C', folder, 'build.ninja'])
        if done.returncode != 0:
            return None, done.stdout
        listed = subprocess.run(['meson', 'introspect', '--tests', str(folder)], check=True, capture_output=True,
                                text=True)
        return {suite.split(':')[-1] for test in json.loads(listed.stdout) for suite in test['suite']}, ''

    def run_commands(self, stage):
        results = []
        for command in stage.commands:
            done = self.call([sys.executable, ROOT / command])
            results.append(cases.count(command, done.stdout, done.returncode))
        return results

    def run_suites(self, stage):
        suites, fault = self.configured(stage.build)
        if suites is None:
            return [self.build_failed(f'configuring {BUILDS[stage.build].folder}', fault)]
        present = [suite for suite in stage.suites if suite in suites]
        if not present:
            return []
        if stage.name in ('e2e', 'page'):
            fault = self.fetch_node_packages()
            if fault:
                return [cases.Result('npm ci', 0, 1, 0, fault)]
        return self.run_meson(stage, present)

    def run_meson(self, stage, suites):
        build = BUILDS[stage.build]
        folder = ROOT / build.folder
        log = folder / 'meson-logs' / f'stage-{stage.name}.json'
        log.unlink(missing_ok=True)
        command = ['meson', 'test', '-C', folder, '--logbase', f'stage-{stage.name}', '--num-processes',
                   self.jobs + stage.waiting if stage.together else 1, '--timeout-multiplier',
                   0 if self.options.command == 'soak' else build.time_factor]
        for suite in suites:
            command += ['--suite', suite]
        if stage.name == 'fuzz':
            command += ['--test-args', f'-max_total_time={self.fuzz_seconds} -timeout=10 -rss_limit_mb=2048']
        if stage.name != 'fuzz':
            self.cluster_share()
        if build.compiler:
            command = without_random_addresses() + command
        done = self.call(command, env=self.environment)
        if not log.exists():
            return [self.build_failed(f'building {build.folder}', done.stdout)]
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
    environment['ASAN_OPTIONS'] = 'abort_on_error=1:detect_leaks=1:strict_string_checks=1:check_initialization_order=1'
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
    print(f'== {stage.name}: {stage.title}', flush=True)
    for result in results:
        if result.failed:
            show_failure(result)
        for reason in result.notices:
            print(f'   skipped: {result.name}: {reason}')
    total = cases.total(stage.name, results)
    print(f'   {total.summary()} in {len(results)} programs, {time.monotonic() - begun:.1f} s', flush=True)
    return total


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
    runner = Runner(options, environment_for(options, settings), options.seconds or fuzz_seconds)
    begun = time.monotonic()
    try:
        totals = [total for stage in chosen if (total := run_stage(runner, stage)) is not None]
    finally:
        runner.close()
    total = cases.total('all', totals)
    print(f'== all stages: {time.monotonic() - begun:.0f} s')
    for part in totals:
        if part.failed:
            print(f'   {part.name}: {part.failed} failed')
    print(total.summary(), flush=True)
    return 0 if total.failed == 0 and total.passed > 0 else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))

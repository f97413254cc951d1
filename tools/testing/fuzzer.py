# SPDX-License-Identifier: BSD-2-Clause
"""The fuzzers in tests/fuzz, which `make tests` builds for this machine with clang's libFuzzer and its sanitizers. They run a
number of runs, not a time, from a fixed seed, beginning with the corpus that is committed; what they find is not kept. `make
soak` runs longer and with several seeds. To look for more, and keep it:

    build/fuzz/rpc -max_len=600 FOLDER tests/fuzz/rpc/corpus
    build/fuzz/dispatch -max_len=600 FOLDER
"""

import os

from . import core
from .core import Failed, Job, Part, Result, Skipped, simple_job

SECONDS = 120
RUNS = 20_000
SOAK_RUNS = 1_000_000
SOAK_SEEDS = 3
LENGTH = 600  # bytes of an input, at most
FOLDER = os.path.join(core.ROOT, "tests", "fuzz", "rpc")
CORPUS = os.path.join(FOLDER, "corpus")


# Name: what holds, and what it begins with.
FUZZERS = {
    "rpc": ("no bytes on a connection break framing, decoding or answers", [CORPUS]),
    "dispatch": ("generated dispatch lets no request through that is not as described", []),
}


def fuzz(context, name, seed):
    program = os.path.join(context.build, "fuzz", name)
    if not os.path.exists(program):
        raise Skipped("clang's libFuzzer is missing: sudo apt-get install clang libclang-rt-dev")
    found = context.path("fuzzer", name, str(seed))
    os.makedirs(found)
    runs = context.rounds or (SOAK_RUNS if context.soak else RUNS)
    command = [program, f"-runs={runs}", f"-seed={seed}", f"-max_len={LENGTH}", "-verbosity=0", "-print_final_stats=1"]
    command += [f"-artifact_prefix={found}/", found, *FUZZERS[name][1]]
    status, text = context.run(command, SECONDS)
    if status != 0 or f"stat::number_of_executed_units: {runs}\n" not in text:
        lines = [line for line in text.splitlines() if not line.startswith(("0x", "\\", "stat::"))]
        raise Failed(f"ended with {core.words_of(status)}", [f"# seed {seed}, {runs} runs"] + lines[-core.TAIL + 1 :])


def corpus(context):
    tool = os.path.join(FOLDER, "make-corpus")
    status, text = context.run([tool, "--check", CORPUS], 60)
    if status != 0:
        raise Failed("the corpus is old; tests/fuzz/rpc/make-corpus tests/fuzz/rpc/corpus writes it again", core.tail(text))


def part(context):
    seeds = [context.seed] if context.seed is not None else list(range(1, SOAK_SEEDS + 1)) if context.soak else [1]

    def run_with(name, seed):
        text = FUZZERS[name][0]

        def run(context, _pattern):
            try:
                fuzz(context, name, seed)
            except Failed as failure:
                return [Result(name, "fail", text, failure.lines, f"--seed={seed}")]
            except Skipped as why:
                return [Result(name, "skip", str(why))]
            return [Result(name, "pass", text)]

        return Job(run, [name])

    return Part(
        "fuzzer",
        [simple_job("rpc_corpus", "what the fuzzer begins with is made from the list of procedures", corpus)]
        + [run_with(name, seed) for name in FUZZERS for seed in seeds],
    )

"""Memory that runs free: kept for the next one (choice "keep"), watched, and left alone where the user says so."""

import os
import platform
import subprocess
import sys

import pytest

from declax import heap

GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the settings are glibc's")

FAULTS = """
import resource
import declax as dx

ex = dx.sym.exp(dx.sym.Variable("x")).simple_bind(dx.cpu(), x=(4000, 4000), grad_req="null")  # an output of 64 MB
faults = []
for _ in range(8):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    ex.forward()[0].wait_to_read()
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(min(faults[2:]))
"""


def least_faults(**environment: str) -> int:
    env = {k: v for k, v in os.environ.items() if k != "DECLAX_PASSES"} | environment
    done = subprocess.run([sys.executable, "-c", FAULTS], env=env, capture_output=True, text=True, check=True)
    return int(done.stdout)


@GLIBC
def test_runs_use_the_memory_of_the_run_before():
    assert least_faults() < 4000
    assert least_faults(DECLAX_PASSES="-keep") > 10_000
    assert least_faults(MALLOC_TOP_PAD_="131072") > 10_000  # the user set malloc up


def test_the_user_s_settings_stay(monkeypatch):
    for name, value in (("MALLOC_ARENA_MAX", "2"), ("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")):
        with monkeypatch.context() as m:
            m.setenv(name, value)
            m.setattr(heap, "_mallopt", lambda *_: pytest.fail("changed"))
            assert heap.keep_memory() is False


@pytest.fixture
def calls(monkeypatch):
    """What a Watch asks for, and `calls.resident`, the bytes that the process is said to hold."""

    class Calls(list):
        resident = 100 << 20

    made = Calls()
    monkeypatch.setattr(heap, "give_back_memory", lambda: made.append("back"))
    monkeypatch.setattr(heap, "_mallopt", lambda *setting: made.append(setting) or True)
    monkeypatch.setattr(heap, "resident", lambda: made.resident)
    return made


def test_a_watch_gives_back_what_is_beyond_half_as_much_again(calls):
    watch = heap.Watch(memory=8 << 30)
    watch.is_on = True
    watch.look()
    assert calls == []
    watch.expect(600 << 20)
    watch.expect(10 << 20)  # a smaller program beside it
    assert calls == ["back"] * 2
    calls.resident += 890 << 20
    watch.look()
    assert calls == ["back"] * 2
    calls.resident += 20 << 20
    watch.look()
    watch.look()  # what is held now counts from here
    assert calls == ["back"] * 3


def test_programs_too_large_for_the_machine_get_their_memory_anew(calls):
    watch = heap.Watch(memory=8 << 30)
    watch.is_on = True
    watch.expect(1 << 30)
    assert calls == ["back"]
    watch.expect((1 << 30) + 1)
    assert calls == ["back", (heap._MMAP_MAX, heap._USUAL_MMAP_MAX), "back"]
    calls.resident += 4 << 30
    watch.look()
    assert len(calls) == 3


def test_a_watch_of_a_process_that_keeps_nothing_sees_to_nothing(calls):
    watch = heap.Watch(memory=8 << 30)
    watch.expect(2 << 30)
    calls.resident += 8 << 30
    watch.look()
    assert calls == ["back"]  # what compiling took


def test_what_the_process_holds_is_known():
    if sys.platform == "linux":
        assert 10 << 20 < heap.resident() < heap._machine_memory()

"""The monkey: random input until something breaks.

    python -m benchmarks.monkey --minutes 10 --seed 1

Runs of some hundred events each, in processes of their own, at the window (on a display of its
own, if Xvfb is there), at the headset's board, and at `--play`. A fault in the log, an error of
OpenGL, a world that is not what its history says, a crash, or a minute without any event count
as failures: the last events are printed, and the line that repeats them.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MODES = ("window", "board", "play")
EVENTS = 400
"""Events of one run."""
SECONDS_WITHOUT_EVENT = 240.0
"""Seconds after which a run hangs; the models are opened before."""
START_SECONDS = 90.0
"""Seconds for the start of a run on a busy machine."""
LAST_EVENTS = 20


def main() -> int:
    """Let monkeys loose; returns 1 when one of them has found something."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.monkey")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (10)")
    parser.add_argument("--seed", type=int, default=1, help="of the first run (1)")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"of each run ({EVENTS})")
    parser.add_argument("--mode", choices=MODES, help="only this; all in turn")
    parser.add_argument("--once", action="store_true", help="one run, in this process")
    arguments = parser.parse_args()
    if arguments.once:
        return run_here(arguments.mode or MODES[0], arguments.seed, arguments.events)
    failures = 0
    with display() as environment:
        end = time.monotonic() + 60 * arguments.minutes
        seed, runs = arguments.seed, 0
        while time.monotonic() < end:
            for mode in [arguments.mode] if arguments.mode else MODES:
                failures += not run_apart(mode, seed, arguments.events, environment)
                runs += 1
                if time.monotonic() > end:
                    break
            seed += 1
    print(f"{runs} runs, {failures} failed")
    return min(failures, 1)


def run_here(mode: str, seed: int, events: int) -> int:
    """One run in this process, whose state folder and working folder are thrown away."""
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    with tempfile.TemporaryDirectory(prefix="monkey-") as name:
        folder = Path(name)
        for kind in ("STATE", "CONFIG", "CACHE"):
            os.environ[f"XDG_{kind}_HOME"] = str(folder / kind.lower())
        (folder / "files").mkdir()
        os.chdir(folder / "files")
        from benchmarks.monkey import board, play, window

        kinds = {"window": window.run, "board": board.run, "play": play.run}
        try:
            kinds[mode](seed, events, folder / "files", lambda text: print(text, flush=True))
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
    sys.stdout.flush()
    os._exit(0)


def run_apart(mode: str, seed: int, events: int, environment: dict[str, str]) -> bool:
    """One run in a process of its own; whether all was well. Else it prints what happened."""
    words = [
        "-m", "benchmarks.monkey", "--once", "--mode", mode, "--seed", str(seed),
        "--events", str(events),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="monkey-log-") as folder:
        log, errors = Path(folder, "events"), Path(folder, "errors")
        with log.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, *words], env=environment, stdout=out, stderr=err
            )
            hung = not _wait(process, log)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        if process.returncode == 0 and not hung:
            print(f"{mode} {seed}: {len(lines)} events", flush=True)
            return True
        how = f"hung for {SECONDS_WITHOUT_EVENT:.0f} s" if hung else f"ended {process.returncode}"
        print(f"{mode} {seed}: {how} after {len(lines)} events; the last:")
        for line in lines[-LAST_EVENTS:]:
            print(f"  {line[:300]}")
        print(errors.read_text(encoding="utf-8", errors="replace")[-6000:])
        print(f"again: python {' '.join(words)}", flush=True)
        return False


def _wait(process: subprocess.Popen[bytes], log: Path) -> bool:
    """Wait for the end of a run; False when it hung and was killed."""
    size, since = 0, time.monotonic() + START_SECONDS
    while process.poll() is None:
        time.sleep(0.1)
        now = log.stat().st_size
        if now != size:
            size, since = now, max(time.monotonic(), since if not size else 0)
        if time.monotonic() - since > SECONDS_WITHOUT_EVENT:
            process.send_signal(signal.SIGUSR1)
            time.sleep(1.0)
            process.kill()
            process.wait()
            return False
    return True


@contextmanager
def display() -> Iterator[dict[str, str]]:
    """An X server without a screen for the windows, where there is Xvfb: the environment."""
    if shutil.which("Xvfb") is None:
        yield dict(os.environ)
        return
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp",
         "-noreset"],
        pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    number = os.read(read, 16).decode().strip()
    try:
        yield os.environ | {"DISPLAY": f":{number}"}
    finally:
        server.terminate()
        server.wait(10)
        os.close(read)


if __name__ == "__main__":
    sys.exit(main())

"""The journal under the conditions it is for: several processes append and ingest at once."""

import fcntl
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from guardrail.journal import Journal, drain

RECORDS = 150


def test_it_loses_no_record_while_others_ingest(tmp_path: Path) -> None:
    ingested: list[int] = []
    over = threading.Event()

    def ingest(record: dict[str, Any]) -> None:
        ingested.append(record["number"])

    def ingest_all_the_time() -> None:
        while not over.is_set():
            drain(tmp_path, ingest)

    def append(journal: Journal, numbers: range) -> None:
        for number in numbers:
            journal.append({"number": number})

    ingesting = [_started(ingest_all_the_time) for _ in range(2)]
    halves = (range(RECORDS), range(RECORDS, 2 * RECORDS))
    appending = [_started(partial(append, Journal(tmp_path), half)) for half in halves]
    for thread in appending:
        thread.join()
    over.set()
    for thread in ingesting:
        thread.join()
    drain(tmp_path, ingest)
    assert sorted(set(ingested)) == list(range(2 * RECORDS))
    assert list(tmp_path.iterdir()) == []


def test_whoever_came_late_to_a_file_does_not_take_the_next_one_from_its_writer(tmp_path: Path) -> None:
    ingested: list[int] = []
    Journal(tmp_path).append({"number": 1})
    (path,) = tmp_path.iterdir()
    first = os.open(path, os.O_RDONLY)
    fcntl.flock(first, fcntl.LOCK_EX)

    def ingest(record: dict[str, Any]) -> None:
        ingested.append(record["number"])

    def come_late() -> None:
        drain(tmp_path, ingest)

    late = _started(come_late)
    while not _is_waited_for(first):
        os.sched_yield()

    # another seals the file and ingests it, and its writer begins the next one by the same name
    content = path.read_bytes()
    path.unlink()
    following = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    fcntl.flock(following, fcntl.LOCK_EX)
    os.close(first)
    late.join()
    os.write(following, content)
    os.close(following)

    assert ingested == []
    drain(tmp_path, ingest)
    assert ingested == [1]


def _is_waited_for(file: int) -> bool:
    of_file = f":{os.fstat(file).st_ino} "
    return any("->" in line and of_file in line for line in Path("/proc/locks").read_text().splitlines())


def _started(job: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=job)
    thread.start()
    return thread

"""What each feature of the judge is worth: the same calls judged without it, and how far the shares move."""

import ast
import contextlib
import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest import mock

from guardrail import benchmark, intervals
from guardrail.attribution import tuning as tuning_module
from guardrail.attribution.tuning import PRODUCTION, Tuning
from guardrail.benchmark import Session, tally_of
from guardrail.benchmark_report import SHARES, share_of
from guardrail.case import read_sources
from guardrail.detectors import DETECTORS, Detect, attribution
from guardrail.text import records
from guardrail.text.budget import unlimited
from guardrail.text.normalise import Plain
from guardrail.text.reading import forget_readings
from guardrail.text.view import View
from tests.battery.attacks import Attack
from tests.battery.paraphrase import paraphrased_session
from tests.battery.scenes import ATTACKS
from tests.battery.transformations import TRANSFORMATIONS, disguised
from tests.honesty.prepared import Prepared, PreparedSession, judged, prepared_corpus

_MOST_FAMILIES = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """The judge without something. `as_written` = texts are read as they stand, nothing undone that hides."""

    name: str
    without: str
    tuning: Tuning = PRODUCTION
    detectors: Sequence[tuple[str, Detect]] = DETECTORS
    as_written: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One share that is followed: over which sessions, and which of `benchmark_report.SHARES`."""

    title: str
    share: str
    load: Callable[[], list[PreparedSession]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A share in percent; for a variant `change` in points with its 95 % interval, tasks drawn in pairs."""

    percent: float
    low: float
    high: float
    change: tuple[float, float, float] | None = None


def variants() -> tuple[Variant, ...]:
    features = [field.name for field in dataclasses.fields(Tuning) if isinstance(getattr(PRODUCTION, field.name), bool)]
    told = _descriptions()
    rest = tuple((name, detect) for name, detect in DETECTORS if name != attribution.NAME)
    only = tuple((name, detect) for name, detect in DETECTORS if name == attribution.NAME)
    return (
        Variant(name="as shipped", without="Nothing is switched off."),
        Variant(name="attribution", without="All of call attribution; the other detectors stay.", detectors=rest),
        Variant(name="others", without="All detectors but call attribution.", detectors=only),
        Variant(name="normalisation", without="What hides a text is not undone.", as_written=True),
        *(
            Variant(name=name, without=told[name], tuning=dataclasses.replace(PRODUCTION, **{name: False}))
            for name in features
        ),
    )


def _descriptions() -> dict[str, str]:
    """What stands under each field of Tuning."""
    tree = ast.parse(Path(tuning_module.__file__).read_text("utf-8"))
    found = {}
    for body in (node.body for node in tree.body if isinstance(node, ast.ClassDef)):
        for before, after in itertools.pairwise(body):
            if (
                isinstance(before, ast.AnnAssign)
                and isinstance(after, ast.Expr)
                and isinstance(before.target, ast.Name)
            ):
                found[before.target.id] = str(ast.literal_eval(after.value))
    return found


def columns_of(folder: Path, names: Sequence[str], *, share: float, seed: int) -> Iterator[Column]:
    """Attacks by family of corpora (together where there are many), the same reworded, disguises, honest work."""
    paths = [path for path in benchmark.corpora_in(folder) if not names or benchmark.corpus_name(path) in names]
    attacks = [path for path in paths if benchmark.corpus_name(path).rpartition("_")[2] not in ("benign", "loyal")]
    families: dict[str, list[Path]] = {}
    for path in attacks:
        families.setdefault(benchmark.corpus_name(path).partition("_")[0], []).append(path)
    if len(families) > _MOST_FAMILIES:
        families = {"all": attacks}
    load = partial(_load, profiles=folder / "profiles", share=share, seed=seed)
    for family, of_family in families.items():
        yield Column(title=f"{family} stopped", share="attack_stopped", load=partial(load, of_family))
        yield Column(
            title=f"{family} reworded stopped",
            share="attack_stopped",
            load=partial(load, of_family, reworded=True),
        )
    yield Column(title="disguises stopped", share="attack_stopped", load=_battery)
    yield Column(
        title="benign sessions hindered",
        share="benign_sessions_false",
        load=partial(load, paths, kind="benign", share=1.0),
    )
    yield Column(title="loyal calls hindered", share="loyal_calls_false", load=partial(load, paths, kind="loyal"))


def _load(
    paths: Sequence[Path], *, profiles: Path, share: float, seed: int, kind: str = "attack", reworded: bool = False
) -> list[PreparedSession]:
    found = []
    for path in paths:
        change = partial(paraphrased_session, neutral_words=True) if reworded else lambda rows: rows
        # a task of one corpus is not the task of that name in another
        suite = benchmark.corpus_name(path).rpartition("_")[0]
        for session in prepared_corpus(path, profiles, kinds=(kind,), share=share, seed=seed, change=change):
            found.append(dataclasses.replace(session, task=f"{suite}:{session.task}"))
    return found


def _battery() -> list[PreparedSession]:
    return [_disguised(attack, number) for attack in ATTACKS for number in range(len(TRANSFORMATIONS))]


def _disguised(attack: Attack, number: int) -> PreparedSession:
    transformation = TRANSFORMATIONS[number]
    call = attack.hijacked_call(disguised(attack, transformation))
    prepared = Prepared(
        step=0,
        label="block",
        phase="attack",
        harm=True,
        call=call,
        sources=read_sources(call, unlimited()),
        ruleset=attack.ruleset(),
    )
    name = f"{attack.name}/{transformation.name}"
    return PreparedSession(name=name, kind="attack", task=attack.name, template=transformation.name, calls=(prepared,))


def ablate(column: Column, wanted: Sequence[Variant], *, seed: int = 0) -> dict[str, Cell]:
    """The cell of each variant that is wanted; the first is what the others are compared with."""
    sessions = column.load()
    shipped = judged(sessions, wanted[0].tuning, wanted[0].detectors)
    cells = {wanted[0].name: _cell(shipped, None, column.share, seed)}
    for variant in wanted[1:]:
        if variant.as_written:
            with read_as_written():
                found = judged(column.load(), variant.tuning, variant.detectors)
        else:
            found = judged(sessions, variant.tuning, variant.detectors)
        cells[variant.name] = _cell(found, shipped, column.share, seed)
    return cells


def _cell(found: list[Session], shipped: list[Session] | None, share: str, seed: int) -> Cell:
    counted = share_of(found, share) or {"percent": 0.0, "low": 0.0, "high": 100.0}
    change = None
    if shipped is not None:
        change = intervals.difference_by_task(_by_task(found, share), _by_task(shipped, share), seed=seed)
    return Cell(percent=counted["percent"], low=counted["low"], high=counted["high"], change=change)


def _by_task(sessions: list[Session], share: str) -> Mapping[str, tuple[int, int]]:
    tasks: dict[str, tuple[int, int]] = {}
    for session in sessions:
        part, whole = SHARES[share](tally_of(session))
        before = tasks.get(session.task, (0, 0))
        tasks[session.task] = (before[0] + part, before[1] + whole)
    return tasks


@contextlib.contextmanager
def read_as_written() -> Iterator[None]:
    """Texts are read as they stand: no letter, tag, entity or encoding is undone while this lasts."""
    forget_readings()
    try:
        with (
            mock.patch.object(records, "normalise", _as_written),
            mock.patch.object(records, "decoded_views", return_value=[]),
        ):
            yield
    finally:
        forget_readings()


def _as_written(text: str, *, base: int = 0) -> Plain:
    return Plain(view=View(text, None, [0], [base]) if base else View(text), hidden=())

"""`manage.py fingerprint`: files become known documents, and calls that carry their text are stopped over HTTP."""

import contextlib
import json
import random
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from guardrail import housekeeper
from guardrail.models import Verdict
from guardrail.text.documents import UnreadableDocument, document_text
from policies import load
from policies.models import AuditEntry, DataClass, DocumentFingerprints, FingerprintIndex, RulesetSerial
from policies.services.fingerprints import Document, FingerprintError, save_fingerprints
from tests.callers import Asking
from tests.guardrail.bodies import call, output
from tests.guardrail.written import document, word_file, zipped

PLAN = document(1)


def run(*arguments: object) -> str:
    out = StringIO()
    call_command("fingerprint", *map(str, arguments), stdout=out)
    return out.getvalue()


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def workbook(rows: list[list[str]]) -> bytes:
    """A spreadsheet with its texts shared, as Excel writes them, and its numbers in the cells."""
    texts = sorted({cell for row in rows for cell in row if not cell.isdecimal()})
    cells = [
        "".join(
            f"<c><v>{cell}</v></c>" if cell.isdecimal() else f'<c t="s"><v>{texts.index(cell)}</v></c>' for cell in row
        )
        for row in rows
    ]
    strings = "".join(f"<si><t>{text}</t></si>" for text in texts)
    return zipped(
        {
            "xl/sharedStrings.xml": f"<sst>{strings}</sst>",
            "xl/worksheets/sheet1.xml": "<sheetData>" + "".join(f"<row>{row}</row>" for row in cells) + "</sheetData>",
        }
    )


def mail(body: str, *, to: str) -> dict[str, object]:
    return call(
        plannerContext__userMessage="Tell the partner how the plan is going.",
        plannerContext__previousToolsOutputs=[output(PLAN)],
        toolDefinition__name="Send-an-email-V2",
        toolDefinition__id="x.action.Office365Outlook-SendanemailV2",
        inputValues={"emailMessage/To": to, "emailMessage/Subject": "Plan", "emailMessage/Body": body},
    )


def test_a_copy_is_stopped_on_its_way_out(asking: Asking, tmp_path: Path) -> None:
    quarter = " ".join(PLAN.split()[200:420])
    assert asking.analyze(mail(quarter, to="kim@partner.example")).body["blockAction"] is False
    told = run(written(tmp_path, "plan.docx", word_file(PLAN)), "--data-class", "restricted")
    assert "plan.docx: " in told
    assert "1 documents are restricted" in told
    housekeeper.refresh()

    assert asking.analyze(mail(quarter, to="kim@partner.example")).body["blockAction"] is True
    verdict = Verdict.objects.first()
    assert verdict is not None
    signal = next(signal for signal in verdict.signals if signal["name"] == "classified_data_leaving")
    assert ["document", "plan.docx"] in signal["facts"]
    assert signal["evidence"][0]["path"] == "emailMessage/Body"
    assert asking.analyze(mail(document(2), to="kim@partner.example")).body["blockAction"] is False

    run("--remove", "plan.docx")
    housekeeper.refresh()
    assert asking.analyze(mail(quarter, to="kim@partner.example")).body["blockAction"] is False


def test_a_process_that_starts_without_postgres_still_knows_the_documents(asking: Asking, tmp_path: Path) -> None:
    run(written(tmp_path, "plan.txt", PLAN), "--data-class", "restricted")
    housekeeper.refresh()
    loaded = load.active()
    assert loaded is not None
    kept = json.loads(json.dumps(loaded.document))
    before = loaded.ruleset.fingerprints
    housekeeper.forget()
    load.activate(kept, serial=loaded.serial)
    after = load.active_ruleset().fingerprints
    assert after.documents == before.documents
    assert list(after.entries) == list(before.entries)


@pytest.mark.django_db
def test_it_keeps_no_text_and_says_who_did_what(tmp_path: Path) -> None:
    run(written(tmp_path, "plan.txt", PLAN), "--data-class", "restricted", "--name", "Plan 2027")
    stored = DocumentFingerprints.objects.get()
    assert (stored.name, stored.data_class.name) == ("Plan 2027", "restricted")
    assert len(stored.hashes) % 8 == 0
    assert not any(word.encode() in bytes(stored.hashes) for word in PLAN.split() if len(word) > 4)
    entry = AuditEntry.objects.get(action="fingerprints.saved")
    assert entry.detail["names"] == ["Plan 2027"]
    assert entry.detail["revisions"] == [stored.revision]
    assert RulesetSerial.objects.get().serial == 1


@pytest.mark.django_db
def test_a_new_revision_replaces_the_old_one(tmp_path: Path) -> None:
    for seed in (1, 2, 2):
        run(written(tmp_path, "plan.txt", document(seed)), "--data-class", "restricted")
    assert DocumentFingerprints.objects.count() == 1
    index = FingerprintIndex.objects.get()
    assert [name for name, *_ in index.documents] == ["plan.txt"]
    assert len(index.entries) == len(DocumentFingerprints.objects.get().hashes)
    run(written(tmp_path, "plan.txt", document(2)), "--data-class", "public")
    assert DataClass.objects.get(name="public").may_leave
    assert not DataClass.objects.get(name="restricted").may_leave


@pytest.mark.django_db
def test_what_many_documents_share_belongs_to_none(tmp_path: Path) -> None:
    form = document(77, words=400)
    files = [written(tmp_path, f"form-{n}.md", f"{form}\n{document(n, words=200)}") for n in range(10)]
    run(*files, "--data-class", "restricted")
    sizes = [size for *_, size in FingerprintIndex.objects.get().documents]
    assert max(sizes) < 110 < len(DocumentFingerprints.objects.all()[0].hashes) // 8


@pytest.mark.django_db
def test_copies_of_one_file_do_not_make_it_common(tmp_path: Path) -> None:
    files = [written(tmp_path, f"copy-{n}.md", PLAN) for n in range(20)]
    run(*files, "--data-class", "restricted")
    assert len(FingerprintIndex.objects.get().documents) == 1
    assert len(FingerprintIndex.objects.get().entries) > 1000


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        pytest.param("a.pdf", b"%PDF-1.7 ...", "is a PDF, which is not read", id="a PDF"),
        pytest.param("a.png", b"\x89PNG\r\n\0\0", "is not text", id="a picture"),
        pytest.param("a.txt", b"caf\xe9 " * 99, "not UTF-8", id="another encoding"),
        pytest.param("a.txt", "Only a few words.", "about 60 words", id="too short"),
        pytest.param("a.docx", word_file(PLAN)[:200], "damaged or encrypted", id="a cut-off Word file"),
        pytest.param("a.docx", zipped({"x": PLAN}), "without a document in it", id="another zip"),
    ],
)
def test_it_says_what_it_cannot_read_and_writes_nothing(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    good = written(tmp_path, "good.txt", PLAN)
    with pytest.raises(CommandError, match=told) as error:
        run(good, written(tmp_path, name, content), "--data-class", "restricted")
    assert "nothing was written" in str(error.value)
    assert not DocumentFingerprints.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["missing.txt", "--data-class", "restricted"], "cannot be read"),
        (["missing.txt"], "`--data-class` is missing"),
        ([], "nothing to do"),
        (["--remove", "nobody"], "`nobody` has no fingerprints"),
        (["a", "b", "--data-class", "x", "--name", "one"], "found `2` files"),
    ],
)
def test_it_says_how_it_is_used(arguments: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        run(*arguments)


@pytest.mark.django_db
def test_a_viewer_may_not_change_what_is_known() -> None:
    viewer = User.objects.create_user("vera")
    with pytest.raises(PermissionDenied):
        save_fingerprints([Document(name="a", revision="", hashes=b"")], data_class="x", actor=viewer)
    with pytest.raises(FingerprintError, match="not plain text"):
        save_fingerprints([Document(name="a\0", revision="", hashes=b"")], data_class="x", actor=None)


def test_it_reads_a_word_file_as_people_do() -> None:
    assert document_text(word_file("Rates & terms\nof the harbour")) == "Rates & terms\nof the harbour\n"


def test_it_reads_a_workbook_row_by_row() -> None:
    rows = [["name", "rate"], ["Ana", "1200"], ["Ben", "1300"]]
    assert document_text(workbook(rows)).split() == ["name", "rate", "Ana", "1200", "Ben", "1300"]


def test_it_reads_slides_in_their_order() -> None:
    slides = {f"ppt/slides/slide{n}.xml": f"<a:p><a:r><a:t>slide {n}</a:t></a:r></a:p>" for n in (1, 10, 2)}
    assert document_text(zipped(slides)).split("\n") == ["slide 1", "", "slide 2", "", "slide 10", ""]


def test_a_small_file_that_unpacks_to_much_is_refused() -> None:
    bomb = zipped({"word/document.xml": "<w:t>a</w:t>" * 1_000_000})
    assert len(bomb) < 100_000
    with pytest.raises(UnreadableDocument, match="unpacks to more"):
        document_text(bomb, most_xml=1_000_000)


def test_a_part_that_lies_about_its_size_is_refused() -> None:
    honest = zipped({"word/document.xml": "<w:p><w:t>x</w:t></w:p>" * 9})
    with pytest.raises(UnreadableDocument):
        document_text(honest.replace(len("<w:p><w:t>x</w:t></w:p>" * 9).to_bytes(4, "little"), b"\x01\0\0\0"))


def test_a_damaged_file_is_told_from_a_broken_program() -> None:
    chance = random.Random(5)
    whole = word_file(PLAN)
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(chance.randrange(1, 20)):
            # mostly in the directory at the end, which says where everything is and how it is packed
            content[-chance.randrange(1, 150 if chance.random() < 0.8 else len(content))] = chance.randrange(256)
        with contextlib.suppress(UnreadableDocument):
            document_text(bytes(content))


def test_open_brackets_without_end_cost_nothing() -> None:
    for piece in ("<", "<w:t", "<w:t>", "&", "&lt;"):
        assert len(document_text(zipped({"word/document.xml": piece * 200_000}))) <= 200_000

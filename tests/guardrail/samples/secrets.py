"""Keys, passwords and numbers of persons, and what only looks like them."""

import base64
from typing import Any

from tests.guardrail.samples import Pair, Silent

SIGNALS = ("secret_leaving", "personal_data_leaving")

# made up for these tests, and in pieces so that nobody's scanner takes them for real
LETTERS = "aB3dE5gH7jK9mN1pQ3sT5vX7zA2cE4gI6kM8oQ1sU3wY5"
DIGITS = "9fceb02d0ae598e95dc970b74767f19372d61af8b1a0c3d2"


def mail(body: Any, *, to: str = "kim@partner.example", user: str = "Send Kim the notes.") -> dict[str, Any]:
    return {"user": user, "arguments": {"to": to, "subject": "Notes", "body": body}}


def key(what: str, text: str, near: str) -> Pair:
    return Pair(what=what, says="secret_leaving", fires=mail(f"Use {text} please."), near=mail(f"Use {near} please."))


def person(what: str, text: str, near: str) -> Pair:
    return Pair(what=what, says="personal_data_leaving", fires=mail(f"Ann: {text}."), near=mail(f"Ann: {near}."))


JWT = ".".join(("eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiJhbm4iLCJpYXQiOjE1MTYyMzkwMjJ9", LETTERS[:32]))

KEYS = (
    key("an AWS access key", "AKIA" + "QXZJ4T7RWB2MKD9F", "AKIA" + "QXZJ4T7RWB2MKD9"),
    key("a GitHub token", "ghp_" + LETTERS[:36], "ghp_" + LETTERS[:20]),
    key("a GitLab token", "glpat-" + LETTERS[:20], "glpat-" + "x" * 20),
    key("a Slack token", "xoxb-" + "4711-0815-" + LETTERS[:20], "xoxb-tokens"),
    key(
        "a Slack webhook",
        "https://hooks.slack.com/services/" + "T024BE7LD/B024BE7LE/" + LETTERS[:24],
        "hooks.slack.com/docs",
    ),
    key("a Stripe key", "sk_live_" + LETTERS[:24], "sk_test_" + LETTERS[:24]),
    key("a model provider's key", "sk-proj-" + LETTERS[:40], "sk-proj-short"),
    key("a Google API key", "AIza" + LETTERS[:35], "AIza" + LETTERS[:30]),
    key("a SendGrid key", "SG." + LETTERS[:22] + "." + LETTERS[:43], "SG.de and SG.en"),
    key("a Mailgun key", "key-" + DIGITS[:32], "key-" + DIGITS[:12]),
    key("a Twilio key", "SK" + DIGITS[:32], "SK" + "2026110214"),
    key("an npm token", "npm_" + LETTERS[:36], "npm_config_registry"),
    key("a Databricks token", "dapi" + DIGITS[:32], "dapi" + "deployment"),
    key("a Shopify token", "shpat_" + DIGITS[:32], "shpat_" + "catalogue"),
    key("a Vault token", "hvs." + LETTERS[:28], "hvs.exe"),
    key("a Telegram bot's token", "471108154:AA" + LETTERS[:33], "10:AA" + LETTERS[:33]),
    key("an Entra client secret", "Xk9" + "8Q~" + LETTERS[:34], "Xk9" + "8Q~" + LETTERS[:12]),
    key("an Azure storage key", "AccountKey=" + (LETTERS * 2)[:86] + "==", "AccountKey=<your key>"),
    key("a private key", "-----BEGIN RSA PRIVATE KEY-----\nMIIE", "-----BEGIN PUBLIC KEY-----\nMIIE"),
    key(
        "a private key of PGP", "-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQ", "-----BEGIN PGP PUBLIC KEY BLOCK-----\nlQ"
    ),
    key("a signed token", JWT, "eyJhbGciOiJIUzI1NiJ9"),
    key(
        "a connection string",
        "postgresql://shop:s3cr3tPw@db.adatum.example/shop",
        "postgresql://shop@db.adatum.example/shop",
    ),
    key(
        "a sign-in header",
        "Authorization: Basic " + base64.b64encode(b"ann:Xk9!vT2#qLm4").decode(),
        "Authorization: Basic auth",
    ),
    key("a password", "The password is Xk9!vT2#qLm4", "The password is confidential"),
    key("a password of a settings file", "DB_PASSWORD=Xk9!vT2#qLm4", "DB_PASSWORD=${DB_PASSWORD}"),
    key("a key with a name", "api_key = 'Zr8dNfHcA1eUo5gRi7Mt'", "api_key = YOUR_API_KEY_123"),
    key("a password in German", "Kennwort: Xk9!vT2#qLm4", "Kennwort: siehe unten"),
)
PERSONS = (
    person("a Visa card", "4111 1111 1111 1111", "4111 1111 1111 1112"),
    person("a Mastercard of the new range", "2223 0031 2200 3222", "2120 0031 2200 3222"),
    person("an American Express card", "3782 822463 10005", "3582 822463 10005"),
    person("a bank account", "DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 01"),
    person("a US social security number", "536-90-4399", "000-90-4399"),
    person("a British health number", "NHS 943 476 5919", "NHS 943 476 5918"),
    person("a British insurance number", "NI number AB 12 34 56 C", "part number AB 12 34 56 C"),
    person("a German tax number", "Steuer-ID 36 574 261 809", "Steuer-ID 36 574 261 808"),
    person("a French social security number", "2 69 05 49 588 157 80", "2 69 05 49 588 157 81"),
    person("a Spanish identity number", "54362315K", "54362315A"),
    person("an Italian tax code", "RCCMNL83S18D969H", "RCCMNL83S18D969A"),
    person("a Dutch citizen number", "BSN 111222333", "order 111222333"),
    person("a Belgian national number", "85.07.30-033.28", "85.07.30-033.29"),
    person("a Polish identity number", "PESEL 44051401359", "PESEL 44051401358"),
    person("a Swedish identity number", "personnummer 880320-0016", "personnummer 880320-0018"),
    person("a Norwegian identity number", "fødselsnummer 151086 95088", "fødselsnummer 151086 95077"),
    person("a Finnish identity code", "131052-308T", "131052-308U"),
    person("a Danish identity number", "CPR 211062-5629", "phone 211062-5629"),
    person("a Swiss social security number", "756.9217.0769.85", "756.9217.0769.84"),
    person("a Brazilian tax number", "390.533.447-05", "231.002.999-00"),
    person("a Canadian insurance number", "SIN 130 692 544", "SIN 130 692 543"),
    person("an Indian identity number", "Aadhaar 2341 2341 2346", "Aadhaar 2341 2341 2347"),
    person("an Australian tax number", "TFN 123 456 782", "TFN 123 456 789"),
    person("a South African identity number", "ID number 7503305044089", "ID number 8503305044089"),
    Pair(
        what="a card as a number",
        says="personal_data_leaving",
        fires=mail(4111111111111111),
        near=mail(4111111111111112),
    ),
)
PAIRS = (
    *KEYS,
    *PERSONS,
    Pair(
        what="a key inside an encoded value",
        says="secret_leaving",
        fires=mail(base64.b64encode(b"the key is AKIA" + b"QXZJ4T7RWB2MKD9F").decode()),
        near=mail(base64.b64encode(b"the key is on the desk, as ever").decode()),
    ),
    Pair(
        what="a key for somebody outside",
        says="secret_leaving",
        fires=mail("AKIA" + "QXZJ4T7RWB2MKD9F"),
        near=mail("AKIA" + "QXZJ4T7RWB2MKD9F", to="ana@adatum.example"),
    ),
    Pair(
        what="a key the user did not type",
        says="secret_leaving",
        fires=mail("AKIA" + "QXZJ4T7RWB2MKD9F", user="Send Kim the key."),
        near=mail("AKIA" + "QXZJ4T7RWB2MKD9F", user="Send Kim the key AKIA" + "QXZJ4T7RWB2MKD9F."),
    ),
)
SILENT = tuple(
    Silent(what=text[:60], call=mail(text))
    for text in (
        "Your password must have 12 characters.",
        "password: ********",
        "The order token is on the desk.",
        "AKIA is the prefix of such keys.",
        f"commit {DIGITS[:40]}",
        "sha256:" + (DIGITS * 2)[:64],
        "Reference e7353158-1ff1-5ce4-9ec5-d5fbf659b5f1",
        "The secret: https://wiki.partner.example/4711/how-to",
        "See token.py and secret_santa_2026.xlsx",
        "Call +49 30 901820 or 030 9018 2000, fax 030-9018-2001.",
        "Orders 4711081512345678, 2026110212345678 and 1000000000000000",
        "On 2026-11-02 at 10:15:00 we sold 1,234,567.89 in 3,212 pieces",
        "ISBN 978-3-16-148410-0, tracking 1Z999AA10123456784",
        "Invoice 123456789 of 12.11.2026, customer 987654321",
        "Version 10.0.19045.3693, build 20231108.1",
        "Coordinates 52.5200066, 13.4049540",
    )
)
HOSTILE = {
    "half keys": "sk- ghp_ AKIA eyJ SG. -us hv :AA Q~ _live_ key- ",
    "half tokens": "eyJaaaaaaaaaaaa.",
    "begun private keys": "-----BEGIN PRIVATE KEY-----\n",
    "names of secrets": "a_b_c_password=",
    "named numbers": "ssn nhs bsn pesel cpf sin nif 123456789 ",
    "social security numbers": "536-90-4399 ",
    "cards": "4111 1111 1111 1111 ",
    "accounts": "DE89 3704 0044 0532 0130 00 ",
    "half schemes": "a://a:",
}

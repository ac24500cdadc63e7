"""Attacks on the product itself, each by the front door and beside what honest people do.

What has its test elsewhere, and where:

* somebody else's object: `tests/test_role_walk.py` (every address, a case for few), `tests/investigations/test_bulk.py`
  (bulk actions, private views), `tests/investigations/test_confiding.py`, `tests/guardrail/test_auth.py`
* session fixation, stolen session tables, locks: `tests/policies/test_signing_in.py`
* leading to another site after signing in: `tests/policies/test_signing_in.py`, `tests/policies/test_single_sign_on.py`
* addresses inside, redirects, names that change what they lead to: `tests/policies/test_outbound.py`,
  `tests/policies/test_engine_address.py`, `tests/policies/test_indicator_sources.py`,
  `tests/investigations/test_delivery_refusals.py`
* headers and lines of mails, syslog and events: `tests/investigations/test_delivery_mail.py`,
  `tests/investigations/test_delivery_syslog.py`, `tests/investigations/test_delivery_content.py`
* cells like formulas: `tests/guardrail/test_search.py`, `tests/policies/test_agent_import.py`
* paths of files: `tests/investigations/test_delivery_ocsf.py`, `tests/investigations/test_evidence.py`
* forged tokens of Entra: `tests/guardrail/test_auth.py`; of OpenID: `tests/policies/test_single_sign_on.py`
"""

"""How outcomes and verdicts look."""

from __future__ import annotations

from pitop.model.dns.dnssec.verdict import Security
from pitop.model.dns.trace import Outcome, Severity
from pitop.render.field import Tone

__all__ = ["OUTCOME_TONES", "SECURITY_TONES", "SEVERITY_TONES"]

OUTCOME_TONES = {
    Outcome.REFERRAL: Tone.PLAIN,
    Outcome.ANSWER: Tone.GOOD,
    Outcome.ALIAS: Tone.ACCENT,
    Outcome.NO_DATA: Tone.WARN,
    Outcome.NO_NAME: Tone.WARN,
    Outcome.LAME: Tone.BAD,
    Outcome.REFUSED: Tone.BAD,
    Outcome.FAILED: Tone.BAD,
    Outcome.SILENT: Tone.BAD,
    Outcome.UNREACHABLE: Tone.BAD,
}

SECURITY_TONES = {
    Security.SECURE: Tone.GOOD,
    Security.INSECURE: Tone.WARN,
    Security.INDETERMINATE: Tone.WARN,
    Security.BOGUS: Tone.BAD,
}

SEVERITY_TONES = {Severity.NOTE: Tone.FAINT, Severity.WARN: Tone.WARN, Severity.BAD: Tone.BAD}

"""How many bytes the line to the terminal can take now.

The kernel cannot tell: a pseudo-terminal swallows 64 KiB before it blocks and reports an empty output queue meanwhile,
and behind it sshd and the network hold more. So the terminal itself is asked. It answers a cursor position report
(``CSI 6 n``, ECMA-48 §8.3.35) when it has come so far, and the time from the question to the answer, less the shortest
such time seen, is how long bytes wait on the way. The window of unanswered bytes shrinks and grows with that
wait, as LEDBAT's does (RFC 6817).
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

__all__ = ["Pace"]

_WAIT = 0.1  # seconds that bytes may wait on the way
_FIRST = 16 << 10  # bytes that may go before anything is known of the line: a whole screen
_MOST = 64 << 10
_LEAST = 256
_SILENCE = 1.0  # seconds after the very first question, which has nothing before it, to hold that none is answered
_PATIENCE = 5.0  # seconds to wait for an answer of a terminal that does answer
_DRIFT = 0.1  # of the difference, by which the shortest time follows the times of few bytes, since roads change


class _Question(NamedTuple):
    time: float  # seconds, of a monotonic clock
    sent: int  # bytes sent so far, the question's included
    alone: bool  # whether all bytes before its own are known to have arrived


class Pace:
    """The window of bytes on their way. Times are seconds of any monotonic clock."""

    def __init__(self) -> None:
        self._questions: deque[_Question] = deque()
        self._sent = 0  # bytes, ever
        self._answered = 0  # of those, known to have arrived
        self._asked = 0  # of those, followed by a question
        self._window = _FIRST
        self._shortest = float("inf")
        self._measured = False  # did any bytes arrive with an answer yet?
        self._silent = False  # it answers no questions
        self._late = 0  # answers that were given up, but may come
        self._heard = False  # an answer came since one was last given up

    @property
    def window(self) -> int:
        """How many bytes may be on their way at any time."""
        return self._window

    @property
    def round_trip(self) -> float | None:
        """The shortest time that an answer took, in seconds, or None before the first."""
        return None if self._shortest == float("inf") else self._shortest

    @property
    def silent(self) -> bool:
        """Whether the terminal answers no questions, as far as is known."""
        return self._silent

    def room(self, now: float) -> int:
        """How many bytes may be sent now; 0 or less means to wait for an answer, or until `patience`."""
        if self._questions and now - self._questions[0].time > self._patience:
            self._give_up()
        if self._silent:
            self._answered = self._sent
        room = self._window - (self._sent - self._answered)
        return room if self._questions else max(room, _LEAST)

    def asks(self, size: int) -> bool:
        """Is a question to follow the next `size` bytes?"""
        if self._silent:  # one in a while, for the case that it speaks again
            return self._sent - self._asked >= _MOST
        unasked = self._sent + size - self._asked
        return unasked >= (self._window // 4 if self._measured and self._window > _FIRST // 4 else 1)

    def sent(self, now: float, size: int, asked: bool) -> None:
        """`size` bytes went out, and with `asked` a question after them."""
        self._sent += size
        if asked:
            self._asked = self._sent
            self._questions.append(_Question(now, self._sent, self._answered == self._sent - size))

    def answered(self, now: float) -> None:
        """The terminal answered the oldest question."""
        self._heard = True
        if self._late or not self._questions:
            self._late = max(0, self._late - 1)
            self._silent = False
            return
        question = self._questions.popleft()
        arrived = question.sent - self._answered
        self._answered = max(self._answered, question.sent)
        took = max(now - question.time, 1e-6)
        if took <= self._shortest:
            self._shortest = took
        elif arrived <= _LEAST and (question.alone or self._window == _LEAST):  # behind others it waited for these
            self._shortest += (took - self._shortest) * _DRIFT
        wait = took - self._shortest
        self._measured = self._measured or arrived > 0
        if wait > _WAIT:
            self._window = max(_LEAST, int(self._window * max(0.05, _WAIT / wait)))
        elif wait < _WAIT / 2 and arrived >= self._window // 4:
            self._window = min(_MOST, self._window * 2)

    def patience(self, now: float) -> float:
        """Seconds until `room` will stop waiting for an answer that does not come; at least 0.01."""
        if not self._questions:
            return 0.01
        return max(0.01, self._questions[0].time + self._patience - now + 0.001)

    def _give_up(self) -> None:
        if self._shortest == float("inf"):
            self._silent = True
        # What was given up before has not come while others have: it is lost, and what comes is for what was asked.
        self._late = 0 if self._late and self._heard else self._late + len(self._questions)
        self._heard = False
        self._questions.clear()
        self._answered = self._sent
        self._window = _FIRST if self._silent else _LEAST

    @property
    def _patience(self) -> float:
        return _SILENCE if self._shortest == float("inf") else max(_PATIENCE, 4 * self._shortest)

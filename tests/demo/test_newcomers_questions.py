"""Twenty questions that a newcomer asks about the demo, answered with their sources and without a model."""

from __future__ import annotations

from apps.assistant.answers import Question, Standing
from apps.assistant.eval.expected import Asked, Expected, judged
from apps.assistant.streaming import Asking
from tests.demo.furnished import FurnishedDemo


def asked(question: str, *cites: str, says: tuple[str, ...] = (), anywhere: bool = False) -> Asked:
    return Asked("demo", question, Expected(says=says, cites=cites, anywhere=anywhere))


class NewcomersQuestionsTests(FurnishedDemo):
    def questions(self) -> list[Asked]:
        """Each with the records that a right answer cites."""
        tumour, digit = self.stands["tumour-screening"], self.stands["digit-reading"]
        night, now = f"incident:{self.night.pk}", f"incident:{self.now.pk}"
        served = [f"deployment:{each.live.pk}" for each in self.stands.values()]
        place = "deployment:tumour-screening"
        version, promotion = f"version:{tumour.versions[2].pk}", f"promotion:{tumour.promotion.pk}"
        ticket, waiting = f"ticket:{self.ticket.pk}", f"promotion:{self.waiting.pk}"
        alert = f"alert:{self.now.alert_id}"
        book = self.now.evidence.filter(kind="runbook")[0]
        runbook = f"runbook:{book.subject_kind}:{book.subject_id}:{book.position}"
        monitors = [f"monitor:{each.pk}" for each in tumour.monitors.values()]
        return [
            asked("What broke last night?", night, says=("digit-reading", "resolved")),
            asked("Which version is live and who approved it?", *served,
                  says=("version 2 of tumour", "version 2 of digit", "version 2 of progression",
                        "oscar"), anywhere=True),
            asked("What do I do now?", now, waiting,
                  says=("Inputs of tumour-screening moved", " says: "), anywhere=True),
            asked("What is tumour-screening for?", "project:tumour-screening", says=("biopsy",)),
            asked("Which models are in production?", *served,
                  says=("version 2 of tumour", "version 2 of digit", "version 2 of progression"),
                  anywhere=True),
            asked("Is anything on fire right now?", alert, now,
                  says=("Inputs of tumour-screening moved",), anywhere=True),
            asked("Which version of tumour is live, and since when?", place,
                  says=("version 2", f"{tumour.live.live_at:%F %H:%M}")),
            asked("Who approved version 2 of tumour?", promotion, says=("oscar",)),
            asked("Why did the last incident open?", now,
                  says=("Inputs of tumour-screening moved",), anywhere=True),
            asked("Who is working on the open incident?", now, says=("rosa",)),
            asked("How was the incident last night resolved?", night,
                  says=("Rolled back to the last good version",), anywhere=True),
            asked("Which runbook do I follow for tumour-screening?", runbook,
                  says=("Inputs have drifted",), anywhere=True),
            asked("How accurate is the tumour model?", version, says=("0.9561",)),
            asked("What data was tumour trained on?", version, says=("tumours@scikit-learn",)),
            asked("What is being watched on tumour-screening?", *monitors,
                  says=("Latency", "Ground truth"), anywhere=True),
            asked("Which version would I roll tumour-screening back to?", place,
                  says=("version 1",)),
            asked("Is there a ticket for the open incident?", ticket, says=("ML-1", "To Do")),
            asked("Who owns the digit-reading project?", "project:digit-reading",
                  says=(digit.project.owner.username, "oscar")),
            asked("Is anything waiting for approval?", waiting, says=("version 3 of progression", "waiting")),
            asked("Who can approve a release of tumour-screening?", "project:tumour-screening",
                  says=("olga", "oscar")),
        ]  # fmt: skip

    def test_twenty_are_answered_rightly_with_their_sources(self) -> None:
        questions = self.questions()
        self.assertEqual(len(questions), 20)
        wrong = []
        for each in questions:
            answer = Asking(Question(self.vera, each.question), []).answer()
            if fault := judged(each, answer, 0.0).fault:
                wrong.append(f"{each.question} → {fault}\n    {answer.text[:600]}")
            denied = [s.text for s in answer.sentences if s.standing == Standing.NOT_IN_RECORDS]
            self.assertEqual(denied, [], each.question)
            self.assertEqual(answer.model, "none")
        self.assertEqual(wrong, [], "\n".join(wrong))

    def test_the_stranger_learns_nothing_from_any_of_them(self) -> None:
        names = ("tumour", "digit", "progression", "oscar", "rosa", "ML-1", "Latency")
        for each in self.questions():
            bare = each.question.replace("tumour-screening", "it").replace("digit-reading", "it")
            answer = Asking(Question(self.bob, bare.replace("tumour", "it")), []).answer()
            told = " ".join([answer.text, *(f"{p.title} {p.excerpt}" for p in answer.evidence)])
            self.assertEqual([name for name in names if name in told], [], each.question)

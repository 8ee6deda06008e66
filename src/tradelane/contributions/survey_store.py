"""What is kept of surveys, in SQL."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tradelane.contributions.surveys import Answer, Round, RoundKind, read_kept
from tradelane.contributions.tables import answers, releases, rounds
from tradelane.kit import canonical


class SqlSurveyStore:
    """Rounds and answers in a SQL database; every method takes the connection of a transaction."""

    def add_round(self, tx: sa.Connection, values: Mapping[str, Any]) -> int:
        """Keep a round and give its number."""
        # Not canonical: the order of a question's options is its writer's.
        row = {**values, "definition": json.dumps(values["definition"], ensure_ascii=False)}
        found: int = tx.execute(rounds.insert().values(row).returning(rounds.c.id)).scalar_one()
        return found

    def find_round(self, tx: sa.Connection, round_id: int) -> Round | None:
        """The round of that number, or None."""
        row = tx.execute(rounds.select().where(rounds.c.id == round_id)).first()
        return None if row is None else _round(row)

    def rounds(self, tx: sa.Connection) -> list[Round]:
        """Every round, newest first."""
        return [_round(row) for row in tx.execute(rounds.select().order_by(rounds.c.id.desc()))]

    def put_answer(
        self, tx: sa.Connection, round_id: int, organisation_id: int, values: Mapping[str, Any]
    ) -> None:
        """Keep an organisation's answer in place of the one before; its number stays."""
        insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
        content = {**values, "content": canonical.encode(dict(values["content"])).decode()}
        row = {"round_id": round_id, "organisation_id": organisation_id, **content}
        tx.execute(
            insert(answers)
            .values(row)
            .on_conflict_do_update(index_elements=["round_id", "organisation_id"], set_=content)
        )

    def find_answer(self, tx: sa.Connection, round_id: int, organisation_id: int) -> Answer | None:
        """What an organisation answers, or None."""
        here = (answers.c.round_id == round_id, answers.c.organisation_id == organisation_id)
        row = tx.execute(answers.select().where(*here)).first()
        return None if row is None else _answer(row)

    def answers(self, tx: sa.Connection, round_id: int) -> list[Answer]:
        """Every current answer of a round."""
        query = answers.select().where(answers.c.round_id == round_id).order_by(answers.c.id)
        return [_answer(row) for row in tx.execute(query)]

    def releases(self, tx: sa.Connection, round_id: int) -> dict[tuple[int, str], str]:
        """The digests of words that were released, by answer and question."""
        query = (
            sa.select(releases.c.answer_id, releases.c.question, releases.c.digest)
            .join(answers, answers.c.id == releases.c.answer_id)
            .where(answers.c.round_id == round_id)
        )
        return {(row.answer_id, row.question): row.digest for row in tx.execute(query)}

    def release(
        self, tx: sa.Connection, answer_id: int, question: str, values: Mapping[str, Any]
    ) -> None:
        """Keep that words were released."""
        tx.execute(
            releases.insert().values({"answer_id": answer_id, "question": question, **values})
        )

    def take_back(self, tx: sa.Connection, answer_id: int, question: str) -> None:
        """Forget that words were released."""
        here = (releases.c.answer_id == answer_id, releases.c.question == question)
        tx.execute(releases.delete().where(*here))


def _round(row: sa.Row[Any]) -> Round:
    return Round(
        row.id,
        RoundKind(row.kind),
        read_kept(json.loads(row.definition)),
        row.instrument,
        row.economy,
        dt.date.fromisoformat(row.opens_on),
        dt.date.fromisoformat(row.closes_on),
        row.opened_by,
        row.opened_at,
    )


def _answer(row: sa.Row[Any]) -> Answer:
    return Answer(**{**row._mapping, "content": canonical.decode(row.content.encode())})

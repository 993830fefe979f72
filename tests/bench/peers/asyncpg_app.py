"""A peer of `make bench`: the same requests on FastAPI with asyncpg, for uvicorn.

PEER_STATEMENTS names what peers.py writes: the SQL that OnRecord itself asks for each of them. PostgreSQL is where libpq's PG*
variables say; each process has eight connections."""

import json
import os
from pathlib import Path

import asyncpg
from fastapi import FastAPI, Header, HTTPException
from fastapi.responses import Response
from pydantic import BaseModel, Field

CONNECTIONS = 8
STATEMENTS = json.loads(Path(os.environ["PEER_STATEMENTS"]).read_text(encoding="utf-8"))
KEY = "Bearer " + os.environ["BENCH_KEY"]
app = FastAPI()
pool = None


async def prepare(connection):
    await connection.set_type_codec("jsonb", encoder=str, decoder=json.loads, schema="pg_catalog")


@app.on_event("startup")
async def connect():
    global pool
    pool = await asyncpg.create_pool(min_size=CONNECTIONS, max_size=CONNECTIONS, init=prepare)


def answer(content, status=200, **more):
    text = json.dumps(content, default=lambda value: value.isoformat(), ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, media_type="application/json", **more)


def shaped(row, statement):
    """The row with what is embedded in it."""
    record = {}
    parts = {part["alias"]: record.setdefault(part["name"], {}) for part in statement["included"]}
    for column, value in zip(statement["columns"], row.values()):
        parts.get(column["alias"], record)[column["name"]] = value
    return record


async def ask(statement, **given):
    values = list(statement["values"])
    for name, value in given.items():
        for place in statement["places"][name]:
            values[place] = None if value is None else str(value)
    return await pool.fetch(statement["sql"], *values)


def anchored(body, text):
    """Where the quote stands in its article: the span, and what is around it."""
    start = body.find(text)
    if start < 0:
        raise HTTPException(422, "Not in the article")
    end = start + len(text)
    return {"spans": f"{{{start},{end}}}", "prefix": body[max(0, start - 32) : start], "suffix": body[end : end + 32]}


class Quote(BaseModel):
    article_id: int = Field(gt=0)
    speaker_id: int = Field(None, gt=0)
    kind: str = Field("direct", regex="^(direct|indirect|partial)$")
    cue: str = Field(None, max_length=1000)
    text: str = Field(min_length=1)


@app.get("/quotes/{id}")
async def one(id: int):
    rows = await ask(STATEMENTS["one"], id=id)
    if not rows:
        raise HTTPException(404, "Not found")
    return answer(shaped(rows[0], STATEMENTS["one"]))


@app.get("/quotes")
async def some(q: str = None, speaker_id: int = None):
    statement = STATEMENTS["list" if q is None else "search"]
    rows = await (ask(statement, speaker_id=speaker_id) if q is None else ask(statement, q=q))
    return answer({"items": [shaped(row, statement) for row in rows[:20]]})


@app.post("/quotes")
async def make(quote: Quote, authorization: str = Header(None)):
    if authorization != KEY:
        raise HTTPException(401, "No key")
    articles = await ask(STATEMENTS["article"], article_id=quote.article_id)
    if not articles:
        raise HTTPException(422, "No such article")
    place = anchored(articles[0][STATEMENTS["article"]["body"]], quote.text)
    statement = STATEMENTS["insert"]
    (made,) = await ask(statement, article_id=quote.article_id, speaker_id=quote.speaker_id, kind=quote.kind, cue=quote.cue,
                        text=quote.text, **place)  # fmt: skip
    return answer(shaped(made, statement), 201, headers={"Location": f"/quotes/{made[0]}"})

// fastify.js: a peer of `make bench`: the same requests on Fastify, with postgres.js or pg.
//
//   node fastify.js postgres|pg PORT STATEMENTS
//
// STATEMENTS is what peers.py writes: the SQL that OnRecord itself asks for each of them. PostgreSQL is where libpq's PG*
// variables say. A process for each processor, each with eight connections.

import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import fastify from "fastify";

const CONNECTIONS = 8;
const [, , driver, port, file] = process.argv;
const statements = JSON.parse(readFileSync(file, "utf8"));

/** Each driver as a function that answers the rows of a statement as arrays. */
const drivers = {
  async postgres() {
    const { default: postgres } = await import("postgres");
    const whole = { to: 20, from: [20], serialize: String, parse: Number };
    const sql = postgres({ max: CONNECTIONS, types: { bigint: whole } });
    return (text, values) => sql.unsafe(text, values, { prepare: true }).values();
  },
  async pg() {
    const { default: pg } = await import("pg");
    pg.types.setTypeParser(20, Number);
    pg.types.setTypeParser(1016, (text) => (text === "{}" ? [] : text.slice(1, -1).split(",").map(Number)));
    const pool = new pg.Pool({ max: CONNECTIONS });
    return async (text, values) =>
      (await pool.query({ name: text.slice(0, 20) + text.length, text, values, rowMode: "array" })).rows;
  },
};

/** The row with what is embedded in it. */
function shaped(row, { columns, included }) {
  const record = {};
  const parts = Object.fromEntries(included.map(({ alias, name }) => [alias, (record[name] = {})]));
  columns.forEach(({ alias, name }, i) => {
    (parts[alias] ?? record)[name] = row[i];
  });
  return record;
}

function valuesOf(statement, given) {
  const values = [...statement.values];
  for (const [name, value] of Object.entries(given)) {
    for (const place of statement.places[name]) values[place] = value === null ? null : String(value);
  }
  return values;
}

/** Where the quote stands in its article: the span, and what is around it. */
function anchored(body, text) {
  const start = body.indexOf(text);
  if (start < 0) return null;
  const end = start + text.length;
  return { spans: `{${start},${end}}`, prefix: body.slice(Math.max(0, start - 32), start), suffix: body.slice(end, end + 32) };
}

const quote = {
  type: "object",
  required: ["article_id", "text"],
  additionalProperties: false,
  properties: {
    article_id: { type: "integer", minimum: 1 },
    speaker_id: { type: "integer", minimum: 1 },
    kind: { enum: ["direct", "indirect", "partial"] },
    cue: { type: "string", maxLength: 1000 },
    text: { type: "string", minLength: 1 },
  },
};

async function serve() {
  const query = await drivers[driver]();
  const app = fastify();

  app.get("/quotes/:id", async (request, reply) => {
    const rows = await query(statements.one.sql, valuesOf(statements.one, { id: request.params.id }));
    return rows.length > 0 ? shaped(rows[0], statements.one) : reply.code(404).send({ title: "Not found" });
  });

  app.get("/quotes", async (request) => {
    const { q, speaker_id } = request.query;
    const statement = q === undefined ? statements.list : statements.search;
    const rows = await query(statement.sql, valuesOf(statement, q === undefined ? { speaker_id } : { q }));
    return { items: rows.slice(0, 20).map((row) => shaped(row, statement)) };
  });

  app.post("/quotes", { schema: { body: quote } }, async (request, reply) => {
    if (request.headers.authorization !== `Bearer ${process.env.BENCH_KEY}`) return reply.code(401).send({ title: "No key" });
    const { article_id, speaker_id, kind, cue, text } = request.body;
    const [article] = await query(statements.article.sql, valuesOf(statements.article, { article_id }));
    const place = article && anchored(article[statements.article.body], text);
    if (!place) return reply.code(422).send({ title: "Not in the article" });
    const given = { article_id, speaker_id, kind, cue, text, ...place };
    const [made] = await query(statements.insert.sql, valuesOf(statements.insert, given));
    return reply.code(201).header("location", `/quotes/${made[0]}`).send(shaped(made, statements.insert));
  });

  await app.listen({ port: Number(port), host: "127.0.0.1" });
}

if (cluster.isPrimary) for (let i = 0; i < availableParallelism(); i++) cluster.fork();
else await serve();

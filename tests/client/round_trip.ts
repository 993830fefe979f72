// What a page on top of the API does, with types made from openapi.yaml: read the article with its quotes, write a quote, change
// it, run into its own mistakes, and take it away again.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { env: Record<string, string | undefined>; exitCode?: number };

type Quote = components["schemas"]["Quote"];

// Lists are there in other representations too: this is a client of their JSON.
const client = createClient<paths, "application/json" | "application/problem+json">({
  baseUrl: process.env["ONRECORD_URL"] ?? "",
  headers: { Authorization: `Bearer ${process.env["ONRECORD_KEY"] ?? ""}` },
  // Lists go into one parameter, with commas: ?kind.in=direct,partial
  querySerializer: { array: { style: "form", explode: false } },
});

function check(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

async function readAnArticle(): Promise<number> {
  const { data, response } = await client.GET("/articles/{id}", {
    params: { path: { id: 1 }, query: { include: ["source", "quotes"], offsets: "utf16" } },
  });
  check(data, `the article: ${response.status}`);
  check(data.source?.name === "MNTV", "its source");
  const body = data.body;
  check(body !== null, "its body");
  const quotes = data.quotes?.items ?? [];
  check(quotes.length === 15, "its quotes");
  for (const quote of quotes) {
    const words = quote.spans.map(({ start, end }) => body.slice(start, end)).join(" ");
    check(words === quote.text, `the place of "${quote.text}"`);
  }
  return data.id;
}

async function readAllPages(): Promise<Quote[]> {
  const all: Quote[] = [];
  let cursor: string | undefined;
  do {
    const { data } = await client.GET("/quotes", {
      params: {
        query: {
          "kind.in": ["direct", "partial"],
          "speaker.kind": "person",
          sort: ["-id"],
          include: ["speaker"],
          limit: 3,
          count: "exact",
          ...(cursor === undefined ? {} : { cursor }),
        },
      },
    });
    check(data, "a page");
    check(data.total === 7, `the total: ${data.total}`);
    all.push(...data.items);
    cursor = data.next === null ? undefined : (new URLSearchParams(data.next).get("cursor") ?? undefined);
  } while (cursor !== undefined);
  return all;
}

async function writeAQuote(article: number): Promise<void> {
  const made = await client.POST("/quotes", {
    body: {
      article_id: article,
      text: "The relationship is entering a phase of interaction",
      speaker_id: { name: "Idris Mohammadi Zazai" },
      status: "proposed",
      confidence: 0.5,
    },
  });
  check(made.data && "id" in made.data, `a new quote: ${JSON.stringify(made.error)}`);
  const { id, version } = made.data;
  const path = { id };
  check(made.response.headers.get("Location") === `/quotes/${id}`, "its location");

  const changed = await client.PATCH("/quotes/{id}", {
    params: { path, header: { "If-Match": `"${version}"`, "Change-Reason": "checked" } },
    body: { status: "confirmed", said_on: "2025-05" },
  });
  check(changed.data?.status === "confirmed" && changed.data.version === version + 1, "the change");

  const late = await client.PATCH("/quotes/{id}", {
    params: { path, header: { "If-Match": `"${version}"` } },
    body: { status: "rejected" },
  });
  check(late.response.status === 412 && late.error?.type === "urn:onrecord:problem:precondition-failed", "a late change");

  const replaced = await client.PUT("/quotes/{id}", { params: { path }, body: { ...changed.data, cue: "said" } });
  check(replaced.data?.cue === "said", `what was read, put back: ${JSON.stringify(replaced.error)}`);

  const wrong = await client.POST("/quotes", { body: { article_id: 4711, text: "t", kind: "indirect" } });
  check(wrong.error?.errors?.[0]?.pointer === "/article_id", "what is wrong is told");

  const gone = await client.DELETE("/quotes/{id}", { params: { path } });
  check(gone.response.status === 204, "the end");
  const after = await client.GET("/quotes/{id}", { params: { path } });
  check(after.response.status === 410 && after.data === undefined, "after the end");
}

const article = await readAnArticle();
const quotes = await readAllPages();
check(quotes.length === 7 && quotes.every((quote) => quote.speaker?.kind === "person"), "all pages");
await writeAQuote(article);
console.log("done");

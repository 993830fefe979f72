// The types are worth something: each line below is an error, and the compiler complains where one is not.
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const client = createClient<paths, "application/json" | "application/problem+json">({ baseUrl: "" });
const path = { id: 1 };

export async function mistakes(): Promise<void> {
  // @ts-expect-error: there is no such path
  await client.GET("/quote");
  // @ts-expect-error: the path has an id
  await client.GET("/quotes/{id}");
  // @ts-expect-error: no such kind
  await client.GET("/quotes", { params: { query: { kind: "loud" } } });
  // @ts-expect-error: no such filter
  await client.GET("/quotes", { params: { query: { speaker: 3 } } });
  // @ts-expect-error: no such order
  await client.GET("/quotes", { params: { query: { sort: ["text"] } } });
  // @ts-expect-error: a name is required
  await client.POST("/sources", { body: {} });
  // @ts-expect-error: no such status
  await client.PATCH("/quotes/{id}", { params: { path }, body: { status: "sure" } });
  // @ts-expect-error: a reference has one member
  await client.PATCH("/quotes/{id}", { params: { path }, body: { speaker_id: { role: "minister" } } });

  const { data } = await client.GET("/articles/{id}", { params: { path } });
  if (data === undefined) return;
  // @ts-expect-error: no such member
  data.nothing;
  // @ts-expect-error: it may be null
  data.body.length;
}

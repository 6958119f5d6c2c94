// A campaign from the draft to the claimed prize, with types and paths generated from the OpenAPI document.
//
//   npx openapi-typescript http://127.0.0.1:8080/openapi.json --default-non-nullable=false -o feed.d.ts
//   npm install openapi-fetch && npx tsc --strict --module nodenext --target es2022 campaign.mts
//   node campaign.mjs           (FEED_URL and the tokens of `feed token` are in the environment)

import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { paths } from "./feed.js";

const baseUrl = process.env.FEED_URL ?? "http://127.0.0.1:8080";

/** A client of one user; every POST has an Idempotency-Key, so that a retry acts once. */
function user(name: string) {
  const client = createClient<paths>({ baseUrl });
  client.use({
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${process.env[name]}`);
      if (request.method === "POST") request.headers.set("Idempotency-Key", crypto.randomUUID());
      return request;
    },
  });
  return client;
}

/** The body of a successful response. Throws the problem document, whose `code` decides what to do, otherwise. */
async function ok<T>(response: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const { data, error } = await response;
  if (error !== undefined) throw new Error(JSON.stringify(error));
  return data as T;
}

async function until(what: string, done: () => Promise<boolean>) {
  for (let tries = 0; tries < 240; tries++) {
    if (await done()) return;
    await sleep(250);
  }
  throw new Error(`timeout: ${what}`);
}

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
const topic = "爱读书的深圳人";
const [editor, second, juror] = ["EDITOR", "SECOND", "JUROR"].map(user);
const [ming, hong, gang] = ["MING", "HONG", "GANG"].map(user);
const open = createClient<paths>({ baseUrl });

// The bounds and the closed sets are in the document; the texts of reasons, and the privacy policy, are here.
const config = await ok(open.GET("/v1/config"));

// An editor drafts a campaign. What is missing is named all at once.
const draft = await ok(editor.POST("/v1/admin/campaigns", { body: { title: topic, topic } }));
const campaign = { params: { path: { campaign_id: draft.id } } };
const early = await editor.POST("/v1/admin/campaigns/{campaign_id}/publish", campaign);
console.log(`refused: ${early.error?.code}, ${early.error?.errors?.length} fields`);
await ok(
  editor.PATCH("/v1/admin/campaigns/{campaign_id}", {
    ...campaign,
    body: {
      body: `分享你的一个读书瞬间，带上话题 #${topic}#。`,
      starts_at: inSeconds(-1),
      ends_at: inSeconds(12),
      settle_at: inSeconds(23),
      method: "ranked",
      winner_count: 2,
      reserve_count: 1,
      prizes: [
        { name: "有你“圳”好深圳盒子", kind: "goods", value_cny: "199", places: [1, 1] },
        { name: "书城购书卡", kind: "goods", value_cny: "50", places: [2, 2] },
      ],
      claim_days: 7,
      objection_days: 0,
      organiser: "读特客户端",
      contact: "0755-12345678",
    },
  }),
);
const { id: jurorId } = await ok(juror.GET("/v1/me"));
await ok(editor.PUT("/v1/admin/campaigns/{campaign_id}/jurors", { ...campaign, body: { user_ids: [jurorId] } }));
await ok(editor.POST("/v1/admin/campaigns/{campaign_id}/publish", campaign));

// Readers post, like and comment.
const post = (by: typeof ming, text: string) => ok(by.POST("/v1/posts", { body: { text: `${text}#${topic}#` } }));
const posts = [
  await post(ming, "读完《深圳传》，想再走一遍老东门。"),
  await post(hong, "女儿在书城读完了她的第一本书。"),
  await post(gang, "地铁上的二十分钟，每天一章。"),
];
const path = (index: number) => ({ params: { path: { post_id: posts[index].id } } });
await ok(hong.PUT("/v1/posts/{post_id}/like", path(0)));
await ok(gang.PUT("/v1/posts/{post_id}/like", path(0)));
await ok(ming.POST("/v1/posts/{post_id}/comments", { ...path(1), body: { text: "想起我小时候。" } }));
const mine = await ok(ming.GET("/v1/campaigns/{campaign_id}/me", campaign));
console.log(`likes that count: ${mine.entries[0].likes_counted}`);

// The juror marks; the worker settles; two editors announce.
for (const [index, score] of ["85", "95", "70"].entries()) {
  const entry = { params: { path: { campaign_id: draft.id, post_id: posts[index].id } } };
  await ok(juror.PUT("/v1/admin/campaigns/{campaign_id}/entries/{post_id}/mark", { ...entry, body: { score } }));
}
await until("the settlement", async () => {
  const { state } = await ok(open.GET("/v1/campaigns/{campaign_id}", campaign));
  return state === "decided";
});
await ok(editor.POST("/v1/admin/campaigns/{campaign_id}/announce", campaign));
await ok(second.POST("/v1/admin/campaigns/{campaign_id}/announce", campaign));

// The winner claims; the prize names the fields that it needs.
const [prize] = (await ok(hong.GET("/v1/me/prizes"))).items;
console.log(`place ${prize.place}: ${prize.prizes.map((each) => each.name).join("、")}, needs ${prize.needs.join(", ")}`);
const claimed = await ok(
  hong.PUT("/v1/me/prizes/{prize_id}/claim", {
    params: { path: { prize_id: prize.id } },
    body: {
      recipient_name: "李红",
      phone: "13800138000",
      address: "深圳市福田区红荔路 1 号",
      privacy_version: config.privacy.version,
    },
  }),
);
console.log(`claim: ${claimed.state}`);

// The result is verified without the server: feed verify result.json --key keys.json
const saved = { "result.json": `/v1/campaigns/${draft.id}/result`, "keys.json": "/.well-known/feed-keys.json" };
for (const [file, from] of Object.entries(saved)) {
  writeFileSync(file, await (await fetch(baseUrl + from)).text());
}

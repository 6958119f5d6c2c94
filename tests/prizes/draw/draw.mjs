// A second implementation of docs/reference/draw-spec.md, written from the specification: `node draw.mjs FILE`.
// FILE is docs/reference/draw-vectors.json, or the published result of a draw; what comes out is worked out from the inputs alone.
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();

function u64(text) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(text));
  return bytes;
}

function withLength(text) {
  const content = Buffer.from(text, "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

// `persons` may win now; of them `added` were not on the list that was drawn from, and `removed` were and may not any more.
function drawLots({ campaignId, persons, winnerCount, reserveCount, nonce, beacon, removed = [], added = [] }) {
  const able = [...new Set(persons)].map((person) => Buffer.from(person, "hex"));
  const late = new Set(added);
  const tickets = able
    .filter((ticket) => !late.has(ticket.toString("hex")))
    .concat(removed.map((person) => Buffer.from(person, "hex")))
    .sort(Buffer.compare);
  const list = sha256(Buffer.from("feed-draw-1/list", "ascii"), u64(campaignId), u64(tickets.length), ...tickets);
  const secret = Buffer.from(nonce, "hex");
  const seed = sha256(
    Buffer.from("feed-draw-1/seed", "ascii"),
    list,
    secret,
    ...[beacon.source, beacon.round, beacon.value].map(withLength),
  );
  const keyed = able.map((ticket) => [createHmac("sha256", seed).update(ticket).digest(), ticket]);
  keyed.sort((one, other) => Buffer.compare(one[0], other[0]) || Buffer.compare(one[1], other[1]));
  const drawn = keyed.map(([, ticket]) => ticket.toString("hex"));
  const order = [...drawn.filter((person) => !late.has(person)), ...drawn.filter((person) => late.has(person))];
  return {
    tickets: tickets.length,
    list_sha256: list.toString("hex"),
    nonce_sha256: sha256(secret).toString("hex"),
    seed: seed.toString("hex"),
    order,
    winners: order.slice(0, winnerCount),
    reserves: order.slice(winnerCount, winnerCount + reserveCount),
  };
}

// Times are spelled with six decimals; a round's time is whole seconds.
function micros(text) {
  return BigInt(Date.parse(text.slice(0, 19) + "Z")) * 1000n + BigInt(text.slice(20, 26));
}

function roundFrom(chain, notBefore) {
  const genesis = BigInt(chain.genesis_unix_seconds) * 1000000n;
  const period = BigInt(chain.period_seconds) * 1000000n;
  const passed = micros(notBefore) - genesis;
  const round = passed <= 0n ? 1n : (passed + period - 1n) / period + 1n;
  const milliseconds = (genesis + (round - 1n) * period) / 1000n;
  const appearedAt = new Date(Number(milliseconds)).toISOString().replace(".000Z", ".000000Z");
  return { round: String(round), appeared_at: appearedAt };
}

const document = JSON.parse(readFileSync(process.argv[2], "utf8"));
const found = document.vectors
  ? {
      vectors: document.vectors.map((each) =>
        drawLots({
          campaignId: each.campaign_id,
          persons: each.persons,
          winnerCount: each.winner_count,
          reserveCount: each.reserve_count,
          nonce: each.nonce,
          beacon: each.beacon,
          removed: each.removed,
          added: each.added,
        }),
      ),
      rounds: document.drand.rounds.map((each) => roundFrom(document.drand, each.not_before)),
      values: document.drand.signatures.map((each) => ({
        value: sha256(Buffer.from(each.signature, "hex")).toString("hex"),
      })),
    }
  : drawLots({
      campaignId: document.campaign.id,
      persons: document.sheet.filter((row) => row.rank !== null).map((row) => row.person),
      winnerCount: document.campaign.rules.winner_count,
      reserveCount: document.campaign.rules.reserve_count,
      nonce: document.draw.nonce,
      beacon: document.draw.beacon,
      removed: document.draw.removed,
      added: document.draw.added,
    });
console.log(JSON.stringify(found));

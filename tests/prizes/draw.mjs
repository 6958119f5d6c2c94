// A second implementation of docs/draw-spec.md, written from the specification: `node draw.mjs FILE`.
// FILE is docs/draw-vectors.json, or the published result of a draw; what comes out is worked out from the inputs alone.
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

function drawLots({ campaignId, persons, winnerCount, reserveCount, nonce, beacon }) {
  const tickets = [...new Set(persons)].map((person) => Buffer.from(person, "hex")).sort(Buffer.compare);
  const list = sha256(Buffer.from("feed-draw-1/list", "ascii"), u64(campaignId), u64(tickets.length), ...tickets);
  const secret = Buffer.from(nonce, "hex");
  const seed = sha256(
    Buffer.from("feed-draw-1/seed", "ascii"),
    list,
    secret,
    ...[beacon.source, beacon.round, beacon.value].map(withLength),
  );
  const keyed = tickets.map((ticket) => [createHmac("sha256", seed).update(ticket).digest(), ticket]);
  keyed.sort((one, other) => Buffer.compare(one[0], other[0]) || Buffer.compare(one[1], other[1]));
  const order = keyed.map(([, ticket]) => ticket.toString("hex"));
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

const document = JSON.parse(readFileSync(process.argv[2], "utf8"));
const found = document.vectors
  ? document.vectors.map((each) =>
      drawLots({
        campaignId: each.campaign_id,
        persons: each.persons,
        winnerCount: each.winner_count,
        reserveCount: each.reserve_count,
        nonce: each.nonce,
        beacon: each.beacon,
      }),
    )
  : drawLots({
      campaignId: document.campaign.id,
      persons: document.sheet.filter((row) => row.rank !== null).map((row) => row.person),
      winnerCount: document.campaign.rules.winner_count,
      reserveCount: document.campaign.rules.reserve_count,
      nonce: document.draw.nonce,
      beacon: document.draw.beacon,
    });
console.log(JSON.stringify(found));

import { Invite } from "/static/js/peer/invites.js";
import { b64url } from "/static/js/peer/primitives.js";
import { chance, describe, drawn, expect, hex, it, same, unhex } from "./kit.js";
import { LOWKEY2 } from "./lowkey2_kit.js";

const UUID = "5b0f2f0e-93a5-4c0f-8b7e-2f6a1d9c3e77";
const SECRET = b64url(same("s"));

describe("invites", () => {
  it("psks are those of the vectors, whatever the uuid's case", () => {
    for (const { secret, uuid, psk } of LOWKEY2.invite) {
      expect(hex(new Invite("alice", uuid, unhex(secret)).psk)).to.equal(psk);
      expect(hex(new Invite("alice", uuid.toUpperCase(), unhex(secret)).psk)).to.equal(psk);
    }
  });

  it("a link and its invite are inverses", () => {
    const invite = Invite.new("Zed_9", chance);
    const link = invite.link("https://chat.example");
    expect(link).to.match(/^https:\/\/chat\.example\/chat#invite=Zed_9\.[\da-f-]{36}\.[\w-]{43}$/);
    for (const fragment of [new URL(link).hash, new URL(link).hash.slice(1)]) {
      expect(Invite.parse(fragment)).to.deep.equal(invite);
    }
  });

  it("a new one draws a version 4 uuid and then its secret", () => {
    const secret = same("s");
    const invite = Invite.new("alice", drawn(new Uint8Array(16).fill(0xff), secret));
    expect(invite.uuid).to.equal("ffffffff-ffff-4fff-bfff-ffffffffffff");
    secret.fill(0);
    expect(invite.secret).to.deep.equal(same("s"));
    const low = Invite.new("alice", drawn(new Uint8Array(16), same("t")));
    expect(low.uuid).to.equal("00000000-0000-4000-8000-000000000000");
  });

  it("a uuid is kept in lower case", () => {
    expect(Invite.parse(`#invite=alice.${UUID.toUpperCase()}.${SECRET}`).uuid).to.equal(UUID);
  });

  it("anything else is refused", () => {
    const good = `invite=alice.${UUID}.${SECRET}`;
    const wrong = [
      "",
      "#",
      `##${good}`,
      `/chat#${good}`,
      ` ${good}`,
      `${good}\n`,
      `${good}&more=1`,
      `${good}.more`,
      `${good}=`,
      `${good}A`,
      good.slice(0, -1),
      `${good.slice(0, -1)}/`,
      `${good.slice(0, -1)}t`,
      good.replace("invite", "Invite"),
      good.replace("alice", "al"),
      good.replace("alice", "a".repeat(21)),
      good.replace("alice", "alicé"),
      good.replace("alice", ""),
      good.replace("alice", "al%69ce"),
      good.replace(UUID, ""),
      good.replace(UUID, `{${UUID}}`),
      good.replace(UUID, UUID.replaceAll("-", "")),
      good.replace(UUID, UUID.replace("5", "g")),
      good.replace(SECRET, ""),
    ];
    for (const fragment of wrong) {
      expect(() => Invite.parse(fragment), fragment).to.throw(RangeError);
    }
    expect(Invite.parse(good).name).to.equal("alice");
  });
});

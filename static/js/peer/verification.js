/**
 * What two people compare (docs/protocol.md, section 3.5). Mirrors chat/peer/verification.py.
 *
 * The safety number belongs to the two identity keys and stays; the emoji belong to one handshake. A nonce is 32 random
 * bytes, committed to before the other's is seen, so that nobody can choose the emoji.
 */

import { concat, hkdf, KEY_BYTES, sha512, utf8 } from "./primitives.js";

const ITERATIONS = 5_200;
const VERSION_BYTES = Uint8Array.of(0, 0);
const KEY_TYPE = Uint8Array.of(5);
const STABLE_ID = utf8("lowkey/2");
const EMOJI_COUNT = 7;

/** Signal's numeric fingerprint of the two identity keys: 60 digits, the same for both. @param {Uint8Array} mine @param {Uint8Array} theirs */
export function safetyNumber(mine, theirs) {
  return [fingerprint(mine), fingerprint(theirs)].sort().join("");
}

/** One side's 30 digits. @param {Uint8Array} identity */
function fingerprint(identity) {
  const key = concat(KEY_TYPE, checked(identity));
  let hash = concat(VERSION_BYTES, key, STABLE_ID);
  for (let round = 0; round < ITERATIONS; round += 1) {
    hash = sha512(hash, key);
  }
  return [0, 5, 10, 15, 20, 25].map((at) => fiveDigits(hash.subarray(at, at + 5))).join("");
}

/** @param {Uint8Array} bytes five */
function fiveDigits(bytes) {
  const number = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  return String(number % 100_000).padStart(5, "0");
}

/** What is sent before the nonce itself: 32 bytes. @param {Uint8Array} nonce */
export function commitment(nonce) {
  return sha512(utf8("lk2 sas commit"), checked(nonce)).slice(0, 32);
}

/**
 * The seven emoji, each with its name.
 * @param {Uint8Array} transcript hash of the handshake
 * @param {Uint8Array} nonceA of the one who committed
 * @param {Uint8Array} nonceB of the other
 */
export function emoji(transcript, nonceA, nonceB) {
  const bytes = hkdf(transcript, concat(checked(nonceA), checked(nonceB)), utf8("lowkey/2 sas"), 6);
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return Array.from({ length: EMOJI_COUNT }, (_, at) => EMOJI[Number.parseInt(bits.slice(6 * at, 6 * at + 6), 2)]);
}

/** What the QR code of a safety number holds. @param {string} number */
export function qrText(number) {
  return `lowkey2:${number}`;
}

/** Keys and nonces both have 32 bytes; RangeError for another length. @param {Uint8Array} data */
function checked(data) {
  if (data.length !== KEY_BYTES) {
    throw new RangeError("this has not 32 bytes");
  }
  return data;
}

/**
 * The table of the Matrix specification (Client-Server API, SAS method emoji; data-definitions/sas-emoji.json there).
 * @type {ReadonlyArray<readonly [emoji: string, name: string]>}
 */
export const EMOJI = [
  ["🐶", "Dog"],
  ["🐱", "Cat"],
  ["🦁", "Lion"],
  ["🐎", "Horse"],
  ["🦄", "Unicorn"],
  ["🐷", "Pig"],
  ["🐘", "Elephant"],
  ["🐰", "Rabbit"],
  ["🐼", "Panda"],
  ["🐓", "Rooster"],
  ["🐧", "Penguin"],
  ["🐢", "Turtle"],
  ["🐟", "Fish"],
  ["🐙", "Octopus"],
  ["🦋", "Butterfly"],
  ["🌷", "Flower"],
  ["🌳", "Tree"],
  ["🌵", "Cactus"],
  ["🍄", "Mushroom"],
  ["🌏", "Globe"],
  ["🌙", "Moon"],
  ["☁️", "Cloud"],
  ["🔥", "Fire"],
  ["🍌", "Banana"],
  ["🍎", "Apple"],
  ["🍓", "Strawberry"],
  ["🌽", "Corn"],
  ["🍕", "Pizza"],
  ["🎂", "Cake"],
  ["❤️", "Heart"],
  ["😀", "Smiley"],
  ["🤖", "Robot"],
  ["🎩", "Hat"],
  ["👓", "Glasses"],
  ["🔧", "Spanner"],
  ["🎅", "Santa"],
  ["👍", "Thumbs Up"],
  ["☂️", "Umbrella"],
  ["⌛", "Hourglass"],
  ["⏰", "Clock"],
  ["🎁", "Gift"],
  ["💡", "Light Bulb"],
  ["📕", "Book"],
  ["✏️", "Pencil"],
  ["📎", "Paperclip"],
  ["✂️", "Scissors"],
  ["🔒", "Lock"],
  ["🔑", "Key"],
  ["🔨", "Hammer"],
  ["☎️", "Telephone"],
  ["🏁", "Flag"],
  ["🚂", "Train"],
  ["🚲", "Bicycle"],
  ["✈️", "Aeroplane"],
  ["🚀", "Rocket"],
  ["🏆", "Trophy"],
  ["⚽", "Ball"],
  ["🎸", "Guitar"],
  ["🎺", "Trumpet"],
  ["🔔", "Bell"],
  ["⚓", "Anchor"],
  ["🎧", "Headphones"],
  ["📁", "Folder"],
  ["📌", "Pin"],
];

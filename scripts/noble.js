export { hsalsa, xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
export { x25519 } from "@noble/curves/ed25519.js";
export { expand, extract, hkdf } from "@noble/hashes/hkdf.js";
export { hmac } from "@noble/hashes/hmac.js";
export { sha512 } from "@noble/hashes/sha2.js";
export { randomBytes } from "@noble/hashes/utils.js";

/**
 * A suite: what a call and a conversation need of a cipher. Mirrors chat/peer/suite.py, which describes the shape.
 *
 * `Classic` is one, `Lowkey2` the other; the first `key:exchange` of a call chooses, and nothing after that asks which it is.
 * What takes part in the handshake is asynchronous here: `opening`, `answer`, `receiveKey` and `acceptKey`.
 *
 * @typedef {import("./classic.js").Classic | import("./lowkey2.js").Lowkey2} Suite
 * @typedef {(peer: string) => Suite[]} Suites The suites to offer to somebody, by name.
 */

export {};

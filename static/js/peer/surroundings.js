/**
 * What a link is given by its peer. Mirrors chat/peer/surroundings.py.
 *
 * @typedef {object} Surroundings
 * @property {(message: FromClient) => boolean} send put a message on the server's socket
 * @property {() => void} changed
 * @property {(message: Message, peer: string) => void} received
 * @property {(sentence: string) => void} notice a sentence for the person
 * @property {(name: string, identity: Uint8Array | null) => History} history the messages exchanged under a name with a
 *   device, by its identity key, or null for one that proved nothing
 * @property {() => number} now milliseconds since 1970
 * @property {() => number} clock seconds, never going back
 * @property {() => string} newId a fresh message id
 * @property {After} after
 * @property {Suites} suites
 * @property {Preferences} preferences
 * @property {() => number} fraction drawn from [0, 1)
 * @property {(peer: string) => void} missed told of a call that nobody answered
 * @property {(identity: Uint8Array) => boolean} blocked whether the person wants nothing of a device, by its identity key
 */

/** @import {FromClient} from "../signaling/messages.js" */
/** @import {History} from "./history.js" */
/** @import {Message} from "./messages.js" */
/** @import {Preferences} from "./preferences.js" */
/** @import {Suites} from "./suite.js" */
/** @import {After} from "./timers.js" */

export {};
